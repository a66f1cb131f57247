"""Operations whose arguments are numbers, or tensors of different entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import Tensor

import strategies
from verify import laws
from verify.subjects.fills import Target
from verify.subjects.operations.cases import ArgumentsCase, ChanceCase, ScaledCase, argument_cases
from verify.subjects.subject import Operation

_PAGE = "PyTorch documentation, torch"
_FLOATS = ("bfloat16", "float16", "float32", "float64")
_WIDE = ("float32", "float64")
_COUNTED = ("bool", "uint8", "int8", "int16", "int32", "int64")
_PLANE = (160, 257)
_SHARE = 0.125
"""Of a pool: other forms of a call get to the same kernels."""

_CHANCES = st.one_of(
    st.sampled_from((0.0, 1.0, 2.0**-10, 1 - 2.0**-8)), st.integers(1, 255).map(lambda k: k / 256)
)
"""Probabilities that every dtype holds: a rounded one would be another."""

_RATES = st.one_of(
    st.sampled_from((0.0, 2.0**-9, 10.0, 12.0)),
    st.integers(1, 255).map(lambda k: k / 64),
    st.integers(5, 60).map(float),
)
_MEANS = st.sampled_from((0.0, 1.0, -1.0, 0.3, -2.5, 7.0))
_STDS = st.sampled_from((0.0, 1.0, 0.5, 2.0, 0.02, 3.7))

_Call = Callable[[ArgumentsCase, Target], Tensor]
_Law = Callable[[ArgumentsCase], laws.Law]


def _normal(mean: float, std: float) -> laws.Law:
    return laws.Normal(mean, std) if std else laws.Constant(mean)


def _normals(case: ArgumentsCase) -> laws.Law:
    return laws.Entries(tuple(map(_normal, *case.values)))


def _normals_of_one_std(case: ArgumentsCase) -> laws.Law:
    return laws.Entries(tuple(_normal(mean, case.values[1][0]) for mean in case.values[0]))


def _normals_of_one_mean(case: ArgumentsCase) -> laws.Law:
    return laws.Entries(tuple(_normal(case.values[0][0], std) for std in case.values[1]))


def _coins(case: ArgumentsCase) -> laws.Law:
    return laws.Entries(tuple(map(laws.Bernoulli, case.values[0])))


def _events(case: ArgumentsCase) -> laws.Law:
    return laws.Entries(tuple(map(laws.Poisson, case.values[0])))


def _by_both(case: ArgumentsCase, at: Target) -> Tensor:
    mean, std = case.arguments(at.dtype, at.device)
    return torch.normal(mean, std, generator=at.generator)


def _by_mean(case: ArgumentsCase, at: Target) -> Tensor:
    mean, _ = case.arguments(at.dtype, at.device)
    return torch.normal(mean, case.values[1][0], generator=at.generator)


def _by_std(case: ArgumentsCase, at: Target) -> Tensor:
    _, std = case.arguments(at.dtype, at.device)
    return torch.normal(case.values[0][0], std, generator=at.generator)


def _into(case: ArgumentsCase, at: Target) -> Tensor:
    """Into a tensor full of NaN."""
    mean, std = case.arguments(at.dtype, at.device)
    out = torch.full(case.shape, torch.nan, **at.factory)
    return torch.normal(mean, std, generator=at.generator, out=out)


def _reparametrised(case: ArgumentsCase, at: Target) -> Tensor:
    """By a distribution, through which gradients flow."""
    mean, std = case.arguments(at.dtype, at.device)
    return torch.distributions.Normal(mean, std, validate_args=False).rsample()


def _distributed(case: ScaledCase, at: Target) -> Tensor:
    number = torch.tensor(case.location, **at.factory), torch.tensor(case.scale, **at.factory)
    sample: Callable[[tuple[int, ...]], Tensor] = torch.distributions.Normal(*number).sample
    return sample(case.shape)


def _normal_of_numbers(case: ScaledCase, at: Target) -> Tensor:
    return torch.normal(case.location, case.scale, case.shape, generator=at.generator, **at.factory)


def _bernoulli(case: ArgumentsCase, at: Target) -> Tensor:
    (chances,) = case.arguments(at.dtype, at.device)
    return torch.bernoulli(chances, generator=at.generator)


def _bernoulli_into(case: ArgumentsCase, at: Target) -> Tensor:
    (chances,) = case.arguments(torch.float64, torch.device("cpu"))
    given, out = chances.to(at.dtype).to(at.device), torch.full(case.shape, 7, **at.factory)
    return torch.bernoulli(given, generator=at.generator, out=out)


def _bernoulli_of_a_number(case: ChanceCase, at: Target) -> Tensor:
    model = torch.full(case.shape, 1, **at.factory)
    return torch.bernoulli(model, case.value, generator=at.generator)


def _bernoulli_in_place(case: ArgumentsCase, at: Target) -> Tensor:
    """By probabilities of another dtype."""
    (chances,) = case.arguments(torch.float32, at.device)
    return torch.full(case.shape, 1, **at.factory).bernoulli_(chances, generator=at.generator)


def _number_in_place(case: ChanceCase, at: Target) -> Tensor:
    return torch.full(case.shape, 1, **at.factory).bernoulli_(case.value, generator=at.generator)


def _poisson(case: ArgumentsCase, at: Target) -> Tensor:
    (rates,) = case.arguments(at.dtype, at.device)
    return torch.poisson(rates, generator=at.generator)


def _geometric(case: ChanceCase, at: Target) -> Tensor:
    return torch.full(case.shape, 1, **at.factory).geometric_(case.value, generator=at.generator)


def _cauchy(case: ScaledCase, at: Target) -> Tensor:
    empty = torch.full(case.shape, 1, **at.factory)
    return empty.cauchy_(case.location, case.scale, generator=at.generator)


def _log_normal(case: ScaledCase, at: Target) -> Tensor:
    empty = torch.full(case.shape, 1, **at.factory)
    return empty.log_normal_(case.location, case.scale, generator=at.generator)


def _dropout(case: ChanceCase, at: Target) -> Tensor:
    """Which of a tensor's entries stay: one where an entry is scaled as documented."""
    ones = torch.ones(case.shape, **at.factory)
    made = torch.nn.functional.dropout(ones, 1 - case.value)
    if not case.value:
        return made
    dropped = made.cpu().double()
    scaled = (dropped * case.value - 1).abs() < 4 * torch.finfo(at.dtype).eps
    unscaled = 7 * (dropped != 0)  # Neither of both: outside the support.
    return torch.where(scaled, 1, unscaled).to(at.dtype).to(at.device)


