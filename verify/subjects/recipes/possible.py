"""What a law asks of its own numbers, and of the tensor that it is said of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from verify import torch_api
from verify.laws import (
    Continuous,
    Dirac,
    Exponential,
    Eye,
    Haar,
    Lattice,
    Masked,
    Normal,
    Sparse,
    Structure,
    TruncatedNormal,
    Uniform,
)
from verify.quoting import said, shown
from verify.subjects.recipes.claims import Blocks, Claim, Claims, Rows, Same, claimed, of_tensor

Shape = tuple[int, ...]

_LAWS = (Continuous, Haar, Masked, Sparse, Structure)
"""Laws that the entries of a parameter may follow."""


@dataclass(frozen=True)
class _Demand:
    """What a kind of laws needs.

    Attributes
    ----------
    of : type
    met : callable
        Whether a law, said of a tensor of a shape, has it.
    words : str
    """

    of: type[Any]
    met: Callable[[Any, Shape], bool]
    words: str


_DEMANDS = (
    _Demand(Uniform, lambda law, _: -math.inf < law.low < law.high < math.inf, "low < high"),
    _Demand(Normal, lambda law, _: 0 < law.std < math.inf, "std > 0"),
    _Demand(Normal, lambda law, _: math.isfinite(law.mean), "a finite mean"),
    _Demand(TruncatedNormal, lambda law, _: 0 < law.std < math.inf, "std > 0"),
    _Demand(TruncatedNormal, lambda law, _: math.isfinite(law.mean), "a finite mean"),
    _Demand(TruncatedNormal, lambda law, _: law.a < law.b, "a < b"),
    _Demand(Exponential, lambda law, _: 0 < law.rate < math.inf, "rate > 0"),
    _Demand(Haar, lambda law, _: math.isfinite(law.gain), "a finite gain"),
    _Demand(Haar, lambda _, shape: len(shape) >= 2, "a tensor of two axes or more"),
    _Demand(Masked, lambda law, _: law.law.low < law.law.high, "low < high"),
    _Demand(
        Masked,
        lambda law, _: 0 < law.threshold < law.law.typical_magnitude,
        "a threshold within reach",
    ),
    _Demand(Sparse, lambda law, _: 0 <= law.sparsity <= 1, "0 ≤ sparsity ≤ 1"),
    _Demand(Sparse, lambda law, _: 0 < law.std < math.inf, "std > 0"),
    _Demand(Sparse, lambda _, shape: len(shape) == 2, "a matrix"),
    _Demand(Eye, lambda _, shape: len(shape) == 2, "a matrix"),
    _Demand(Dirac, lambda _, shape: 3 <= len(shape) <= 5, "a tensor of three to five axes"),
    _Demand(Dirac, lambda law, shape: shape[0] % law.groups == 0, "groups of equal size"),
    _Demand(Continuous, lambda law, _: 0 < law.scale < math.inf, "a width that a double can hold"),
)


def impossible(model: nn.Module, claims: Claims, lattice: Lattice) -> Iterator[str]:
    """Every claim that no tensor could keep as it is said, one sentence each."""
    for each in claimed(model, claims):
        for pattern in each.patterns:
            if torch_api.uninitialised(each.tensor):
                yield f"{each.name} has no shape before the first input"
                continue
            shape = tuple(each.tensor.shape)
            if wrong := _wrong(claims[pattern], shape, lattice):
                yield f"{pattern!r} cannot hold for {each.name} of shape {shape}: {wrong}"


def _wrong(claim: Claim, shape: Shape, lattice: Lattice) -> str:
    """Why a claim cannot hold for a tensor; or nothing."""
    if isinstance(claim, Rows) and not (len(shape) > 1 and -shape[0] <= claim.row < shape[0]):
        return f"there is no row {claim.row}"
    if isinstance(claim, Blocks) and not (shape and claim.count > 0 and not shape[0] % claim.count):
        return f"it has no {claim.count} equal parts"
    try:
        tensors = list(of_tensor("", shape, claim, ""))
        return next(filter(None, (_unmet(t.law, t.lawful_shape, lattice) for t in tensors)), "")
    except (Exception, SystemExit) as error:
        return f"the law cannot be computed, {said(error)}"


def _unmet(law: object, shape: Shape, lattice: Lattice) -> str:
    """The first demand of a law that is not met; or nothing."""
    if not is_law(law):
        return f"{shown(law)} is no law"
    for demand in _DEMANDS:
        if isinstance(law, demand.of) and not demand.met(law, shape):
            return f"{law!r} needs {demand.words}"
    return "" if lattice.holds(law) else f"{law!r} has values too large for the dtype"


def is_law(value: object) -> bool:
    """Whether a value is a law."""
    return isinstance(value, _LAWS)


def is_claim(value: object) -> bool:
    """Whether a value says something of a tensor: by its type alone."""
    if isinstance(value, Rows):
        return _is_lawful(value.law) and is_law(value.its_law) and type(value.row) is int
    if isinstance(value, Blocks):
        return _is_lawful(value.law) and type(value.count) is int
    if isinstance(value, Same):
        return isinstance(value.name, str)
    return _is_lawful(value)


def _is_lawful(value: object) -> bool:
    """A law, or a function that gives one; a class is a law that has not been called."""
    return is_law(value) or (callable(value) and not isinstance(value, type))


def spelled(claim: Claim) -> str:
    """A claim in words that are the same in every process."""
    if isinstance(claim, Rows | Blocks):
        inner = spelled(claim.law)
        return repr(claim).replace(repr(claim.law), inner, 1)
    if callable(claim):
        return f"{getattr(claim, '__qualname__', type(claim).__name__)}(shape)"
    return repr(claim)
