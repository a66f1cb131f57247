"""Find the one claim of each tensor of a model, or say why there is none."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

from initlaws import defaults
from initlaws.builds import Place
from initlaws.claims import (
    Cast,
    Claimed,
    Computed,
    Default,
    Instead,
    Key,
    Laws,
    Parts,
    Resolved,
    Transformed,
    cast,
)
from verify.laws import LATTICES
from verify.quoting import said, shown
from verify.subjects.recipes.claims import Same
from verify.subjects.recipes.known import Written
from verify.subjects.recipes.possible import is_claim

_ARGUMENTS = {1: "the shape", 3: "the shape, the module and the name"}


@dataclass(frozen=True)
class Claims:
    """What laws say of a model.

    Attributes
    ----------
    claimed : tuple of Claimed
        One for each parameter and buffer that one law claims.
    problems : mapping
        What keeps a tensor or pattern from it, a sentence by its name.
    """

    claimed: tuple[Claimed, ...]
    problems: Mapping[str, str]


class _Unfit(Exception):
    """Why a claim says nothing of a tensor."""


def resolve(places: Sequence[Place], laws: Laws) -> Claims:
    """Find the one claim of each tensor.

    Parameters
    ----------
    places : sequence of Place
        Every parameter and buffer of the model.
    laws : mapping, or sequence of pairs

    Returns
    -------
    Claims
        Buffers that nothing claims must be written, and be the same in every build.
    """
    pairs = tuple(laws.items() if isinstance(laws, Mapping) else laws)
    problems = {shown(key): wrong for key, claim in pairs if (wrong := _malformed(key, claim))}
    if problems:
        return Claims((), problems)
    problems = dict(_idle(pairs, places)) | dict(_untied(pairs, places))
    there = {name for place in places for name in place.names}
    claimed = []
    for place in places:
        try:
            key, claim = _claim_of(place, pairs)
            claimed.append(_checked(Claimed(place, key, _evaluated(claim, place)), there))
        except _Unfit as wrong:
            problems.setdefault(place.name, str(wrong))
    return Claims(tuple(claimed), problems)


def _malformed(key: object, claim: object) -> str:
    """Why a pair of the laws is none; or nothing."""
    if not isinstance(key, str) and not (isinstance(key, type) and issubclass(key, nn.Module)):
        return f"the key {shown(key)} is neither a pattern of names nor a type of modules"
    inner = claim.values() if isinstance(claim, Mapping) and isinstance(key, type) else (claim,)
    wrong = (each for each in inner if not _is_claim(each))
    return next(
        (
            f"{shown(key)} says {shown(each)}, which is no law: choose from initlaws.laws, "
            "for example Normal(0.0, 0.02)"
            for each in wrong
        ),
        "",
    )


def _is_claim(value: object) -> bool:
    inner = value
    while isinstance(inner, Instead | Cast):
        inner = inner.claim
    return isinstance(inner, Computed | Default | Parts | Transformed) or is_claim(inner)


def _matches(pattern: str, place: Place) -> bool:
    return any(fnmatchcase(name, pattern) for name in place.names)


def _idle(pairs: Iterable[tuple[Key, Any]], places: Sequence[Place]) -> Iterator[tuple[str, str]]:
    """Patterns and types that no tensor of the model answers to."""
    for key, claim in pairs:
        if isinstance(claim, Same):
            continue
        if isinstance(key, str):
            if not any(_matches(key, place) for place in places):
                yield key, f"the pattern {key!r} claims nothing"
        elif not any(isinstance(place.module, key) for place in places):
            yield key.__qualname__, f"no module of the type {key.__qualname__} owns a tensor"


def _untied(pairs: Iterable[tuple[Key, Any]], places: Sequence[Place]) -> Iterator[tuple[str, str]]:
    """Names that are said to be those of one tensor, and are not."""
    of = {name: place for place in places for name in place.names}
    for key, claim in pairs:
        if not isinstance(claim, Same) or not isinstance(key, str):
            continue
        names = [name for name in of if fnmatchcase(name, key)]
        for name in names or [key]:
            if of.get(name) is None or of[name] is not of.get(claim.name):
                yield name, f"{name} is not the tensor {claim.name}"


def _claim_of(place: Place, pairs: Sequence[tuple[Key, Any]]) -> tuple[str, Any]:
    """The claim of a tensor, and the words for it."""
    named = [
        (key, claim)
        for key, claim in pairs
        if isinstance(key, str) and not isinstance(claim, Same) and _matches(key, place)
    ]
    last = max((i for i, (_, c) in enumerate(named) if isinstance(c, Instead)), default=0)
    named = named[last:]
    if len(named) > 1:
        keys = " and by ".join(repr(key) for key, _ in named)
        raise _Unfit(
            f"{place.name} is claimed by {keys}: let the later one say Instead(law), "
            "or make them disjoint"
        )
    typed = _typed(place, pairs)
    for key, claim in (*named, *typed[:1]):
        return key, claim.claim if isinstance(claim, Instead) else claim
    if place.is_buffer:
        return place.name, Written()
    raise _Unfit(f"no law claims {place.name} of shape {place.shape}")


def _typed(place: Place, pairs: Sequence[tuple[Key, Any]]) -> list[tuple[str, Any]]:
    """What types of modules say of a tensor, the nearest type first."""
    found = []
    for key, claim in pairs:
        if isinstance(key, type) and isinstance(place.module, key):
            said_of = claim.get(place.attribute) if isinstance(claim, Mapping) else claim
            if said_of is not None:
                distance = type(place.module).__mro__.index(key)
                found.append((distance, f"{place.attribute} of {key.__qualname__}", said_of))
    return [(words, claim) for _, words, claim in sorted(found, key=lambda each: each[0])]


def _evaluated(claim: Any, place: Place) -> Resolved:
    """What a claim says of one tensor."""
    if isinstance(claim, Default):
        found = defaults.law(place)
        if found is None and place.is_buffer:
            return Written()
        if found is None:
            raise _Unfit(
                f"no default is documented for {place.attribute} of "
                f"{type(place.module).__qualname__}: give {place.name} a law"
            )
        return found
    if isinstance(claim, Cast):
        return cast(_evaluated(claim.claim, place))
    if isinstance(claim, Resolved):
        return claim
    if callable(claim):
        return _evaluated(_called(claim, place), place)
    raise _Unfit(f"{shown(claim)}, which is said of {place.name}, is no law")


def _called(claim: Callable[..., Any], place: Place) -> Any:
    """What a function gives for a tensor."""
    try:
        wanted = len(inspect.signature(claim).parameters)
    except (TypeError, ValueError):
        wanted = 1
    if wanted not in _ARGUMENTS:
        takes = " or ".join(_ARGUMENTS.values())
        raise _Unfit(f"the law of {place.name} takes {wanted} arguments: it is called with {takes}")
    given = (place.shape, place.module, place.name)[:wanted]
    try:
        return claim(*given)
    except Exception as error:
        raise _Unfit(f"the law of {place.name} cannot be computed, {said(error)}") from error


def _checked(claimed: Claimed, there: Set[str]) -> Claimed:
    """The same; `_Unfit` if its tensor, or one that it is computed from, could not keep it."""
    of = claimed.claim.names if isinstance(claimed.claim, Computed) else ()
    if absent := [name for name in of if name not in there]:
        raise _Unfit(f"{claimed.place.name} is computed from {absent[0]}, which is not there")
    place, lattice = claimed.place, LATTICES.get(_part(claimed.place.dtype))
    try:
        laws = claimed.laws
    except Exception as error:
        raise _Unfit(f"{claimed.key!r} cannot hold for {place.name}: {said(error)}") from error
    if laws and lattice is None:
        raise _Unfit(
            f"{place.name} is of the dtype {place.dtype}, of which no law is known: say "
            "Exactly(values) or Unchecked(why)"
        )
    for each in laws:
        shape = each.lawful_shape
        unmet = next((demand for demand, is_met in each.law.demands(shape) if not is_met), "")
        if unmet:
            raise _Unfit(f"{each.law!r} cannot hold for {place.name} of shape {shape}: {unmet}")
        if lattice is not None and not each.law.fits(lattice):
            raise _Unfit(f"{each.law!r} has values too large for {place.name}, {place.dtype}")
    return claimed


def _part(dtype: str) -> str:
    """The dtype of the parts of complex values; of others itself."""
    return {"complex32": "float16", "complex64": "float32", "complex128": "float64"}.get(
        dtype, dtype
    )