def _entrywise(
    name: str,
    call: _Call,
    law: _Law,
    rows: tuple[st.SearchStrategy[float], ...],
    anchor: tuple[tuple[float, ...], ...],
    dtypes: tuple[str, ...],
    words: str,
    formula: str,
    form_of: str,
    page: str,
) -> Operation[ArgumentsCase]:
    return Operation(
        name=name,
        cases=lambda size: argument_cases(size, *rows),
        call=call,
        law=law,
        dtypes=dtypes,
        words=words,
        formula=formula,
        source=f"{_PAGE}.{page}",
        anchors=(
            ArgumentsCase((96, 100), anchor, "expanded"),
            ArgumentsCase(_PLANE, anchor, "plain"),
        ),
        pools=_SHARE,
        form_of=form_of,
    )


def _normal_row(name: str, call: _Call, law: _Law, page: str) -> Operation[ArgumentsCase]:
    return _entrywise(
        name, call, law, (_MEANS, _STDS), ((0.0, 2.0, -1.0, 0.3), (1.0, 0.5, 0.02, 2.0)), _WIDE,
        "normal, each entry by its own mean and standard deviation", "N(meanᵢ, stdᵢ²)",
        "torch.normal", page,
    )  # fmt: skip


def _coin_row(
    name: str, call: _Call, dtypes: tuple[str, ...], page: str
) -> Operation[ArgumentsCase]:
    return _entrywise(
        name, call, _coins, (_CHANCES,), ((0.0, 1.0, 0.0625, 0.5, 0.75),), dtypes,
        "one with each entry's own probability, else zero", "P(xᵢ = 1) = pᵢ",
        "torch.bernoulli", page,
    )  # fmt: skip


@dataclass(frozen=True)
class _Numbers:
    """What differs between the rows of operations that take one number."""

    name: str
    call: Callable[[ChanceCase, Target], Tensor]
    law: Callable[[float], laws.Law]
    values: st.SearchStrategy[float]
    dtypes: tuple[str, ...]
    words: str
    formula: str
    page: str
    form_of: str
    anchors: tuple[float, ...] = (0.5, 1.0)

    def row(self) -> Operation[ChanceCase]:
        """The row."""
        law = self.law
        return Operation(
            name=self.name,
            cases=lambda size: st.builds(
                ChanceCase, shape=strategies.shapes(max_numel=size), value=self.values
            ),
            call=self.call,
            law=lambda case: law(case.value),
            dtypes=self.dtypes,
            words=self.words,
            formula=self.formula,
            source=f"{_PAGE}.{self.page}",
            anchors=tuple(ChanceCase(_PLANE, value) for value in self.anchors),
            pools=_SHARE,
            form_of=self.form_of,
        )


