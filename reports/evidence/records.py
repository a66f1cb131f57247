"""The typed form of an evidence file: a run, its cells, their findings."""

from __future__ import annotations

import math
import shlex
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from verify.checks import packing
from verify.checks.bounds import ALPHA
from verify.checks.finding import Detectable, Effect, Finding, Kind
from verify.outcome import older
from verify.outcome.evidence import Family, family_from_json
from verify.outcome.shapes import each_of
from verify.outcome.verdict import Verdict

__all__ = [
    "CellRecord",
    "Detectable",
    "Effect",
    "Family",
    "Finding",
    "Kind",
    "Line",
    "Report",
    "RunRecord",
    "Verdict",
]

Line = Mapping[str, Any]

# More run seeds, or selections, than this are counted.
_MOST_TOLD = 3
# So many letters of a selection are shown: it may name a thousand items.
_LONGEST = 120


@dataclass(frozen=True)
class CellRecord:
    """Subject x dtype x backend under one promise: what was observed, and the verdict.

    Attributes
    ----------
    histogram
        Counts of the probability transforms, for a subject of one tensor.
    tensors
        The same for each kind of random tensors of a module.
    others
        Counts of what else has a law, by check: the entries of orthogonal matrices.
    places
        Standardised sums of centred scores, by check: each place that was seen, and its sum.
    tallies
        Counts that nothing is decided by, of each tensor by check: singular values, rows of zeros.
    families
        The family of the law of each tensor; of the whole under no name.
    of_case
        Whether all these are of the case that failed: what fails is not pooled.
    signal
        Standard deviations of a signal layer by layer: observed and expected.
    streams
        Fingerprints of what fixed cases draw from a fixed seed.
    alpha
        The level at which its pool was decided; 0 if that is the run's.
    witness
        The known defect that it is a witness of, by its id.
    failed_nights
        Of several nights: the run seeds of those in which it needed attention.

    """

    nodeid: str
    promise: str
    subject: str
    backend: str
    dtype: str
    verdict: Verdict
    reason: str = ""
    law_words: str = ""
    law_formula: str = ""
    law_history: str = ""
    source: str = ""
    n: int = 0
    cases: int = 0
    calls: int = 0
    decisions: int = 0
    findings: tuple[Finding, ...] = ()
    histogram: tuple[int, ...] = ()
    tensors: Mapping[str, Sequence[int]] = field(default_factory=dict)
    others: Mapping[str, Sequence[int]] = field(default_factory=dict)
    places: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    tallies: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    families: Mapping[str, Family] = field(default_factory=dict)
    of_case: bool = False
    signal: tuple[tuple[float, float], ...] = ()
    excluded: tuple[str, ...] = ()
    streams: Mapping[str, Sequence[str]] = field(default_factory=dict)
    replay: str = ""
    alpha: float = 0.0
    witness: str = ""
    failed_nights: tuple[str, ...] = ()

    @property
    def defects(self) -> tuple[str, ...]:
        """The known defects that it leaves out, or whose witness it is: each still there."""
        shown = self.verdict is Verdict.KNOWN_DEFECT and self.witness
        return (*self.excluded, self.witness) if shown else self.excluded

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What failed; the sum of a promise's questions says less than the questions."""
        failed = [finding for finding in self.findings if not finding.passed]
        exact = [finding for finding in failed if finding.p_value is None]
        in_cases = {(f.check, f.tensor) for f in exact if f.scope == "case"}
        sums = [f for f in exact if f.scope == "cell" and (f.check, f.tensor) in in_cases]
        return tuple(finding for finding in failed if finding not in sums)

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """The known defects of other backends, if they explain all that is wrong in it."""
        explained = {finding.elsewhere for finding in self.failures}
        return tuple(sorted(explained)) if self.verdict.is_wrong and "" not in explained else ()

    def family(self, tensor: str) -> str:
        """Return the name of the family of a tensor's law; nothing if it is unknown."""
        if not self.families:
            return older.family(self.law_formula)
        known = self.families.get(tensor)
        return known.name if known else ""

    @property
    def title(self) -> str:
        """The subject; of a witness with the defect that it shows."""
        return f"{self.subject}: {self.witness}" if self.witness else self.subject

    @classmethod
    def from_json(cls, data: Line) -> CellRecord:
        """Read a cell line; raise KeyError, TypeError or ValueError where it is malformed."""
        law, failing = data.get("law") or {}, data.get("failing") or {}
        of_case = any(failing.get(name) for name in ("statistics", "tensors"))
        shown = failing if of_case else data
        return cls(
            nodeid=str(data["nodeid"]),
            promise=str(data["promise"]),
            subject=str(data["subject"]),
            verdict=Verdict(str(data["verdict"])),
            backend=str(data.get("backend") or ""),
            dtype=str(data.get("dtype") or ""),
            reason=str(data.get("reason") or ""),
            law_words=str(law.get("words") or ""),
            law_formula=str(law.get("formula") or ""),
            law_history=str(law.get("history") or ""),
            source=str(data.get("source") or ""),
            n=int(data.get("n") or 0),
            cases=int(data.get("cases") or 0),
            calls=int(data.get("calls") or 0),
            decisions=int(data.get("decisions") or 0),
            findings=tuple(
                older.completed(Finding.from_json(item)) for item in data.get("findings") or ()
            ),
            histogram=tuple(_histogram(shown.get("statistics") or {})),
            tensors=_histograms(shown.get("tensors") or {}),
            others=_others(shown.get("statistics") or {}),
            places=_places(shown.get("statistics") or {}),
            tallies=_tallies(shown),
            # The case that failed may have another family than what was pooled.
            families=_families(data if shown is failing else failing) | _families(shown),
            of_case=of_case,
            signal=_signal((data.get("statistics") or {}).get("signal") or {}),
            excluded=tuple(str(name) for name in data.get("excluded") or ()),
            streams={str(k): tuple(each_of(v)) for k, v in (data.get("streams") or {}).items()},
            replay=str(data.get("replay") or ""),
            alpha=float(data.get("alpha") or 0),
            witness=str(data.get("witness") or ""),
            failed_nights=tuple(
                str(seed)
                for seed, night in sorted((data.get("nights") or {}).items())
                if Verdict(str(night["verdict"])).needs_attention
            ),
        )


