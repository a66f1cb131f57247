"""What a law asks of its own numbers, and of the tensor that it is said of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from torch import Tensor, nn

from verify import torch_api
from verify.laws import Continuous, Haar, Lattice, Law, Masked, Sparse, Structure
from verify.quoting import said, shown
from verify.subjects.recipes.claims import Blocks, Claim, Claims, Rows, Same, claimed, tensor_laws
from verify.subjects.recipes.known import Exactly, Unchecked, Written

Shape = tuple[int, ...]

_LAWS = (Continuous, Haar, Masked, Sparse, Structure)
"""Laws that the entries of a parameter may follow."""


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
    if isinstance(claim, Exactly):
        return _unfit(claim, shape)
    try:
        tensors = list(tensor_laws("", shape, claim, ""))
        return next(filter(None, (_unmet(t.law, t.lawful_shape, lattice) for t in tensors)), "")
    except (Exception, SystemExit) as error:
        return f"the law cannot be computed, {said(error)}"


def _unfit(claim: Exactly, shape: Shape) -> str:
    """Why exact values are none of a tensor; or nothing."""
    try:
        values = claim.values(shape)
    except (Exception, SystemExit) as error:
        return f"the values cannot be computed, {said(error)}"
    if not isinstance(values, Tensor):
        return f"{shown(values)} is no tensor"
    return (
        "" if tuple(values.shape) == shape else f"the values have the shape {tuple(values.shape)}"
    )


def _unmet(law: object, shape: Shape, lattice: Lattice) -> str:
    """The first demand of a law that is not met; or nothing."""
    if not is_law(law):
        return f"{shown(law)} is no law"
    for demand, is_met in law.demands(shape):
        if not is_met:
            return f"{law!r} needs {demand}"
    return "" if law.fits(lattice) else f"{law!r} has values too large for the dtype"


def is_law(value: object) -> TypeGuard[Law]:
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
    if isinstance(value, Exactly):
        return callable(value.values) and isinstance(value.rounding, int | float)
    if isinstance(value, Unchecked):
        return isinstance(value.why, str)
    if isinstance(value, Written):
        return True
    return _is_lawful(value)


def _is_lawful(value: object) -> bool:
    """A law, or a function that gives one; a class is a law that has not been called."""
    return is_law(value) or (callable(value) and not isinstance(value, type))


def spelled(claim: Claim) -> str:
    """A claim in words that are the same in every process."""
    if isinstance(claim, Exactly):
        return f"exactly {getattr(claim.values, '__qualname__', 'values')}(shape)"
    if isinstance(claim, Rows | Blocks):
        inner = spelled(claim.law)
        return repr(claim).replace(repr(claim.law), inner, 1)
    if callable(claim):
        return f"{getattr(claim, '__qualname__', type(claim).__name__)}(shape)"
    return repr(claim)
