"""A machine with too little memory proves nothing against PyTorch: the cell is a gap."""

import pytest
import torch

from selftest.behaviour.support import RUN, ask, cell
from verify import torch_api
from verify.behaviour.promises import PROMISES
from verify.checks import independent
from verify.engine.explore import verify_cell

SAYS = [
    MemoryError("no room"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't "
                 "allocate memory: you tried to allocate 8 bytes. Error code 12"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: not enough memory"),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("HIP error: out of memory"),
]  # fmt: skip


@pytest.fixture(params=SAYS, ids=range(len(SAYS)))
def raising(request):
    def raise_it(*_args, **_options):
        raise request.param

    return raise_it


def is_a_gap(outcome):
    said = "the machine has too little memory for "
    return outcome.final_verdict == "error" and said in outcome.reason and "-n" in outcome.reason


def test_a_fill_without_room(raising, monkeypatch):
    monkeypatch.setattr(torch.nn.init, "normal_", raising)
    assert is_a_gap(verify_cell(cell("normal_"), RUN))


def test_a_reduction_without_room(raising, monkeypatch):
    monkeypatch.setattr(independent, "reduce_derived", raising)
    assert is_a_gap(verify_cell(cell("normal_"), RUN))


def test_a_question_without_room(raising, monkeypatch):
    monkeypatch.setattr(torch.nn.init, "normal_", raising)
    assert is_a_gap(ask(PROMISES["contract of the call"], "normal_"))


def test_what_was_wrong_before_stays_wrong(raising, monkeypatch):
    """A fault that the pool has seen is not lost because there is no room for more."""
    fill, calls = torch.nn.init.normal_, []

    def scaled_at_first(tensor, *args, **options):
        calls.append(tensor)
        return raising() if len(calls) > 400 else fill(tensor, *args, **options).mul_(1.5)

    monkeypatch.setattr(torch.nn.init, "normal_", scaled_at_first)
    assert verify_cell(cell("normal_"), RUN).final_verdict == "fail"


def test_another_error_is_the_subjects_own(monkeypatch):
    def raise_it(*_args, **_options):
        raise RuntimeError("no memory of that")

    monkeypatch.setattr(torch.nn.init, "normal_", raise_it)
    assert verify_cell(cell("normal_"), RUN).final_verdict == "fail"
    with pytest.raises(RuntimeError), torch_api.memory_for("a case"):
        raise_it()