@dataclass(frozen=True)
class Defect:
    """A known defect of the PyTorch under test, for readers."""

    versions: str = ""
    symptom: str = ""
    link: str = ""
    backends: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Line) -> Defect:
        """Read an entry of the run line."""
        versions, symptom, link = (str(data.get(n) or "") for n in ("versions", "symptom", "link"))
        return cls(versions, symptom, link, tuple(map(str, data.get("backends") or ())))


@dataclass(frozen=True)
class RunRecord:
    """What was asked for: seed, profile, threshold, environment, planned items."""

    run_seed: str = "unknown"
    profile: str = "unknown"
    alpha: float = ALPHA
    shards: tuple[str, ...] = ("1/1",)
    selections: tuple[tuple[str, ...], ...] = ()
    """The arguments of pytest that chose what was run, of each part; none: everything was."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the run was told, and the digest of the suite."""
    backends: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By backend: what describes it."""
    planned: tuple[str, ...] = ()
    nights: tuple[str, ...] = ()
    """The run seeds of nights whose evidence has been added up."""
    profiles: Mapping[str, str] = field(default_factory=dict)
    """The profile of each of these nights."""
    identities: Mapping[str, Line] = field(default_factory=dict)
    """Of planned items: promise, subject, backend and dtype."""
    defects: Mapping[str, Defect] = field(default_factory=dict)
    """What was known to be wrong before the run."""

    @classmethod
    def from_json(cls, data: Line) -> RunRecord:
        """Read a run line; raise KeyError, TypeError or ValueError where it is malformed."""
        nights = data.get("nights") or {}
        return cls(
            run_seed=_seeds(data["run_seed"]),
            profile=_text(data.get("profile") or "unknown"),
            alpha=float(data.get("alpha") or ALPHA),
            shards=tuple(each_of(data.get("shard") or "1/1")),
            selections=tuple(map(tuple, data.get("selections") or ())),
            environment=_texts(data.get("environment") or {}),
            backends={str(k): _texts(v) for k, v in (data.get("backends") or {}).items()},
            planned=tuple(str(nodeid) for nodeid in data.get("planned") or ()),
            identities=dict(data.get("identities") or {}),
            nights=tuple(sorted(map(str, nights))),
            profiles={str(k): str(v.get("profile") or "unknown") for k, v in nights.items()},
            defects={
                str(k): Defect.from_json(v) for k, v in sorted((data.get("defects") or {}).items())
            },
        )

    @property
    def shard(self) -> str:
        """Which part of the run it is, for readers."""
        return _text(self.shards)

    @property
    def selected(self) -> str:
        """What was selected of the run, for readers; nothing where everything was."""
        told = [shlex.join(chosen) for chosen in self.selections]
        more = [f"{len(told) - _MOST_TOLD} more"] if len(told) > _MOST_TOLD else []
        return " + ".join([*map(_short, told[:_MOST_TOLD]), *more])

    @property
    def torch(self) -> str:
        """The version of PyTorch under test."""
        places = (*self.backends.values(), self.environment)
        return next((place["torch"] for place in places if "torch" in place), "unknown")

    def environment_of(self, backend: str) -> dict[str, str]:
        """Return what describes the run and one backend."""
        return {**self.environment, **self.backends.get(backend, {})}

    @property
    def described(self) -> dict[str, str]:
        """What describes the run and all backends, under headings for readers."""
        own = {
            f"{backend}: {name}": value
            for backend, entries in self.backends.items()
            for name, value in entries.items()
        }
        return {**self.environment, **own}

    def joined(self, other: RunRecord) -> RunRecord:
        """Return this run with the planned items of another shard."""
        planned = tuple(sorted({*self.planned, *other.planned}))
        shards = tuple(dict.fromkeys((*self.shards, *other.shards)))
        both = tuple(dict.fromkeys((*self.selections, *other.selections)))
        chosen = both if self.selections and other.selections else ()
        identities = {**self.identities, **other.identities}
        return replace(
            self, planned=planned, shards=shards, selections=chosen, identities=identities
        )


@dataclass(frozen=True)
class Report:
    """A run, its cells, and one sentence for each thing that could not be used."""

    run: RunRecord
    cells: tuple[CellRecord, ...] = ()
    problems: tuple[str, ...] = ()


def _texts(entries: Line) -> dict[str, str]:
    return {str(name): _text(value) for name, value in entries.items()}


def _text(entry: str | Sequence[str]) -> str:
    """Return for readers what one run says, or several."""
    return " + ".join(each_of(entry))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _seeds(entry: object) -> str:
    """Return a run seed, or those of a few nights; of more their number."""
    if not isinstance(entry, list):
        return str(entry)
    return _text(entry) if len(entry) <= _MOST_TOLD else f"{len(entry)} run seeds"


def _histograms(tensors: Line) -> dict[str, Sequence[int]]:
    """Return the counts of each kind of tensors that has any; they can be added up."""
    found = {str(kind): _histogram(statistics) for kind, statistics in sorted(tensors.items())}
    random = {kind: counts for kind, counts in found.items() if counts}
    if len({len(counts) for counts in random.values()}) > 1:
        raise ValueError("its tensors have histograms of different sizes")
    return random


def _histogram(statistics: Line) -> Sequence[int]:
    """Return the transforms' counts: the first histogram by name, as a cell may hold others."""
    for _, statistic in sorted(statistics.items()):
        if statistic.get("kind") == "histogram":
            return _counts(statistic["counts"])
    return ()


