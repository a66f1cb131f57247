"""One cell over several nights: evidence that adds up, and verdicts that stay.

Under the null a p-value that is looked at again after every night falls below any fixed level
some night (Robbins 1970). The k-th look at the pool of a check is therefore decided at
α_k = α · 6 / (π² k²). These levels add up to α, so by Bonferroni's bound the pool of a check
raises a false alarm in any night ever with probability at most α: one decision more in the
union bound, beside those that each night took at α itself. It holds for nights that are added
one after the other and not chosen by what they show.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reports.evidence.records import Finding, Line, Verdict
from reports.evidence.store import MALFORMED, why
from reports.evidence.verdict import finding_key
from reports.evidence.words import listing
from reports.nights import exactly
from verify.outcome.evidence import Evidence, family_from_json
from verify.outcome.schema import SCHEMA
from verify.outcome.shapes import each_of, one_or_more

# What a cell is, and must be in every night.
IDENTITY = ("nodeid", "promise", "subject", "witness", "backend", "dtype", "law", "source")
# What each night keeps to itself.
_OWN = ("verdict", "reason", "replay", "n", "cases", "calls", "decisions")


class Unlike(Exception):
    """Two cells of one name that do not add up."""


@dataclass(frozen=True)
class Pool:
    """A cell as several nights saw it.

    Attributes
    ----------
    identity
        The entries of the line that no night changes.
    nights
        By run seed: verdict, counts, what failed, and a digest of the line it comes from.
    evidence
        The sum, in fractions.
    excluded
        Known defects whose region was left out.
    streams
        Fingerprints of seeded streams by case.

    """

    identity: Line
    nights: Mapping[str, Line]
    evidence: Evidence
    excluded: frozenset[str]
    streams: Mapping[str, frozenset[str]]

    @classmethod
    def from_line(cls, line: Line, run_seed: str) -> Pool:
        """Read a cell line: of the run of a seed, or of several nights."""
        whole = _evidence_of(line)
        added = {seed: _completed(night) for seed, night in (line.get("nights") or {}).items()}
        nights = added or {run_seed: _night(line)}
        return cls(
            identity={key: line[key] for key in IDENTITY if key in line},
            nights={str(seed): night for seed, night in nights.items()},
            evidence=exactly.exact(whole.pooled(), line.get("residues") or ()),
            excluded=frozenset(map(str, line.get("excluded") or ())),
            streams={k: frozenset(each_of(v)) for k, v in (line.get("streams") or {}).items()},
        )

    def __add__(self, other: Pool) -> Pool:
        """The cell over the nights of both, which differ; `Unlike` if they are of two suites."""
        own, others = self.identity, other.identity
        if "law" in own and "law" in others and own != others:
            raise Unlike("has another law")
        try:
            evidence = exactly.added(self.evidence, other.evidence)
        except ValueError as reason:
            raise Unlike(str(reason)) from None
        return Pool(
            # An item that handed nothing over is known by its name alone.
            own if "law" in own else others,
            _trimmed({**self.nights, **other.nights}),
            evidence,
            self.excluded | other.excluded,
            {
                case: self.streams.get(case, frozenset()) | other.streams.get(case, frozenset())
                for case in self.streams.keys() | other.streams.keys()
            },
        )

    def with_night(self, seed: str, night: Line) -> Pool:
        """The same, with another account of one night."""
        return replace(self, nights=_trimmed({**self.nights, seed: night}))

    def found(self, other: Pool) -> Pool | None:
        """The same without nights that were lost here and are there; None if that was all.

        A night that was lost has added nothing.
        """
        nights = {
            seed: night
            for seed, night in self.nights.items()
            if night["verdict"] != Verdict.LOST
            or other.nights.get(seed, night)["verdict"] == Verdict.LOST
        }
        return replace(self, nights=nights) if nights else None

    def to_line(self, alpha: float) -> dict[str, Any]:
        """The cell line: every night's own verdict, and the decision on the sum of all."""
        evidence = exactly.rounded(self.evidence)
        looks = sum(bool(night["decisions"]) for night in self.nights.values())
        own_level = level(alpha, looks) if looks > 1 else alpha
        pooled, damage = _decided(evidence, own_level) if looks > 1 else ([], "")
        known = {(f.check, f.tensor) for f in pooled}
        nights = {seed: _without(known, night) for seed, night in sorted(self.nights.items())}
        own = [finding for seed, night in nights.items() for finding in _labelled(seed, night)]
        verdicts = [Verdict(night["verdict"]) for night in nights.values()]
        alarm = any(not f.passed for f in pooled)
        verdicts += [Verdict.FAIL] if alarm else [Verdict.ERROR] if damage else []
        worst_seed = min(nights, key=lambda seed: (Verdict(nights[seed]["verdict"]).rank, seed))
        sums = {key: sum(night[key] for night in nights.values()) for key in _OWN[3:]}
        return {
            **self.identity,
            **sums,
            "schema": SCHEMA,
            "kind": "cell",
            "alpha": own_level,
            "decisions": sums["decisions"] + len(pooled),
            "verdict": min(verdicts, key=lambda verdict: verdict.rank),
            "reason": damage or _reason(nights, alarm=alarm, looks=looks),
            "replay": nights[worst_seed]["replay"],
            "findings": [finding.to_json() for finding in (*pooled, *own)],
            "statistics": evidence.to_json(),
            "tensors": {name: e.to_json() for name, e in sorted(evidence.tensors.items())},
            "families": evidence.families,
            "residues": exactly.layers_of(self.evidence),
            "nights": nights,
            "excluded": sorted(self.excluded),
            "streams": {case: one_or_more(of) for case, of in sorted(self.streams.items())},
        }


