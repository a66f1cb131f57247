"""Deprecated aliases warn that they are."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import pytest
import torch

from verify.exact import Comparison, compare
from verify.outcome import Outcome
from verify.subjects import INITIALIZERS, Initializer
from verify.torch_api import filler

_ALIASES = [subject for subject in INITIALIZERS if subject.deprecated]


def _categories(alias: Initializer) -> list[str]:
    """Names of the warnings that one call emits."""
    anchor = alias.anchors[0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        filler(alias.name, alias.arguments(anchor), None)(torch.empty(anchor.shape))
    return [warning.category.__name__ for warning in caught]


@pytest.mark.parametrize("alias", _ALIASES, ids=[f"host-any-{alias.name}" for alias in _ALIASES])
def test_future_warning(alias: Initializer, conclude: Callable[[Outcome], None]) -> None:
    """One FutureWarning for each call, and no other warning."""
    call = Comparison(f"warnings of {alias.name}", partial(_categories, alias), ["FutureWarning"])
    conclude(
        Outcome(
            promise="deprecation",
            subject=alias.name,
            backend="host",
            dtype="any",
            words=f"a deprecated alias of {alias.name}_ emits a FutureWarning",
            formula="FutureWarning",
            source="PyTorch documentation, torch.nn.init",
            **compare([call], check="future_warning"),
        )
    )
