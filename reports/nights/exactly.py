"""Sums of evidence without rounding, so that no order of adding shows.

Floats are added as fractions and rounded when a sum is decided or written; what rounding took
away is written beside it, as numbers that are smaller and smaller.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

import numpy as np

from verify.checks import packing
from verify.checks.statistics import Statistic
from verify.outcome.evidence import Evidence, common

Layer = Mapping[str, Any]
"""What is left of the fields of statistics: by tensor, by check, by field."""


def exact(evidence: Evidence, layers: Iterable[Layer] = ()) -> Evidence:
    """Evidence in fractions: as it was written, and what rounding had taken away from it."""
    whole = _mapped(evidence, _widened)
    for layer in layers:
        whole = _restored(whole, layer)
    return whole


def added(one: Evidence, other: Evidence) -> Evidence:
    """The sum of two pieces of evidence in fractions.

    Raises
    ------
    ValueError
        If statistics of one name are of different kinds or sizes.
    """
    statistics, tensors = dict(one.statistics), dict(one.tensors)
    for name, statistic in other.statistics.items():
        known = statistics.get(name)
        statistics[name] = statistic if known is None else _merged(name, known, statistic)
    for name, evidence in other.tensors.items():
        tensors[name] = added(tensors[name], evidence) if name in tensors else evidence
    return Evidence(statistics, tensors, common(one.family, other.family))


def rounded(evidence: Evidence) -> Evidence:
    """The evidence in floats, each the nearest to its sum."""
    return _mapped(evidence, _narrowed)


def layers_of(evidence: Evidence) -> list[Layer]:
    """What rounding takes away from evidence in fractions, layer by layer until nothing is left."""
    layers: list[Layer] = []
    rest = _each({"": evidence, **evidence.tensors}, _rest)
    while rest:
        layers.append(_each(rest, lambda fields: {key: _written(x) for key, x in fields.items()}))
        rest = _each(rest, lambda fields: _left({key: _over(x) for key, x in fields.items()}))
    return layers


def _each(tree: Mapping[str, Any], change: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Change every statistic of every tensor, and leave out what comes to nothing."""
    changed = {
        tensor: {name: left for name, each in _statistics(part) if (left := change(each))}
        for tensor, part in tree.items()
    }
    return {tensor: statistics for tensor, statistics in changed.items() if statistics}


def _statistics(part: Evidence | Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return (part.statistics if isinstance(part, Evidence) else part).items()


def _rest(statistic: Statistic) -> dict[str, Any]:
    """What rounding takes away from each field; by name alone where a field holds names."""
    values = {f.name: getattr(statistic, f.name) for f in fields(statistic)}
    return _left({name: _over(_in_order(value)) for name, value in values.items()})


def _left(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if np.any(value)}


def _in_order(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return _objects((value[key] for key in sorted(value)), len(value))


def _over(value: Any) -> Any:
    """What rounding takes away from a number, or from each of several."""
    if isinstance(value, np.ndarray):
        return _objects(map(_over, value), value.size) if value.dtype == object else 0
    return value - Fraction(float(value)) if isinstance(value, Fraction) else 0


def _written(value: Any) -> Any:
    return packing.pack(value.astype(np.float64)) if isinstance(value, np.ndarray) else float(value)


def _merged(name: str, one: Statistic, other: Statistic) -> Statistic:
    if type(one) is not type(other) or _sizes(one) != _sizes(other):
        raise ValueError(f"the statistic {name!r} is of another kind or size")
    if _finite(one) and _finite(other):
        return one.merge(other)
    # What is no number stays none in floats, where the larger of it and a fraction would not.
    plain = (_turned(statistic, _narrowed) for statistic in (one, other))
    return next(plain).merge(next(plain))


def _sizes(statistic: Statistic) -> list[tuple[int, ...]]:
    return [np.shape(getattr(statistic, f.name)) for f in fields(statistic)]


def _finite(statistic: Statistic) -> bool:
    return all(map(math.isfinite, _numbers(getattr(statistic, f.name) for f in fields(statistic))))


def _numbers(values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        if isinstance(value, np.ndarray):
            yield from () if value.dtype == np.int64 else value
        elif isinstance(value, dict):
            yield from value.values()
        else:
            yield value


def _mapped(evidence: Evidence, turn: Callable[[Any], Any]) -> Evidence:
    statistics = {name: _turned(s, turn) for name, s in evidence.statistics.items()}
    tensors = {name: _mapped(each, turn) for name, each in evidence.tensors.items()}
    return Evidence(statistics, tensors, evidence.family)


def _turned(statistic: Statistic, turn: Callable[[Any], Any]) -> Statistic:
    return replace(
        statistic, **{f.name: turn(getattr(statistic, f.name)) for f in fields(statistic)}
    )


def _restored(evidence: Evidence, layer: Layer) -> Evidence:
    statistics = dict(evidence.statistics)
    for name, rest in layer.get("", {}).items():
        old = statistics[name]
        more = {field: _sum(getattr(old, field), value) for field, value in rest.items()}
        statistics[name] = replace(old, **more)
    tensors = {
        name: _restored(each, {"": layer.get(name, {})}) for name, each in evidence.tensors.items()
    }
    return Evidence(statistics, tensors, evidence.family)


def _sum(value: Any, rest: Any) -> Any:
    more = _widened(packing.array(rest) if isinstance(rest, Mapping) else rest)
    if isinstance(value, dict):
        return {key: value[key] + each for key, each in zip(sorted(value), more, strict=True)}
    return value + more


def _fraction(value: float) -> Fraction | float:
    return Fraction(value) if math.isfinite(value) else value


def _widened(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value if value.dtype == np.int64 else _objects(map(_fraction, value), value.size)
    if isinstance(value, dict):
        return {key: _widened(each) for key, each in value.items()}
    return _fraction(value) if isinstance(value, float) else value


def _narrowed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.astype(np.float64) if value.dtype == object else value
    if isinstance(value, dict):
        return {key: _narrowed(each) for key, each in value.items()}
    return float(value) if isinstance(value, Fraction) else value


def _objects(values: Iterable[Any], size: int) -> np.ndarray[Any, np.dtype[np.object_]]:
    return np.fromiter(values, object, size)
