"""What no call can do, and so must refuse: one row for each rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from verify.laws import GAINS
from verify.subjects.initializers import INITIALIZERS
from verify.subjects.refusals.refusal import REFUSED, Attempt, Refusal

_sizes = st.integers(1, 4)
_TINY = 1e-3
"""More than a rounding, where the rule is applied to what the dtype holds."""


def _shapes(*dims: int) -> SearchStrategy[tuple[int, ...]]:
    return st.sampled_from(dims).flatmap(lambda d: st.tuples(*[_sizes] * d))


def _tensors(*dims: int) -> SearchStrategy[Attempt]:
    """Tensors of so many dimensions."""
    return st.builds(Attempt, shape=_shapes(*dims))


def _tensors_of_dtypes(*dtypes: str, **arguments: object) -> SearchStrategy[Attempt]:
    return st.builds(
        Attempt, shape=_shapes(2), dtype=st.sampled_from(dtypes), arguments=st.just(arguments)
    )


def _given(*dims: int, dtype: str = "float32", **arguments: object) -> SearchStrategy[Attempt]:
    """Tensors of so many dimensions, or matrices, with these arguments: values or strategies."""
    drawn = {
        name: value if isinstance(value, SearchStrategy) else st.just(value)
        for name, value in arguments.items()
    }
    return st.builds(
        Attempt,
        shape=_shapes(*dims or (2,)),
        dtype=st.just(dtype),
        arguments=st.fixed_dictionaries(drawn),
    )


def _instead() -> SearchStrategy[Attempt]:
    return st.builds(Attempt, instead=st.sampled_from(([1.0, 2.0], 0.5, "weight")))


def _above(least: float, most: float = 1e6) -> SearchStrategy[float]:
    return st.floats(least, most, exclude_min=True)


def _below(most: float, least: float = -1e6) -> SearchStrategy[float]:
    return st.floats(least, most, exclude_max=True)


def _words(known: Iterable[str]) -> SearchStrategy[str]:
    """Words that are not known, in upper case neither."""
    words = {word.lower() for word in known}
    return (
        st.sampled_from(("fan_avg", "gelu", ""))
        | st.text("abcdefghijklmnopqrstuvwxyz_", max_size=12)
    ).filter(lambda word: word.lower() not in words)


def _swapped(least: float, most: float) -> SearchStrategy[Mapping[str, float]]:
    """Two bounds of which the lower one is the larger."""
    bounds = st.tuples(st.floats(least, most), st.floats(least, most)).filter(
        lambda pair: abs(pair[0] - pair[1]) > _TINY
    )
    return bounds.map(lambda pair: {"a": max(pair), "b": min(pair)})


def _bounds(bounds: SearchStrategy[Mapping[str, float]]) -> SearchStrategy[Attempt]:
    return st.builds(Attempt, shape=_shapes(1, 2), arguments=bounds)


def _beyond_half(shape: tuple[int, ...], name: str) -> SearchStrategy[Attempt]:
    """A tensor of that shape, and values that half precision does not hold."""
    values = {"float16": _above(7e4), "bfloat16": _above(4e38, 1e300)}
    pairs = st.sampled_from(sorted(values)).flatmap(lambda d: st.tuples(st.just(d), values[d]))
    return pairs.map(lambda pair: Attempt(shape, dtype=pair[0], arguments={name: pair[1]}))


def _no_division(draw_groups: SearchStrategy[int]) -> SearchStrategy[Attempt]:
    """Convolutions whose output channels do not form so many groups."""

    def attempt(drawn: tuple[tuple[int, ...], int, int]) -> Attempt:
        (_, *others), groups, rest = drawn
        channels = 3 * groups + 1 + rest % (groups - 1)
        return Attempt((channels, *others), arguments={"groups": groups})

    return st.tuples(_shapes(3, 4, 5), draw_groups, st.integers(0, 8)).map(attempt)


_EVERY = tuple(subject.name for subject in INITIALIZERS if not subject.deprecated)
_DIMS = {subject.name: subject.dims for subject in INITIALIZERS}
_FANNED = tuple(name for name in _EVERY if min(_DIMS[name]) == 2 < max(_DIMS[name]))
_KAIMING = ("kaiming_uniform_", "kaiming_normal_")
_GAINED = ("xavier_uniform_", "xavier_normal_", "orthogonal_")
_RANDOM = ("uniform_", "normal_", "trunc_normal_", *_FANNED, "sparse_")
_DRAWN = ("torch.rand", "torch.randn", "torch.rand_like", "torch.randn_like", "exponential_")
_WHOLE = ("bool", "uint8", "int8", "int16", "int32", "int64")
_NAN, _INF = math.nan, math.inf
_BEYOND = (*REFUSED, OverflowError)
"""Of a number that is too large to be represented (Python documentation, Built-in Exceptions)."""
_NO_NUMBER = st.sampled_from(("2", [1.0], None))
_NO_GENERATOR = st.sampled_from((123, 0.5, "seed"))

_MATRICES = (
    Refusal(
        "no-tensor", (*_EVERY, "torch.rand_like", "torch.randn_like"), _instead(),
        errors=(*REFUSED, AttributeError),  # Whatever has the methods of a tensor may be one.
    ),
    Refusal("too-few-dimensions", _FANNED, _tensors(0, 1)),
    Refusal("other-than-two-dimensions", ("eye_", "sparse_"), _tensors(0, 1, 3, 4)),
    Refusal("other-than-three-to-five-dimensions", ("dirac_",), _tensors(0, 1, 2, 6)),
    Refusal("no-floating-point", _RANDOM, _tensors_of_dtypes(*_WHOLE)),
    Refusal("complex", ("trunc_normal_",), _tensors_of_dtypes("complex64", "complex128")),
    Refusal("no-generator", _RANDOM, _given(generator=_NO_GENERATOR)),
    Refusal("groups-do-not-divide", ("dirac_",), _no_division(st.integers(2, 9))),
    Refusal("zero-groups", ("dirac_",), _given(3, 4, 5, groups=0)),
    Refusal("negative-groups", ("dirac_",), _given(3, 4, 5, groups=-1)),
    Refusal("fractional-groups", ("dirac_",), _given(3, 4, 5, groups=st.sampled_from((0.5, 1.0)))),
    Refusal("unknown-mode", _KAIMING, _given(mode=_words(("fan_in", "fan_out")))),
    Refusal("unknown-nonlinearity", _KAIMING, _given(nonlinearity=_words(GAINS))),
    Refusal(
        "slope-no-number", _KAIMING,
        _given(nonlinearity="leaky_relu", a=st.sampled_from(("0.1", True, [0.1], 1j))),
    ),
    Refusal("gain-no-number", _GAINED, _given(gain=_NO_NUMBER)),
)  # fmt: skip

_VALUES = (
    Refusal("swapped-bounds", ("uniform_",), _bounds(_swapped(-1e3, 1e3))),
    Refusal("swapped-bounds", ("trunc_normal_",), _bounds(_swapped(-3.0, 3.0))),
    Refusal("swapped-bounds-in-the-tail", ("trunc_normal_",), _bounds(_swapped(9.0, 30.0))),
    Refusal("nan-bound", ("uniform_", "trunc_normal_"), _given(a=_NAN) | _given(b=_NAN)),
    Refusal(
        "infinite-bound", ("uniform_",), _given(a=-_INF) | _given(b=_INF), errors=_BEYOND
    ),
    Refusal(
        "range-beyond-the-dtype", ("uniform_",), _given(a=_below(-2e38, -3e38), b=3e38),
        errors=_BEYOND,
    ),
    Refusal("negative-std", ("normal_", "sparse_"), _given(std=_below(0.0))),
    Refusal("negative-std", ("trunc_normal_",), _given(std=_below(-_TINY, -1e3))),
    Refusal(
        "nan-std", ("normal_", "trunc_normal_", "sparse_"),
        _given(std=_NAN),
    ),
    Refusal("nan-mean", ("trunc_normal_",), _given(mean=_NAN)),
    Refusal("infinite-mean", ("trunc_normal_",), _given(mean=st.sampled_from((_INF, -_INF)))),
    Refusal(
        "constant-outside-the-window", ("trunc_normal_",), _given(mean=_above(2.0, 9.0), std=0.0)
    ),
    Refusal("sparsity-above-one", ("sparse_",), _given(sparsity=_above(1.0))),
    Refusal("sparsity-below-zero", ("sparse_",), _given(sparsity=_below(0.0))),
    Refusal("nan-sparsity", ("sparse_",), _given(sparsity=_NAN)),
    Refusal("value-no-number", ("constant_",), _given(val=_NO_NUMBER)),
    Refusal(
        "value-beyond-the-dtype", ("constant_",),
        _given(val=_above(4e38, 1e300)) | _beyond_half((2, 3), "val"), errors=_BEYOND,
    ),
    Refusal(
        "one-value-beyond-half-precision", ("constant_",), _beyond_half((1, 1), "val"),
        errors=_BEYOND,
    ),
)  # fmt: skip


def _spans(start: str, end: str) -> SearchStrategy[Attempt]:
    """Ranges of whole numbers in which there is none."""
    pairs = st.tuples(st.integers(-99, 99), st.integers(0, 9))
    return pairs.map(lambda p: Attempt(dtype="int64", arguments={start: p[0], end: p[0] - p[1]}))


def _beyond(start: str, end: str) -> SearchStrategy[Attempt]:
    """Ranges of whole numbers that the dtype does not hold."""
    ends = {"bool": 2, "uint8": 1 << 8, "int8": 1 << 7, "int16": 1 << 15, "int32": 1 << 31}
    pairs = st.tuples(st.sampled_from(sorted(ends)), st.integers(1, 99))
    return pairs.map(lambda p: Attempt(dtype=p[0], arguments={start: 0, end: ends[p[0]] + p[1]}))


def _last_of(least: int, most: int, **arguments: SearchStrategy[float]) -> SearchStrategy[Attempt]:
    """Rows of so many entries, the last of which is given the value."""
    shapes = st.tuples(st.integers(least, most))
    return st.builds(Attempt, shape=shapes, arguments=st.fixed_dictionaries(arguments))


_LENGTHS = st.integers(-99, -1)
_NO_PROBABILITY = _below(-_TINY, -9.0) | _above(1 + _TINY, 9.0) | st.sampled_from((_NAN, _INF))

_OPERATIONS = (
    Refusal("no-floating-point", _DRAWN, _tensors_of_dtypes(*_WHOLE)),
    Refusal(
        "negative-size", ("torch.rand", "torch.randn"), _given(size=st.sampled_from(((-1, 2),)))
    ),
    Refusal("negative-size", ("torch.full",), _given(size=(2, -1), fill_value=0.5)),
    Refusal(
        "negative-size", ("torch.randint",), _given(dtype="int64", low=0, high=9, size=(2, -1))
    ),
    Refusal(
        "no-generator", ("torch.rand", "torch.randn", "exponential_"),
        _given(generator=_NO_GENERATOR),
    ),
    Refusal(
        "negative-std", ("torch.normal",), _given(1, 2, std=_below(-_TINY, -3e38))
    ),
    Refusal("nan-std", ("torch.normal",), _given(1, 2, std=_NAN)),
    Refusal("empty-range", ("torch.randint",), _spans("low", "high")),
    Refusal("empty-range", ("random_",), _spans("from", "to")),
    Refusal(
        "range-beyond-the-dtype", ("torch.randint",), _beyond("low", "high"), errors=_BEYOND
    ),
    Refusal("range-beyond-the-dtype", ("random_",), _beyond("from", "to"), errors=_BEYOND),
    # On a device a probability is asserted by the kernel, which ends the process's use of it.
    Refusal(
        "no-probability", ("torch.bernoulli",), _last_of(1, 1, p=_NO_PROBABILITY),
        backends=("cpu",),
    ),
    Refusal(
        "no-probability-after-others", ("torch.bernoulli",), _last_of(2, 9, p=_NO_PROBABILITY),
        backends=("cpu",),
    ),
    Refusal("zero-rate", ("exponential_",), _given(lambd=st.sampled_from((0.0, -0.0)))),
    Refusal("negative-rate", ("exponential_",), _given(lambd=_below(0.0))),
    Refusal("nan-rate", ("exponential_",), _given(lambd=_NAN)),
    Refusal("negative-length", ("torch.randperm",), _given(dtype="int64", n=_LENGTHS)),
    Refusal(
        "too-many-numbers", ("torch.randperm",),
        _given(dtype="uint8", n=st.integers(257, 999))
        | _given(dtype="int8", n=st.integers(129, 999))
        | _given(dtype="float16", n=st.integers(2050, 9999)),
        errors=_BEYOND,
    ),
    Refusal(
        "too-many-numbers-for-bfloat16", ("torch.randperm",),
        _given(dtype="bfloat16", n=st.integers(258, 9999)),
        errors=_BEYOND,
    ),
    Refusal(
        "value-beyond-the-dtype", ("torch.full",),
        _given(fill_value=_above(4e38, 1e300)) | _beyond_half((2, 3), "fill_value")
        | _given(dtype="uint8", fill_value=st.integers(256, 999)),
        errors=_BEYOND,
    ),
    Refusal(
        "one-value-beyond-half-precision", ("torch.full",), _beyond_half((1, 1), "fill_value"),
        errors=_BEYOND,
    ),
)  # fmt: skip

REFUSALS: tuple[Refusal, ...] = (*_MATRICES, *_VALUES, *_OPERATIONS)
"""One row for each rule."""


def empty_tensors(initializer: str) -> SearchStrategy[Attempt]:
    """Tensors that the initializer takes, without entries along one of the first two axes."""

    def attempt(drawn: tuple[tuple[int, ...], int]) -> Attempt:
        shape, axis = drawn
        axis = min(axis, len(shape) - 1)
        return Attempt((*shape[:axis], 0, *shape[axis + 1 :]))

    return st.tuples(_shapes(*_DIMS[initializer]), st.integers(0, 1)).map(attempt)
