"""The functions of `torch.nn.init` and their deprecated aliases."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from hypothesis import strategies as st

import strategies
from strategies import Interval, Nonlinearity, NormalParameters, Truncation
from verify import laws
from verify.subjects import initializer_strata
from verify.subjects.case import TensorCase
from verify.subjects.initializer_cases import (
    ConstantCase,
    DiracCase,
    GainCase,
    KaimingCase,
    NormalCase,
    SparseCase,
    TruncatedCase,
    UniformCase,
    columns,
    dirac_cases,
    gain_arguments,
    gain_cases,
    kaiming_arguments,
    kaiming_cases,
    truncation_effort,
)
from verify.subjects.initializer_strata import FLAT, RECTANGLES, structured
from verify.subjects.subject import Initializer, Stratum

_PYTORCH = "PyTorch documentation, torch.nn.init"
_GLOROT = "Glorot & Bengio 2010"
_HE = "He et al. 2015"
_FANS = (2, 3, 4, 5)  # Dimensions from which on there are an input and an output.
# Of the first anchor behaviour is asked too. A plane has work for two threads, and a vector over.
_PLANE = (160, 257)
_MATRIX = (512, 1024)
_KERNEL = (64, 64, 3, 5)
# The last values after the last full vector, a generator that restarts.
_EDGES = ((15,), (17,), (40_977,))

_SQUARE_GAINS = (GainCase(_KERNEL, 1.0), GainCase(_MATRIX, 5 / 3))

_IN_PLACE = (
    Initializer(
        name="uniform_",
        strata=initializer_strata.UNIFORM,
        cases=lambda size: st.builds(
            UniformCase,
            shape=strategies.shapes(max_numel=size),
            interval=strategies.intervals(),
        ),
        arguments=lambda case: {"a": case.interval.low, "b": case.interval.high},
        law=lambda case: laws.Uniform(case.interval.low, case.interval.high),
        words="uniform between the bounds as given",
        formula="U[a, b)",
        source=_PYTORCH,
        anchors=tuple(
            UniformCase(shape, Interval(0.0, 1.0)) for shape in (_PLANE, _MATRIX, *_EDGES)
        ),
    ),
    Initializer(
        name="normal_",
        strata=initializer_strata.NORMAL,
        cases=lambda size: st.builds(
            NormalCase, shape=strategies.shapes(max_numel=size), normal=strategies.normals()
        ),
        arguments=lambda case: {"mean": case.normal.mean, "std": case.normal.std},
        law=lambda case: laws.Normal(case.normal.mean, case.normal.std),
        words="normal, mean and standard deviation as given",
        formula="N(mean, std²)",
        source=_PYTORCH,
        anchors=tuple(
            NormalCase(shape, NormalParameters(0.0, 1.0)) for shape in (_PLANE, _MATRIX, *_EDGES)
        ),
    ),
    Initializer(
        name="trunc_normal_",
        strata=initializer_strata.TRUNCATED,
        cases=lambda size: st.builds(
            TruncatedCase,
            shape=strategies.shapes(max_numel=min(size, 1 << 18)),
            window=strategies.truncations(),
        ),
        arguments=lambda case: {
            "mean": case.window.mean,
            "std": case.window.std,
            "a": case.window.a,
            "b": case.window.b,
        },
        law=lambda case: case.law,
        words="normal conditioned on the window [a, b], bounds absolute",
        formula="(Φ(z) − Φ(α)) / (Φ(β) − Φ(α))",
        source=f"{_PYTORCH}; Johnson, Kotz & Balakrishnan 1994, sec. 13.10",
        anchors=(
            TruncatedCase(_PLANE, Truncation(0.0, 1.0, -2.0, 2.0)),
            TruncatedCase(_MATRIX, Truncation(0.0, 1.0, -2.0, 2.0)),
            TruncatedCase(_MATRIX, Truncation(0.0, 0.02, -0.04, 0.04)),
        ),
        effort=truncation_effort,
        call_cost=4.0,
    ),
    Initializer(
        name="constant_",
        strata=structured(lambda shape: ConstantCase(shape, 0.3), FLAT),
        cases=lambda size: st.builds(
            ConstantCase,
            shape=strategies.shapes(max_numel=size),
            value=strategies.constants(),
        ),
        arguments=lambda case: {"val": case.value},
        law=lambda case: laws.Constant(case.value),
        words="the value everywhere, rounded to the dtype",
        formula="w = val",
        source=_PYTORCH,
        anchors=(ConstantCase(_PLANE, 0.3), ConstantCase(_MATRIX, 0.3)),
    ),
    Initializer(
        name="ones_",
        strata=structured(TensorCase, FLAT),
        cases=lambda size: st.builds(TensorCase, shape=strategies.shapes(max_numel=size)),
        arguments=lambda case: {},
        law=lambda case: laws.Constant(1.0),
        words="one everywhere",
        formula="w = 1",
        source=_PYTORCH,
        anchors=(TensorCase(_PLANE), TensorCase(_MATRIX)),
    ),
    Initializer(
        name="zeros_",
        strata=structured(TensorCase, FLAT),
        cases=lambda size: st.builds(TensorCase, shape=strategies.shapes(max_numel=size)),
        arguments=lambda case: {},
        law=lambda case: laws.Constant(0.0),
        words="zero everywhere",
        formula="w = 0",
        source=_PYTORCH,
        anchors=(TensorCase(_PLANE), TensorCase(_MATRIX)),
    ),
    Initializer(
        name="eye_",
        dims=(2,),
        strata=structured(TensorCase, RECTANGLES),
        cases=lambda size: st.builds(TensorCase, shape=strategies.matrices(max_numel=size)),
        arguments=lambda case: {},
        law=lambda case: laws.Eye(),
        words="ones on the main diagonal, zeros elsewhere, rectangular too",
        formula="wᵢⱼ = δᵢⱼ",
        source=_PYTORCH,
        anchors=(TensorCase(_PLANE), TensorCase(_MATRIX)),
    ),
    Initializer(
        name="dirac_",
        dims=(3, 4, 5),
        strata=(Stratum("groups and sizes", initializer_strata.DIRAC),),
        cases=lambda size: dirac_cases(min(size, 1 << 18)),
        arguments=lambda case: {"groups": case.groups},
        law=lambda case: laws.Dirac(groups=case.groups),
        words="the identity convolution in each group of channels",
        formula="w[g·f + d, d, k//2, …] = 1 for d < min(in, f), f = out/groups",
        source=f"{_PYTORCH}; Zagoruyko & Komodakis 2017",
        anchors=(DiracCase(_KERNEL, 1), DiracCase((24, 16, 4, 5), 3)),
    ),
    Initializer(
        name="xavier_uniform_",
        dims=_FANS,
        strata=initializer_strata.GAIN,
        cases=gain_cases,
        arguments=gain_arguments,
        law=lambda case: laws.Uniform.for_variance(bound=math.sqrt(3) * case.xavier_std),
        words="uniform within ± the Glorot bound",
        formula="U(−b, b), b = gain·√(6 / (fan_in + fan_out))",
        source=f"{_GLOROT}, eq. 16",
        anchors=_SQUARE_GAINS,
    ),
    Initializer(
        name="xavier_normal_",
        dims=_FANS,
        strata=initializer_strata.GAIN,
        cases=gain_cases,
        arguments=gain_arguments,
        law=lambda case: laws.Normal(0.0, case.xavier_std),
        words="normal with the Glorot variance",
        formula="N(0, gain²·2 / (fan_in + fan_out))",
        source=f"{_GLOROT}, eq. 12",
        anchors=_SQUARE_GAINS,
    ),
    Initializer(
        name="kaiming_uniform_",
        dims=_FANS,
        strata=initializer_strata.KAIMING,
        cases=kaiming_cases,
        arguments=kaiming_arguments,
        law=lambda case: laws.Uniform.for_variance(bound=math.sqrt(3) * case.std),
        words="uniform within ± the He bound",
        formula="U(−b, b), b = gain·√(3 / fan)",
        source=f"{_HE}, eqs. 10 and 14",
        anchors=tuple(
            KaimingCase(shape, "fan_in", Nonlinearity("leaky_relu", math.sqrt(5)))
            for shape in (_KERNEL, _MATRIX)
        ),
    ),
    Initializer(
        name="kaiming_normal_",
        dims=_FANS,
        strata=initializer_strata.KAIMING,
        cases=kaiming_cases,
        arguments=kaiming_arguments,
        law=lambda case: laws.Normal(0.0, case.std),
        words="normal with the He variance",
        formula="N(0, gain² / fan)",
        source=f"{_HE}, eqs. 10 and 14",
        anchors=(
            KaimingCase(_KERNEL, "fan_out", Nonlinearity("relu", None)),
            KaimingCase(_MATRIX, "fan_in", Nonlinearity("leaky_relu", 0.2)),
        ),
    ),
    Initializer(
        name="orthogonal_",
        dims=_FANS,
        strata=initializer_strata.ORTHOGONAL,
        cases=lambda size: st.builds(
            GainCase,
            shape=strategies.orthogonal_shapes(max_side=256, max_numel=size),
            gain=strategies.gains(),
        ),
        arguments=gain_arguments,
        law=lambda case: laws.Haar(case.gain),
        words="gain times a (semi-)orthogonal matrix of Haar measure",
        formula="w = gain·Q, QᵀQ = I, Q ~ Haar",
        source="Saxe et al. 2013; Mezzadri 2007",
        # A factorization: so much work for each value.
        effort=lambda case: 1 + min(case.shape[0], math.prod(case.shape[1:])) / 64,
        call_cost=4.0,
        # Many small square matrices tell a determinant of one sign.
        anchors=(*(GainCase((n, n), 1.0) for n in (8, 64)), GainCase((64, 16, 2, 2), 2.0)),
    ),
    Initializer(
        name="sparse_",
        dims=(2,),
        strata=initializer_strata.SPARSE,
        cases=lambda size: st.builds(
            SparseCase,
            shape=columns(min(size, 1 << 18)),
            sparsity=strategies.sparsities(),
            std=strategies.gains(),
        ),
        arguments=lambda case: {"sparsity": case.sparsity, "std": case.std},
        law=lambda case: laws.Sparse(case.sparsity, case.std),
        words="a fixed number of zeros at random in each column, the rest normal",
        formula="⌈sparsity·rows⌉ zeros per column; rest N(0, std²)",
        source="Martens 2010, sec. 5",
        anchors=(SparseCase((1285, 32), 0.1, 0.01), SparseCase((4096, 64), 0.1, 0.01)),
        # Each column costs a permutation: some microseconds, whatever its length.
        effort=lambda case: 1 + 2000 / max(1, case.shape[0]),
        call_cost=2.0,
    ),
)


_ALIASED = (
    "uniform_", "normal_", "constant_", "eye_", "dirac_", "xavier_uniform_", "xavier_normal_",
    "kaiming_uniform_", "kaiming_normal_", "orthogonal_", "sparse_",
)  # fmt: skip


def _aliases(namesakes: Iterable[Initializer]) -> Iterator[Initializer]:
    for subject in namesakes:
        if subject.name in _ALIASED:
            yield replace(
                subject,
                name=subject.name.removesuffix("_"),
                deprecated=True,
                dtypes=("float32", "float64"),  # Its namesake is verified in every dtype.
            )


INITIALIZERS: tuple[Initializer, ...] = (*_IN_PLACE, *_aliases(_IN_PLACE))
"""One row for each function that fills a tensor; aliases obey the law of their namesake."""
