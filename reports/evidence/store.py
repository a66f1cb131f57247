"""The evidence file: one run line, then one line for each cell.

Lines are appended as items end, so that a crash loses nothing; at the end of the session
the file is replaced by its canonical form, which depends on the run seed alone.
"""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path
from typing import IO, Any, TypeVar

from reports.evidence.records import CellRecord, Line, Report, RunRecord, Verdict
from verify.outcome import promises
from verify.outcome.schema import SCHEMA, parsed

EVIDENCE = "evidence.jsonl"
# What is kept of it in later years, under a name that nothing but the history reads.
THINNED = "thinned.jsonl.gz"
TIMINGS = "timings.json"
# What reading a line raises that is not what it should be.
MALFORMED = (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError)

NO_RUN_LINE = (
    "There is no run line that can be read, so seed, profile and what was planned are unknown: "
    "take the file from the run itself, or run it again."
)

_READERS: Mapping[str, Callable[[Line], RunRecord | CellRecord]] = {
    "run": RunRecord.from_json,
    "cell": CellRecord.from_json,
}
T = TypeVar("T")

_NOBODY: Mapping[str, Line] = {}
_CELL = re.compile(
    r"\[(?P<backend>[^-\[\]]+)-(?P<dtype>(?:b?float|complex|u?int|bool)\w*)-(?P<subject>.+)\]$"
)
_FUNCTION = re.compile(r"::(?:test_)?(\w+)(?:\[|$)")


def evidence_in(path: Path) -> Path:
    """Return the evidence file that a report folder, or the file itself, stands for."""
    return path / EVIDENCE if path.is_dir() else path


def canonical(line: Line) -> str:
    """Return the one serialised form of a line."""
    return json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def stand_in(
    nodeid: str, verdict: Verdict, reason: str, identities: Mapping[str, Line] = _NOBODY
) -> dict[str, Any]:
    """Return the cell line of an item that handed over no evidence itself.

    Parameters
    ----------
    nodeid, verdict, reason
        The item, and what became of it.
    identities
        What the plan says of items; of others the table of promises tells.

    """
    name = nodeid.removesuffix("::teardown")
    names = identities.get(name) or identity(name) or _foreign(name)
    return {
        "schema": SCHEMA,
        "kind": "cell",
        "nodeid": nodeid,
        "verdict": verdict,
        "reason": reason,
        **names,
    }


def identity(nodeid: str) -> Line | None:
    """Return what an item of this suite is about, as its cell line says it."""
    found = promises.identity(nodeid)
    return asdict(found) if found else None


def _foreign(nodeid: str) -> Line:
    """Return what the node id alone says of an item of somebody else's test."""
    cell, function = _CELL.search(nodeid), _FUNCTION.search(nodeid)
    names = cell.groupdict() if cell else {"backend": "", "dtype": "", "subject": nodeid}
    return {**names, "promise": function[1] if function else promises.COLLECTION}


def lost(
    planned: Iterable[str], seen: Iterable[str], identities: Mapping[str, Line] = _NOBODY
) -> list[dict[str, Any]]:
    """Return a cell line of verdict "lost" for each planned item that was never seen."""
    reason = "The item was planned, but no result of it arrived."
    missing = sorted({*planned} - {*seen})
    return [stand_in(nodeid, Verdict.LOST, reason, identities) for nodeid in missing]


def complete(evidence: Report) -> Report:
    """Return the evidence with its unseen planned items as lost cells."""
    run, seen = evidence.run, (cell.nodeid for cell in evidence.cells)
    missing = lost(run.planned, seen, run.identities)
    cells = (*evidence.cells, *(CellRecord.from_json(line) for line in missing))
    return replace(evidence, cells=tuple(sorted(cells, key=lambda cell: cell.nodeid)))


def system_says(error: OSError) -> str:
    """Return why the system refused, in its words."""
    return error.strerror or str(error) or type(error).__name__


