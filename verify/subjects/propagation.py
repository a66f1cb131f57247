"""Networks through which a signal is sent, forward or back, in units of what theory gives it.

Forward: given a layer's input h, every pre-activation is a sum ``Σ wᵢhᵢ`` over weights that are
independent of h. For normal weights the pre-activations are independent normals of variance σ²|h|²
exactly; for uniform ones their moments are known (`verify.laws.UniformSum`). A convolution with
circular padding gives the same to every position; the filters at one position are independent.

Backward: the gradient δ at a layer's output makes the gradient ``Wᵀδ`` at its input. He et al. 2015
and Glorot & Bengio 2010 assume δ to be independent of W, which it is in a network without
nonlinearities. With them it depends on W, but through Wh alone: normal weights are independent of
it in every direction that is orthogonal to h, and ``Wᵀδ`` is shown in these. Thus nothing is
assumed, and each number's law is exact.

The weights are drawn in the dtype of the cell. Signals are carried on the host in float64, so that
rounding plays no part, and the responses rounded to float32, whose last bits are as fair as the
law's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

import strategies
from strategies import Nonlinearity, NonlinearityName, Stack
from verify import laws, torch_api
from verify.subjects.case import Case
from verify.subjects.fills import Fill, FillMethod, Target
from verify.subjects.subject import Subject
from verify.subjects.tensor_law import TensorLaw

_HE, _GLOROT = "He et al. 2015, sec. 2.2", "Glorot & Bengio 2010, sec. 4.2.1"
_NAMES: tuple[NonlinearityName, ...] = ("linear", "relu", "leaky_relu", "tanh", "selu")
_CALL = 6000
"""What a layer costs besides its weights: as much as drawing so many."""

_INPUTS = 0x5BD1E995
"""Inputs come from a stream of their own: the randomness of the weights is on trial."""

ACTIVATIONS: Mapping[str, Callable[[Tensor, float], Tensor]] = {
    "linear": lambda x, _: x,
    "sigmoid": lambda x, _: torch.sigmoid(x),
    "tanh": lambda x, _: torch.tanh(x),
    "relu": lambda x, _: torch.relu(x),
    "leaky_relu": lambda x, slope: functional.leaky_relu(x, slope),
    "selu": lambda x, _: functional.selu(x),
}
"""The nonlinearities of PyTorch, by their names for ``calculate_gain``."""

_CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d}


@dataclass(frozen=True)
class StackCase(Case):
    """A signal through a stack of layers."""

    stack: Stack

    def features(self) -> Mapping[str, float]:
        """Depth and kernel."""
        return {"depth": self.stack.depth, "kernel": self.stack.kernel}


@dataclass(frozen=True, kw_only=True)
class Propagation(Subject[StackCase]):
    """A stack of layers whose weights an initializer fills.

    Attributes
    ----------
    initializer : str
        Its name in `torch.nn.init`.
    backward : bool
        Whether gradients are looked at in place of pre-activations.
    """

    family = "propagation"

    initializer: str
    backward: bool

    def tensors(self, case: StackCase) -> tuple[TensorLaw, ...]:
        """One row of responses for each layer, in units of their standard deviation."""
        law = laws.Normal(0.0, 1.0) if self.is_normal else laws.UniformSum()
        kind = "linear layers" if case.stack.layer == "Linear" else "convolutions"
        widths = case.stack.widths[:-1] if self.backward else case.stack.widths[1:]
        lost = self.backward and self._activates(case.stack)  # The direction of the input.
        return tuple(
            TensorLaw(f"layer {number}", (width - lost,), law, kind)
            for number, width in enumerate(widths, start=1)
        )

    @property
    def fill_methods(self) -> Mapping[str, FillMethod[StackCase]]:
        """One pass through new weights."""
        return {"propagation": self._back if self.backward else self._forth}

    @property
    def is_normal(self) -> bool:
        """Whether the weights are normal."""
        return "normal" in self.initializer

    def std(self, stack: Stack, shape: Sequence[int]) -> float:
        """The standard deviation of a layer's weights."""
        gain = laws.gain(stack.nonlinearity.name, stack.nonlinearity.param)
        fan_in, fan_out = laws.fan_in_and_fan_out(shape)
        if self.initializer.startswith("xavier"):
            return gain * math.sqrt(2 / (fan_in + fan_out))
        return gain / math.sqrt(fan_out if self.backward else fan_in)

    def _activates(self, stack: Stack) -> bool:
        """Whether the nonlinearity is there: on the way back, where the law stays exact."""
        return not self.backward or (self.is_normal and stack.layer == "Linear")

    def _fill(self, stack: Stack, target: Target) -> torch_api.Filler:
        chosen = stack.nonlinearity
        param = () if chosen.param is None else (chosen.param,)
        arguments: dict[str, object]
        if self.initializer.startswith("xavier"):
            arguments = {"gain": torch_api.calculate_gain(chosen.name, *param)}
        else:
            mode = "fan_out" if self.backward else "fan_in"
            arguments = {"mode": mode, "nonlinearity": chosen.name, "a": chosen.param or 0}
        return torch_api.filler(self.initializer, arguments, target.generator)

    def _weights(self, stack: Stack, target: Target) -> list[Tensor]:
        fill = self._fill(stack, target)
        return [
            fill(torch.full(shape, torch.nan, **target.factory)).cpu().double()
            for shape in stack.shapes
        ]

    def _activation(self, stack: Stack) -> Callable[[Tensor], Tensor]:
        function, param = ACTIVATIONS[stack.nonlinearity.name], stack.nonlinearity.param or 0.0
        return lambda x: function(x, param) if self._activates(stack) else x

    def _forth(self, case: StackCase, target: Target) -> Fill:
        stack, draw = case.stack, _normals(target)
        activation, drawn = self._activation(stack), self._weights

        def passed() -> Mapping[str, Tensor]:
            signal, found = draw(stack, stack.widths[0]), dict[str, Tensor]()
            for number, weight in enumerate(drawn(stack, target), start=1):
                size = self.std(stack, weight.shape) * _patch(signal, stack.kernel).norm()
                made = _apply(weight, signal)
                found[f"layer {number}"] = (_corner(made) / size).float()
                signal = activation(made)
            return found

        return passed

    def _back(self, case: StackCase, target: Target) -> Fill:
        stack, draw = case.stack, _normals(target)
        activation, drawn = self._activation(stack), self._weights

        def passed() -> Mapping[str, Tensor]:
            weights = drawn(stack, target)
            signals, made = [draw(stack, stack.widths[0]).requires_grad_()], list[Tensor]()
            for weight in weights:
                made.append(_apply(weight, signals[-1]))
                signals.append(activation(made[-1]))
            cotangent = draw(stack, stack.widths[-1])
            wanted = [*signals[:-1], *made]
            gradients = torch.autograd.grad(signals[-1], wanted, cotangent)
            found = dict[str, Tensor]()
            for number, weight in enumerate(weights):
                size = self.std(stack, weight.shape)
                size = size * _patch(gradients[stack.depth + number], stack.kernel).norm()
                response = _corner(gradients[number]) / size
                if self._activates(stack):
                    response = _across(response, signals[number].detach()[0])
                found[f"layer {number + 1}"] = response.float()
            return found

        return passed


