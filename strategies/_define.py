"""How a public strategy is defined: checked when called, drawn when drawn."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import DrawFn, SearchStrategy

from strategies._choices import Choices

P = ParamSpec("P")
T = TypeVar("T")

_MAKERS: WeakKeyDictionary[SearchStrategy[Any], Callable[[Choices], Any]] = WeakKeyDictionary()


def strategy(
    define: Callable[P, Callable[[Choices], T]], *, block: int = 96
) -> Callable[P, SearchStrategy[T]]:
    """Turn a checked definition into a public strategy function.

    Parameters
    ----------
    define
        A function of the public arguments. It checks them, raising ``InvalidArgument``, and
        returns the function that makes one value out of choices.
    block
        How many bytes to draw at once: enough for nearly every value.

    Returns
    -------
    Callable
        A function with the name, docstring and parameters of `define` that returns a strategy.
        Invalid arguments are reported by the call itself, where a bare ``st.composite`` would
        report them at the first draw. The strategy's repr is the call that built it.

    Examples
    --------
    >>> @strategy
    ... def even_numbers(*, max_value=10):
    ...     if max_value < 0:
    ...         raise InvalidArgument("max_value must be at least 0")
    ...     return lambda choices: 2 * choices.integer(0, max_value // 2)
    >>> even_numbers(max_value=4)
    even_numbers(max_value=4)
    """
    signature = inspect.signature(define)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]

    def draw_one(draw: DrawFn, *args: Any, **kwargs: Any) -> T:
        return define(*args, **kwargs)(Choices(draw, block))

    # st.composite takes the name and the arguments that it shows from here.
    first = inspect.Parameter("draw", inspect.Parameter.POSITIONAL_ONLY)
    draw_one.__name__ = draw_one.__qualname__ = define.__name__
    draw_one.__module__ = define.__module__
    draw_one.__signature__ = inspect.Signature([first, *bare])  # type: ignore[attr-defined]
    deferred: Callable[..., SearchStrategy[T]] = st.composite(draw_one)

    @functools.wraps(define)
    def checked(*args: P.args, **kwargs: P.kwargs) -> SearchStrategy[T]:
        make = define(*args, **kwargs)
        drawn = deferred(*args, **kwargs)
        _MAKERS[drawn] = make
        return drawn

    checked.__signature__ = signature.replace(  # type: ignore[attr-defined]
        return_annotation=SearchStrategy
    )
    return checked


def composite(define: Callable[Concatenate[DrawFn, P], T]) -> Callable[P, SearchStrategy[T]]:
    """Define a strategy that draws from others, as ``st.composite`` does, without near copies.

    Hypothesis follows each new example by up to five in which a part is a copy of another part.
    Of 100 cases with a shape, a gain and a truncation, drawn as three arguments of ``@given`` or
    with ``st.composite``, only about 35 have a shape of their own; drawn with this decorator,
    nearly all. It does so by making all values of this package's strategies (also those that it
    defines itself) out of one draw. Other strategies are drawn as usual.

    Parameters
    ----------
    define
        A function whose first argument is ``draw``; it returns a value.

    Returns
    -------
    Callable
        A function of the other arguments that returns a strategy.

    Raises
    ------
    InvalidArgument
        When `define` takes no argument.

    Examples
    --------
    >>> from hypothesis import find
    >>> from strategies import composite, gains, matrices
    >>> @composite
    ... def cases(draw, *, max_numel=4096):
    ...     return draw(matrices(max_numel=max_numel)), draw(gains())
    >>> cases(max_numel=16)
    cases(max_numel=16)
    >>> find(cases(), lambda case: case[0][0] > case[0][1])
    ((2, 1), 1.0)
    """
    parameters = list(inspect.signature(define).parameters.values())
    if not parameters:
        raise InvalidArgument(f"{define.__name__} must take draw as its first argument")

    @functools.wraps(define)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Callable[[Choices], T]:
        return lambda choices: define(_drawing(choices), *args, **kwargs)

    checked.__signature__ = inspect.Signature(parameters[1:])  # type: ignore[attr-defined]
    return strategy(checked, block=256)


def _drawing(choices: Choices) -> DrawFn:
    """Return a draw function under which this package's strategies share `choices`."""

    def draw(strategy: SearchStrategy[T], label: object = None) -> T:
        make = _MAKERS.get(strategy)
        return choices.draw(strategy, label) if make is None else cast(T, make(choices))

    return cast(DrawFn, draw)
