"""Deprecated aliases warn that they are."""

from __future__ import annotations

import warnings
from functools import partial

import torch

from verify.behaviour.exact import Comparison, compare
from verify.outcome.outcome import Outcome
from verify.subjects import INITIALIZERS, Initializer
from verify.torch_api import filler

ALIASES = tuple(subject for subject in INITIALIZERS if subject.deprecated)


def _missing(alias: Initializer) -> list[str]:
    """The FutureWarning, where a call emits none; what else is warned of is not the alias's."""
    anchor = alias.anchors[0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        filler(alias.name, alias.arguments(anchor), None)(torch.empty(anchor.shape))
    found = {issubclass(warning.category, FutureWarning) for warning in caught}
    return [] if True in found else ["FutureWarning"]


def verify_alias(alias: Initializer) -> Outcome:
    """Call a deprecated alias, and look for its FutureWarning."""
    call = Comparison(f"warnings that {alias.name} lacks", partial(_missing, alias), [])
    asked = Outcome(
        promise="deprecation",
        subject=alias.name,
        backend="host",
        dtype="any",
        words=f"a deprecated alias of {alias.name}_ emits a FutureWarning",
        formula="FutureWarning",
        source="PyTorch documentation, torch.nn.init",
    )
    return compare(asked, [call], "future_warning")
