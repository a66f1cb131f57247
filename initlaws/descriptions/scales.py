"""Scales as formulas: constants of few digits, of the fans of a shape, by depth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from initlaws.descriptions.digits import constant_rank, few_digits, written
from initlaws.laws import depth, fan_in_and_fan_out

_FETCHED = 7.0
"""The rank of formulas of the shape and of depth both: for many tensors one always is near."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Scale:
    """A positive number, as a formula.

    Attributes
    ----------
    code : str
        Of `shape` and `name`.
    words : str
        For the eye.
    squared : str
        Its square, for the eye.
    needs : str
        What the code speaks of: nothing, ``shape``, or ``shape, module, name``.
    rank : float
        The simplest are lowest.
    ground : str
        The code of what is divided by depth; empty for what is not.
    of : callable from shape and name to float
        Its value; ValueError where it has none.
    """

    code: str
    words: str
    squared: str
    needs: str
    rank: float
    ground: str
    of: Callable[[Shape, str], float] = field(compare=False, repr=False)


@dataclass(frozen=True)
class _Size:
    """A number of a shape."""

    code: str
    words: str
    of: Callable[[Shape], int]


def _side(index: int) -> Callable[[Shape], int]:
    """A side of a tensor; that of a matrix is a fan."""

    def side(shape: Shape) -> int:
        if not shape or len(shape) == 2 or (len(shape) == 1 and index == 0):
            raise ValueError("known as a fan, or as the last side")
        return shape[index]

    return side


def _inputs(shape: Shape) -> int:
    """The inputs of each of several matrices; of one kernel element they are a fan."""
    if len(shape) != 3 or shape[2] == 1:
        raise ValueError("known as a fan, or no size of a matrix")
    return shape[1]


_SIZES = (
    _Size("fan_in_and_fan_out(shape)[0]", "fan_in", lambda shape: fan_in_and_fan_out(shape)[0]),
    _Size(
        "sum(fan_in_and_fan_out(shape))",
        "(fan_in + fan_out)",
        lambda shape: sum(fan_in_and_fan_out(shape)),
    ),
    _Size("fan_in_and_fan_out(shape)[1]", "fan_out", lambda shape: fan_in_and_fan_out(shape)[1]),
    _Size("shape[-1]", "the last side", _side(-1)),
    _Size("shape[0]", "the first side", _side(0)),
    _Size("shape[1]", "the second side", _inputs),
)

_NUMERATORS: tuple[tuple[str, str, float], ...] = (
    ("1", "1", 1.0),
    ("2", "2", 2.0),
    ("6", "6", 6.0),
    ("3", "3", 3.0),
)
"""Variances, and squares of bounds, times a size: LeCun et al. 1998, Glorot & Bengio 2010, He et
al. 2015."""

_GAINED: tuple[tuple[str, str, float], ...] = (
    ("1 / 3", "(1/3)", 1 / 3),
    ("4", "4", 4.0),
    ("12", "12", 12.0),
    ("2 / 5", "(2/5)", 2 / 5),
    ("25 / 9", "(5/3)²", 25 / 9),
    ("2 / (1 + 0.01**2)", "(2/1.0001)", 2 / 1.0001),
    ("2 / (1 + 0.2**2)", "(2/1.04)", 2 / 1.04),
)
"""The variance of PyTorch's bound; those with gains of ReLU and tanh, as `torch.nn.init` documents
them, and of leaky ReLU; the small one of Nguyen & Salazar 2019."""


@dataclass(frozen=True)
class _By:
    """What a scale is divided by, besides: a number of layers, or the number of the layer."""

    code: str
    words: str
    needs: str
    rank: float
    of: Callable[[str], float]


_WHOLE = _By("", "", "", 0.0, lambda _: 1.0)