def _decided(evidence: Evidence, own_level: float) -> tuple[list[Finding], str]:
    """The decisions on a sum; of one that is no possible evidence, what is wrong with it."""
    try:
        return evidence.findings("cell", level=own_level), ""
    except MALFORMED as error:
        reason = f"The evidence of its nights adds up to nothing that can be decided: {why(error)}."
        return [], f"{reason} Find the night whose evidence is damaged, and leave it out."


def level(alpha: float, look: int) -> float:
    """The level of the k-th look at a pool: over all looks they add up to α."""
    return alpha * 6 / (math.pi * max(1, look)) ** 2


def digest(line: Line) -> str:
    """What tells whether two lines are the same."""
    text = json.dumps(line, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _evidence_of(line: Line) -> Evidence:
    families = {n: family_from_json(each) for n, each in (line.get("families") or {}).items()}
    tensors = {
        name: replace(Evidence.from_json(each), family=families.get(name))
        for name, each in (line.get("tensors") or {}).items()
    }
    whole = Evidence.from_json(line.get("statistics") or {})
    return replace(whole, tensors=tensors, family=families.get(""))


def _night(line: Line) -> dict[str, Any]:
    """What one night keeps: its verdict, what failed, and of the rest what came nearest."""
    findings = [Finding.from_json(finding) for finding in line.get("findings") or ()]
    nearest = _nearest(("", finding) for finding in findings if finding.passed)
    kept = [f for f in findings if not f.passed or ("", f) in nearest.values()]
    told = {"digest": digest(line), "findings": [finding.to_json() for finding in kept]}
    return told | _own(line)


def _completed(night: Line) -> dict[str, Any]:
    """What a line of several nights keeps of one, with what it may leave out."""
    return {"findings": [], **night, **_own(night)}


def _own(line: Line) -> dict[str, Any]:
    texts = {key: str(line.get(key) or "") for key in _OWN[:3]}
    return texts | {key: int(line.get(key) or 0) for key in _OWN[3:]}


def _nearest(findings: Iterable[tuple[str, Finding]]) -> dict[object, tuple[str, Finding]]:
    """Of all nights the finding nearest to failing: of each check of cells, and of the cases."""
    nearest: dict[object, tuple[str, Finding]] = {}
    for seed, finding in sorted(findings, key=_closeness):
        cases = finding.scope == "case"
        nearest.setdefault("case" if cases else (finding.check, finding.tensor), (seed, finding))
    return nearest


def _closeness(entry: tuple[str, Finding]) -> tuple[object, ...]:
    seed, finding = entry
    return (*finding_key(finding), seed, digest(finding.to_json()))


def _findings(night: Line) -> Iterator[Finding]:
    yield from map(Finding.from_json, night["findings"])


def _trimmed(nights: Mapping[str, Line]) -> dict[str, Line]:
    """Keep of passing findings only those that came nearest to failing in any night."""
    passing = ((seed, f) for seed, night in nights.items() for f in _findings(night) if f.passed)
    nearest = list(_nearest(passing).values())
    return {
        seed: {
            **night,
            "findings": [
                f.to_json() for f in _findings(night) if not f.passed or (seed, f) in nearest
            ],
        }
        for seed, night in nights.items()
    }


def _without(known: set[tuple[str, str]], night: Line) -> dict[str, Any]:
    """A night without what passed in it and is decided again on the sum."""
    kept = (
        f for f in _findings(night)
        if not (f.passed and f.scope == "cell" and (f.check, f.tensor) in known)
    )  # fmt: skip
    return {**night, "findings": [finding.to_json() for finding in kept]}


def _labelled(seed: str, night: Line) -> Iterator[Finding]:
    for finding in _findings(night):
        decided = finding.scope == "cell" and finding.p_value is not None and not finding.passed
        # It was decided by its night, at the night's level.
        scope = "night" if decided else finding.scope
        yield replace(finding, scope=scope, message=f"{finding.message} (run seed {seed})")


def _reason(nights: Mapping[str, Line], *, alarm: bool, looks: int) -> str:
    said = [
        f"{night['verdict']} under run seed {seed}"
        + (f": {night['reason'].rstrip('.')}" if night["reason"] else "")
        for seed, night in nights.items()
        if Verdict(night["verdict"]).needs_attention
    ]
    said += [f"{looks} nights together fail"] if alarm else []
    others = dict.fromkeys(n["reason"] for n in nights.values() if n["reason"])
    return f"{listing(said)}." if said else listing(others)
