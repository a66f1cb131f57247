"""Recurrent networks: what they make, where its weights lie, and which rows are whose gate."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from strategies import RecurrentArguments
from verify.behaviour.parameters.networks import attribute, owned
from verify.behaviour.promise import Trial
from verify.behaviour.rounding import gamma, sensitivities
from verify.behaviour.tensors import copied, differing, doubled, off
from verify.torch_api import state

_NETWORKS = ("RNN", "GRU", "LSTM")
_STEPS, _BATCH = 3, 2
_ROUNDINGS = 32
"""Roundings of gates, and of tanh and sigmoid: at most 4 last places in Intel's vector library
(oneMKL Vector Mathematics, “Accuracy modes”), 1 in SLEEF."""

_OPEN = 1e4
"""A bias at which a sigmoid is 1 and a hyperbolic tangent 1 in every dtype; its negative shuts."""


def is_recurrent(trial: Trial) -> bool:
    """Whether the module runs through time."""
    return trial.row.name in _NETWORKS


def is_gated(trial: Trial) -> bool:
    """Whether the module has gates, and biases to open and shut them by."""
    return trial.row.name in _NETWORKS[1:] and bool(trial.arguments.bias)


def _tensors(made: Iterable[Tensor | tuple[Tensor, ...]]) -> list[Tensor]:
    """The output and the final states, which an LSTM gives as a pair."""
    return [t for part in made for t in (part if isinstance(part, tuple) else (part,))]


def wrong_shapes(trial: Trial) -> list[str]:
    """Output, and final states of every layer and direction; batched or not."""
    a, module = trial.arguments, trial.build().eval()
    width, directions = a.proj_size or a.hidden_size, 1 + a.bidirectional
    states = (width, a.hidden_size)[: 1 + (trial.row.name == "LSTM")]
    times, found = (_BATCH, _STEPS) if a.batch_first else (_STEPS, _BATCH), list[str]()
    for lead, batch in ((times, (_BATCH,)), ((_STEPS,), ())):
        with torch.no_grad():
            made = _tensors(module(trial.normals(*lead, a.input_size, of="steps")))
        expected = [(*lead, directions * width)]
        expected += [(directions * a.num_layers, *batch, n) for n in states]
        shapes = [tuple(tensor.shape) for tensor in made]
        found += [] if shapes == expected else [f"{shapes} in place of {expected}"]
        found += _other_end(a, made[0], made[1], bool(batch))
    return found


def _other_end(a: RecurrentArguments, output: Tensor, last: Tensor, batched: bool) -> list[str]:
    """The last layer ends with its output at the last step, or at the first one backwards."""
    steps = output.transpose(0, 1) if batched and a.batch_first else output
    if steps.shape[-1] != last.shape[-1] * (1 + a.bidirectional):
        return []  # The shapes are wrong, and that is said.
    ends = [steps[-1], steps[0]][: 1 + a.bidirectional]
    parts = [end.chunk(1 + a.bidirectional, dim=-1)[i] for i, end in enumerate(ends)]
    # Made of numbers up to 1 and of a projection, maybe by two kernels.
    slack = gamma(a.hidden_size + _ROUNDINGS, output.dtype) * math.sqrt(a.hidden_size)
    wrong = [off("", *each, slack) for each in zip(parts, last[-len(parts) :], strict=True)]
    return ["the final state is not the last output"] if any(wrong) else []


def _opened(trial: Trial, **signs: list[float]) -> nn.Module:
    """A module of zeros but for biases that open or shut each gate; projections are sums."""
    module = trial.build().eval()
    for name, tensor in state(module).items():
        kind = name.partition("_l")[0]
        if kind in signs:
            gates = torch.tensor(signs[kind], dtype=tensor.dtype, device=tensor.device) * _OPEN
            tensor.copy_(gates.repeat_interleave(trial.arguments.hidden_size))
        else:
            tensor.fill_(kind == "weight_hr")
    return module


def _starts(trial: Trial, width: int) -> Tensor:
    """A whole number for each layer and direction, from 2 on."""
    a = trial.arguments
    count = a.num_layers * (1 + a.bidirectional)
    numbers = torch.arange(2, 2 + count, dtype=trial.dtype, device=trial.device)
    return numbers.view(count, 1, 1).expand(count, 1, width).contiguous()


def _one_step(
    trial: Trial, module: nn.Module, start: Tensor | tuple[Tensor, Tensor]
) -> list[Tensor]:
    """The final states after one step."""
    step = trial.normals(1, 1, trial.arguments.input_size, of="step")
    with torch.no_grad():
        return _tensors(module(step, start))[1:]


def gates_out_of_order(trial: Trial) -> list[str]:
    """With one gate shut at a time, a step does what the documented equations say of that gate."""
    return (_lstm if trial.row.name == "LSTM" else _gru)(trial)


def _lstm(trial: Trial) -> list[str]:
    """Rows of i, f, g, o in this order: c' = f·c + i·g, h' = o·tanh(c')."""
    a, found = trial.arguments, list[str]()
    cells = _starts(trial, a.hidden_size)
    hidden = torch.zeros_like(_starts(trial, a.proj_size or a.hidden_size))
    expected = {"i": cells, "f": torch.ones_like(cells), "g": cells - 1, "o": cells + 1}
    for number, (gate, cell) in enumerate(expected.items()):
        module = _opened(trial, bias_ih=[-1.0 if i == number else 1.0 for i in range(4)])
        ended, after = _one_step(trial, module, (hidden, cells))
        found += off(f"the cell with {gate} shut", after, cell, _slack(trial, cell))
        # Of cells from 1 on, tanh is at least 0.76; a gate may shut but for the smallest sigmoid.
        if bool((ended.abs() < 0.5).all()) != (gate == "o"):
            found.append(f"the output with {gate} shut")
    return found


def _gru(trial: Trial) -> list[str]:
    """Rows of r, z, n in this order: n = tanh(b_in + r·b_hn), h' = (1 − z)·n + z·h."""
    hidden, found = _starts(trial, trial.arguments.hidden_size), list[str]()
    one = torch.ones_like(hidden)
    expected = {"z open": (1, 1, hidden), "r open": (1, -1, one), "both shut": (-1, -1, -one)}
    for gates, (reset, update, after) in expected.items():
        biases = {"bias_ih": [reset, update, -1.0], "bias_hh": [0.0, 0.0, 2.0]}
        (ended,) = _one_step(trial, _opened(trial, **biases), hidden)
        found += off(f"the state with {gates}", ended, after, _slack(trial, after))
    return found


def _slack(trial: Trial, values: Tensor) -> Tensor:
    """Roundings of the gates and of two products; the numbers themselves are whole."""
    return gamma(_ROUNDINGS, trial.dtype) * (doubled(values).abs() + 1)


def changed_by_flattening(trial: Trial) -> list[str]:
    """Where the weights lie in memory is no matter of their values, nor of what they make.

    Another kernel may make it, so outputs are held within their condition times the roundings of
    the sums in each layer and step (`verify.behaviour.rounding`).
    """
    module = trial.build().eval()
    given = trial.normals(_STEPS, _STEPS, trial.arguments.input_size, of="steps")
    before, held = copied(state(module)), owned(trial, module)
    made, slack = _output(module, given), _rounding(trial, module, given)
    cast(nn.RNNBase, module).flatten_parameters()
    found = differing(before, state(module))
    found += [f"{n} is another" for n, p in held.items() if attribute(module, n) is not p]
    return found + off("the output", _output(module, given), made, slack)


def _output(module: nn.Module, given: Tensor) -> Tensor:
    with torch.no_grad():
        return _tensors(module(given))[0]


def _rounding(trial: Trial, module: nn.Module, given: Tensor) -> float:
    """By how much the outputs of two lawful passes may differ in any entry."""
    host = copy.deepcopy(module).cpu().double()
    weights = owned(trial, host)

    def compute(data: list[Tensor]) -> list[Tensor]:
        with torch.no_grad():
            for parameter, value in zip(weights.values(), data[1:], strict=True):
                parameter.copy_(value)
        return [_output(host, data[0])]

    start = [parameter.detach().clone() for parameter in weights.values()]
    (size,) = sensitivities(compute, [given, *start], trial.seed)
    longest = max(parameter.shape[-1] for parameter in start)
    sums = 2 * _STEPS * trial.arguments.num_layers
    return gamma(sums * (longest + _ROUNDINGS), trial.dtype) * size