_BY_DEPTH = (
    _By(
        "math.sqrt(2 * (depth(name) + 1))",
        "√(2·(layer + 1))",
        "shape, module, name",
        2.0,
        lambda name: math.sqrt(2 * (depth(name) + 1)),
    ),
    _By(
        "math.sqrt(depth(name) + 1)",
        "√(layer + 1)",
        "shape, module, name",
        2.1,
        lambda name: math.sqrt(depth(name) + 1),
    ),
    _By(
        "(depth(name) + 1)",
        "(layer + 1)",
        "shape, module, name",
        2.2,
        lambda name: depth(name) + 1,
    ),
)


@cache
def _divisors(layers: int) -> tuple[_By, ...]:
    """What scales are divided by in a model of so many layers.

    The √2 of one layer is not believed unless the same is said elsewhere without it: its rank is
    that of a constant of two digits.
    """
    twice, once = math.sqrt(2 * layers), math.sqrt(layers)
    rank = 1.0 if layers > 1 else 2.0
    by_twice = _By(f"math.sqrt(2 * {layers})", "√(2·layers)", "", rank, lambda _: twice)
    by_once = _By(f"math.sqrt({layers})", "√layers", "", 1.1, lambda _: once)
    return (
        _WHOLE,
        *((by_twice,) if layers else ()),
        *((by_once, *_BY_DEPTH) if layers > 1 else ()),
    )


def _divided(scale: Scale, by: _By) -> Scale:
    if by is _WHOLE:
        return scale
    return Scale(
        f"{scale.code} / {by.code}",
        f"{scale.words}/{by.words}",
        f"({scale.words}/{by.words})²",
        max(scale.needs, by.needs, key=len),
        scale.rank + by.rank,
        scale.code,
        lambda shape, name: scale.of(shape, name) / by.of(name),
    )


def _of_size(rank: float, numerator: tuple[str, str, float], size: _Size) -> Scale:
    """√(numerator / size)."""
    code, words, value = numerator
    alone = code == "1"
    return Scale(
        f"1 / math.sqrt({size.code})" if alone else f"math.sqrt({code} / {size.code})",
        f"1/√{size.words}" if alone else f"√({words}/{size.words})",
        f"{words}/{size.words}",
        "shape",
        rank,
        "",
        lambda shape, _: math.sqrt(value / size.of(shape)),
    )


@cache
def of_sizes(layers: int) -> tuple[Scale, ...]:
    """Scales of the shape alone, and those divided by depth.

    Parameters
    ----------
    layers : int
        How many there are of what the tensor belongs to; 0 if it belongs to none.
    """
    plain = [
        _of_size(first + (len(_SIZES) * i + j) / 100, numerator, size)
        for first, numerators in ((2.0, _NUMERATORS), (4.0, _GAINED))
        for i, numerator in enumerate(numerators)
        for j, size in enumerate(_SIZES)
    ]
    inverse = Scale(
        "1 / shape[0]",
        "1/(the first side)",
        "1/(the first side)²",
        "shape",
        2.9,
        "",
        lambda shape, _: 1 / shape[0] if len(shape) > 1 else _side(0)(shape),
    )
    simple = [scale for scale in plain if scale.rank < 2 + 2 * len(_SIZES) / 100]
    divided = [
        replace(_divided(scale, by), rank=_FETCHED + scale.rank + by.rank)
        for scale in simple
        for by in _divisors(layers)[1:]
    ]
    return (*plain, inverse, *divided)


def constants(
    estimate: float, error: float, name: str, layers: int, least: float = 0.0
) -> Iterator[Scale]:
    """Constants of few digits near an estimate, and such constants divided by depth.

    Parameters
    ----------
    estimate : float
    error : float
        Its relative standard error.
    name : str
    layers : int
    least : float
        The smallest that the scale can be: values lie so far out.
    """
    for by in _divisors(layers):
        try:
            divisor = by.of(name)
        except ValueError:  # It belongs to no layer.
            continue
        for digits, value in few_digits(estimate * divisor, error, least=least * divisor):
            if by is _WHOLE or digits < 3:
                yield _divided(_constant(digits, value), by)


def _constant(digits: int, value: float) -> Scale:
    rank = constant_rank(digits)
    words = f"{value:g}"
    return Scale(written(value), words, f"{words}²", "", rank, "", lambda *_: value)
