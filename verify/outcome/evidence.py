"""Evidence: the mergeable summary of everything observed in a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from verify.checks.bounds import ALPHA
from verify.checks.finding import Finding
from verify.checks.statistics import Statistic, from_json


@dataclass(frozen=True)
class Evidence:
    """Statistics by check name; evidence of several samples adds up.

    Attributes
    ----------
    statistics : mapping
        What was seen of the subject as a whole; for an initializer, of its one tensor.
    tensors : mapping
        The evidence of each tensor of a module, or of each kind of tensors once pooled.
    """

    statistics: Mapping[str, Statistic]
    tensors: Mapping[str, Evidence] = field(default_factory=dict)

    def __add__(self, other: Evidence) -> Evidence:
        """The evidence of both, statistic by statistic."""
        merged = dict(self.statistics)
        for name, statistic in other.statistics.items():
            merged[name] = merged[name].merge(statistic) if name in merged else statistic
        tensors = dict(self.tensors)
        for name, evidence in other.tensors.items():
            tensors[name] = tensors[name] + evidence if name in tensors else evidence
        return Evidence(merged, tensors)

    def pooled(self, kinds: Mapping[str, str] | None = None) -> Evidence:
        """Without the statistics that describe one sample only; tensors added up by kind."""
        whole = Evidence({name: s for name, s in self.statistics.items() if s.pools})
        for name, evidence in self.tensors.items():
            whole += Evidence({}, {(kinds or {}).get(name, name): evidence.pooled()})
        return whole

    def findings(self, scope: str, case: object = None, level: float = ALPHA) -> list[Finding]:
        """Every decision that the evidence allows, in order of tensors and check names."""
        label = None if case is None else repr(case)
        found = [
            replace(finding, scope=scope, case=label)
            for name, statistic in sorted(self.statistics.items())
            for finding in statistic.findings(name, level)
        ]
        for name, evidence in sorted(self.tensors.items()):
            found += [replace(f, tensor=name) for f in evidence.findings(scope, case, level)]
        return found

    def to_json(self) -> dict[str, Any]:
        """A JSON object by check name; tensors are written one by one."""
        return {name: s.to_json() for name, s in sorted(self.statistics.items())}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Evidence:
        """Rebuild evidence from `to_json`.

        Raises
        ------
        ValueError
            For an unknown kind of statistic or a missing field.
        """
        return cls({name: from_json(value) for name, value in document.items()})


NOTHING = Evidence({})
