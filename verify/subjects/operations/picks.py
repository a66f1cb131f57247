"""Categories picked by their weights, and long permutations."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import Tensor

import strategies
from verify import laws
from verify.subjects.case import TensorCase
from verify.subjects.fills import Target
from verify.subjects.subject import Operation

_PAGE = "PyTorch documentation, torch"
_HELD = ("float32", "float64", "float16", "bfloat16")


@dataclass(frozen=True)
class PickCase(TensorCase):
    """Picks of categories: a column for each row of weights, one row for each pick.

    Attributes
    ----------
    weights : tuple of tuple of float
        The weights of each column.
    held : str
        The dtype of the weights.
    count : int
        How many are picked at once, without replacement.
    """

    weights: tuple[tuple[float, ...], ...]
    held: str
    count: int = 1

    @property
    def dtypes(self) -> tuple[str, ...]:
        """That of the weights."""
        return (self.held,)

    def given(self, target: Target) -> Tensor:
        """The weights as a matrix."""
        dtype: torch.dtype = getattr(torch, self.held)
        return torch.tensor(self.weights, dtype=dtype, device=target.device)


def _replaced(case: PickCase, target: Target) -> Tensor:
    """With replacement, of a vector of weights or of a matrix."""
    rows, _ = case.shape
    weights = case.given(target)
    given = weights[0] if len(case.weights) == 1 else weights
    picked = torch.multinomial(given, rows, replacement=True, generator=target.generator)
    return picked.reshape(-1, rows).mT


def _kept(case: PickCase, target: Target) -> Tensor:
    """Without replacement, many times over; an ordered choice is one number."""
    rows, columns = case.shape
    weights = case.given(target)
    size = weights.shape[1]
    given = weights.repeat(rows, 1)
    picked = torch.multinomial(given, case.count, replacement=False, generator=target.generator)
    places = torch.tensor([size**i for i in range(case.count)])
    return (picked.cpu() * places).sum(1).view(rows, columns).to(target.device)


def _law(case: PickCase) -> laws.Law:
    return laws.Entries(tuple(map(laws.Categorical, case.weights)))


def _ordered_law(case: PickCase) -> laws.Law:
    return laws.Entries(
        tuple(laws.Categorical(_ordered(weights, case.count)) for weights in case.weights)
    )


def _ordered(weights: tuple[float, ...], count: int) -> tuple[float, ...]:
    """The probability of each ordered choice, by its number: each pick from what is left.

    Source: the documentation of ``torch.multinomial`` ("indices are ordered from left to right
    according to when each was sampled"); Plackett 1975, *The analysis of permutations*.
    """
    size = len(weights)
    chances = [0.0] * size**count
    for order in itertools.permutations(range(size), count):
        left, chance = math.fsum(weights), 1.0
        for category in order:
            chance *= weights[category] / left if left > 0 else 0.0
            left -= weights[category]
        chances[sum(c * size**i for i, c in enumerate(order))] = chance
    return tuple(chances)


_WEIGHTS = st.sampled_from((0.0, 1.0, 2.0, 0.5, 7.0, 0.0625, 3.0))


@strategies.composite
def _picks(draw: st.DrawFn, max_numel: int, most: int) -> PickCase:
    """Up to three columns of weights, zeros among them, each with two that are not."""
    size, columns = draw(st.integers(3, most)), draw(st.integers(1, 3))
    few = st.lists(_WEIGHTS, min_size=size - 2, max_size=size - 2)
    weights = tuple((1.0, *draw(few), draw(st.sampled_from((1.0, 5.0)))) for _ in range(columns))
    rows = draw(st.integers(1, max(1, min(4000, max_numel // columns))))
    return PickCase((rows, columns), weights, draw(st.sampled_from(_HELD)), 1 + (most < 9))


def _permuted(case: TensorCase, target: Target) -> Tensor:
    return torch.randperm(case.shape[0], **target.factory, generator=target.generator)


def _sizes(most: int) -> st.SearchStrategy[TensorCase]:
    """Log-uniform sizes from 1,000 on."""
    exponents = st.floats(math.log2(1000), math.log2(min(most, 1 << 16)))
    return exponents.map(lambda exponent: TensorCase((round(2**exponent),)))


PICKS: tuple[Operation, ...] = (
    Operation(
        name="torch.multinomial",
        cases=lambda size: _picks(size, 12),
        call=_replaced,
        law=_law,
        dtypes=("int64",),
        words="each category in proportion to its weight, with replacement",
        formula="P(x = k) = wₖ/Σw",
        source=f"{_PAGE}.multinomial",
        anchors=(
            PickCase((4001, 1), ((0.0, 1.0, 2.0, 0.0, 5.0, 0.5),), "float32"),
            PickCase((2003, 2), ((1.0, 0.0, 3.0), (0.0, 1.0, 1.0)), "float16"),
        ),
        pools=0.5,
    ),
    Operation(
        name="torch.multinomial without replacement",
        cases=lambda size: _picks(size, 5),
        call=_kept,
        law=_ordered_law,
        dtypes=("int64",),
        words="each category in proportion to its weight among those left",
        formula="P(x = k) = wₖ/Σw of those left",
        source=f"{_PAGE}.multinomial; Plackett 1975",
        anchors=(
            PickCase((2003, 1), ((1.0, 2.0, 0.0, 5.0),), "float32", 2),
            PickCase((1001, 2), ((1.0, 2.0, 4.0), (3.0, 0.5, 1.0)), "float64", 3),
        ),
        pools=0.5,
        form_of="torch.multinomial",
    ),
    Operation(
        name="torch.randperm of a dtype",
        cases=lambda size: st.integers(0, 40).map(lambda n: TensorCase((n,))),
        call=_permuted,
        law=lambda case: laws.Permutation(case.shape[0]),
        dtypes=("uint8", "int8", "int16", "int32", "bfloat16", "float16", "float32", "float64"),
        words="every order alike",
        formula="P(π) = 1/n!",
        source=f"{_PAGE}.randperm; Knuth, TAOCP 2, sec. 3.3.2 P",
        anchors=(TensorCase((2,)), TensorCase((8,)), TensorCase((100,))),
        pools=0.0,
        form_of="torch.randperm",
    ),
    Operation(
        name="torch.randperm_long",
        cases=_sizes,
        call=_permuted,
        law=lambda case: laws.Permutation(case.shape[0]),
        dtypes=("int32", "int64", "float64"),
        words="every order alike",
        formula="P(π) = 1/n!",
        source=f"{_PAGE}.randperm; Knuth, TAOCP 2, sec. 3.3.2 P",
        anchors=(TensorCase((1000,)), TensorCase((10_007,)), TensorCase((1_000_000,))),
        pools=0.0,
        form_of="torch.randperm",
    ),
)
"""One row for each."""
