"""What was found of a model: of each tensor, and of all together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from initlaws.claims import Claimed
from verify.checks.finding import Finding
from verify.outcome.evidence import NOTHING, Evidence

_SOME = 1 << 14
"""Entries of a tensor that are kept for those who look at it."""


@dataclass(frozen=True)
class Observed:
    """What a tensor holds, in its own units.

    Attributes
    ----------
    mean, std, low, high : float
        Of all entries; NaN where there is none.
    some : Tensor
        Entries from all over the tensor, shape ``(n,)``, float64.
    """

    mean: float
    std: float
    low: float
    high: float
    some: Tensor = field(default_factory=lambda: torch.empty(0))

    @classmethod
    def of(cls, values: Tensor) -> Observed:
        """Of a tensor; of complex values it is their magnitudes."""
        plain = values.dequantize() if values.is_quantized else values
        wide = (plain.abs() if plain.is_complex() else plain).to(torch.float64).reshape(-1)
        if not wide.numel():
            return cls(*(math.nan,) * 4, wide)
        some = wide[:: -(-wide.numel() // _SOME)].clone()
        std = float(wide.std(correction=0))
        return cls(float(wide.mean()), std, float(wide.min()), float(wide.max()), some)


@dataclass(frozen=True)
class Row:
    """A tensor, what it holds, and what is wrong with it.

    Attributes
    ----------
    claimed : Claimed
    observed : Observed
    wrong : tuple of str
        A sentence each, the plainest first; none if the tensor keeps its law.
    looks_like : str
        Which law a tensor that is wrong seems to follow; nothing where none fits.
    checks : tuple of str
        What found each sentence of `wrong`.
    """

    claimed: Claimed
    observed: Observed
    wrong: tuple[str, ...]
    looks_like: str = ""
    checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What was found of a model.

    Attributes
    ----------
    called : str
        What builds it.
    seed, builds : int
    rows : tuple of Row
        One for each parameter and buffer that a law claims.
    problems : mapping
        What keeps a tensor or a pattern from a law.
    whole : tuple of str
        What is wrong between tensors.
    findings : tuple of Finding
        Every decision.
    evidence : Evidence
        Pooled; by tensor and by pattern.
    """

    called: str
    seed: int
    builds: int
    rows: tuple[Row, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    whole: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    evidence: Evidence = NOTHING

    @property
    def passed(self) -> bool:
        """Whether every tensor keeps its law."""
        return not (self.problems or self.whole or any(row.wrong for row in self.rows))
