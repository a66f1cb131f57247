"""Look at one architecture: audit it, describe it, and come to it in another way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from initlaws.auditing import audit
from initlaws.builds import Builds, Make, Unusable
from initlaws.describing import describe
from initlaws.following import Budget, follow
from initlaws.reporting import Report
from zoo.architecture import Architecture
from zoo.ways import from_a_checkpoint_that_lacks_it

NEW = "a new model"
DESCRIBED = "the laws described of it"
DOCUMENTED = "the law that its documents say of its weights"
LACKING = "from a checkpoint that lacks all but one tensor"

_DESCRIBED, _AUDITED = 24, 2
_BUDGET = Budget(1 << 21, 8, 24)
"""Builds; those of a law are of another seed than those that it was described from."""

_SHOWN = 3
"""Sentences of a tensor that are kept."""


@dataclass(frozen=True)
class Look:
    """What was found of an architecture.

    Attributes
    ----------
    package, name : str
    tensors, values : int
        Parameters and buffers of the small model, and their entries.
    found : mapping
        Of each way to the model what is wrong, a sentence each.
    """

    package: str
    name: str
    tensors: int
    values: int
    found: Mapping[str, tuple[str, ...]]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not any(self.found.values())


def look(architecture: Architecture) -> Look:
    """Look at an architecture.

    Raises
    ------
    initlaws.builds.Unusable
        If it cannot be built.
    """
    build = architecture.build
    builds = Builds(build)
    namespace: dict[str, Any] = {}
    exec(describe(builds, _DESCRIBED).laws_file(), namespace)
    laws = namespace["LAWS"]
    found = {
        NEW: audit(builds, _AUDITED).wrong,
        DESCRIBED: _followed(build, laws),
    }
    documented = architecture.documented
    if documented and (said := documented(architecture.name, builds)):
        found[DOCUMENTED] = _followed(build, said)
    if architecture.checkpoints:
        found[LACKING] = _followed(from_a_checkpoint_that_lacks_it(build), laws)
    values = sum(place.tensor.numel() for place in builds.places)
    return Look(architecture.package, architecture.name, len(builds.places), values, found)


def looked(architecture: Architecture) -> Look | str:
    """What is found of an architecture; or why it cannot be built."""
    try:
        return look(architecture)
    except Unusable as refused:
        return str(refused)


def _followed(build: Make, laws: Any) -> tuple[str, ...]:
    """What of a model does not follow laws, a sentence for each tensor."""
    try:
        report = follow(Builds(build, seed=1), laws, _BUDGET)
    except Unusable as refused:
        return (str(refused),)
    return (*report.problems.values(), *_wrong(report), *report.whole)


def _wrong(report: Report) -> list[str]:
    said: Callable[[tuple[str, ...]], str] = lambda wrong: "; ".join(wrong[:_SHOWN])  # noqa: E731
    return [f"{row.claimed.place.name}: {said(row.wrong)}" for row in report.rows if row.wrong]
