"""Plant a fault in a module class, and ask a promise about it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import torch

from verify.behaviour.promise import Promise, Question, verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.profiles import PROFILES
from verify.plan.run import Cell, Run, cells

RUN = Run(seed=7, profile=PROFILES["smoke"], time_limit=60.0, worker=0)


def cell(name: str, dtype: str = "float32") -> Cell:
    return next(c for c in cells(["cpu"]) if (c.subject.name, c.dtype_name) == (name, dtype))


def ask(promise: Promise[Question], name: str, dtype: str = "float32") -> Outcome:
    return verify_behaviour(cell(name, dtype), RUN, promise)


@dataclass(frozen=True)
class Fault:
    """A function that is replaced, and what must be said about it.

    Attributes
    ----------
    name : str
    subject : str
        The module that is asked about.
    owner, attribute
        Where the function lives.
    replacement : callable
        Takes the original and the arguments of a call.
    sentence : str
        How the diagnosis must begin.
    dtype : str
    """

    name: str
    subject: str
    owner: Any
    attribute: str
    replacement: Any
    sentence: str
    dtype: str = "float32"

    def plant(self, monkeypatch):
        original = getattr(self.owner, self.attribute)

        @functools.wraps(original)
        def faulty(*args, **kwargs):
            return self.replacement(original, *args, **kwargs)

        monkeypatch.setattr(self.owner, self.attribute, faulty)

    def check(self, promise, monkeypatch):
        """The fault is found, by the question that is meant to find it."""
        self.plant(monkeypatch)
        outcome = ask(promise, self.subject, self.dtype)
        assert outcome.final_verdict == "fail", outcome
        assert f"{promise.check}: {self.sentence}" in outcome.diagnosis, outcome.diagnosis


def then(do):
    """The original, and something besides."""

    def replacement(original, self, *args, **kwargs):
        result = original(self, *args, **kwargs)
        with torch.no_grad():
            do(self)
        return result

    return replacement


def unasked(promise, faults):
    """Ids of the questions that none of the faults is for: they might be unable to fail."""
    sentences = [fault.sentence for fault in faults]
    return [
        id
        for id, question in promise.questions.items()
        if not any(sentence.startswith(f"{question.words}:") for sentence in sentences)
    ]
