"""The parts that are merged: evidence files, the runs in them, and what they must agree on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from reports.evidence import store
from reports.evidence.records import CellRecord, Line, RunRecord
from verify.checks.bounds import ALPHA
from verify.outcome.schema import SCHEMA, parsed
from verify.outcome.shapes import each_of, one_or_more

T = TypeVar("T")

# What all parts must agree on, by its name in the environment, and what to say of it.
_COMMON = {
    "torch": "two versions of PyTorch do not add up, {}: `python -m reports compare` is the "
    "command for them",
    "known defects": "two choices of known defects do not add up, {}: merge runs of one",
}
_SHARD = re.compile(r"\d+/([1-9]\d{0,5})")


class Refused(Exception):
    """Parts that cannot be merged: one clause that says why."""


@dataclass(frozen=True)
class Asked:
    """What was asked for under one run seed."""

    profile: str
    shards: frozenset[str]
    selections: frozenset[tuple[str, ...]] = frozenset()
    """The arguments that chose what was run; none where everything was."""

    @classmethod
    def of(cls, night: Line) -> Asked:
        """Read a run line, or what a line of several nights says of one."""
        shards = night.get("shards") or each_of(night.get("shard") or "")
        selections = map(tuple, night.get("selections") or ())
        return cls(str(night.get("profile") or ""), frozenset(shards), frozenset(selections))

    def __or__(self, other: Asked) -> Asked:
        """Return what both asked for, under one profile."""
        shards = _whole(self.shards | other.shards)
        return Asked(self.profile, shards, _selections([self, other]))

    def to_line(self) -> Line:
        """Return what the line of several nights says of it."""
        chosen = {"selections": sorted(map(list, self.selections))} if self.selections else {}
        return {"profile": self.profile, "shards": sorted(self.shards), **chosen}


@dataclass(frozen=True)
class Part:
    """An evidence file and the run lines in it."""

    path: Path
    runs: tuple[Line, ...]

    @property
    def nights(self) -> dict[str, Asked]:
        """What was run under each run seed."""
        return {seed: night for run in self.runs for seed, night in _nights(run).items()}

    @property
    def planned(self) -> Iterator[tuple[str, str]]:
        """The run seed and the node id of all that its own runs planned."""
        for run in self.runs:
            if not run.get("nights"):
                yield from ((str(run["run_seed"]), str(name)) for name in run.get("planned") or ())

    def cells(
        self, from_line: Callable[[Line, str], T], notes: list[str]
    ) -> Iterator[tuple[str, T]]:
        """Yield the cells, each with the run seed of the run line above it.

        Parameters
        ----------
        from_line
            Turns a line and its run seed into the cell that is wanted.
        notes
            Gets a sentence for each line that cannot be used.

        """
        problems: list[str] = []
        for _, (seed, cell) in store.records_of(self.path, _Reader(from_line).read, problems):
            if cell is not None:
                yield seed, cell
        notes += [f"{self.path}: {problem}" for problem in problems]


@dataclass
class _Reader(Generic[T]):
    """Reads the lines of one file in turn."""

    from_line: Callable[[Line, str], T]
    seed: str = ""

    def read(self, line: Line) -> tuple[str, T | None]:
        """Return the run seed and the cell; nothing for a run line, which tells the seed."""
        if line["kind"] == "run":
            self.seed = ""  # A damaged run line must not leave its cells to the run before.
            store.typed(line)
            self.seed = str(line["run_seed"]) if _nights(line) else ""
            return self.seed, None
        if not self.seed:
            raise ValueError("there is no run line above it")
        CellRecord.from_json(line)
        return self.seed, self.from_line(line, self.seed)


def parts(paths: Iterable[Path], notes: list[str]) -> list[Part]:
    """Return the parts that can be used: those of most nights first, then by path.

    Parameters
    ----------
    paths
        Report folders and evidence files.
    notes
        Gets a sentence for each that cannot be used.

    """
    found = []
    for file in map(store.evidence_in, paths):
        try:
            runs = _runs(file)
        except OSError as error:
            notes.append(f"{file} was not used: it cannot be read ({store.system_says(error)}).")
            continue
        if runs:
            found.append(Part(file, runs))
        else:
            notes.append(f"{file} was not used: it has no run line that says which run it is.")
    return sorted(found, key=lambda part: (-len(part.nights), f"{part.path}"))


def shards_of(path: Path) -> set[tuple[str, str]]:
    """The run seeds and shards that an evidence file holds; none where there is no such file."""
    return {
        (seed, shard)
        for run in (_runs(path) if path.is_file() else ())
        for seed, night in _nights(run).items()
        for shard in night.shards
    }


def refuse_unlike(given: Sequence[Part]) -> None:
    """Raise `Refused` if runs do not add up whatever they found."""
    for name, sentence in _COMMON.items():
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for part in given:
            for backend, value in _entries(part, name):
                # Builds for several backends are one version, each under a label of its own.
                for account, said in ((f"of {backend}", value), ("", value.partition("+")[0])):
                    found[account].setdefault(said, f"{part.path}")
        for values in found.values():
            if len(values) > 1:
                raise Refused(sentence.format(_first_two(values)))
    if len({float(run.get("alpha") or ALPHA) for part in given for run in part.runs}) > 1:
        raise Refused("the parts decide at different levels: merge runs of one level")


def suite_versions_note(given: Sequence[Part]) -> list[str]:
    """Say so, in one sentence, if the parts come from different versions of the suite."""
    found: dict[str, str] = {}
    for part in given:
        for _, suite in _entries(part, "suite"):
            found.setdefault(suite, f"{part.path}")
    if len(found) < 2:
        return []
    return [f"The parts are of different versions of this suite, {_first_two(found)}."]


def all_nights(runs: Iterable[Line]) -> dict[str, Asked]:
    """What was asked for under each run seed; `Refused` if one was run under two profiles."""
    nights: dict[str, Asked] = {}
    for run in runs:
        for seed, night in _nights(run).items():
            known = nights.setdefault(seed, night)
            if known.profile != night.profile:
                raise Refused(
                    f"run seed {seed} was run under two profiles, {known.profile} and "
                    f"{night.profile}, which draw the same values: leave one of them out"
                )
            nights[seed] = known | night
    return nights


def run_line(runs: Sequence[Line]) -> dict[str, Any]:
    """The run line of the whole."""
    nights = all_nights(runs)
    several = len(nights) > 1
    asked = {seed: night.to_line() for seed, night in sorted(nights.items())}
    chosen = sorted(map(list, _selections(nights.values())))
    line = {
        **{name: entry for name, entry in runs[0].items() if name != "selections"},
        "schema": SCHEMA,
        "run_seed": [*asked] if several else runs[0]["run_seed"],
        "profile": one_or_more(night.profile for night in nights.values()),
        "shard": one_or_more(_whole({s for night in nights.values() for s in night.shards})),
        "environment": _all_of([run.get("environment") or {} for run in runs]),
        "planned": sorted({str(name) for run in runs for name in run.get("planned") or ()}),
    }
    line |= {"selections": chosen} if chosen else {}
    line |= {"backends": found} if (found := _backends_of(runs)) else {}
    line |= {"identities": known} if (known := identities_of(runs)) else {}
    return {**line, "nights": asked} if several else line


def _backends_of(runs: Iterable[Line]) -> dict[str, Line]:
    """What describes each backend."""
    found: dict[str, list[Line]] = defaultdict(list)
    for run in runs:
        for backend, entries in (run.get("backends") or {}).items():
            found[backend].append(entries)
    return {backend: _all_of(entries) for backend, entries in found.items()}


def _all_of(entries: Sequence[Line]) -> Line:
    """Texts by name; of several that differ all."""
    names = dict.fromkeys(name for each in entries for name in each)
    return {
        name: one_or_more(value for x in entries if name in x for value in each_of(x[name]))
        for name in names
    }


def identities_of(runs: Iterable[Line]) -> dict[str, Line]:
    """What the plans of several runs say of their items."""
    return {name: found for run in runs for name, found in (run.get("identities") or {}).items()}


def _runs(path: Path) -> tuple[Line, ...]:
    with store.opened(path) as file:
        # Only lines that may be one are parsed here: cells are large.
        found = map(_run, (raw for raw in file if b'"run"' in raw))
        return tuple(filter(None, found))


def _run(raw: bytes) -> Line | None:
    try:
        line = parsed(raw)
        return line if isinstance(store.typed(line), RunRecord) and _nights(line) else None
    except store.MALFORMED:
        return None


def _nights(run: Line) -> dict[str, Asked]:
    nights = run.get("nights") or {run["run_seed"]: run}
    return {str(seed): Asked.of(night) for seed, night in nights.items()}


def _entries(part: Part, name: str) -> Iterator[tuple[str, str]]:
    """What a part's runs say of themselves, and of each backend, under a name."""
    for run in part.runs:
        places = {"": run.get("environment") or {}, **(run.get("backends") or {})}
        for backend, entries in places.items():
            yield from ((backend, value) for value in each_of(entries.get(name) or []))


def _first_two(places: Mapping[str, str]) -> str:
    """What is said, and in which part."""
    return " and ".join(f"{said} in {path}" for said, path in list(places.items())[:2])


def _selections(asked: Collection[Asked]) -> frozenset[tuple[str, ...]]:
    """Return what was selected; nothing where one of them asked for everything."""
    every = all(each.selections for each in asked)
    return frozenset(one for each in asked for one in each.selections if every)


def _whole(named: Set[str]) -> frozenset[str]:
    """Return shards; all shards of a run are the whole run."""
    for parts in {int(match[1]) for match in map(_SHARD.fullmatch, named) if match}:
        if {f"{part}/{parts}" for part in range(1, parts + 1)} <= named:
            return frozenset({"1/1"})
    return frozenset(named)
