"""The tensors of a model of which more, or less, is said than a law."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from verify.subjects.recipes.claims import Claims, claimed
from verify.subjects.recipes.known import Known, Written, plain, wrong

_SHOWN = 8
"""Sentences that are listed."""


def fixed(model: nn.Module, claims: Claims) -> dict[str, Tensor]:
    """Copies of the tensors that are the same in every build, whatever they hold."""
    return {
        name: plain(tensor).clone()
        for name, tensor, claim in _known(model, claims)
        if isinstance(claim, Written)
    }


def otherwise(model: nn.Module, claims: Claims, there: Mapping[str, Tensor]) -> str:
    """What is wrong with the tensors of which more is known than a law, as `known.wrong`."""
    found = (wrong(name, tensor, claim, there) for name, tensor, claim in _known(model, claims))
    return "; ".join(itertools.islice(filter(None, found), _SHOWN))


def _known(model: nn.Module, claims: Claims) -> Iterator[tuple[str, Tensor, Known]]:
    for each in claimed(model, claims):
        for pattern in each.patterns[:1]:
            claim = claims[pattern]
            if isinstance(claim, Known):
                yield each.name, each.tensor, claim
