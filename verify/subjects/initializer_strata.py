"""Sizes and arguments of the initializers that get samples of their own.

A fault of one size or of one argument is a small part of a sample of all. So each stratum here is
judged by itself: kinds of sizes, either side of the sizes at which kernels change path, numbers of
axes, and the values of each argument.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar, get_args

from strategies import Interval, Nonlinearity, NormalParameters, Truncation
from strategies.nonlinearity import NonlinearityName
from verify.subjects.case import T
from verify.subjects.initializer_cases import (
    DiracCase,
    GainCase,
    KaimingCase,
    NormalCase,
    SparseCase,
    TruncatedCase,
    UniformCase,
)
from verify.subjects.subject import Stratum

A = TypeVar("A")
Shape = tuple[int, ...]
Shapes = Mapping[str, tuple[Shape, ...]]

# The grain of 2^15 at which work is split, 40,960 values. Those of 16 are among the small sizes.
_THRESHOLDS = (32_767, 32_768, 32_769, 40_959, 40_960, 40_961)

_BELOW_16, _BELOW_256, _BELOW_4096 = "below 16 entries", "16 to 255 entries", "256 to 4,095 entries"
_ABOVE, _LARGE, _LARGEST = "4,096 entries and more", "above 2^22 entries", "above 2^24 entries"
_BETWEEN = "2^22 to 2^24 entries"
_AT_THRESHOLDS = "where kernels change path"

_SIZES: Shapes = {
    _BELOW_16: ((1,), (7,), (3, 5), (15,), (2, 2, 3), (13, 1), (2, 7), (1, 11)),
    _BELOW_256: ((16,), (17,), (5, 7), (255,), (3, 31), (11, 17), (3, 4, 5, 2), (130,), (2, 107)),
    _BELOW_4096: ((999,), (19, 21), (4095,), (40, 51), (7, 11, 13), (2, 1024), (601, 3)),
    _ABOVE: ((4096,), (6007, 3), (300, 301), (25, 21, 5, 5), (1023, 129)),
    _AT_THRESHOLDS: tuple((n,) for n in _THRESHOLDS),
    _LARGE: (((1 << 22) + 1,),),
    _BETWEEN: ((1 << 22,), (6_291_469,), (1 << 24,)),
    _LARGEST: (((1 << 24) + 1,),),
    "5 axes and more": ((9, 8, 7, 6, 5), (3, 5, 2, 7, 4, 3), (16, 16, 3, 5, 7), (2, 3, 5, 2, 1)),
}
"""Of tensors with any number of axes."""

_FANS: Shapes = {
    _BELOW_16: ((3, 5), (2, 7), (13, 1), (1, 11), (2, 2, 3), (5, 1, 2), (2, 1, 3, 2)),
    _BELOW_256: ((4, 4), (5, 7), (3, 31), (11, 17), (3, 4, 5, 2), (2, 107), (7, 1, 3, 3)),
    _BELOW_4096: ((19, 21), (40, 51), (7, 11, 13), (2, 1024), (601, 3), (16, 8, 3, 3)),
    _ABOVE: ((64, 64), (6007, 3), (300, 301), (25, 21, 5, 5), (1023, 129)),
    _AT_THRESHOLDS: tuple(shape for n in _THRESHOLDS for shape in ((n, 1), (1, n))),
    _LARGE: ((2049, 2048),),
    _BETWEEN: ((2511, 2503),),
    _LARGEST: ((24_929, 673),),
    "a matrix": ((96, 341), (341, 96)),
    "kernels of 1 dimension": ((48, 96, 7), (96, 48, 3)),
    "kernels of 2 dimensions": ((48, 32, 3, 5), (32, 64, 4, 2)),
    "kernels of 3 dimensions": ((24, 16, 3, 5, 2), (16, 32, 2, 3, 4)),
    "kernels of 4 dimensions": ((8, 16, 2, 3, 4, 5),),
}
"""Of weights."""

_MATRICES: Shapes = {
    _BELOW_16: ((3, 5), (7, 2), (15, 1), (4, 3)),
    _BELOW_256: ((4, 4), (5, 7), (31, 3), (11, 17), (100, 2)),
    _BELOW_4096: ((21, 19), (40, 51), (1000, 3)),
    _ABOVE: ((4097, 8), (300, 301), (9001, 5)),
    _LARGE: ((8193, 513),),
}
"""Of sparse matrices: each column costs a permutation."""

_SIDES: Shapes = {
    _BELOW_16: ((3, 5), (7, 2), (15, 1), (3, 3), (2, 2, 3)),
    _BELOW_256: ((4, 4), (5, 7), (31, 3), (11, 17), (8, 3, 3, 2)),
    _BELOW_4096: ((21, 19), (40, 51), (60, 60), (3, 1000)),
    _ABOVE: ((200, 150), (130, 300), (128, 8, 3, 3)),
    "tall, from 512 columns on": ((769, 513), (2048, 1025)),
    "wide, from 512 rows on": ((513, 769), (600, 2048)),
    "square, from 512 on": ((600, 600), (1030, 1030)),
    "a side of 4,096": ((4096, 1900), (1800, 4000)),
    "matrices": ((24, 24), (30, 20), (20, 30)),
    "kernels": ((16, 3, 2, 3), (40, 4, 3), (12, 2, 3, 2, 3)),
}
"""Of orthogonal matrices: a factorization of n by k costs n·k² operations."""

_WEIGHTS = ((160, 257), (96, 48, 7), (48, 32, 5, 3), (24, 32, 3, 5, 2))
_FLAT = ((40_001,), (160, 257), (31, 33, 37), (48, 32, 5, 3), (24, 32, 3, 5, 2))


def _sized(case: Callable[[Shape], T], shapes: Shapes) -> tuple[Stratum[T], ...]:
    """The strata of sizes."""
    return tuple(Stratum(name, tuple(map(case, some))) for name, some in shapes.items())


def _argued(
    case: Callable[[Shape, A], T], shapes: Iterable[Shape], arguments: Mapping[str, A]
) -> tuple[Stratum[T], ...]:
    """The strata of an argument's values, each with the next of the shapes."""
    turns = zip(arguments.items(), itertools.cycle(shapes), strict=False)
    return tuple(Stratum(name, (case(shape, value),)) for (name, value), shape in turns)


