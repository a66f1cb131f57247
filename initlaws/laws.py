"""What a set of laws is written with."""

from __future__ import annotations

import re

from initlaws.claims import Cast, Computed, Default, Instead, Parts, Transformed
from initlaws.mixtures import Mixture
from verify.recipes import (
    Blocks,
    Constant,
    Dirac,
    Exactly,
    Exponential,
    Eye,
    Haar,
    Masked,
    Normal,
    Rows,
    Same,
    Sparse,
    TruncatedNormal,
    Unchecked,
    Uniform,
    fan_in_and_fan_out,
    gain,
)
from verify.subjects.recipes.known import Written

__all__ = [
    "Blocks",
    "Cast",
    "Computed",
    "Constant",
    "Default",
    "Dirac",
    "Exactly",
    "Exponential",
    "Eye",
    "Haar",
    "Instead",
    "Masked",
    "Mixture",
    "Normal",
    "Parts",
    "Rows",
    "Same",
    "Sparse",
    "Transformed",
    "TruncatedNormal",
    "Unchecked",
    "Uniform",
    "Written",
    "depth",
    "fan_in_and_fan_out",
    "gain",
]


def depth(name: str) -> int:
    """The first whole number in a tensor's name: which layer it belongs to.

    Raises
    ------
    ValueError
        If there is none.
    """
    found = re.search(r"(?:^|\.)(\d+)(?:\.|$)", name)
    if not found:
        raise ValueError(f"{name!r} holds no number of a layer")
    return int(found[1])
