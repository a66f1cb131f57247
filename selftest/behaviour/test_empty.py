"""Tensors that are made otherwise than asked for."""

from dataclasses import replace

import pytest
import torch

from selftest.behaviour.support import RUN, cell
from verify.behaviour import empty as promise
from verify.defects import known_defects
from verify.defects.known_defects import KnownDefect


def ask(name, monkeypatch=None, change=None, lacks=()):
    """The outcome of a factory, with what it makes changed, on a backend that lacks something."""
    if change:
        make = promise.FACTORIES[name]

        def faulty(asked, model):
            made, strides = make(asked, model)
            return change(made, model), strides

        monkeypatch.setattr(promise, "FACTORIES", {**promise.FACTORIES, name: faulty})
    full = cell("torch.full")
    backend = replace(full.backend, lacks=lacks)
    return promise.verify_empty(name, replace(full, backend=backend), RUN)


def drawing(made, _):
    torch.rand(1)
    return made


def one_off(made, _):
    with torch.no_grad():
        return made.index_fill_(0, torch.tensor([0]), 0) if made.dim() and made.numel() else made


def reordered(made, _):
    return (
        made.mT.contiguous().mT.detach().requires_grad_(made.requires_grad)
        if made.dim() > 1
        else made
    )


EMPTY, FULL = "torch.empty", "torch.full"
STRIDED = "torch.empty_strided"

FAULTS = {
    "shape": (
        EMPTY,
        lambda made, _: made.detach()[None].requires_grad_(made.requires_grad),
        ": shape",
    ),
    "dtype": (EMPTY, lambda made, _: made.detach().to(torch.float16), ": dtype"),
    "device": (FULL, lambda made, _: made.to("meta"), ": device"),
    "strides": (STRIDED, reordered, ": strides"),
    "gradient": (FULL, lambda made, _: made.detach(), ": requires_grad"),
    "shared memory": ("torch.empty_like", lambda made, model: model.detach(), ": memory"),
    "stream": ("Tensor.new_empty", drawing, "streams that move: a global stream"),
    "value": ("torch.full_like", one_off, "entries that are not the value: 1 of 1"),
    "left as found": (EMPTY, one_off, "memory that is left as it was found: 1 of 1"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_is_found(fault, monkeypatch):
    name, change, sentence = FAULTS[fault]
    outcome = ask(name, monkeypatch, change)
    assert outcome.final_verdict == "fail"
    assert any(sentence in f.message for f in outcome.findings), outcome.diagnosis


@pytest.mark.parametrize("name", promise.FACTORIES)
def test_without_faults_nothing_is_found(name):
    before = torch.are_deterministic_algorithms_enabled()
    assert ask(name).final_verdict == "pass"
    assert torch.are_deterministic_algorithms_enabled() == before


def test_a_backend_without_strides_is_asked_for_none(monkeypatch):
    assert ask(STRIDED, monkeypatch, reordered, lacks=("strides",)).final_verdict == "pass"


ENTRY = KnownDefect("empty-is-not-filled", "", "empty", calls=("left-as-found",))


@pytest.mark.parametrize(
    ("name", "change", "verdict"),
    [(EMPTY, one_off, "pass"), (EMPTY, None, "fail"), (FULL, None, "pass")],
    ids=["is forgiven", "is mended", "is not asked"],
)
def test_an_entry_speaks_of_the_factories_that_are_asked(monkeypatch, name, change, verdict):
    monkeypatch.setattr(known_defects, "for_promise", lambda *_: (ENTRY,))
    assert ask(name, monkeypatch, change).final_verdict == verdict


def test_strides_follow_the_order_and_the_step():
    asked = promise._Asked((2, 3, 4), (1, 2, 0), 2, "float32", grad=False)
    assert asked.strides == (2, 16, 4)
    assert asked.adjacent == (12, 4, 1)
    assert asked.model(torch.device("cpu")).stride() == asked.strides
