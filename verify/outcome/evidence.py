"""Evidence: the mergeable summary of everything observed in a cell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeGuard

import numpy as np

from verify.checks.bounds import ALPHA
from verify.checks.finding import Finding
from verify.checks.packing import Numbers
from verify.checks.statistics import Decision, Statistic, from_json
from verify.laws import Family

__all__ = ["NOTHING", "Evidence", "Family", "common", "family_from_json"]


@dataclass(frozen=True)
class Evidence:
    """Statistics by check name; evidence of several samples adds up.

    Attributes
    ----------
    statistics : mapping
        What was seen of the subject as a whole; for an initializer, of its one tensor.
    tensors : mapping
        The evidence of each tensor of a module, or of each kind of tensors once pooled.
    family : Family or None
        That of the law of the values, where there are any.
    """

    statistics: Mapping[str, Statistic]
    tensors: Mapping[str, Evidence] = field(default_factory=dict)
    family: Family | None = None

    def __add__(self, other: Evidence) -> Evidence:
        """The evidence of both, statistic by statistic."""
        merged = dict(self.statistics)
        for name, statistic in other.statistics.items():
            merged[name] = merged[name].merge(statistic) if name in merged else statistic
        tensors = dict(self.tensors)
        for name, evidence in other.tensors.items():
            tensors[name] = tensors[name] + evidence if name in tensors else evidence
        return Evidence(merged, tensors, common(self.family, other.family))

    def pooled(self, kinds: Mapping[str, str] | None = None) -> Evidence:
        """Without the statistics that describe one sample only; tensors added up by kind."""
        whole = Evidence(
            {name: s for name, s in self.statistics.items() if s.pools}, family=self.family
        )
        for name, evidence in self.tensors.items():
            whole += Evidence({}, {(kinds or {}).get(name, name): evidence.pooled()})
        return whole

    def narrowed(self, tensors: Collection[str], kinds: Collection[str]) -> Evidence:
        """Of some tensors, the whole among them if it has no name, statistics of some kinds."""
        kept = {name: s for name, s in self.statistics.items() if s.kind in kinds}
        parts = {name: e for name, e in self.tensors.items() if name in tensors}
        return Evidence(
            kept if "" in tensors else {},
            {name: each.narrowed([""], kinds) for name, each in parts.items()},
            self.family,
        )

    def without(self, checks: Collection[str]) -> Evidence:
        """All but the statistics of some checks, of the whole and of every tensor."""
        if not checks:
            return self
        return replace(
            self,
            statistics={n: s for n, s in self.statistics.items() if n not in checks},
            tensors={name: each.without(checks) for name, each in self.tensors.items()},
        )

    def findings(self, scope: str, case: object = None, level: float = ALPHA) -> list[Finding]:
        """Every decision that the evidence allows, in order of tensors and check names."""
        label = None if case is None else repr(case)
        return [d.finding(scope, label, tensor) for tensor, d in self.decisions(level)]

    def decisions(self, level: float = ALPHA) -> Iterator[tuple[str, Decision]]:
        """The same, not yet told: each with the name of its tensor."""
        for name, statistic in sorted(self.statistics.items()):
            yield from (("", decision) for decision in statistic.decisions(name, level))
        for tensor, evidence in sorted(self.tensors.items()):
            yield from ((tensor, decision) for _, decision in evidence.decisions(level))

    @property
    def families(self) -> dict[str, dict[str, object]]:
        """The family of each tensor's law as a JSON object; of the whole under no name."""
        every = {"": self, **self.tensors}
        return {name: vars(each.family) for name, each in every.items() if each.family}

    def to_json(self) -> dict[str, object]:
        """A JSON object by check name; tensors are written one by one."""
        return {name: s.to_json() for name, s in sorted(self.statistics.items())}

    @classmethod
    def from_json(cls, document: Mapping[str, Mapping[str, object]]) -> Evidence:
        """Rebuild evidence from `to_json`.

        Raises
        ------
        ValueError
            For an unknown kind of statistic, a missing field, or one that holds something else.
        """
        return cls({name: _checked(name, from_json(value)) for name, value in document.items()})


NOTHING = Evidence({})


def common(one: Family | None, other: Family | None) -> Family | None:
    """What is true of both families; of nothing it is the other."""
    return one | other if one and other else one or other


def family_from_json(document: Mapping[str, Any]) -> Family:
    """Rebuild what `Evidence.families` wrote of one tensor."""
    parameters = document.get("parameters")
    return Family(
        str(document["name"]), None if parameters is None else tuple(map(float, parameters))
    )


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _is_number(value: object) -> bool:
    """Whether a value can be added up as a float; NaN can, and fails its check."""
    return type(value) is float or (type(value) is int and abs(value) < 1 << 63)


def _are_numbers(value: object) -> TypeGuard[Numbers]:
    return isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "if"


def _are_counts(value: object) -> bool:
    # Older files write counts as floats.
    return _are_numbers(value) and bool(np.all((value >= 0) & (value == np.floor(value))))


def _are_whole(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind == "i"


def _are(holds: Callable[[object], bool], value: object) -> bool:
    return isinstance(value, dict) and all(map(holds, value.values()))


_HOLDS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "int": ("a count", _is_count),
    "float": ("a number", _is_number),
    "Counts": ("an array of counts", _are_counts),
    "Whole": ("an array of whole numbers", _are_whole),
    "Floats": ("an array of numbers", _are_numbers),
    "Floats | None": ("an array of numbers", lambda x: x is None or _are_numbers(x)),
    "dict[str, int]": ("counts by name", lambda x: _are(_is_count, x)),
    "dict[str, float]": ("numbers by name", lambda x: _are(_is_number, x)),
}
"""What a field of a statistic holds, by its annotation: in words, and how to tell."""


def _checked(name: str, statistic: Statistic) -> Statistic:
    """The statistic; ValueError if a field does not hold what its annotation says."""
    for each in fields(statistic):
        words, holds = _HOLDS[str(each.type)]
        if not holds(getattr(statistic, each.name)):
            raise ValueError(f"the field {each.name!r} of the statistic {name!r} is not {words}")
    try:
        statistic.to_json()
    except KeyError as missing:
        raise ValueError(f"the fields of the statistic {name!r} disagree on {missing}") from None
    return statistic
