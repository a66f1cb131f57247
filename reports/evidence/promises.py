"""What can be promised: the titles of promises, in the order in which readers see them."""

from __future__ import annotations

from verify.outcome import promises as table
from verify.outcome.promises import TITLES, VALUES

_RANKS = {promise: rank for rank, promise in enumerate(TITLES)}


def title(promise: str) -> str:
    """Return the heading of a promise."""
    return TITLES.get(_plain(promise), _plain(promise).capitalize())


def rank(promise: str) -> int:
    """Return the place of a promise among all; those of tomorrow come last."""
    return _RANKS.get(_plain(promise), len(_RANKS))


def is_of_values(promise: str) -> bool:
    """Whether wrong numbers reach users where the promise is broken."""
    return _plain(promise) in VALUES


def fill(promise: str) -> str:
    """Return the fill method that a promise is about: how values reach a tensor."""
    return table.fill(_plain(promise))


def _plain(promise: str) -> str:
    return promise.replace("_", " ")