def _normals(target: Target) -> Callable[[Stack, int], Tensor]:
    """Draws inputs of so many features or channels, other ones in each call."""
    seed = (target.generator or torch.default_generator).initial_seed()
    stream = torch.Generator().manual_seed(seed ^ _INPUTS)

    def draw(stack: Stack, width: int) -> Tensor:
        sides = [stack.kernel + 2] * len(stack.receptive_field)
        return torch.randn(1, width, *sides, generator=stream, dtype=torch.float64)

    return draw


def _apply(weight: Tensor, signal: Tensor) -> Tensor:
    """The layer's response everywhere."""
    dims = weight.dim() - 2
    if not dims:
        return signal @ weight.T
    around = [side // 2 for side in weight.shape[2:] for _ in range(2)]
    made: Tensor = _CONVOLUTIONS[dims](functional.pad(signal, around, mode="circular"), weight)
    return made


def _patch(signal: Tensor, kernel: int) -> Tensor:
    """What the first position is connected to: itself and its neighbours all around."""
    for axis in range(2, signal.dim()):
        near = torch.arange(-(kernel // 2), kernel // 2 + 1)
        signal = signal.index_select(axis, near % signal.shape[axis])
    return signal


def _corner(signal: Tensor) -> Tensor:
    """The first position of every channel."""
    return signal.detach().flatten(2)[0, :, 0] if signal.dim() > 2 else signal.detach()[0]


def _across(values: Tensor, direction: Tensor) -> Tensor:
    """Coordinates of the part that is orthogonal to a direction: Householder's reflection."""
    mirror = direction / direction.norm()
    mirror[0] += 1 if mirror[0] >= 0 else -1
    reflected: Tensor = values - mirror * (2 * (mirror @ values) / (mirror @ mirror))
    return reflected[1:]


def _row(
    initializer: str, *names: NonlinearityName, backward: bool, shown: str = ""
) -> Propagation:
    direction, what = ("backward", "gradient") if backward else ("forward", "pre-activation")
    xavier = initializer.startswith("xavier")
    fan = "(fan_in + fan_out)/2" if xavier else "fan_out" if backward else "fan_in"
    exact = "a normal" if "normal" in initializer else "sub-Gaussian"
    return Propagation(
        name=" ".join(filter(None, (direction, shown, initializer))),
        cases=lambda _: st.builds(StackCase, strategies.stacks(names=names)),
        initializer=initializer,
        backward=backward,
        words=f"given what comes in, every {what} is {exact} of mean 0 and the variance of theory",
        formula=(f"(Wᵀδ)ᵢ ~ (0, gain²|δ|²/{fan})" if backward else f"zⱼ ~ (0, gain²|h|²/{fan})"),
        source=_GLOROT if xavier else _HE,
        anchors=tuple(_anchors(names, backward)),
        effort=partial(_effort, backward),
        dtypes=("float32", "float64"),
    )


def _anchors(names: Sequence[NonlinearityName], backward: bool) -> Iterator[StackCase]:
    """The stacks that fill the pool: from narrow to wide a response costs few weights."""
    turn = -1 if backward else 1
    for name in names:
        chosen = Nonlinearity(name, _slope(name))
        yield StackCase(Stack("Linear", (48, 96, 480)[::turn], chosen))
        yield StackCase(Stack("Conv1d", (48, 240)[::turn], chosen, 3))


def _slope(name: str) -> float | None:
    return 0.5 if name == "leaky_relu" else None


def _effort(backward: bool, case: StackCase) -> float:
    """Weights that are drawn for one response."""
    weights = sum(_CALL + math.prod(shape) for shape in case.stack.shapes)
    widths = case.stack.widths[:-1] if backward else case.stack.widths[1:]
    return weights / sum(widths)


PROPAGATIONS: tuple[Propagation, ...] = (
    *(
        _row("kaiming_normal_", name, backward=backward, shown=name)
        for backward in (False, True)
        for name in _NAMES
    ),
    *(
        _row(initializer, *_NAMES, backward=backward)
        for initializer in ("kaiming_uniform_", "xavier_normal_", "xavier_uniform_")
        for backward in (False, True)
    ),
)
"""Every way to send a signal, in the order of the report's matrix."""
