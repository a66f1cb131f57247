"""Cases of random operations that take other arguments than initializers do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import Tensor

import strategies
from verify.subjects.case import TensorCase

_WORD_UP_TO = 1 << 28


@dataclass(frozen=True)
class RangeCase(TensorCase):
    """A draw of whole numbers from ``[low, high)``."""

    low: int
    high: int

    def features(self) -> Mapping[str, float]:
        """Besides the base: the width, and how far a word modulo it is from even."""
        width = self.high - self.low
        bias = modulo_bias(width)
        return {**super().features(), "width": width, "modulo_bias": bias}


def modulo_bias(width: int) -> float:
    """The largest distance of the cdfs of a word modulo `width` and of the even law.

    The word has 32 bits below 2^28, else 64. Of ``2^b = q·w + r`` words the r lowest remainders
    get q + 1 each, so that the distance is ``r·(w − r) / (w·2^b)``.
    """
    words = 1 << (32 if width < _WORD_UP_TO else 64)
    rest = words % width
    return rest * (width - rest) / (width * words)


@dataclass(frozen=True)
class ChanceCase(TensorCase):
    """A draw with a probability or a rate."""

    value: float


@dataclass(frozen=True)
class ScaledCase(TensorCase):
    """A draw with a location and a scale."""

    location: float
    scale: float


@dataclass(frozen=True)
class ArgumentsCase(TensorCase):
    """A draw whose arguments are tensors: entry i takes number ``i mod k`` of each.

    Attributes
    ----------
    values : tuple of tuple of float
        The entries of each argument.
    form : str
        How the arguments lie in memory, one of `FORMS`.
    """

    values: tuple[tuple[float, ...], ...]
    form: str

    def arguments(self, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
        """The arguments as tensors."""
        return tuple(FORMS[self.form](row, self.shape, dtype, device) for row in self.values)


def _plain(
    row: tuple[float, ...], shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
    few = torch.tensor(row, dtype=dtype, device=device)
    numel = torch.Size(shape).numel()
    # Not by `repeat`: a device that compiles joins as many parts.
    whole = few.expand(-(-numel // len(row)), len(row)).reshape(-1)
    return whole[:numel].view(shape)


def _strided(
    row: tuple[float, ...], shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
    plain = _plain(row, shape, dtype, device)
    return torch.stack([plain, torch.full_like(plain, 0.25)], dim=-1)[..., 0]


def _transposed(
    row: tuple[float, ...], shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
    return _plain(row, shape, dtype, device).mT.contiguous().mT


def _expanded(
    row: tuple[float, ...], shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
    return _plain(row, shape[-1:], dtype, device).expand(shape)


FORMS = {
    "plain": _plain,
    "strided": _strided,
    "transposed": _transposed,
    "expanded": _expanded,
}
"""How a tensor of arguments may lie in memory; the expanded one needs rows of whole periods."""


@strategies.composite
def argument_cases(
    draw: st.DrawFn, max_numel: int, *rows: st.SearchStrategy[float]
) -> ArgumentsCase:
    """Matrices whose arguments have two to five different values each.

    Each of `rows` draws a value of one argument. A matrix is no wider than a period is long, or
    one entry more than whole periods, so that no column and no row of it stands for another.
    """
    period = draw(st.integers(2, 5))
    values = tuple(tuple(draw(st.lists(row, min_size=period, max_size=period))) for row in rows)
    form = draw(st.sampled_from(sorted(FORMS)))
    wide = period * draw(st.integers(1, 40)) + (form != "expanded")
    tall = draw(st.integers(1, max(1, min(500, max_numel // wide))))
    return ArgumentsCase((tall, wide), values, form)
