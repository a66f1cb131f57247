"""The ledger of a calibration: one line for each run, appended as it ends.

Ledgers of several machines are put together by concatenating their files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reports.evidence import store
from reports.evidence.exact import exact_p_values
from reports.evidence.records import CellRecord
from reports.evidence.verdict import RunVerdict, worst_first
from reports.processors.runs import Ended, Machine
from reports.text.summary import diagnosis

LEDGER = "ledger.jsonl"
_DIGITS = 6


@dataclass(frozen=True)
class Entry:
    """What is kept of one run.

    Attributes
    ----------
    seed, profile, setting : str
        The run seed, how much was looked at, and under which kernels.
    kernels : mapping
        What it computed with: ``verify.backends.cpu.kernels``.
    suite, torch : str
        The digest of the suite and the version of PyTorch: only runs of the same are counted
        together.
    code : int
        The exit code of pytest.
    seconds : float
        Wall-clock time.
    ended : str
        When it ended, in UTC (ISO 8601).
    decisions, cells, values : int
        Statistical decisions, cells, and values looked at.
    alarms : tuple of mapping
        Each cell that is wrong: ``nodeid``, ``verdict``, ``said`` and ``replay``.
    exact : mapping
        The exact p-value of each cell that has one, by node id: see `exact_p_values`.
    """

    seed: int
    profile: str
    setting: str
    kernels: Mapping[str, str]
    suite: str
    torch: str
    code: int
    seconds: float
    ended: str
    decisions: int
    cells: int
    values: int
    alarms: tuple[Mapping[str, str], ...]
    exact: Mapping[str, float]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Entry:
        """Read a line; raise one of `store.MALFORMED` for a malformed one."""
        return cls(
            **{
                **{f.name: _PLAIN[str(f.type)](data[f.name]) for f in fields(cls)[:-2]},
                "alarms": tuple(_texts(alarm) for alarm in data["alarms"]),
                "exact": {str(k): _probability(v) for k, v in data["exact"].items()},
            }
        )

    @property
    def version(self) -> tuple[str, str]:
        """What must be the same in runs that are counted together: PyTorch and the suite."""
        return self.torch, self.suite

    @property
    def is_alarm(self) -> bool:
        """Whether a run of a PyTorch that is taken for correct was red."""
        return self.code == RunVerdict.FAIL.exit_code

    @property
    def is_complete(self) -> bool:
        """Whether the run says anything: one with gaps is not counted."""
        return self.code in (RunVerdict.PASS.exit_code, RunVerdict.FAIL.exit_code)


def entry(machine: Machine, seed: int, profile: str, setting: str, ended: Ended) -> Entry:
    """Return the entry of a run that has ended."""
    cells: Sequence[CellRecord] = ended.evidence.cells if ended.evidence else ()
    wrong = worst_first(cell for cell in cells if cell.verdict.is_wrong)
    return Entry(
        seed=seed,
        profile=profile,
        setting=setting,
        kernels=_kernels(machine, ended),
        suite=machine.suite,
        torch=machine.torch,
        code=ended.code,
        seconds=round(ended.seconds, 1),
        ended=datetime.now(UTC).isoformat(timespec="seconds"),
        decisions=sum(cell.decisions for cell in cells),
        cells=len(cells),
        values=sum(cell.n for cell in cells),
        alarms=tuple(map(_alarm, wrong)),
        exact={k: float(f"{p:.{_DIGITS}g}") for k, p in exact_p_values(cells).items()},
    )


def _alarm(cell: CellRecord) -> dict[str, str]:
    said = diagnosis(cell)
    return {"nodeid": cell.nodeid, "verdict": cell.verdict, "said": said, "replay": cell.replay}


def _kernels(machine: Machine, ended: Ended) -> dict[str, str]:
    """As the run says; of one that left no evidence those of the machine."""
    said = ended.evidence.run.environment_of("cpu") if ended.evidence else {}
    return {name: said.get(name, value) for name, value in machine.kernels.items()}


def append(path: Path, added: Entry) -> None:
    """Add a line to the ledger, at once and for good; a line cut short before stays alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            broken = file.read(1) != b"\n"
        else:
            broken = False
        file.write(
            b"\n" * broken + f"{store.canonical(asdict(added))}\n".encode(errors="backslashreplace")
        )
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True)
class Ledger:
    """What a ledger holds.

    Attributes
    ----------
    entries : tuple of Entry
        In order, each run seed of one version once: a second run of it draws the same values. An
        alarm counts before a run that raised none.
    damaged : tuple of int
        Numbers of the lines that cannot be used.
    repeated : int
        Runs that repeat a run seed.
    """

    entries: tuple[Entry, ...] = ()
    damaged: tuple[int, ...] = ()
    repeated: int = 0

    @property
    def notes(self) -> list[str]:
        """What a reader must know besides, one sentence each."""
        found = [f"Line {n} of {LEDGER} was not used: it is damaged." for n in self.damaged]
        if self.repeated:
            found.append(
                f"{self.repeated} of the runs repeat a run seed, which draws the same values: "
                "each run seed is counted once."
            )
        return found


def read(path: Path) -> Ledger:
    """Return what a ledger holds; nothing without a file.

    Raises
    ------
    OSError
        For a file that is there and cannot be read.
    """
    if not path.exists():
        return Ledger()
    found, damaged = [], []
    with store.opened(path) as file:
        for number, raw in enumerate(file, start=1):
            if raw.strip():
                try:
                    found.append(Entry.from_json(json.loads(raw)))
                except store.MALFORMED:
                    damaged.append(number)
    kept = _once(found)
    return Ledger(kept, tuple(damaged), len(found) - len(kept))


def _once(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Each run seed of one version once, an alarm before a run that raised none."""
    kept: dict[tuple[object, ...], Entry] = {}
    for each in entries:
        earlier = kept.get(key := (*each.version, each.seed))
        if earlier is None or _weight(each) > _weight(earlier):
            kept[key] = each
    return tuple(kept.values())


def _weight(of: Entry) -> int:
    return of.is_alarm + of.is_complete


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    return {str(k): str(v) for k, v in data.items()}


def _probability(value: Any) -> float:
    p_value = float(value)
    if not 0 <= p_value <= 1:
        raise ValueError("a p-value is not from 0 to 1")
    return p_value


_PLAIN: Mapping[str, Any] = {"int": int, "float": float, "str": str, "Mapping[str, str]": _texts}