def _others(statistics: Line) -> dict[str, Sequence[int]]:
    """Return the histograms beside the transforms'."""
    found = {name: s for name, s in sorted(statistics.items()) if s.get("kind") == "histogram"}
    return {name: _counts(statistic["counts"]) for name, statistic in list(found.items())[1:]}


def _places(statistics: Line) -> dict[str, Sequence[tuple[int, float]]]:
    """Return sums by place, each in units of its largest possible standard error."""
    found = {}
    for name, each in sorted(statistics.items()):
        columns = [_plain(each.get(key, ())) for key in ("totals", "counts", "proxies")]
        if each.get("kind") == "deviations" and len(columns[0]) > 1:
            rows = enumerate(zip(*columns, strict=True))
            found[name] = tuple((i, t / math.sqrt(n * p)) for i, (t, n, p) in rows if n * p > 0)
    return {name: sums for name, sums in found.items() if sums}


def _tallies(seen: Line) -> dict[str, dict[str, Sequence[float]]]:
    """Return the tallies of each tensor that has any, those of the whole under no name."""
    every = {"": seen.get("statistics") or {}, **(seen.get("tensors") or {})}
    found: dict[str, dict[str, Sequence[float]]] = {
        str(tensor): {
            str(name): tuple(map(float, _plain(each["counts"])))
            for name, each in sorted(statistics.items())
            if each.get("kind") == "tally"
        }
        for tensor, statistics in every.items()
    }
    return {tensor: tallies for tensor, tallies in found.items() if tallies}


def _families(seen: Line) -> dict[str, Family]:
    written = (seen.get("families") or {}).items()
    return {str(tensor): family_from_json(each) for tensor, each in written}


def _signal(statistic: Line) -> tuple[tuple[float, float], ...]:
    observed, expected = (_plain(statistic.get(name, ())) for name in ("observed", "expected"))
    return tuple((float(a), float(b)) for a, b in zip(observed, expected, strict=True))


def _counts(values: Any) -> Sequence[int]:
    # Thousands of histograms are kept: an array takes a quarter of the memory of a tuple.
    counts = array("q", map(int, _plain(values)))
    if any(count < 0 for count in counts):
        raise ValueError("its histogram counts less than nothing")
    return counts


def _plain(values: Any) -> Sequence[float]:
    """Return the numbers of an array, which long ones hold in packed form."""
    if isinstance(values, str):
        raise ValueError("a text stands where numbers belong")
    return values if isinstance(values, Sequence) else packing.array(values).tolist()
