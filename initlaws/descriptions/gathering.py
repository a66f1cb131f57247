"""What some dozens of builds hold of every tensor; the builds themselves are not kept."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from initlaws.builds import Place
from initlaws.descriptions.matrices import gain_of, zeros_of_columns
from initlaws.reporting import Observed
from verify.laws import LATTICES
from verify.subjects.recipes.known import plain

_KEPT = 1 << 18
"""Values of a tensor that are kept, in all builds."""

_PARTS = (1, 2, 3, 4)
"""Equal parts of the first axis that may be orthogonal each by itself: the gates of a cell."""

_ROWS = 64
"""Constant rows beyond which they are no exception."""


@dataclass(frozen=True)
class Gathered:
    """What the builds hold of one tensor.

    Attributes
    ----------
    place : Place
    builds : int
    observed : Observed
        Of all entries of all builds; of a complex tensor, of its parts.
    first : Tensor or None
        The values of all builds where they are the same in each; else None.
    rows : mapping
        Rows that hold one constant, the same in every build, and that constant.
    zeros : int
        Zeros in each column, where these are as many in all columns of all builds.
    gains : mapping
        Number of equal parts of the first axis that are orthogonal, and their gain; of a vector,
        its norm.
    count : int
        Values that are random, in all builds: without constant rows and zeros.
    mean, std, low, high : float
        Of these.
    kept : Tensor
        Some of these.
    digest : str
        Another one for tensors that differ in any build.
    """

    place: Place
    builds: int
    observed: Observed
    first: Tensor | None
    rows: dict[int, float]
    zeros: int
    gains: dict[int, float]
    count: int
    mean: float
    std: float
    low: float
    high: float
    kept: Tensor
    digest: str

    @property
    def step(self) -> float:
        """The machine epsilon of the dtype."""
        return step(self.place)


def step(place: Place) -> float:
    """The machine epsilon of a tensor's dtype; 1 where it is no floating-point number."""
    dtype = place.tensor.dtype
    return torch.finfo(dtype).eps if dtype.is_floating_point or dtype.is_complex else 1.0


def has_laws(place: Place) -> bool:
    """Whether laws are known of a tensor's dtype."""
    return place.dtype in LATTICES or place.tensor.is_complex()


