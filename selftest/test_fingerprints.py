"""Fingerprints tell streams apart by their bits, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from verify import backends
from verify.backends import Backend
from verify.engine.explore import verify_cell
from verify.engine.fingerprints import fingerprints
from verify.engine.sampling import Sampler
from verify.outcome.schema import cell_line
from verify.plan.profiles import PROFILES
from verify.plan.run import Cell, Run
from verify.plan.watchdog import TimedOut
from verify.subjects import SUBJECTS

CPU = backends.known()["cpu"]


def sampler(
    subject: str,
    promise: str = "law",
    dtype: str = "float32",
    seed: int = 1,
    backend: Backend = CPU,
) -> Sampler:
    run = Run(seed, PROFILES["smoke"], time_limit=60.0, worker=0)
    return Sampler(Cell(SUBJECTS[subject], backend, dtype), run, promise)


def of(subject: str, promise: str = "law", **more) -> dict[str, str]:
    return fingerprints(sampler(subject, promise, **more), SUBJECTS[subject].anchors)


@pytest.fixture
def tampered(monkeypatch):
    """Let a function see every tensor that `normal_` has filled."""
    original = torch.nn.init.normal_

    def tamper(change):
        def normal_(tensor, mean=0.0, std=1.0, generator=None):
            return change(original(tensor, mean, std, generator))

        monkeypatch.setattr(torch.nn.init, "normal_", normal_)

    return tamper


@pytest.mark.parametrize("dtype", ["bfloat16", "float64", "complex64"])
def test_the_same_stream_has_the_same_fingerprint_in_every_run(dtype):
    first = of("normal_", dtype=dtype, seed=1)
    torch.rand(3)
    assert first == of("normal_", dtype=dtype, seed=2)
    assert len(set(first.values())) == len(first) >= 4


def test_a_single_bit_changes_it(tampered):
    before = of("normal_")

    def flip(tensor):
        tensor.view(-1).view(torch.int32)[-1] ^= 1
        return tensor

    tampered(flip)
    after = of("normal_")
    assert before.keys() == after.keys()
    assert all(before[case] != after[case] for case in before)


def test_dtypes_and_cases_have_fingerprints_of_their_own():
    assert of("normal_").keys() == of("normal_", dtype="float64").keys()
    assert not set(of("normal_").values()) & set(of("normal_", dtype="float64").values())


def test_other_layouts_are_drawn_on_smaller_tensors():
    assert any("shape=(512, 1024)" in case for case in of("normal_"))
    assert any("shape=(256, 256)" in case for case in of("normal_", "strided"))


def test_a_lazy_backend_draws_no_more_than_it_bears():
    """A program of a million constants takes two minutes to compile."""
    lazy = replace(CPU, lacks=("cheap shapes",))
    cases = of("normal_", backend=lazy)
    assert any("shape=(128, 128)" in case for case in cases)
    assert not any("shape=(256, 256)" in case for case in cases)
    assert of("normal_", backend=lazy) == cases


def test_what_is_not_random_has_no_stream():
    assert of("eye_") == of("constant_") == of("BatchNorm1d", "default") == {}


def test_a_module_has_one_fingerprint_for_all_its_tensors():
    first, again = of("Linear", "default"), of("Linear", "default", seed=9)
    assert first == again != {}
    assert of("Linear", "reset").keys() == first.keys()


@pytest.mark.parametrize("error", [NotImplementedError("no kernel"), ValueError("no")])
def test_what_cannot_be_drawn_has_none(tampered, error):
    def fail(_tensor):
        raise error

    tampered(fail)
    assert of("normal_") == {}


def test_after_a_call_that_does_not_end_nothing_more_is_drawn(tampered):
    calls = []

    def hang(tensor):
        calls.append(tensor)
        raise TimedOut

    tampered(hang)
    assert of("normal_") == {}
    assert len(calls) == 1


def test_the_evidence_holds_them():
    run = Run(1, PROFILES["smoke"], time_limit=60.0, worker=0)
    cell = Cell(SUBJECTS["xavier_normal_"], CPU, "float32")
    line = cell_line(verify_cell(cell, run, pool=0.0), "id", "pytest id")
    assert line["streams"] == of("xavier_normal_") != {}
