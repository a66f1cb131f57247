"""Ask a promise about one cell, in this process."""

from __future__ import annotations

from verify.behaviour.promise import Promise, Question, verify_behaviour
from verify.outcome.outcome import Outcome
from verify.plan.profiles import PROFILES
from verify.plan.run import Cell, Run, cells

RUN = Run(seed=7, profile=PROFILES["smoke"], time_limit=60.0, worker=0)


def cell(name: str, dtype: str = "float32") -> Cell:
    return next(c for c in cells(["cpu"]) if (c.subject.name, c.dtype_name) == (name, dtype))


def ask(promise: Promise[Question], name: str, dtype: str = "float32") -> Outcome:
    return verify_behaviour(cell(name, dtype), RUN, promise)
