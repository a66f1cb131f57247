"""What the networks are made of: parts that are called one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

State = tuple[Tensor, ...]

_Output = TypeVar("_Output", Tensor, State)


class Through(Protocol):
    """Calls a part on its inputs, in one way or another."""

    def __call__(self, part: Callable[..., _Output], /, *inputs: Tensor) -> _Output:
        """What the part makes of them."""


def plainly(part: Callable[..., _Output], /, *inputs: Tensor) -> _Output:
    """Call a part as it is."""
    return part(*inputs)


class Parts(nn.Module):
    """Parts in a row; how they are called, and what follows each, can be exchanged."""

    def __init__(self, parts: Iterable[nn.Module]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.through: Through = plainly
        self.activation: Callable[[Tensor], Tensor] = torch.tanh


class Chain(Parts):
    """Each part works on what the one before it made."""

    def forward(self, values: Tensor) -> Tensor:
        """The output of the last part; what comes first has nothing to differentiate."""
        for part in self.parts:
            through = self.through if values.requires_grad else plainly
            values = self.activation(through(part, values))
        return values


class Unrolled(Parts):
    """A recurrent cell for each step in time, from a state of zeros."""

    def forward(self, values: Tensor) -> Tensor:
        """The last hidden state; the inputs' first axis is the time.

        Of the others nothing is shown: a gradient of three terms could be summed in two ways,
        and be rounded in two ways before any weight's gradient is computed from it.
        """
        state: State = ()
        for part, step in zip(self.parts, values, strict=True):
            hidden, state = self.advance(part, step, state)
        return hidden

    def advance(self, part: nn.Module, step: Tensor, state: State) -> tuple[Tensor, State]:
        """The hidden state of a step, and what the next one starts from."""
        after = self.through(partial(_cell, part), step, *state)
        return after[0], after


class Layered(Unrolled):
    """A recurrent network of several layers for each step in time."""

    def advance(self, part: nn.Module, step: Tensor, state: State) -> tuple[Tensor, State]:
        """The output of the last layer, and the states of all."""
        output, *after = self.through(partial(_layers, part), step, *state)
        return output, tuple(after)


def _cell(cell: nn.Module, step: Tensor, *state: Tensor) -> State:
    return _tuple(cell(step, *_given(state)))


def _layers(network: nn.Module, step: Tensor, *state: Tensor) -> State:
    output, after = network(step[None], *_given(state))
    return (output[0], *_tuple(after))


def _given(state: State) -> tuple[Tensor | State, ...]:
    """A state as a module takes it: a tensor, or a pair of them as one argument."""
    return (state,) if len(state) > 1 else state


def _tuple(state: Tensor | State) -> State:
    """As tensors side by side, of which checkpointing loses none."""
    return state if isinstance(state, tuple) else (state,)


class Product(nn.Module):
    """A table in the role of a matrix: from vectors to a number for each row, h·Eᵀ."""

    def __init__(self, rows: int, columns: int, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__()
        drawn = torch.randn(rows, columns, device=device, dtype=dtype)
        self.weight = nn.Parameter(drawn)

    def forward(self, vectors: Tensor) -> Tensor:
        """The inner product of each vector with each row."""
        return vectors @ self.weight.T


class Transposed(nn.Module):
    """A linear layer whose weight is the transposed of its matrix: from outputs to inputs."""

    def __init__(
        self, outputs: int, inputs: int, bias: bool, device: torch.device, dtype: torch.dtype
    ) -> None:
        super().__init__()
        drawn = torch.randn(outputs, inputs, device=device, dtype=dtype)
        self.weight = nn.Parameter(drawn)
        zeros = torch.zeros(inputs, device=device, dtype=dtype)
        self.bias = nn.Parameter(zeros) if bias else None

    def forward(self, values: Tensor) -> Tensor:
        """From as many values as the weight has rows to as many as it has columns."""
        return functional.linear(values, self.weight.t(), self.bias)
