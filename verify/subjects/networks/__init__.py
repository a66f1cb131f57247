"""The table of networks with tied parameters: one row is a way to use a tensor again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from hypothesis import strategies as st
from torch import nn

import strategies
from strategies.networks import TIES, Tie, TiedArguments
from verify.subjects.case import ModuleCase
from verify.subjects.fills import Target
from verify.subjects.networks.network import META, Network, Ties
from verify.subjects.networks.parts import Chain, Layered, Parts, Product, Transposed, Unrolled

__all__ = ["META", "NETWORKS", "Network", "Ties"]

_DOCUMENTATION = "PyTorch documentation, “Autograd mechanics”, torch.nn.Module"
_ASSIGNED: tuple[Tie, ...] = ("weight", "weight and bias")
_LARGEST = 33
"""Width of the widest network: beyond two vectors of every dtype."""
_LARGEST_IMAGE = 6
_STEPS = 2
"""Steps in time of a network that shares between its layers: the first has a state of zeros."""


def _shared(
    paths: Sequence[str],
    arguments: TiedArguments,
    weights: Sequence[str] = ("weight",),
    biases: Sequence[str] = ("bias",),
) -> Ties:
    """The modules at these paths, or some of their parameters, as one."""
    if arguments.tie == "module":
        return (tuple(paths),)
    with_biases = arguments.bias and arguments.tie == "weight and bias"
    names = (*weights, *(biases if with_biases else ()))
    return tuple(tuple(f"{path}.{name}" for path in paths) for name in names)


def _all_but_the_first(arguments: TiedArguments) -> Ties:
    return _shared([f"parts.{1 + i}" for i in range(arguments.places)], arguments)


def _in_blocks(arguments: TiedArguments) -> Ties:
    """A whole block, or what lies in it."""
    inner = "" if arguments.tie == "module" else ".0"
    return _shared([f"parts.{1 + i}{inner}" for i in range(arguments.places)], arguments)


def _linear(a: TiedArguments, target: Target) -> Parts:
    layers = [nn.Linear(a.width, a.width, a.bias, **target.factory) for _ in range(a.places)]
    return Chain([nn.Linear(a.inputs, a.width, **target.factory), *layers])


def _blocks(a: TiedArguments, target: Target) -> Parts:
    def block() -> nn.Module:
        layers = [nn.Linear(a.width, a.width, a.bias, **target.factory) for _ in range(2)]
        return nn.Sequential(layers[0], nn.Tanh(), layers[1])

    return Chain(
        [nn.Linear(a.inputs, a.width, **target.factory), *(block() for _ in range(a.places))]
    )


def _convolution(of: Callable[..., nn.Module]) -> Callable[[TiedArguments, Target], Parts]:
    def build(a: TiedArguments, target: Target) -> Parts:
        def layer(channels: int, bias: bool) -> nn.Module:
            return of(channels, a.width, 3, padding=1, bias=bias, **target.factory)

        return Chain([layer(1, True), *(layer(a.width, a.bias) for _ in range(a.places))])

    return build


def _embedding(a: TiedArguments, target: Target) -> Parts:
    """From rows to vectors, to a number for each row, to vectors again."""
    table = nn.Embedding(a.inputs, a.width, **target.factory)

    def part(number: int) -> nn.Module:
        if number % 2:
            return Transposed(a.inputs, a.width, bias=False, **target.factory)
        if a.bias:
            return nn.Linear(a.width, a.inputs, **target.factory)
        return Product(a.inputs, a.width, **target.factory)

    return Chain([table, *(part(number) for number in range(a.places - 1))])


def _autoencoder(a: TiedArguments, target: Target) -> Parts:
    """An encoder, a decoder with its weight transposed, and so on."""

    def part(number: int) -> nn.Module:
        if number % 2:
            return Transposed(a.width, a.inputs, a.bias, **target.factory)
        return nn.Linear(a.inputs, a.width, a.bias, **target.factory)

    return Chain(part(number) for number in range(a.places))


def _weights(arguments: TiedArguments) -> Ties:
    return (tuple(f"parts.{i}.weight" for i in range(arguments.places)),)


def _cells(of: Callable[..., nn.Module]) -> Callable[[TiedArguments, Target], Parts]:
    def build(a: TiedArguments, target: Target) -> Parts:
        return Unrolled(of(a.inputs, a.width, a.bias, **target.factory) for _ in range(a.places))

    return build


def _steps(arguments: TiedArguments) -> Ties:
    paths = [f"parts.{i}" for i in range(arguments.places)]
    return _shared(paths, arguments, ("weight_ih", "weight_hh"), ("bias_ih", "bias_hh"))


def _layers(of: Callable[..., nn.Module]) -> Callable[[TiedArguments, Target], Parts]:
    def build(a: TiedArguments, target: Target) -> Parts:
        sizes = {"input_size": a.inputs, "hidden_size": a.width, "num_layers": a.places}
        return Layered(of(**sizes, bias=a.bias, **target.factory) for _ in range(_STEPS))

    return build


def _between_layers(arguments: TiedArguments) -> Ties:
    """The network at every step, and in it one matrix for all layers."""
    steps = [f"parts.{step}" for step in range(_STEPS)]
    biases = arguments.bias and arguments.tie == "weight and bias"
    kinds = ("weight_hh", "bias_ih", "bias_hh") if biases else ("weight_hh",)
    layers = range(arguments.places)
    return (
        tuple(steps),
        *(tuple(f"{step}.{kind}_l{layer}" for step in steps for layer in layers) for kind in kinds),
    )


def _anchors(ties: Sequence[Tie]) -> tuple[ModuleCase[TiedArguments], ...]:
    """A simple network with each of the ties, and one that uses its tensor often."""
    *few, last = ties
    often = TiedArguments(5, 4, 5, last, batch=3, calls=3)
    simple = (TiedArguments(4, 3, 2, tie, batch=2) for tie in few or ties)
    return (*map(ModuleCase, simple), ModuleCase(often))


def _row(
    name: str,
    untied: Callable[[TiedArguments, Target], Parts],
    ties: Callable[[TiedArguments], Ties],
    words: str,
    formula: str,
    *,
    shape: Callable[[TiedArguments], tuple[int, ...]] = lambda a: (a.batch, a.inputs),
    kinds: tuple[Tie, ...] = TIES,
    largest: int = _LARGEST,
    looks_up: bool = False,
    polynomial: bool = False,
) -> Network:
    def cases(max_numel: int) -> st.SearchStrategy[ModuleCase[TiedArguments]]:
        size = min(largest, math.isqrt(max_numel))
        return st.builds(ModuleCase, strategies.tied_networks(ties=kinds, max_size=size))

    return Network(
        name=f"tied {name}",
        cases=cases,
        untied=untied,
        ties=ties,
        shape=shape,
        words=words,
        formula=formula,
        source=_DOCUMENTATION,
        anchors=_anchors(kinds),
        looks_up=looks_up,
        polynomial=polynomial,
    )


_DEEPER = "one layer at several depths, or its weight, with its bias or without"
_IN_TIME = "one cell at every step in time, or its weights, with its biases or without"
_IN_LAYERS = "one matrix from hidden state to hidden state in all layers"


def _image(a: TiedArguments) -> tuple[int, ...]:
    return (a.batch, 1, a.inputs, a.inputs)


def _time(a: TiedArguments) -> tuple[int, ...]:
    return (a.places, a.batch, a.inputs)


def _short_time(a: TiedArguments) -> tuple[int, ...]:
    return (_STEPS, a.batch, a.inputs)


NETWORKS: tuple[Network, ...] = (
    _row("Linear", _linear, _all_but_the_first, _DEEPER, "x ← tanh(W·x + b)", polynomial=True),
    _row(
        "block",
        _blocks,
        _in_blocks,
        "one block of layers at several depths, or one weight across the blocks",
        "x ← tanh(V·tanh(W·x + b) + c)",
    ),
    *(
        _row(
            f"Conv{dims}d",
            _convolution(of),
            _all_but_the_first,
            _DEEPER,
            "x ← tanh(W ∗ x + b)",
            shape=shape,
            largest=_LARGEST_IMAGE,
            polynomial=True,
        )
        for dims, of, shape in (
            (1, nn.Conv1d, lambda a: _image(a)[:-1]),
            (2, nn.Conv2d, _image),
        )
    ),
    _row(
        "Embedding",
        _embedding,
        _weights,
        "one table that embeds rows, and that projects onto them: its transposed",
        "e = Eᵀ·1ᵢ, logits = E·h + b",
        shape=lambda a: (a.batch, 3),
        kinds=("weight",),
        looks_up=True,
        polynomial=True,
    ),
    _row(
        "autoencoder",
        _autoencoder,
        _weights,
        "one matrix that encodes, and decodes as its transposed",
        "h = tanh(W·x + b), y = tanh(Wᵀ·h + c)",
        kinds=("weight",),
        polynomial=True,
    ),
    *(
        _row(f"{name}Cell", _cells(of), _steps, _IN_TIME, "hₜ = f(W·xₜ + U·hₜ₋₁ + b)", shape=_time)
        for name, of in (("RNN", nn.RNNCell), ("GRU", nn.GRUCell), ("LSTM", nn.LSTMCell))
    ),
    *(
        _row(
            name,
            _layers(of),
            _between_layers,
            _IN_LAYERS,
            "hₜˡ = f(Wˡ·hₜˡ⁻¹ + U·hₜ₋₁ˡ + b)",
            shape=_short_time,
            kinds=_ASSIGNED,
        )
        for name, of in (("RNN", nn.RNN), ("GRU", nn.GRU), ("LSTM", nn.LSTM))
    ),
)
"""Every network, in the order of the report's matrix."""