_INTERVALS = {
    f"between {low:g} and {high:g}": Interval(low, high)
    for low, high in (
        *((0.0, 1.0), (-1.0, 1.0), (-1.0, 0.0), (0.5, 0.75), (-4.0, -3.0), (-0.01, 0.01)),
        *((-1000.0, 1000.0), (0.0, 4.0)),
    )
}
_NORMALS = {
    f"mean {mean:g} and deviation {std:g}": NormalParameters(mean, std)
    for mean, std in (
        *((0.0, 1.0), (0.0, 0.02), (0.0, 1e-4), (0.0, 1000.0)),
        *((1.0, 1.0), (-3.0, 1.0), (0.5, 0.1), (-1.0, 0.02)),
    )
}
_WINDOWS = {
    "a window of 2 deviations": Truncation(0.0, 1.0, -2.0, 2.0),
    "a window of 2 deviations of 0.02": Truncation(0.0, 0.02, -0.04, 0.04),
    "a wide window": Truncation(0.0, 0.02, -2.0, 2.0),
    "an off-centre window": Truncation(0.0, 1.0, -0.5, 2.5),
    "a narrow window": Truncation(0.0, 1.0, -0.1, 0.1),
    "a narrow window beside the mean": Truncation(1.0, 0.5, 1.5, 1.6),
    "a window open above": Truncation(0.0, 1.0, -1.0, math.inf),
    "a window open below": Truncation(0.0, 1.0, -math.inf, 0.5),
    "a window of positive values": Truncation(0.0, 1.0, 0.0, math.inf),
    "an open tail": Truncation(0.0, 1.0, 2.0, math.inf),
    "a window in the upper tail": Truncation(0.0, 1.0, 3.0, 3.5),
    "a window in the lower tail": Truncation(0.0, 1.0, -3.5, -3.0),
    "a window far in the tail": Truncation(0.0, 1.0, 9.0, 9.3),
    "a window that leaves the mean out": Truncation(0.0, 1.0, 0.5, 2.0),
    "a mean that is not 0": Truncation(3.0, 1.0, 1.0, 5.0),
    "a negative mean": Truncation(-0.5, 0.02, -0.54, -0.46),
}
_GAINS = {f"gain {gain:g}": gain for gain in (1.0, 5 / 3, math.sqrt(2), 0.75, 0.01, 10.0)}
_SPARSITIES = {f"sparsity {share:g}": share for share in (0.0, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99)}

