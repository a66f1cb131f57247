"""What was found of a model: of each tensor, and of all together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
    mean, std : float
        Of all entries of a build; NaN where there is none.
    low, high : float
        The ends of all builds.
    some : Tensor
        Entries of a build from all over the tensor, shape ``(n,)``, float64.
    """

    mean: float
    std: float
    low: float
    high: float
    some: Tensor = field(default_factory=lambda: torch.empty(0))

    @classmethod
    def of(cls, values: Tensor) -> Observed:
        """Of a tensor; of complex values it is their magnitudes."""
        wide = _real(values).to(torch.float64)
        if not wide.numel():
            return cls(*(math.nan,) * 4, wide)
        some = wide[:: -(-wide.numel() // _SOME)].clone()
        std = float(wide.std(correction=0))
        return cls(float(wide.mean()), std, float(wide.min()), float(wide.max()), some)

    def beside(self, values: Tensor) -> Observed:
        """The same, with the ends of another build too: what lies far off may be rare."""
        real = _real(values)
        if not real.numel():
            return self
        low, high = (float(end) for end in real.aminmax())
        return replace(self, low=min(self.low, low), high=max(self.high, high))


def _real(values: Tensor) -> Tensor:
    """The values in one row, of a dtype in which they can be ordered."""
    plain = values.dequantize() if values.is_quantized else values
    real = (plain.abs() if plain.is_complex() else plain).reshape(-1)
    return real if real.dtype in (torch.float32, torch.float64) else real.to(torch.float64)


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
