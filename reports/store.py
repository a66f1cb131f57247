"""The evidence file: one run line, then one line for each cell.

Lines are appended as items end, so that a crash loses nothing; at the end of the session
the file is replaced by its canonical form, which depends on the run seed alone.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

SCHEMA = 1
EVIDENCE = "evidence.jsonl"
TIMINGS = "timings.json"

Line = Mapping[str, Any]

_IDENTITY = re.compile(
    r"\[(?P<backend>[^-\[\]]+)-(?P<dtype>(?:b?float|complex|u?int|bool)\w*)-(?P<subject>.+)\]$"
)
_FUNCTION = re.compile(r"::(?:test_)?(\w+)(?:\[|$)")


@dataclass(frozen=True)
class Effect:
    """An estimate in natural units, with its interval."""

    name: str
    estimate: float
    low: float
    high: float
    unit: str

    @classmethod
    def from_json(cls, data: Line) -> Effect:
        """Read the effect of a finding."""
        return cls(
            name=str(data["name"]),
            estimate=float(data["estimate"]),
            low=float(data["low"]),
            high=float(data["high"]),
            unit=str(data.get("unit", "")),
        )


@dataclass(frozen=True)
class Detectable:
    """The smallest error that a check would have caught."""

    name: str
    size: float
    unit: str

    @classmethod
    def from_json(cls, data: Line) -> Detectable:
        """Read the detectable error of a finding."""
        return cls(str(data["name"]), float(data["size"]), str(data.get("unit", "")))


@dataclass(frozen=True)
class Finding:
    """One decision: a check and what it returned. No p-value means an exact comparison."""

    check: str
    scope: str
    passed: bool
    p_value: float | None
    n: int
    effect: Effect | None
    detectable: Detectable | None
    message: str
    case: str | None
    confirmation: float | None

    @classmethod
    def from_json(cls, data: Line) -> Finding:
        """Read one entry of a cell's findings."""
        effect, detectable = data.get("effect"), data.get("detectable")
        return cls(
            check=str(data["check"]),
            scope=str(data.get("scope", "cell")),
            passed=bool(data["passed"]),
            p_value=_number(data.get("p_value")),
            n=int(data.get("n", 0)),
            effect=None if effect is None else Effect.from_json(effect),
            detectable=None if detectable is None else Detectable.from_json(detectable),
            message=str(data.get("message", "")),
            case=None if data.get("case") is None else str(data["case"]),
            confirmation=_number(data.get("confirmation")),
        )


@dataclass(frozen=True)
class Cell:
    """Subject x dtype x backend under one promise: what was observed, and the verdict."""

    nodeid: str
    promise: str
    subject: str
    backend: str
    dtype: str
    verdict: str
    reason: str = ""
    law_words: str = ""
    law_formula: str = ""
    source: str = ""
    n: int = 0
    cases: int = 0
    calls: int = 0
    decisions: int = 0
    findings: tuple[Finding, ...] = ()
    histogram: tuple[int, ...] = ()
    excluded: tuple[str, ...] = ()
    replay: str = ""

    @classmethod
    def from_json(cls, data: Line) -> Cell:
        """Read a cell line; raise KeyError, TypeError or ValueError where it is malformed."""
        law = data.get("law") or {}
        histogram = (data.get("statistics") or {}).get("histogram") or {}
        return cls(
            **{name: str(data[name]) for name in ("nodeid", "promise", "subject", "verdict")},
            **{name: str(data.get(name) or "") for name in ("backend", "dtype", "reason")},
            **{name: str(data.get(name) or "") for name in ("source", "replay")},
            **{name: int(data.get(name) or 0) for name in ("n", "cases", "calls", "decisions")},
            law_words=str(law.get("words", "")),
            law_formula=str(law.get("formula", "")),
            findings=tuple(Finding.from_json(item) for item in data.get("findings") or ()),
            histogram=tuple(int(count) for count in histogram.get("counts") or ()),
            excluded=tuple(str(name) for name in data.get("excluded") or ()),
        )


@dataclass(frozen=True)
class Run:
    """What was asked for: seed, profile, threshold, environment, planned items."""

    run_seed: str = "unknown"
    profile: str = "unknown"
    alpha: float = 1e-12
    shard: str = "1/1"
    environment: Mapping[str, str] = field(default_factory=dict)
    planned: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Line) -> Run:
        """Read a run line; raise KeyError, TypeError or ValueError where it is malformed."""
        return cls(
            run_seed=str(data["run_seed"]),
            profile=str(data.get("profile", "unknown")),
            alpha=float(data.get("alpha", 1e-12)),
            shard=str(data.get("shard", "1/1")),
            environment={str(k): str(v) for k, v in (data.get("environment") or {}).items()},
            planned=tuple(str(nodeid) for nodeid in data.get("planned") or ()),
        )

    def joined(self, other: Run) -> Run:
        """Return this run with the planned items of another shard."""
        planned = tuple(sorted({*self.planned, *other.planned}))
        shard = self.shard if other.shard == self.shard else f"{self.shard} + {other.shard}"
        return replace(self, planned=planned, shard=shard)


