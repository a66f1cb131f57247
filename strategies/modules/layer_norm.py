"""Arguments of group, layer and root mean square normalization."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy
from strategies.modules._draw import MAX_NUMEL, draw_budget, draw_eps, draw_two, flag
from strategies.modules.arguments import Arguments
from strategies.shape import split


@dataclass(frozen=True)
class GroupNormArguments(Arguments):
    """Constructor arguments of ``torch.nn.GroupNorm``."""

    num_groups: int
    num_channels: int
    eps: float = 1e-5
    affine: bool = True
    bias: bool = True


@dataclass(frozen=True)
class LayerNormArguments(Arguments):
    """Constructor arguments of ``torch.nn.LayerNorm``."""

    normalized_shape: tuple[int, ...]
    eps: float = 1e-5
    elementwise_affine: bool = True
    bias: bool = True


@dataclass(frozen=True)
class RMSNormArguments(Arguments):
    """Constructor arguments of ``torch.nn.RMSNorm``."""

    normalized_shape: tuple[int, ...]
    eps: float | None = None
    elementwise_affine: bool = True


@strategy
def group_norms(
    *, bias_argument: bool = True, max_numel: int = MAX_NUMEL
) -> Callable[[Choices], GroupNormArguments]:
    """Draw constructor arguments of ``torch.nn.GroupNorm``.

    The number of groups divides the number of channels; both are spread over the powers of two.
    Each boolean is drawn evenly, also where another one makes it idle.

    Parameters
    ----------
    bias_argument
        Whether the constructor takes ``bias``; if not, it is always True.
    max_numel
        The largest total number of entries of all parameters, and of channels. It is nearly
        reached by one draw of four.

    Returns
    -------
    SearchStrategy[GroupNormArguments]
        Shrinks to one channel and the defaults.

    Raises
    ------
    InvalidArgument
        When `bias_argument` is not a boolean, or `max_numel` is not an integer of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(group_norms(), lambda drawn: drawn.num_groups == 2).keywords()
    {'num_groups': 2, 'num_channels': 2}
    """
    _check.booleans(bias_argument=bias_argument)
    _check.integers(1, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> GroupNormArguments:
        affine, bias, each = _draw_flags(choices, bias_argument, max_numel)
        groups, size = draw_two(choices, lambda groups, size: each * groups * size, max_numel)
        return GroupNormArguments(groups, groups * size, draw_eps(choices), affine, bias)

    return draw_arguments


@strategy
def layer_norms(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], LayerNormArguments]:
    """Draw constructor arguments of ``torch.nn.LayerNorm``.

    Half of the shapes have one axis, the others two or three. Each boolean is drawn evenly, also
    where another one makes it idle.

    Parameters
    ----------
    max_numel
        The largest total number of entries of all parameters, and of normalized values. It is
        nearly reached by one draw of four.

    Returns
    -------
    SearchStrategy[LayerNormArguments]
        Shrinks to the shape ``(1,)`` and the defaults.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(layer_norms(), lambda drawn: len(drawn.normalized_shape) == 2).keywords()
    {'normalized_shape': (1, 1)}
    """
    _check.integers(1, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> LayerNormArguments:
        affine, bias, each = _draw_flags(choices, True, max_numel)
        eps = draw_eps(choices)
        return LayerNormArguments(_draw_shape(choices, each, max_numel), eps, affine, bias)

    return draw_arguments


@strategy
def rms_norms(*, max_numel: int = MAX_NUMEL) -> Callable[[Choices], RMSNormArguments]:
    """Draw constructor arguments of ``torch.nn.RMSNorm``.

    Half of the shapes have one axis, the others two or three. ``eps`` is None in half of the
    draws.

    Parameters
    ----------
    max_numel
        The largest total number of entries of all parameters, and of normalized values. It is
        nearly reached by one draw of four.

    Returns
    -------
    SearchStrategy[RMSNormArguments]
        Shrinks to the shape ``(1,)`` and the defaults.

    Raises
    ------
    InvalidArgument
        When `max_numel` is not an integer of at least 1.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html

    Examples
    --------
    >>> from hypothesis import find
    >>> find(rms_norms(), lambda drawn: drawn.eps).keywords()
    {'normalized_shape': (1,), 'eps': 1e-05}
    """
    _check.integers(1, max_numel=max_numel)

    def draw_arguments(choices: Choices) -> RMSNormArguments:
        affine, eps = flag(choices, True), choices.pick((None, draw_eps(choices)))
        return RMSNormArguments(_draw_shape(choices, 1, max_numel), eps, affine)

    return draw_arguments


def _draw_flags(choices: Choices, bias_argument: bool, max_numel: int) -> tuple[bool, bool, int]:
    """Draw whether there are parameters and a bias; and how many entries a channel counts for.

    It counts for at least one, so that sizes are bounded too.
    """
    affine, bias = flag(choices, True), flag(choices, True) or not bias_argument
    each = 1 + (affine and bias)
    return (affine, bias, each) if each <= max_numel else (False, bias, 1)


def _draw_shape(choices: Choices, each: int, max_numel: int) -> tuple[int, ...]:
    dims = choices.pick((1, 1, 2, 3))
    mirror, target = choices.one_in(2), draw_budget(choices, each, max_numel) // each
    sizes = split(choices, target, dims, 1, target, target)
    return tuple(sizes[::-1] if mirror else sizes)
