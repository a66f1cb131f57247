"""Networks of `torch.nn` that recipes initialize."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from hypothesis.strategies import DrawFn

from strategies import _check
from strategies._choices import Choices
from strategies._define import composite, strategy
from strategies.modules._draw import MAX_NUMEL, flag
from strategies.modules.arguments import Arguments
from strategies.modules.recurrent import RecurrentArguments, recurrents

_LAYERS = (1, 2, 3)

Visit = Literal["apply", "modules"]
"""How a recipe comes to every layer: by ``Module.apply``, or in a loop over ``modules()``."""

VISITS: tuple[Visit, ...] = get_args(Visit)

Network = Literal["RNN", "GRU", "LSTM"]
"""The name of a recurrent network in ``torch.nn``."""

NETWORKS: tuple[Network, ...] = get_args(Network)


@dataclass(frozen=True)
class PerceptronArguments(Arguments):
    """Linear layers with rectifiers in between.

    Attributes
    ----------
    sizes : tuple of int
        Of the input, of each hidden layer and of the output.
    nested : bool
        Whether each layer holds all that follow it; otherwise they are in one sequence.
    visit : str
        How its recipe comes to the layers.
    bias : float
        What a recipe that chooses its biases sets them to.
    """

    sizes: tuple[int, ...]
    nested: bool = False
    visit: Visit = "apply"
    bias: float = 0.0


@dataclass(frozen=True)
class ConvolutionalArguments(Arguments):
    """Convolutions without bias, each with a batch norm and a rectifier behind it.

    Attributes
    ----------
    channels : tuple of int
        Of the input, and of each layer's output.
    kernel : int
    transposed : bool
        Whether the convolutions are transposed, as a generator's are.
    visit : str
        How its recipe comes to the layers.
    """

    channels: tuple[int, ...]
    kernel: int
    transposed: bool = False
    visit: Visit = "apply"


@dataclass(frozen=True)
class RecurrentNetwork(Arguments):
    """A recurrent network of ``torch.nn``: its name, and what it is built from."""

    network: Network
    arguments: RecurrentArguments


@composite
def recurrent_networks(draw: DrawFn, *, max_numel: int = MAX_NUMEL) -> RecurrentNetwork:
    """Draw a recurrent network: its kind, and arguments that any kind takes.

    Parameters
    ----------
    max_numel
        The largest total number of entries of all parameters; at least 8.

    Returns
    -------
    SearchStrategy[RecurrentNetwork]
        Shrinks to an RNN with sizes of one and the defaults.

    Raises
    ------
    InvalidArgument
        At the first draw, when `max_numel` is not an integer of at least 8.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(recurrent_networks(), lambda drawn: drawn.network == "LSTM").arguments.keywords()
    {'input_size': 1, 'hidden_size': 1}
    """
    network = draw(_networks())
    arguments = draw(recurrents(gates=4, max_numel=max_numel))
    return RecurrentNetwork(network, arguments)


@strategy
def _networks() -> Callable[[Choices], Network]:
    return lambda choices: choices.pick(NETWORKS)


@strategy
def perceptrons(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], PerceptronArguments]:
    """Draw perceptrons with one to three hidden layers, flat or nested.

    Parameters
    ----------
    max_numel
        The largest total number of entries of all parameters; at least 16.

    Returns
    -------
    SearchStrategy[PerceptronArguments]
        Shrinks to one hidden layer, sizes of one, a flat sequence, ``apply`` and no bias.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 16.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(perceptrons(), lambda drawn: drawn.nested)
    PerceptronArguments(sizes=(1, 1, 1, 1, 1), nested=True, visit='apply', bias=0.0)
    """
    _check.integers(16, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> PerceptronArguments:
        layers = choices.pick((2, 3, 4))
        return PerceptronArguments(
            sizes=_sizes(choices, layers, max_numel // layers, 1),
            nested=flag(choices, False),
            visit=choices.pick(VISITS),
            bias=choices.pick((0.0, 0.01)),
        )

    return draw_arguments


@strategy
def convolutional_networks(
    *, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], ConvolutionalArguments]:
    """Draw networks of one to three convolutions, plain or transposed, and their batch norms.

    Parameters
    ----------
    max_numel
        The largest total number of entries of all parameters and buffers; at least 64.

    Returns
    -------
    SearchStrategy[ConvolutionalArguments]
        Shrinks to one plain convolution of one channel with a kernel of one entry.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 64.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(convolutional_networks(), lambda drawn: drawn.kernel > 2).channels
    (1, 1)
    """
    _check.integers(64, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> ConvolutionalArguments:
        layers, kernel = choices.pick(_LAYERS), choices.pick((1, 2, 3))
        return ConvolutionalArguments(
            channels=_sizes(choices, layers, (max_numel - layers) // layers, kernel**2),
            kernel=kernel,
            transposed=flag(choices, False),
            visit=choices.pick(VISITS),
        )

    return draw_arguments


def _sizes(choices: Choices, layers: int, budget: int, field: int) -> tuple[int, ...]:
    """Sizes such that no layer, with up to four more values for each output, has more entries."""
    most = max(1, budget // (field + 4))
    sizes = [choices.log_integer(1, most)]
    for _ in range(layers):
        sizes.append(choices.log_integer(1, max(1, budget // (field * sizes[-1] + 4))))
    return tuple(sizes)