@dataclass(frozen=True)
class Evidence:
    """A run, its cells, and one sentence for each thing that could not be used."""

    run: Run
    cells: tuple[Cell, ...] = ()
    problems: tuple[str, ...] = ()


def canonical(line: Line) -> str:
    """Return the one serialised form of a line."""
    return json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def stand_in(nodeid: str, verdict: str, reason: str) -> dict[str, Any]:
    """Return the cell line of an item that handed over no evidence itself."""
    name = nodeid.removesuffix("::teardown")
    identity = _IDENTITY.search(name)
    function = _FUNCTION.search(name)
    names = identity.groupdict() if identity else {"backend": "", "dtype": "", "subject": nodeid}
    return {
        "schema": SCHEMA,
        "kind": "cell",
        "nodeid": nodeid,
        "promise": function[1] if function else "collection",
        "verdict": verdict,
        "reason": reason,
        **names,
    }


def lost(planned: Iterable[str], seen: Iterable[str]) -> list[dict[str, Any]]:
    """Return a cell line of verdict "lost" for each planned item that was never seen."""
    reason = "The item was planned, but no result of it arrived."
    return [stand_in(nodeid, "lost", reason) for nodeid in sorted({*planned} - {*seen})]


def complete(evidence: Evidence) -> Evidence:
    """Return the evidence with its unseen planned items as lost cells."""
    missing = lost(evidence.run.planned, (cell.nodeid for cell in evidence.cells))
    cells = (*evidence.cells, *(Cell.from_json(line) for line in missing))
    return replace(evidence, cells=tuple(sorted(cells, key=lambda cell: cell.nodeid)))


class Writer:
    """Appends to the evidence file while the run goes on, and tidies it at the end."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / EVIDENCE
        self._file: IO[str] | None = None

    def start(self, run_line: Line) -> None:
        """Begin a new evidence file with its run line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _open(self.path)
        self.append(run_line)

    def append(self, line: Line) -> None:
        """Add a line and hand it to the operating system at once."""
        if self._file is not None:
            self._file.write(canonical(line) + "\n")
            self._file.flush()

    def stop(self) -> None:
        """Close the file; after a failed write this keeps half a line from being continued."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def finish(self, run_line: Line, cells: Iterable[Line]) -> None:
        """Replace the file by its canonical form."""
        ordered = sorted(cells, key=lambda line: str(line["nodeid"]))
        self.stop()
        write_atomically(self.path, "".join(f"{canonical(x)}\n" for x in (run_line, *ordered)))


def write_atomically(path: Path, text: str) -> None:
    """Write a whole file or leave the old one as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with _open(temporary) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path) -> Evidence:
    """Read an evidence file, using what can be used and saying what could not.

    Concatenated files of several shards are joined. OSError is left to the caller.
    """
    runs: list[Run] = []
    cells: dict[str, Cell] = {}
    problems: list[str] = []
    # Only \n ends a line: str.splitlines would also split at U+2028 inside a message.
    for number, raw in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            parsed = _parse(raw)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            problems.append(f"Line {number} of {path.name} was not used: {_why(error)}.")
            continue
        if isinstance(parsed, Run):
            runs.append(parsed)
        elif parsed.nodeid in cells:
            problems.append(f"Line {number} of {path.name} repeats {parsed.nodeid}; first one used.")
        else:
            cells[parsed.nodeid] = parsed
    run = _join(runs, problems)
    return Evidence(run, tuple(cells[nodeid] for nodeid in sorted(cells)), tuple(problems))


def _open(path: Path) -> IO[str]:
    # A lone surrogate in a message becomes its JSON escape instead of an encoding error.
    return path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")


def _parse(raw: bytes) -> Run | Cell:
    data = json.loads(raw)
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    if data.get("schema") != SCHEMA:
        raise ValueError(f"its schema is {data.get('schema')!r}, and this version reads {SCHEMA}")
    readers = {"run": Run.from_json, "cell": Cell.from_json}
    reader = readers.get(str(data.get("kind")))
    if reader is None:
        raise ValueError(f"its kind {data.get('kind')!r} is unknown")
    return reader(data)


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return "it is truncated or not JSON"
    if isinstance(error, KeyError):
        return f"its entry {error} is missing"
    return str(error).rstrip(".") or type(error).__name__


def _join(runs: Sequence[Run], problems: list[str]) -> Run:
    if not runs:
        problems.append("There is no run line: seed, profile and planned items are unknown.")
        return Run()
    joined, *others = runs
    for other in others:
        if (other.run_seed, other.alpha) != (joined.run_seed, joined.alpha):
            problems.append(f"The file joins runs of different seeds or thresholds: {other.run_seed}.")
        joined = joined.joined(other)
    return joined


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