@dataclass
class _Sums:
    """Moments and extremes of values that come some at a time."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    def add(self, values: Tensor) -> None:
        """Pool more values (Chan, Golub & LeVeque 1983: pairwise updates)."""
        if not values.numel():
            return
        wide = values.to(torch.float64)
        variance, mean = torch.var_mean(wide, correction=0)
        n, delta = values.numel(), float(mean) - self.mean
        total = self.count + n
        self.squares += float(variance) * n + delta * delta * self.count * n / total
        self.mean += delta * n / total
        self.count = total
        low, high = torch.aminmax(values)
        # These keep a NaN, as Python's own do not.
        self.low = float(np.minimum(self.low, float(low)))
        self.high = float(np.maximum(self.high, float(high)))

    @property
    def std(self) -> float:
        """The standard deviation."""
        return math.sqrt(self.squares / self.count) if self.count else math.nan

    @property
    def observed(self) -> Observed:
        """For the eye."""
        if not self.count:
            return Observed(*(math.nan,) * 4)
        return Observed(self.mean, self.std, self.low, self.high)


@dataclass
class Gathering:
    """The state of one tensor while builds come.

    Attributes
    ----------
    place : Place
    builds : int
        How many will come.
    """

    place: Place
    builds: int
    seen: int = 0
    first: Tensor | None = None
    rows: Tensor | None = None
    zeros: int = 0
    gains: dict[int, float] = field(default_factory=dict)
    kept: list[Tensor] = field(default_factory=list)
    whole: _Sums = field(default_factory=_Sums)
    body: _Sums = field(default_factory=_Sums)
    constants: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=16)

    def add(self, tensor: Tensor) -> None:
        """Look at the values of one more build."""
        values = plain(tensor).cpu().contiguous()
        self._compare(values)
        self._digest.update(strided(values, 1 << 12).view(torch.uint8).numpy().tobytes())
        self.seen += 1
        if not values.is_floating_point() and not values.is_complex():
            self.whole.add(values)
            return
        parts = torch.view_as_real(values) if values.is_complex() else values
        self.whole.add(parts.reshape(-1))
        if self.first is not None and self.seen > 1:
            return  # So far it is a constant.
        self._rows(values)
        self._orthogonal(values)
        body = self._body(parts)
        self.body.add(body)
        self.kept.append(strided(body, _KEPT // self.builds).clone())

    def _compare(self, values: Tensor) -> None:
        """Hold it against the first build."""
        if not self.seen:
            self.first = values.clone()
        elif self.first is not None and not torch.equal(self.first, values):
            self.first = None

    def _rows(self, values: Tensor) -> None:
        """Find the rows that hold one constant, and hold them against those of builds before."""
        if values.dim() < 2 or values.is_complex() or values[0].numel() < 2:
            return
        flat = values.flatten(1)
        if self.seen == 1:
            alike = (flat == flat[:, :1]).all(1)
            self.rows = alike.nonzero()[:, 0] if int(alike.sum()) <= _ROWS else None
        if self.rows is None or not self.rows.numel():
            return
        now = flat[self.rows]
        if self.seen > 1:
            there = torch.tensor([self.constants[int(r)] for r in self.rows], dtype=torch.float64)
            self.rows = self.rows[(now == there[:, None]).all(1)]
        first = flat[self.rows, 0].to(torch.float64)
        self.constants = {int(r): float(c) for r, c in zip(self.rows, first, strict=True)}

    def _orthogonal(self, values: Tensor) -> None:
        """Find into how many equal parts it must be cut for each to be orthogonal."""
        if values.numel() < 2 or values.is_complex():
            return
        values = values if values.dim() > 1 else values[None]
        if self.seen == 1:
            counts = [c for c in _PARTS if not values.shape[0] % c and values.shape[0] > c]
            self.gains = {c: g for c in counts or [1] if (g := gain_of(values, c))}
            return
        for count, there in list(self.gains.items()):
            found = gain_of(values, count)
            if not found or abs(found / there - 1) > 8 * step(self.place) + 1e-6:
                del self.gains[count]

    def _body(self, parts: Tensor) -> Tensor:
        """The entries that are random: neither of a constant row nor zeros of a sparse matrix."""
        if self.seen == 1 or self.zeros:
            found = zeros_of_columns(parts)
            self.zeros = found if found == self.zeros or self.seen == 1 else 0
        if self.constants:
            kept = torch.ones(parts.shape[0], dtype=torch.bool)
            kept[list(self.constants)] = False
            parts = parts[kept]
        return parts[parts != 0] if self._sparse else parts.reshape(-1)

    @property
    def _sparse(self) -> int:
        """The zeros in each column that lie in no constant row.

        A row of a sparse matrix may be zero by chance, until a build comes in which it is not.
        """
        return max(0, self.zeros - sum(not constant for constant in self.constants.values()))

    def gathered(self) -> Gathered:
        """What was found, when all builds were seen."""
        sums = self.body
        return Gathered(
            place=self.place,
            builds=self.seen,
            observed=self.whole.observed,
            first=self.first,
            rows=self.constants,
            zeros=self._sparse,
            gains=self.gains,
            count=sums.count,
            mean=sums.mean,
            std=sums.std,
            low=sums.low,
            high=sums.high,
            kept=torch.cat(self.kept) if self.kept else torch.empty(0),
            digest=self._digest.hexdigest(),
        )


def strided(values: Tensor, most: int) -> Tensor:
    """Some entries of a tensor, of all of its columns."""
    every = max(1, -(-values.numel() // max(1, most)))
    while values.dim() > 1 and every > 1 and math.gcd(every, values.shape[-1]) > 1:
        every += 1
    return values.reshape(-1)[::every].contiguous()
