"""Recurrent nets of parametrised weights: what a pass computes with, and what follows changes.

A net and a plain one of the same weights may differ by what roundings do to either: sensitivities
are measured in float64, by `rounding`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.draws import usual
from verify.behaviour.parametrizations.applying import WEIGHTS, tensor_of
from verify.behaviour.promise import Trial
from verify.behaviour.rounding import gamma, sensitivities
from verify.behaviour.tensors import identical, off
from verify.subjects.fills import Factory

_INPUTS, _HIDDEN, _STEPS = 3, 4, 3
_ROUNDINGS = 32
"""Of a step, besides its sums: sigmoids and hyperbolic tangents by some units, and products."""

_NETS: dict[str, Callable[[Factory], nn.Module]] = {
    "LSTM": lambda made: nn.LSTM(_INPUTS, _HIDDEN, 2, bidirectional=True, **made),
    "GRU": lambda made: nn.GRU(_INPUTS, _HIDDEN, 2, **made),
    "RNN": lambda made: nn.RNN(_INPUTS, _HIDDEN, bidirectional=True, **made),
}
_KINDS = ("weight_norm", "spectral_norm", "orthogonal")
_LEFT_OUT = ("weight_hh_l1", "weight_ih_l0_reverse")
"""Weights that are left as they are."""


def asked_of_nets(trial: Trial) -> bool:
    """Whether it is asked here, of nets of its own."""
    return trial.row.name in WEIGHTS and usual(trial)


def _plain(trial: Trial, name: str) -> nn.Module:
    trial.target(of=name)  # For its effect: the streams.
    return _NETS[name]({"device": trial.device, "dtype": trial.dtype}).eval()


def _names(net: nn.Module) -> list[str]:
    every = [name for name, _ in net.named_parameters()]
    return [name for name in every if name.startswith("weight") and name not in _LEFT_OUT]


def _parametrised(trial: Trial, name: str, kind: str) -> nn.Module:
    net = _plain(trial, name)
    for weight in _names(net):
        net = torch_api.parametrize(net, kind, weight)
    return net.eval()


def _nets(trial: Trial, turn: int) -> Iterator[tuple[str, nn.Module, nn.Module]]:
    """Each net under one parametrization of three, by turns, and a plain one like it."""
    for name, kind in zip(_NETS, (*_KINDS[turn:], *_KINDS[:turn]), strict=True):
        yield f"{name} under {kind}", _parametrised(trial, name, kind), _plain(trial, name)


def _inputs(trial: Trial) -> Tensor:
    return trial.normals(_STEPS, 2, _INPUTS, of="inputs")


def _pass(net: nn.Module, inputs: Tensor) -> Tensor:
    with torch.no_grad():
        made: Tensor = net(inputs)[0]
    return made


def _originals(net: nn.Module) -> list[Tensor]:
    """What parametrised weights are computed from, as numbers that may change."""
    named = torch_api.state(net).items()
    return [tensor for name, tensor in named if name.rpartition(".")[2].startswith("original")]


def _off_plain(trial: Trial, net: nn.Module, plain: nn.Module) -> list[str]:
    """An output that is not the one of a plain net of the same weights."""
    names = [name for name, _ in plain.named_parameters()]
    weights = [getattr(net, name).detach().clone() for name in names]
    plain.load_state_dict(dict(zip(names, weights, strict=True)))
    host, inputs = copy.deepcopy(plain).cpu().double(), _inputs(trial)

    def compute(data: list[Tensor]) -> list[Tensor]:
        host.load_state_dict(dict(zip(names, data[1:], strict=True)))
        return [_pass(host, data[0])]

    (size,) = sensitivities(compute, [inputs, *weights], trial.seed)
    sums = 2 * _STEPS * int(str(plain.num_layers)) * (2 * _HIDDEN + _ROUNDINGS)
    bound = gamma(sums, trial.dtype) * size
    return off("the output", _pass(net, inputs), _pass(plain, inputs), bound)


def _move(trial: Trial, net: nn.Module) -> None:
    """Change originals in place, as an optimizer does, but no diagonal, which may hold signs."""
    for number, tensor in enumerate(_originals(net)):
        step = trial.normals(*tensor.shape, of=f"step {number}") / 4
        tensor.add_(step.tril(-1) if min(tensor.shape) > 1 else step)


def another_output(trial: Trial) -> list[str]:
    """A pass computes with the weights that accesses give, now and once they have changed."""
    found = []
    for said, net, plain in _nets(trial, 0):
        found += [f"{text} of {said}" for text in _off_plain(trial, net, plain)]
        before = _pass(net, _inputs(trial))
        _move(trial, net)
        found += [f"{text} of {said}, changed" for text in _off_plain(trial, net, plain)]
        stays = identical(before, _pass(net, _inputs(trial)))
        found += [f"the output of {said} stays"] * stays
    return found


def without_gradient(trial: Trial) -> list[str]:
    """What every weight is computed from learns."""
    found = []
    for said, net, _ in _nets(trial, 1):
        net(_inputs(trial))[0].square().sum().backward()
        found += [
            f"{name} of {said}"
            for name, parameter in net.named_parameters()
            if parameter.grad is None or not bool(parameter.grad.cpu().any())
        ]
    return found


def not_taken_over(trial: Trial) -> list[str]:
    """Copies and nets that load a state compute the same, and go their own way."""
    found, inputs = [], _inputs(trial)
    for name, kind in zip(_NETS, _KINDS, strict=True):
        net = _parametrised(trial, name, kind)
        _move(trial, net)
        loaded = _parametrised(trial, name, kind)
        loaded.load_state_dict(net.state_dict())
        before = _pass(net, inputs)
        for said, other in (("a copy", copy.deepcopy(net)), ("a net that loads a state", loaded)):
            found += [f"{said} of {name}"] * (not identical(_pass(other, inputs), before))
            _move(trial, other)
            found += [f"{said} of {name} stays"] * identical(_pass(other, inputs), before)
            found += [f"{name} follows {said}"] * (not identical(_pass(net, inputs), before))
    return found


def wrong_after_removal(trial: Trial) -> list[str]:
    """A plain net of the weights there were is left, and it follows its parameters."""
    found = []
    for said, net, plain in _nets(trial, 2):
        weights = {name: getattr(net, name).detach().clone() for name in _names(plain)}
        for name in weights:
            nn.utils.parametrize.remove_parametrizations(net, name)
        parameters = dict(net.named_parameters())
        found += [
            f"{name} of {said}"
            for name in dict(plain.named_parameters()).keys() ^ parameters.keys()
        ]
        found += [
            f"the values of {name} of {said}"
            for name, weight in weights.items()
            if name in parameters and not identical(parameters[name].detach(), weight)
        ]
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.mul_(0.75)
        found += [f"{text} of {said}" for text in _off_plain(trial, net, plain)]
    return found


def wrong_when_cached(trial: Trial) -> list[str]:
    """In `cached` a weight is computed at its first use, kept, and discarded at the end."""
    found, cached = [], nn.utils.parametrize.cached
    for name, kind in zip(_NETS, _KINDS, strict=True):
        net, plain = _parametrised(trial, name, kind), _plain(trial, name)
        with cached():
            one = tensor_of(net, "weight_hh_l0")
            found += [f"{text} of {name}" for text in _off_plain(trial, net, plain)]
            found += [f"another weight of {name}"] * (tensor_of(net, "weight_hh_l0") is not one)
        _move(trial, net)
        with cached():
            found += [f"an old weight of {name}"] * identical(tensor_of(net, "weight_hh_l0"), one)
            found += [f"{text} of {name}, again" for text in _off_plain(trial, net, plain)]
        found += [f"a weight of {name} is kept"] * (
            tensor_of(net, "weight_hh_l0") is tensor_of(net, "weight_hh_l0")
        )
    return found
