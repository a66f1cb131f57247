"""Recurrent networks: orthogonal hidden weights in two readings, and a loop over names."""

from __future__ import annotations

import math
from collections.abc import Callable

from hypothesis.strategies import SearchStrategy
from torch import Tensor, nn

import strategies
from strategies import Network, RecurrentArguments, RecurrentNetwork
from verify import torch_api
from verify.laws import Constant, Haar, Law, Normal, Uniform, fan_in_and_fan_out
from verify.subjects.case import ModuleCase
from verify.subjects.fills import Target
from verify.subjects.recipes.claims import Blocks, Claims
from verify.subjects.recipes.parts import arguments_of, fill
from verify.subjects.recipes.recipe import Recipe

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}

_SOURCE = "Saxe et al. 2013; Glorot & Bengio 2010, eq. 16; PyTorch documentation, torch.nn.init"


def _gates(case: ModuleCase) -> int:
    return _GATES[_network(case).network]


def _network(case: ModuleCase) -> RecurrentNetwork:
    return arguments_of(case, RecurrentNetwork)


def _build(case: ModuleCase, target: Target) -> nn.Module:
    made = _network(case)
    return torch_api.module(made.network)(**made.arguments.keywords(), **target.factory)


def _stacked(hidden: Tensor, _gates: int) -> None:
    """One call on the stacked matrix."""
    fill("orthogonal_", hidden)


def _by_gate(hidden: Tensor, gates: int) -> None:
    """One call for each gate."""
    for gate in hidden.detach().chunk(gates):
        fill("orthogonal_", gate)


def _orthogonal(
    reading: Callable[[Tensor, int], None],
) -> Callable[[ModuleCase, Target], nn.Module]:
    """Builds a network and initializes it by name."""

    def make(case: ModuleCase, target: Target) -> nn.Module:
        model = _build(case, target)
        rules: dict[str, Callable[[Tensor], None]] = {
            "weight_ih": lambda tensor: fill("xavier_uniform_", tensor),
            "weight_hh": lambda tensor: reading(tensor, _gates(case)),
            "bias": lambda tensor: fill("zeros_", tensor),
        }
        for name, parameter in model.named_parameters():
            rules[next(part for part in rules if name.startswith(part))](parameter)
        return model

    return make


def _xavier(shape: tuple[int, ...]) -> Law:
    """By the fans of the stacked tensor, as documented: its columns, and the rows of all gates."""
    return Uniform.for_variance(bound=math.sqrt(6 / sum(fan_in_and_fan_out(shape))))


def _orthogonal_claims(case: ModuleCase, hidden: Law | Blocks) -> Claims:
    biases = {"bias_*": Constant(0.0)} if _network(case).arguments.bias else {}
    return {"weight_ih_*": _xavier, "weight_hh_*": hidden, **biases}


def _by_names(case: ModuleCase, target: Target) -> nn.Module:
    """Every parameter that a network names, one after another."""
    model = _build(case, target)
    for name in _names(model):
        fill("normal_", model.get_parameter(name), 0.0, 0.02)
    return model


def _names(model: nn.Module) -> list[str]:
    return [name for name, _ in model.named_parameters()]


def _named_claims(case: ModuleCase) -> Claims:
    kinds = ["weight", "bias"] if _network(case).arguments.bias else ["weight"]
    return {f"{kind}_*": Normal(0.0, 0.02) for kind in kinds}


def _cases(size: int) -> SearchStrategy[ModuleCase]:
    return strategies.recurrent_networks(max_numel=size).map(ModuleCase)


def _anchors(*anchors: tuple[Network, RecurrentArguments]) -> tuple[ModuleCase, ...]:
    return tuple(ModuleCase(RecurrentNetwork(*anchor)) for anchor in anchors)


_DEEP = RecurrentArguments(24, 16, num_layers=2, bidirectional=True)
_SQUARE = RecurrentArguments(64, 48)
# In so many layers of so few units biases cost least to draw.
_NARROW = RecurrentArguments(8, 8, num_layers=8, bidirectional=True)

RECURRENT: tuple[Recipe, ...] = (
    Recipe(
        name="orthogonal recurrent weights",
        cases=_cases,
        make=_orthogonal(_stacked),
        claims=lambda case: _orthogonal_claims(case, Haar(1.0)),
        anchors=_anchors(("LSTM", _SQUARE), ("GRU", _DEEP), ("RNN", _DEEP)),
        words="the hidden weights of all gates are one tall matrix with orthonormal columns, those "
        "of the input uniform within Glorot's bound of the stacked tensor, biases 0",
        formula="W_hh ~ Haar(gates·h × h); W_ih ~ U(±√(6 / (in + gates·h))); b = 0",
        source=_SOURCE,
    ),
    Recipe(
        name="orthogonal recurrent gates",
        cases=_cases,
        make=_orthogonal(_by_gate),
        claims=lambda case: _orthogonal_claims(case, Blocks(Haar(1.0), _gates(case))),
        anchors=_anchors(("LSTM", _SQUARE), ("GRU", _DEEP)),
        words="the hidden weights of each gate are an orthogonal matrix of their own, those of the "
        "input uniform within Glorot's bound of the stacked tensor, biases 0",
        formula="each gate of W_hh ~ Haar(h × h); W_ih ~ U(±√(6 / (in + gates·h))); b = 0",
        source=_SOURCE,
    ),
    Recipe(
        name="normal by names",
        cases=_cases,
        make=_by_names,
        claims=_named_claims,
        anchors=_anchors(("GRU", _SQUARE), ("LSTM", _NARROW), ("RNN", _DEEP)),
        words="every tensor that the network names, biases too, normal",
        formula="w ~ N(0, 0.02²)",
        source="PyTorch documentation, torch.nn.Module.named_parameters, torch.nn.init",
    ),
)
"""Orthogonal in both readings, which are different laws; and one law for every name."""
