"""Stacks of layers through which a signal is sent."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, get_args

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.nonlinearity import NONLINEARITIES, Nonlinearity, NonlinearityName

LayerName = Literal["Linear", "Conv1d", "Conv2d"]
LAYERS: tuple[LayerName, ...] = get_args(LayerName)

_DIMS = {"Linear": 0, "Conv1d": 1, "Conv2d": 2}
_SLOPES = (0.2, 0.01, 0.5, -0.2, 1.0, 2.0)
_WIDEST_CONVOLUTION = 96


@dataclass(frozen=True)
class Stack:
    """Layers of one kind without biases, one after another.

    Attributes
    ----------
    layer : str
        What they are: a class of ``torch.nn``.
    widths : tuple of int
        Features or channels of the input, and of what each layer makes.
    nonlinearity : Nonlinearity
        What follows each layer.
    kernel : int
        Size of a convolution's kernel along each axis, odd; 1 for ``Linear``.
    """

    layer: LayerName
    widths: tuple[int, ...]
    nonlinearity: Nonlinearity
    kernel: int = 1

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return len(self.widths) - 1

    @property
    def receptive_field(self) -> tuple[int, ...]:
        """The kernel along each axis; none for ``Linear``."""
        return (self.kernel,) * _DIMS[self.layer]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of each layer's weight."""
        pairs = zip(self.widths[1:], self.widths[:-1], strict=True)
        return tuple((out, inputs, *self.receptive_field) for out, inputs in pairs)


@strategy
def stacks(
    *,
    names: Collection[NonlinearityName] = NONLINEARITIES,
    layers: Collection[LayerName] = LAYERS,
    min_width: int = 48,
    max_width: int = 192,
    max_depth: int = 4,
) -> Callable[[Choices], Stack]:
    """Draw stacks of layers of different widths.

    Consecutive widths are seldom equal. Convolutions have kernels of 3, in one dimension also of
    5, and no more than 96 channels unless `min_width` asks for more.

    Parameters
    ----------
    names
        The nonlinearities to draw from; ``leaky_relu`` gets one of the usual slopes.
    layers
        The kinds of layers to draw from.
    min_width, max_width
        Bounds of the widths, both included. Below 48 inputs a rectifier may leave none alive.
    max_depth
        The largest number of layers.

    Returns
    -------
    SearchStrategy[Stack]
        Shrinks to one ``Linear`` layer of the smallest widths.

    Raises
    ------
    InvalidArgument
        When a name is unknown, or a bound is no positive integer or out of order.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(stacks(names=["relu"]), lambda stack: stack.kernel > 1)
    Stack(layer='Conv1d', widths=(48, 48), nonlinearity=Nonlinearity(name='relu', param=None), kernel=3)
    """  # noqa: E501
    _check.subset(NONLINEARITIES, names=names)
    _check.subset(LAYERS, layers=layers)
    _check.integers(1, min_width=min_width, max_width=max_width, max_depth=max_depth)
    _check.ordered(min_width=min_width, max_width=max_width)
    known = [name for name in NONLINEARITIES if name in names]
    kinds = [layer for layer in LAYERS if layer in layers]

    def draw_stack(choices: Choices) -> Stack:
        layer, depth = choices.pick(kinds), choices.integer(1, max_depth)
        kernel = choices.pick((3, 5) if layer == "Conv1d" else (3, 3))
        most = (
            max_width if layer == "Linear" else max(min_width, min(_WIDEST_CONVOLUTION, max_width))
        )
        widths = [choices.integer(min_width, most) for _ in range(max_depth + 1)][: depth + 1]
        name, slope = choices.pick(known), choices.pick(_SLOPES)
        nonlinearity = Nonlinearity(name, slope if name == "leaky_relu" else None)
        return Stack(layer, tuple(widths), nonlinearity, 1 if layer == "Linear" else kernel)

    return draw_stack