class Writer:
    """Appends to the evidence file while the run goes on, and tidies it at the end.

    Every line comes in its serialised form, see `canonical`.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / EVIDENCE
        self._file: IO[str] | None = None

    def start(self, run_line: str) -> None:
        """Begin a new evidence file with its run line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _open(self.path)
        self.append(run_line)

    def append(self, line: str) -> None:
        """Add a line and hand it to the operating system at once."""
        if self._file is not None:
            self._file.write(f"{line}\n")
            self._file.flush()

    def stop(self) -> None:
        """Close the file; after a failed write this keeps half a line from being continued."""
        file, self._file = self._file, None
        if file is not None:
            # Closing flushes once more, to the disk that has just refused.
            with suppress(OSError):
                file.close()

    def finish(self, run_line: str, cells: Mapping[str, str]) -> None:
        """Replace the file by its canonical form: the cells in order of their node ids."""
        ordered = (cells[nodeid] for nodeid in sorted(cells))
        self.stop()
        write_atomically(self.path, "".join(f"{line}\n" for line in (run_line, *ordered)))


def write_atomically(path: Path, text: str) -> None:
    """Write a whole file or leave the old one as it was; OSError for what is no file."""
    with _replaced(path) as temporary, _open(temporary) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def write_packed(path: Path, text: str) -> None:
    """Write a compressed file as `write_atomically` does: of the same text the same bytes."""
    packed = gzip.compress(text.encode("utf-8", "backslashreplace"), mtime=0)
    with _replaced(path) as temporary, temporary.open("wb") as file:
        file.write(packed)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """Yield where to write what then takes the place of a file, if nothing is raised."""
    if not path.is_symlink():  # What a link leads to is left alone.
        _require_file(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path) -> Report:
    """Read an evidence file, using what can be used and saying what could not.

    Concatenated files of several shards are joined. OSError is left to the caller.
    """
    runs: list[RunRecord] = []
    cells: dict[str, CellRecord] = {}
    problems: list[str] = []
    for number, record in records_of(path, typed, problems):
        if isinstance(record, RunRecord):
            runs.append(record)
        elif record.nodeid in cells:
            problems.append(
                f"Line {number} of {path.name} was not used: it repeats {record.nodeid}."
            )
        else:
            cells[record.nodeid] = record
    run = _join(runs, problems)
    return Report(run, tuple(cells[nodeid] for nodeid in sorted(cells)), tuple(problems))


def typed(line: Line) -> RunRecord | CellRecord:
    """Return the record that a line holds; raise one of `MALFORMED` for a malformed one."""
    return _READERS[line["kind"]](line)


def records_of(
    path: Path, read: Callable[[Line], T], problems: list[str]
) -> Iterator[tuple[int, T]]:
    """Yield what each line of an evidence file holds, and its number, one line at a time.

    Parameters
    ----------
    path
        The file; OSError is left to the caller.
    read
        Turns a line into something, and raises one of `MALFORMED` where it cannot.
    problems
        Gets one sentence for each line that cannot be used.

    """
    with opened(path) as file:
        # Only \n ends a line: str.splitlines would also split at U+2028 inside a message.
        for number, raw in enumerate(file, start=1):
            if not raw.strip():
                continue
            try:
                yield number, read(parsed(raw))
            except MALFORMED as error:
                problems.append(f"Line {number} of {path.name} was not used: {why(error)}.")


def opened(path: Path) -> IO[bytes]:
    """Open a file to read it, compressed or not; OSError for what may have no end: a device."""
    _require_file(path)
    return _unpacked(path) if path.suffix == ".gz" else path.open("rb")


def _unpacked(path: Path) -> IO[bytes]:
    try:
        return BytesIO(gzip.decompress(path.read_bytes()))
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise OSError(errno.EINVAL, "it is damaged", f"{path}") from None


def _require_file(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no file", f"{path}")


def _open(path: Path) -> IO[str]:
    # A lone surrogate in a message becomes its JSON escape instead of an encoding error.
    return path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")


def why(error: Exception) -> str:
    """Return in a clause what is wrong with a line, from what reading it raised."""
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
        return "it is truncated or not JSON"
    if isinstance(error, KeyError):
        return f"its entry {error} is missing"
    said = str(error).rstrip(".") or type(error).__name__
    return said if isinstance(error, ValueError) else f"one of its entries is out of place ({said})"


def _join(runs: Sequence[RunRecord], problems: list[str]) -> RunRecord:
    if not runs:
        problems.append(NO_RUN_LINE)
        return RunRecord()
    joined, *others = runs
    for other in others:
        if (other.run_seed, other.alpha) != (joined.run_seed, joined.alpha):
            problems.append(
                f"A shard of another seed or threshold (seed {other.run_seed}) was joined."
            )
        joined = joined.joined(other)
    return joined
