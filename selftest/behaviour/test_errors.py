"""Calls that are not refused, or refused in the wrong way."""

import functools
import warnings

import pytest
import torch

from selftest.behaviour.support import RUN, cell
from verify.behaviour import errors as promise
from verify.behaviour import exact
from verify.defects import known_defects
from verify.plan.run import cells
from verify.subjects import SUBJECTS, Initializer
from verify.subjects.refusals.rules import RULES
from verify.subjects.refusals.table import REFUSALS

CELLS = sorted(
    (c.subject.name, c.dtype_name)
    for c in cells(["cpu"])
    if c.subject.name in promise.PROMISE.subjects and c.dtype_name in promise.PROMISE.dtypes
)
"""Those that the test is asked about."""


def ask(name, dtype="float32"):
    return promise.verify_errors(cell(name, dtype), RUN)


def broken(outcome):
    """The rules that a cell breaks, each with what is said about it."""
    return {
        finding.case: finding.message
        for finding in outcome.findings
        if finding.scope == "case" and not finding.passed
    }


def rules(name):
    asked = [refusal.words for refusal in REFUSALS if name in refusal.subjects]
    return asked + [promise._EMPTY] * isinstance(SUBJECTS[name], Initializer)


def acting(monkeypatch, act):
    """Something else is done in place of every call."""

    def call(_subject, _attempt, given, target):
        return lambda: act(given, target)

    monkeypatch.setattr(promise, "call", call)


def raising(error):
    def act(*_):
        raise error

    return act


def half_done(given, _target):
    if isinstance(given, torch.Tensor) and given.numel():
        given.copy_(given == 0)
        raise ValueError("planted")
    return given


def after_a_draw(given, target):
    torch.rand(1, generator=target.generator)
    raise ValueError("planted")


def after_a_global_draw(given, _target):
    torch.rand(1)
    raise ValueError("planted")


@pytest.fixture
def everything_is_sound(monkeypatch):
    """No known defect is left out: a fault must be found in every rule."""
    monkeypatch.setattr(known_defects, "for_promise", lambda *_: ())
    monkeypatch.setattr(exact, "counted", functools.partial(exact.counted, shown=99))


def test_the_table_speaks_of_subjects_that_are_asked():
    assert [name for name, _ in CELLS] == sorted(promise.PROMISE.subjects)


def test_every_rule_is_somebodys():
    assert {refusal.rule for refusal in REFUSALS} == set(RULES)


@pytest.mark.parametrize(("name", "dtype"), CELLS)
def test_no_subject_has_a_rule_twice(name, dtype):
    assert len(set(rules(name))) == len(rules(name)) > 0


@pytest.mark.parametrize(("name", "dtype"), CELLS)
@pytest.mark.usefixtures("everything_is_sound")
def test_every_rule_can_be_broken(name, dtype, monkeypatch):
    acting(monkeypatch, lambda given, _: given)
    found = broken(ask(name, dtype))
    wanted = [rule for rule in rules(name) if rule != promise._EMPTY]
    assert sorted(found) == sorted(wanted)
    assert all(": nothing is raised, " in message for message in found.values())


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (raising(KeyError("fan_avg")), "KeyError ('fan_avg') comes from the inside"),
        (raising(AssertionError("no")), "AssertionError (no) comes from the inside"),
        (raising(ZeroDivisionError("by zero")), "ZeroDivisionError (by zero) comes from"),
        (raising(AttributeError("dim")), "AttributeError (dim) comes from the inside"),
        (raising(ValueError(" ")), "ValueError ( ) says nothing of use"),
        (raising(TypeError()), "TypeError says nothing of use"),
        (raising(RuntimeError("x INTERNAL ASSERT FAILED")), "says nothing of use"),
        (half_done, "the tensor is changed"),
        (after_a_draw, "a stream is moved"),
        (after_a_global_draw, "a stream is moved"),
    ],
)
def test_the_wrong_kind_of_refusal(act, sentence, monkeypatch):
    acting(monkeypatch, act)
    assert sentence in broken(ask("xavier_normal_"))["fewer than two dimensions"]


def test_what_is_no_tensor_may_lack_its_methods(monkeypatch):
    acting(monkeypatch, raising(AttributeError("'list' object has no attribute 'dim'")))
    assert "what is no tensor" not in broken(ask("normal_"))


def warned(category):
    def act(given, _):
        warnings.warn("planted", category, stacklevel=1)
        return given

    return act


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (raising(ValueError("planted")), "ValueError (planted) is raised"),
        (lambda given, _: given.clone(), "something else is returned"),
        (lambda given, _: given.resize_(1), "something else is returned"),
        (warned(DeprecationWarning), "DeprecationWarning is emitted"),
    ],
)
def test_what_is_done_without_entries(act, sentence, monkeypatch):
    acting(monkeypatch, act)
    monkeypatch.setattr(promise, "REFUSALS", ())
    assert sentence in broken(ask("uniform_"))[promise._EMPTY]


def test_one_warning_is_allowed_without_entries(monkeypatch):
    acting(monkeypatch, warned(UserWarning))
    monkeypatch.setattr(promise, "REFUSALS", ())
    assert ask("uniform_").final_verdict == "pass"


def test_a_call_that_does_not_end(monkeypatch):
    def endless(*_):
        while True:
            pass

    acting(monkeypatch, endless)
    hasty = type(RUN)(RUN.seed, RUN.profile, 0.2, RUN.worker)
    outcome = promise.verify_errors(cell("eye_"), hasty)
    assert outcome.final_verdict == "timed out"
    assert "the call does not end in time" in outcome.diagnosis


@pytest.mark.parametrize("name", ["kaiming_uniform_", "trunc_normal_", "torch.rand"])
def test_without_faults_nothing_is_found(name):
    assert ask(name).final_verdict == "pass"
