"""Evidence: the mergeable summary of everything observed in a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from verify.checks.finding import Finding
from verify.checks.statistics import Statistic, from_json


@dataclass(frozen=True)
class Evidence:
    """Statistics by check name; evidence of several samples adds up."""

    statistics: Mapping[str, Statistic]

    def __add__(self, other: Evidence) -> Evidence:
        """The evidence of both, statistic by statistic."""
        merged = dict(self.statistics)
        for name, statistic in other.statistics.items():
            merged[name] = merged[name].merge(statistic) if name in merged else statistic
        return Evidence(merged)

    def pooled(self) -> Evidence:
        """Without the statistics that describe one sample only."""
        return Evidence({name: s for name, s in self.statistics.items() if s.pools})

    def findings(self, scope: str, case: object = None) -> list[Finding]:
        """Every decision that the evidence allows, in order of check names."""
        label = None if case is None else repr(case)
        return [
            replace(finding, scope=scope, case=label)
            for name, statistic in sorted(self.statistics.items())
            for finding in statistic.findings(name)
        ]

    def to_json(self) -> dict[str, Any]:
        """A JSON object by check name."""
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
