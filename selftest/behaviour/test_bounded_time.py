"""Windows that are never filled, or filled with something else."""

import functools
import math
from dataclasses import replace

import pytest
import torch
from torch.nn import init

from selftest.behaviour.support import RUN, cell
from verify.behaviour import bounded_time as promise
from verify.behaviour import exact
from verify.defects import known_defects
from verify.outcome.verdict import Verdict

pytestmark = pytest.mark.usefixtures("patient")  # Time limits are short here.


def finite(a, b):
    """Bounds within those that are given."""
    a = a if math.isfinite(a) else min(b, 0.0)
    return a, b if math.isfinite(b) else a


def ask(monkeypatch, act, dtype="float32", run=RUN):
    """The outcome where every window is filled by a function of tensor and bounds."""

    def trunc_normal_(tensor, mean, std, a, b, generator=None):
        act(tensor, *finite(a, b))
        return tensor

    monkeypatch.setattr(init, "trunc_normal_", trunc_normal_)
    monkeypatch.setattr(known_defects, "for_promise", lambda *_: ())
    return promise.verify_bounded_time(cell("trunc_normal_", dtype), run)


def middle(tensor, a, b):
    tensor.fill_(a / 2 + b / 2)


def but_for_one(value):
    def act(tensor, a, b):
        middle(tensor, a, b)
        tensor[0] = value(a, b)

    return act


def endless(tensor, a, b):
    while True:
        tensor.fill_(a)


def asleep(tensor, a, b):
    while True:
        pass


def without_a_kernel(tensor, a, b):
    raise NotImplementedError("maia has no kernel of aten::lt")


def test_a_missing_kernel_is_unsupported(monkeypatch):
    outcome = ask(monkeypatch, without_a_kernel)
    assert outcome.final_verdict is Verdict.UNSUPPORTED
    assert outcome.reason == "maia has no kernel of aten::lt"


def two_steps_beyond(_a, b):
    end = torch.tensor([b], dtype=torch.float32)
    return torch.nextafter(torch.nextafter(end, end + 1), end + 1)


def rows(outcome):
    return {f.case for f in outcome.findings if f.scope == "case" and not f.passed}


EVERY = {question.words for question in promise.PROMISE.questions.values()}


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_values_inside_pass(dtype, monkeypatch):
    outcome = ask(monkeypatch, middle, dtype)
    assert outcome.final_verdict == "pass", outcome.diagnosis
    lucky = [window for window in promise._WINDOWS.values() if not window.halves]
    assert outcome.n == len(EVERY) - ("16" in dtype) * len(lucky)


@pytest.mark.parametrize(
    ("value", "spared"),
    [
        (lambda a, b: torch.nan, set()),
        (lambda a, b: torch.inf, set()),
        (lambda a, b: a - 1, {"everywhere", "up to -10", "from -1e30 to -1"}),
        (
            lambda a, b: b + 1,
            {"everywhere", "from 0 on", "from 1 to 1e30", "from 10 on", "from 300 on"},
        ),
    ],
)
def test_one_value_outside_fails(value, spared, monkeypatch):
    monkeypatch.setattr(exact, "counted", functools.partial(exact.counted, shown=99))
    outcome = ask(monkeypatch, but_for_one(value), "float64")
    assert rows(outcome) == EVERY - spared
    assert outcome.final_verdict == "fail"
    assert "1 of 16 values outside the window" in outcome.diagnosis


def test_a_lattice_step_is_allowed_and_two_are_not(monkeypatch):
    outcome = ask(monkeypatch, but_for_one(two_steps_beyond))
    assert "from 5 to 5.1" in rows(outcome)


def test_an_error_is_no_end(monkeypatch):
    def refuse(tensor, a, b):
        raise RuntimeError("to is out of bounds")

    outcome = ask(monkeypatch, refuse)
    assert ": RuntimeError (to is out of bounds)" in outcome.diagnosis
    assert "of one point" not in rows(outcome)


def test_too_many_operations_time_out(monkeypatch):
    monkeypatch.setattr(promise, "_MOST_WORK", 100)
    outcome = ask(monkeypatch, endless)
    assert outcome.final_verdict == "timed out"
    assert "one call used more than 100 operations" in outcome.diagnosis


def test_too_much_time_times_out(monkeypatch):
    monkeypatch.setattr(promise, "_WINDOWS", {"everywhere": promise._WINDOWS["everywhere"]})
    outcome = ask(monkeypatch, asleep, run=replace(RUN, time_limit=0.2))
    assert outcome.final_verdict == "timed out"
    assert "0.2 s of processor time" in outcome.diagnosis


def test_a_call_that_is_stopped_can_still_clean_up(monkeypatch):
    """What leaves the mode of autograd is an operation too."""

    def endless_without_gradients(tensor, a, b):
        with torch.no_grad():
            endless(tensor, a, b)

    assert ask(monkeypatch, endless_without_gradients).final_verdict == "timed out"
    assert torch.is_grad_enabled()