_NONLINEARITIES = {
    f"{mode}, {name}": (mode, Nonlinearity(name))
    for mode in ("fan_in", "fan_out")
    for name in get_args(NonlinearityName)
}
_SLOPES = {
    f"{mode}, leaky_relu of slope {slope:.3g}": (mode, Nonlinearity("leaky_relu", slope))
    for mode, slope in zip(
        itertools.cycle(("fan_in", "fan_out")),
        (0, 0.01, 0.1, 0.2, 0.25, 0.3, 0.5, 1, math.sqrt(5), -0.2, 3, 10),
        strict=False,
    )
}

UNIFORM = (
    *_sized(lambda shape: UniformCase(shape, Interval(0.0, 1.0)), _SIZES),
    *_argued(UniformCase, _FLAT, _INTERVALS),
)
NORMAL = (
    *_sized(lambda shape: NormalCase(shape, NormalParameters(0.0, 1.0)), _SIZES),
    *_argued(NormalCase, _FLAT, _NORMALS),
)
TRUNCATED = (
    *_sized(lambda shape: TruncatedCase(shape, Truncation(0.0, 1.0, -2.0, 2.0)), _SIZES),
    *_argued(TruncatedCase, _FLAT, _WINDOWS),
)
GAIN = (
    *_sized(lambda shape: GainCase(shape, 1.0), _FANS),
    *_argued(GainCase, _WEIGHTS, _GAINS),
)
KAIMING = (
    *_sized(lambda shape: KaimingCase(shape, "fan_in", Nonlinearity("leaky_relu")), _FANS),
    *_argued(
        lambda shape, argument: KaimingCase(shape, *argument),
        _WEIGHTS,
        _NONLINEARITIES | _SLOPES,
    ),
)
ORTHOGONAL = (
    *_sized(lambda shape: GainCase(shape, 1.0), _SIDES),
    *_argued(GainCase, ((32, 24), (24, 4, 3, 3)), _GAINS),
)
SPARSE = (
    *_sized(lambda shape: SparseCase(shape, 0.1, 0.01), _MATRICES),
    *_argued(
        lambda shape, share: SparseCase(shape, share, 1.0), ((600, 60), (601, 7)), _SPARSITIES
    ),
)


def structured(case: Callable[[Shape], T], shapes: Iterable[Shape]) -> tuple[Stratum[T], ...]:
    """Sizes of tensors whose every entry is known: each is asked once, and nothing is pooled."""
    return (Stratum("sizes", tuple(map(case, shapes))),)


FLAT = tuple(shape for shapes in _SIZES.values() for shape in shapes)
RECTANGLES = (
    *((1, 1), (1, 7), (3, 5), (16, 15), (181, 182), (202, 203), (40_961, 1), (1, 32_769)),
    *((2049, 2048), (4095, 4097)),
)
DIRAC = (
    *(
        DiracCase((outputs * groups, *rest), groups)
        for groups in (1, 2, 3, 4, 5, 6, 8, 16)
        for outputs, *rest in (
            *((2, 3, 5), (3, 2, 4), (2, 5, 3, 2), (5, 3, 1, 4), (1, 1, 3, 3), (2, 3, 2, 3, 4)),
        )
    ),
    *(DiracCase((513 * groups, 911, 3, 3), groups) for groups in (1, 3)),
)
"""Kernels in every number of groups and dimensions."""
