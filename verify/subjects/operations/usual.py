"""The random operations that initializers and recipes stand on, in their usual forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from hypothesis import strategies as st
from torch import Tensor

import strategies
from strategies import NormalParameters
from verify import laws
from verify.subjects.case import T, TensorCase
from verify.subjects.fills import Target
from verify.subjects.initializer_cases import ConstantCase, NormalCase
from verify.subjects.operations.cases import ChanceCase, RangeCase
from verify.subjects.subject import Operation

_DOCUMENTATION = "PyTorch documentation, torch"
_PLANE = (160, 257)  # As for initializers.
_MATRIX = (512, 1024)
_FLOATS = ("bfloat16", "float16", "float32", "float64")
_COMPLEX = ("complex64", "complex128")
_INTEGERS = ("int32", "int64")

_Call = Callable[[T, Target], Tensor]


@strategies.composite
def _ranges(draw: st.DrawFn, max_numel: int, least: int, bits: int) -> RangeCase:
    """Ranges of 2^least to 2^bits numbers, powers of two and odd ones, at zero and elsewhere."""
    shape = draw(strategies.shapes(max_numel=max_numel))
    width = max(2, (1 << draw(st.integers(least, bits))) + draw(st.integers(-3, 3)))
    room = (1 << bits) - width
    low = draw(st.sampled_from((0, 1, -1, -(width // 2), max(0, room))))
    return RangeCase(shape, low, low + width)


def _tensors(size: int) -> st.SearchStrategy[TensorCase]:
    return st.builds(TensorCase, shape=strategies.shapes(max_numel=size))


def _call_with_shape(name: str) -> _Call[TensorCase]:
    """An operation that takes a shape."""

    def call(case: TensorCase, target: Target) -> Tensor:
        drawn: Tensor = getattr(torch, name)(
            case.shape, **target.factory, generator=target.generator
        )
        return drawn

    return call


def _call_with_model(name: str) -> _Call[TensorCase]:
    """One that takes a tensor of that shape, and draws from the global stream."""

    def call(case: TensorCase, target: Target) -> Tensor:
        model = torch.empty(case.shape, **target.factory)
        drawn: Tensor = getattr(torch, name)(model)
        return drawn

    return call


def _normal(case: NormalCase, target: Target) -> Tensor:
    """With a mean and a standard deviation for each entry."""
    mean, std = (
        torch.full(case.shape, value, **target.factory)
        for value in (case.normal.mean, case.normal.std)
    )
    return torch.normal(mean, std, generator=target.generator)


def _randint(case: RangeCase, target: Target) -> Tensor:
    return torch.randint(
        case.low, case.high, case.shape, **target.factory, generator=target.generator
    )


def _random(case: RangeCase, target: Target) -> Tensor:
    empty = torch.empty(case.shape, **target.factory)
    return empty.random_(case.low, case.high, generator=target.generator)


def _bernoulli(case: ChanceCase, target: Target) -> Tensor:
    chances = torch.full(case.shape, case.value, **target.factory)
    return torch.bernoulli(chances, generator=target.generator)


def _exponential(case: ChanceCase, target: Target) -> Tensor:
    empty = torch.empty(case.shape, **target.factory)
    return empty.exponential_(case.value, generator=target.generator)


def _randperm(case: TensorCase, target: Target) -> Tensor:
    return torch.randperm(case.shape[0], **target.factory, generator=target.generator)


def _full(case: ConstantCase, target: Target) -> Tensor:
    return torch.full(case.shape, case.value, **target.factory)


def _uniform(name: str, call: _Call[TensorCase]) -> Operation[TensorCase]:
    return Operation(
        name=f"torch.{name}",
        cases=_tensors,
        call=call,
        law=lambda case: laws.Uniform(0.0, 1.0),
        dtypes=(*_FLOATS, *_COMPLEX),
        words="uniform between zero and one",
        formula="U[0, 1)",
        source=f"{_DOCUMENTATION}.{name}",
        anchors=(TensorCase(_PLANE), TensorCase(_MATRIX), TensorCase((17,))),
    )


def _standard_normal(name: str, call: _Call[TensorCase]) -> Operation[TensorCase]:
    return replace(
        _uniform(name, call),
        law=lambda case: laws.Normal(0.0, 1.0),
        words="standard normal; complex: of variance one",
        formula="N(0, 1)",
    )


def _whole_numbers(name: str, call: _Call[RangeCase], page: str) -> Operation[RangeCase]:
    return Operation(
        name=name,
        cases=lambda size: _ranges(size, 1, 30),
        call=call,
        law=lambda case: laws.DiscreteUniform(case.low, case.high),
        dtypes=_INTEGERS,
        words="every whole number from low to below high alike",
        formula="P(x = k) = 1/(high − low)",
        source=f"{_DOCUMENTATION}.{page}",
        anchors=(RangeCase(_PLANE, 0, 10), RangeCase(_MATRIX, -(1 << 31), (1 << 31) - 1)),
    )


def _wide(name: str, call: _Call[RangeCase], page: str) -> Operation[RangeCase]:
    """The same beyond 32 bits, where more than one word of the generator is needed."""
    return replace(
        _whole_numbers(name, call, page),
        name=f"{name}_wide",
        cases=lambda size: _ranges(size, 31, 62),
        dtypes=("int64",),
        anchors=(RangeCase(_PLANE, 0, 1 << 40), RangeCase(_MATRIX, -(1 << 33), 1 << 33)),
    )


USUAL: tuple[Operation, ...] = (
    _uniform("rand", _call_with_shape("rand")),
    _uniform("rand_like", _call_with_model("rand_like")),
    _standard_normal("randn", _call_with_shape("randn")),
    _standard_normal("randn_like", _call_with_model("randn_like")),
    Operation(
        name="torch.normal",
        cases=lambda size: st.builds(
            NormalCase, shape=strategies.shapes(max_numel=size), normal=strategies.normals()
        ),
        call=_normal,
        law=lambda case: laws.Normal(case.normal.mean, case.normal.std),
        dtypes=("float32", "float64"),
        words="normal, mean and standard deviation of each entry as given",
        formula="N(mean, std²)",
        source=f"{_DOCUMENTATION}.normal",
        anchors=tuple(NormalCase(shape, NormalParameters(0.0, 1.0)) for shape in (_PLANE, _MATRIX)),
    ),
    _whole_numbers("torch.randint", _randint, "randint"),
    _whole_numbers("random_", _random, "Tensor.random_"),
    _wide("torch.randint", _randint, "randint"),
    _wide("random_", _random, "Tensor.random_"),
    Operation(
        name="torch.bernoulli",
        cases=lambda size: st.builds(
            ChanceCase,
            shape=strategies.shapes(max_numel=size),
            value=strategies.sparsities(),
        ),
        call=_bernoulli,
        law=lambda case: laws.Bernoulli(case.value),
        dtypes=("float32", "float64"),
        words="one with the given probability, else zero",
        formula="P(x = 1) = p",
        source=f"{_DOCUMENTATION}.bernoulli",
        anchors=(ChanceCase(_PLANE, 0.5), ChanceCase(_MATRIX, 0.125)),
    ),
    Operation(
        name="exponential_",
        cases=lambda size: st.builds(
            ChanceCase, shape=strategies.shapes(max_numel=size), value=strategies.gains()
        ),
        call=_exponential,
        law=lambda case: laws.Exponential(case.value),
        dtypes=_FLOATS,
        words="exponential with the given rate, never zero",
        formula="F(x) = 1 − e^(−λx)",
        source=f"{_DOCUMENTATION}.Tensor.exponential_",
        anchors=(ChanceCase(_PLANE, 1.0), ChanceCase(_MATRIX, 1.0)),
    ),
    Operation(
        name="torch.randperm",
        cases=lambda size: st.integers(1, 40).map(lambda n: TensorCase((n,))),
        call=_randperm,
        law=lambda case: laws.Permutation(case.shape[0]),
        dtypes=("int64",),
        words="every order alike",
        formula="P(π) = 1/n!",
        source=f"{_DOCUMENTATION}.randperm; Knuth, TAOCP 2, sec. 3.3.2 P",
        anchors=(TensorCase((2,)), TensorCase((8,)), TensorCase((1000,))),
        pools=0.0,  # A long permutation yields one number: a pool would cost millions of calls.
    ),
    Operation(
        name="torch.full",
        cases=lambda size: st.builds(
            ConstantCase,
            shape=strategies.shapes(max_numel=size),
            value=strategies.constants(),
        ),
        call=_full,
        law=lambda case: laws.Constant(case.value),
        dtypes=_FLOATS,
        words="the value everywhere, rounded to the dtype",
        formula="w = value",
        source=f"{_DOCUMENTATION}.full",
        anchors=(ConstantCase(_PLANE, 0.3), ConstantCase(_MATRIX, 0.3)),
    ),
)
"""One row for each operation, in the form in which it is called most."""
