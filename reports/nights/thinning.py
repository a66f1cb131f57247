"""What the history needs of a run, and no more: a night as years of nights can keep it.

A thinned run is made of the lines of its evidence, shorter: the same reader takes both. It has no
statistics, so it can neither be added up nor shown as a page; its name keeps it from being tried.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reports.evidence import store
from reports.evidence.records import CellRecord, Line, RunRecord, Verdict
from reports.evidence.verdict import finding_key, worst_finding
from reports.nights.folders import start_of
from reports.page import render
from reports.text.summary import SUMMARY

_NAMES = (
    "schema", "kind", "nodeid", "promise", "subject", "backend", "dtype", "verdict", "witness",
)  # fmt: skip
# The law's family is part of a diagnosis.
_TOLD = (*_NAMES, "reason", "law", "replay")


class Damaged(Exception):
    """A run of which a line cannot be read, and that stays whole: one sentence that says so."""


@dataclass(frozen=True)
class Sizes:
    """What runs took before and take now, in bytes."""

    before: int = 0
    after: int = 0

    def __add__(self, other: Sizes) -> Sizes:
        """Return those of both."""
        return Sizes(self.before + other.before, self.after + other.after)


def thin(folder: Path) -> Sizes:
    """Keep of a whole run what the history needs, and remove its evidence and pages.

    Raises
    ------
    Damaged
        If not all of its evidence can be read.
    OSError
        If the system refuses to read or to write.

    """
    before = _size(folder)
    problems: list[str] = []
    lines = [store.canonical(line) for line in _lines(folder / store.EVIDENCE, problems)]
    start = start_of(folder, problems)
    if problems:
        raise Damaged(f"{folder} stays whole: {problems[0]}")
    store.write_packed(folder / store.THINNED, "".join(f"{line}\n" for line in lines))
    if start:
        store.write_atomically(folder / store.TIMINGS, json.dumps({"start": start}))
    (folder / store.EVIDENCE).unlink()
    (folder / SUMMARY).unlink(missing_ok=True)
    render.clear(folder)
    return Sizes(before, _size(folder))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _lines(path: Path, problems: list[str]) -> Iterator[Line]:
    """Yield each line, shorter; what was planned and never seen as cells that were lost."""
    runs: list[RunRecord] = []
    seen: set[str] = set()
    for _, (record, line) in store.records_of(path, _read, problems):
        if isinstance(record, RunRecord):
            runs.append(record)
        else:
            seen.add(record.nodeid)
        yield line
    identities = {name: found for run in runs for name, found in run.identities.items()}
    yield from store.lost({name for run in runs for name in run.planned}, seen, identities)


def _read(line: Line) -> tuple[RunRecord | CellRecord, Line]:
    if line["kind"] == "run":
        run = RunRecord.from_json(line)
        rest = {k: v for k, v in line.items() if k not in ("planned", "identities")}
        return run, {**rest, "defects": {name: {} for name in run.defects}}
    cell = CellRecord.from_json({**line, "statistics": {}, "tensors": {}})
    names = _NAMES if cell.verdict is Verdict.PASS else _TOLD
    told = {name: line[name] for name in names if line.get(name)}
    families = {} if cell.verdict is Verdict.PASS else _families(cell, line)
    return cell, {**told, **families, "findings": _findings(cell, line)}


def _families(cell: CellRecord, line: Line) -> Line:
    """Return the families of the laws, of the pool and of the case that failed in one."""
    failing = (line.get("failing") or {}).get("families") or {}
    pooled = line.get("families") or {}
    both = {**pooled, **failing} if cell.of_case else {**failing, **pooled}
    return {"families": both} if both else {}


def _findings(cell: CellRecord, line: Line) -> list[Line]:
    """Return what failed, and how many passed; where nothing failed, one that says as much.

    Its p-value is the smallest times the number of findings, to three digits.
    """
    worst, told = worst_finding(cell), line.get("findings") or []
    if worst is None:
        return []
    if not all(each["passed"] for each in told):
        return [_bare(each) if each["passed"] else each for each in told]
    shown = told[cell.findings.index(worst)]
    p_value = float(f"{min(1.0, finding_key(worst)[1] * len(told)):.3g}")
    effect = {} if cell.verdict is Verdict.PASS else {"effect": shown.get("effect")}
    return [_bare(shown) | effect | {"p_value": p_value}]


def _bare(finding: Line) -> dict[str, object]:
    """Return that a check passed."""
    return {"check": finding["check"], "passed": True, "p_value": None, "n": 0, "message": ""}
