"""A hundred layers: what vanishes, what overflows, and what lives.

The experiments by which initializers are usually introduced: 100 layers of 256 units, of which
some lose the signal, some overflow in float32, and some keep it (Glorot & Bengio 2010, sec. 4;
He et al. 2015, sec. 2.2; Poole et al. 2016).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from strategies import NonlinearityName
from verify.subjects.case import Case
from verify.subjects.subject import Subject

WIDTH, DEPTH, BATCH = 256, 100, 16


@dataclass(frozen=True)
class DepthCase(Case):
    """The one network of an experiment."""


@dataclass(frozen=True, kw_only=True)
class Experiment(Subject[DepthCase]):
    """A deep network of square layers without biases; its weights are verified elsewhere.

    Attributes
    ----------
    initializer : str
        Its name in `torch.nn.init`.
    arguments : mapping
        What it is called with.
    recommended : tuple
        What ``calculate_gain`` is asked for, where its gain is used.
    nonlinearity : str
    gain : float
        √width times the standard deviation of the weights, by theory.
    """

    family = "propagation"

    initializer: str
    arguments: Mapping[str, object]
    nonlinearity: NonlinearityName
    gain: float
    recommended: tuple[str, ...] = ()


def _row(
    name: str,
    nonlinearity: NonlinearityName,
    gain: float,
    words: str,
    initializer: str,
    recommended: tuple[str, ...] = (),
    /,
    **arguments: object,
) -> Experiment:
    return Experiment(
        name=f"{name} {nonlinearity}",
        cases=lambda _: st.just(DepthCase()),
        initializer=initializer,
        arguments=arguments,
        recommended=recommended,
        nonlinearity=nonlinearity,
        gain=gain,
        words=f"{DEPTH} layers of {WIDTH} units: {words}",
        formula="qₗ = gain²·E f(√qₗ₋₁ Z)²",
        source="Poole et al. 2016, eq. 3; He et al. 2015, sec. 2.2; Glorot & Bengio 2010, sec. 4",
        anchors=(DepthCase(),),
        dtypes=("float32", "float64"),
    )


_ROOT = math.sqrt(WIDTH)

EXPERIMENTS: tuple[Experiment, ...] = (
    _row(
        "normal_(std=1)",
        "linear",
        _ROOT,
        "each is 16 times as large as the last",
        "normal_",
        std=1.0,
    ),
    _row(
        "normal_(std=0.01)",
        "linear",
        0.16,
        "each is 0.16 times as large as the last",
        "normal_",
        std=0.01,
    ),
    _row("normal_(std=n**-0.5)", "linear", 1.0, "the scale is kept", "normal_", std=1 / _ROOT),
    _row("normal_(std=n**-0.5)", "relu", 1.0, "each is smaller by √2", "normal_", std=1 / _ROOT),
    _row(
        "kaiming_normal_",
        "relu",
        math.sqrt(2),
        "the scale is kept",
        "kaiming_normal_",
        nonlinearity="relu",
    ),
    _row(
        "xavier_normal_",
        "tanh",
        5 / 3,
        "a scale of about 0.65 is reached and kept",
        "xavier_normal_",
        ("tanh",),
    ),
    _row("xavier_normal_(gain=1)", "tanh", 1.0, "the scale fades slowly", "xavier_normal_"),
)
"""Every experiment, in the order of the report's matrix."""
