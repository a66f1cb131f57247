"""What laws mean, tensor by tensor: whether two that are said otherwise are the same."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from initlaws.builds import Builds, Make
from initlaws.claims import Claimed, Laws
from initlaws.describing import Description, describe
from initlaws.resolving import resolve
from verify.laws import (
    Dirac,
    Eye,
    Haar,
    Law,
    Masked,
    Normal,
    Sparse,
    TruncatedNormal,
    Uniform,
)
from verify.subjects.recipes.claims import Same
from verify.subjects.recipes.known import Exactly, Unchecked, Written, plain

EQUAL = "equal"
BEYOND = "equal but for a cut that no value reaches"
WRITTEN = "written, where the author names the values"
NEAR = "a constant within the uncertainty of the evidence"
UNSAID = "the author says nothing"
OTHER = "another law"
UNTIED = "not tied"

_ROUNDING = 1e-9
"""Two ways to compute one number differ by less."""

_REACH = 9.0
"""Standard deviations beyond which no normal value lies: one in 10¹⁹."""

_ERRORS, _GAPS = 4.5, 20.0
"""Standard errors of a width, and mean distances of the largest value from its bound."""

_JOINT = (Haar, Sparse, Eye, Dirac)
"""Laws of a matrix as a whole; the entries of others are independent, or fixed."""


@dataclass(frozen=True)
class Segment:
    """Rows of a tensor, and what is said of them.

    Attributes
    ----------
    first, last : int
        The last one is left out.
    family : str
    numbers : tuple of float
        The parameters of the law, in the units of the values.
    joint : bool
        Whether the law is one of the rows together.
    """

    first: int
    last: int
    family: str
    numbers: tuple[float, ...]
    joint: bool = False


def _said(law: Law, rows: int) -> tuple[str, tuple[float, ...]]:
    """The family of a law and its numbers, whatever they were computed from."""
    if isinstance(law, Sparse):
        return "sparse", (math.ceil(law.sparsity * rows), law.std)
    if isinstance(law, Uniform):
        return f"uniform{'' if law.is_half_open else ', closed'}", (law.low, law.high)
    if isinstance(law, Masked):
        return "masked", (law.law.low, law.law.high, law.threshold)
    return type(law).__name__, tuple(float(number) for number in vars(law).values())


def segments(claimed: Claimed) -> tuple[Segment, ...]:
    """What is said of the rows of a tensor; neighbours of one law are one segment."""
    found = list[Segment]()
    start = 0
    for each in claimed.laws:
        rows = each.shape[0] if each.shape else 1
        said = (*_said(each.law, rows), isinstance(each.law, _JOINT))
        if each.row is not None:
            found.append(Segment(each.row, each.row + 1, *said))
        elif each.but_row is not None:
            parts = ((0, each.but_row), (each.but_row + 1, rows))
            found += (Segment(*part, *said) for part in parts if part[0] < part[1])
        else:
            found.append(Segment(start, start + rows, *said))
            start += rows
    merged = list[Segment]()
    for each in sorted(found, key=lambda segment: segment.first):
        if merged and not each.joint and _alike(merged[-1], each, _ROUNDING):
            each = Segment(merged.pop().first, each.last, each.family, each.numbers)
        merged.append(each)
    return tuple(merged)


def _alike(one: Segment, other: Segment, within: float) -> bool:
    """Whether two segments say the same, wherever they lie."""
    return (one.family, one.joint) == (other.family, other.joint) and all(
        abs(a - b) <= within * max(abs(a), abs(b))
        for a, b in zip(one.numbers, other.numbers, strict=True)
    )


def _same(author: tuple[Segment, ...], found: tuple[Segment, ...], within: float) -> bool:
    return len(author) == len(found) and all(
        (a.first, a.last) == (b.first, b.last) and _alike(a, b, within)
        for a, b in zip(author, found, strict=True)
    )


def _uncut(segment: Segment) -> Segment:
    """A normal instead of one whose cut no value reaches."""
    if segment.family != TruncatedNormal.__name__:
        return segment
    mean, std, low, high = segment.numbers
    if min(mean - low, high - mean) < _REACH * std:
        return segment
    return Segment(segment.first, segment.last, Normal.__name__, (mean, std))


def _uncertainty(claimed: Claimed, builds: int) -> float:
    """How far a scale that is no formula may be off, relatively."""
    values = claimed.place.tensor.numel() * builds
    bounded = all(isinstance(each.law, Uniform) for each in claimed.laws)
    return _GAPS / values + 1e-6 if bounded else _ERRORS / math.sqrt(2 * values)


def verdict(author: Claimed, found: Claimed, values: Tensor, description: Description) -> str:
    """How what is described of a tensor compares with what its author says.

    Parameters
    ----------
    author, found : Claimed
    values : Tensor
        Of one build.
    description : Description
    """
    if isinstance(author.claim, Unchecked):
        return UNSAID
    if isinstance(author.claim, Written) or isinstance(found.claim, Written | Unchecked):
        return _of_known(author.claim, found.claim, values)
    if isinstance(author.claim, Exactly):
        return EQUAL if _are_constant(found, values) and _holds(author.claim, values) else OTHER
    one, other = segments(author), segments(found)
    if not one or not other:
        return OTHER
    if _same(one, other, _ROUNDING):
        return EQUAL
    if _same(tuple(map(_uncut, one)), other, _ROUNDING):
        return BEYOND
    row = next(r for r in description.rows if r.place.name == found.place.name)
    within = _uncertainty(found, description.builds)
    formula = "shape" in row.law or "sqrt" in row.law
    return NEAR if not formula and _same(one, other, within) else OTHER


def _of_known(author: Any, found: Any, values: Tensor) -> str:
    """Where one of them says that a tensor is written."""
    if isinstance(author, Written):
        return EQUAL if isinstance(found, Written) else OTHER
    named = isinstance(author, Exactly) and isinstance(found, Written)
    return WRITTEN if named and _holds(author, values) else OTHER


def _holds(claim: Exactly, values: Tensor) -> bool:
    """Whether a tensor holds exact values, rounding allowed for."""
    exact, held = claim.values(tuple(values.shape)), plain(values)
    if exact.is_floating_point() != held.is_floating_point():
        return False
    step = torch.finfo(held.dtype).eps if held.is_floating_point() else 0.0
    off = (held.double() - exact.double()).abs()
    return bool((off <= (claim.rounding + 1) * step * exact.double().abs()).all())


def _are_constant(found: Claimed, values: Tensor) -> bool:
    """Whether a law says that all entries are the one number that they are."""
    one = segments(found)
    if len(one) != 1 or one[0].family != "Constant":
        return False
    return torch.equal(values, torch.full_like(values, one[0].numbers[0]))


def _ties(laws: Laws) -> Mapping[str, str]:
    """Other names of tensors, and the names that they are said to share."""
    pairs = laws.items() if isinstance(laws, Mapping) else laws
    return {str(key): claim.name for key, claim in pairs if isinstance(claim, Same)}


def _untied(author: Laws, found: Laws) -> Iterator[str]:
    """Names that the author ties and the description does not."""
    ties = _ties(found)
    for name, other in _ties(author).items():
        if ties.get(name, name) != ties.get(other, other):
            yield name


def described(description: Description) -> Laws:
    """The laws of the file that is written."""
    namespace = dict[str, Any]()
    exec(description.laws_file(), namespace)
    laws: Laws = namespace["LAWS"]
    return laws


def compare(make: Make, author: Laws) -> dict[str, str]:
    """Describe a model; the verdict on each tensor, and on each tie that does not hold.

    Parameters
    ----------
    make : callable
        Builds the model.
    author : mapping
        What its author says of it.
    """
    builds = Builds(make)
    description = describe(builds)
    laws = described(description)
    theirs, ours = resolve(builds.places, author), resolve(builds.places, laws)
    ties = dict.fromkeys(_untied(author, laws), UNTIED)
    unresolved = {**theirs.problems, **ours.problems}.keys() - ties.keys()
    assert not unresolved, (theirs.problems, ours.problems)
    found = {each.place.name: each for each in ours.claimed}
    tensors = {place.name: place.tensor.detach() for place in builds.places}
    verdicts = {
        name: verdict(each, found[name], tensors[name], description)
        for each in theirs.claimed
        for name in [each.place.name]
    }
    return verdicts | ties