def _coins_of_a_number(
    name: str, call: Callable[[ChanceCase, Target], Tensor], dtypes: tuple[str, ...], page: str
) -> Operation[ChanceCase]:
    return _Numbers(
        name, call, laws.Bernoulli, _CHANCES, dtypes, "one with the given probability, else zero",
        "P(x = 1) = p", page, "torch.bernoulli", (0.0, 0.0625, 1.0),
    ).row()  # fmt: skip


def _scaled(
    name: str,
    call: Callable[[ScaledCase, Target], Tensor],
    law: Callable[[float, float], laws.Law],
    words: str,
    formula: str,
    page: str,
    scales: tuple[float, ...],
    form_of: str = "",
) -> Operation[ScaledCase]:
    return Operation(
        name=name,
        cases=lambda size: st.builds(
            ScaledCase,
            shape=strategies.shapes(max_numel=size),
            location=_MEANS,
            scale=st.sampled_from(scales),
        ),
        call=call,
        law=lambda case: laws.Entries((law(case.location, case.scale),)),
        dtypes=_WIDE,
        words=words,
        formula=formula,
        source=f"{_PAGE}.{page}",
        anchors=(ScaledCase(_PLANE, 0.0, 1.0), ScaledCase(_PLANE, 1.0, 2.0)),
        pools=_SHARE,
        form_of=form_of,
    )


_SUCCESSES = st.integers(1, 255).map(lambda k: k / 256)
_GEOMETRIC = (laws.Geometric, "the trials up to the first success", "P(x = k) = (1 − p)^(k−1) p")

ENTRYWISE: tuple[Operation, ...] = (
    _normal_row("torch.normal of tensors", _by_both, _normals, "normal"),
    _normal_row("torch.normal of means", _by_mean, _normals_of_one_std, "normal"),
    _normal_row("torch.normal of deviations", _by_std, _normals_of_one_mean, "normal"),
    _normal_row("torch.normal out", _into, _normals, "normal"),
    _normal_row("Normal.rsample", _reparametrised, _normals, "distributions.normal.Normal"),
    _coin_row("torch.bernoulli of tensors", _bernoulli, _FLOATS, "bernoulli"),
    _coin_row("torch.bernoulli out", _bernoulli_into, _WIDE, "bernoulli"),
    _coin_row("bernoulli_ of tensors", _bernoulli_in_place, (*_COUNTED, *_FLOATS),
              "Tensor.bernoulli_"),
    _coins_of_a_number("torch.bernoulli of a number", _bernoulli_of_a_number, _WIDE, "bernoulli"),
    _coins_of_a_number("bernoulli_", _number_in_place, (*_COUNTED, *_FLOATS), "Tensor.bernoulli_"),
    _coins_of_a_number("dropout", _dropout, _FLOATS, "nn.functional.dropout"),
    _entrywise("torch.poisson", _poisson, _events, (_RATES,), ((0.0, 0.5, 3.0, 12.0, 40.0),),
               _FLOATS, "the number of events, each entry of its own rate",
               "P(xᵢ = k) = λᵢᵏ e^(−λᵢ)/k!", "", "poisson"),
    _Numbers("geometric_", _geometric, _GEOMETRIC[0], _SUCCESSES,
             ("int16", "int32", "int64", *_FLOATS), *_GEOMETRIC[1:], "Tensor.geometric_",
             "", (0.5, 0.0625, 1 - 2.0**-8)).row(),
    _Numbers("geometric_ of few bits", _geometric, _GEOMETRIC[0],
             st.integers(128, 255).map(lambda k: k / 256), ("int8", "uint8"), *_GEOMETRIC[1:],
             "Tensor.geometric_", "geometric_", (0.5,)).row(),
    _scaled("cauchy_", _cauchy, laws.Cauchy, "Cauchy of the given median and scale",
            "F(x) = 1/2 + arctan((x − m)/σ)/π", "Tensor.cauchy_", (1.0, 0.5, 3.0, 20.0)),
    _scaled("log_normal_", _log_normal, laws.LogNormal, "the exponential of a normal value",
            "log x ~ N(mean, std²)", "Tensor.log_normal_", (1.0, 0.25, 0.5, 2.0)),
    _scaled("torch.normal of numbers", _normal_of_numbers, laws.Normal,
            "normal of the given mean and standard deviation", "N(mean, std²)", "normal",
            (1.0, 0.02, 0.5, 3.7), "torch.normal"),
    _scaled("Normal.sample", _distributed, laws.Normal,
            "normal of the given mean and standard deviation", "N(mean, std²)",
            "distributions.normal.Normal", (1.0, 0.02, 0.5, 3.7), "torch.normal"),
)  # fmt: skip
"""One row for each form."""
