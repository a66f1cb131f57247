"""What a row of a subject table holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy

from verify.laws import Law


@dataclass(frozen=True)
class Case:
    """One drawn configuration of a subject; rows extend it with their parameters."""

    shape: tuple[int, ...]

    def features(self) -> Mapping[str, float]:
        """Numbers by which the region of a known defect is described."""
        return {"numel": math.prod(self.shape)}


def _one(_case: Any) -> float:
    return 1.0


@dataclass(frozen=True)
class Subject:
    """An initializer: what can be drawn, how to fill a tensor, and the law it must follow.

    Attributes
    ----------
    name : str
        The name in ``torch.nn.init``.
    cases : callable
        Strategy of cases with at most so many entries.
    arguments : callable
        Keyword arguments of the initializer for a case.
    law : callable
        The law of the filled tensor for a case.
    words, formula, source : str
        The law for readers, and where it comes from.
    anchors : tuple of Case
        Cases that are always explored: the defaults that most users call.
    effort : callable
        Cost of a value relative to a plain draw; expensive cases get smaller samples.
    deprecated : bool
        Whether the name is an alias that must warn.
    """

    name: str
    cases: Callable[[int], SearchStrategy[Any]]
    arguments: Callable[[Any], Mapping[str, Any]]
    law: Callable[[Any], Law]
    words: str
    formula: str
    source: str
    anchors: tuple[Case, ...]
    effort: Callable[[Any], float] = _one
    deprecated: bool = False
