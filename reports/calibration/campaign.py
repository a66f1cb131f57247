"""Which runs are still to be done, and what becomes of each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.calibration import ledger
from reports.calibration.ledger import Entry
from reports.processors import runs
from reports.processors.settings import Setting

FIRST = {"smoke": 1, "standard": 1_000_001}
"""The first run seed of each profile: one seed draws the same values under every profile."""

ALARMS = "alarms"
_RUNNING = "running"
_LOG = "log.txt"


@dataclass(frozen=True)
class Planned:
    """A run that is to be done."""

    seed: int
    setting: Setting


def planned(
    first: int, amount: int, settings: Sequence[Setting], done: Sequence[Entry]
) -> list[Planned]:
    """Return what is left of `amount` run seeds: the i-th is run under setting i mod k."""
    seeds = {each.seed for each in done}
    every = (Planned(first + i, settings[i % len(settings)]) for i in range(amount))
    return [each for each in every if each.seed not in seeds]


class Interrupted(Exception):
    """A run ended before it could say anything: the exit code of pytest, and its last words."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code


def campaign(
    folder: Path, machine: runs.Machine, profile: str, left: Sequence[Planned]
) -> Iterator[Entry]:
    """Do the runs one by one, and yield each when it stands in the ledger.

    Evidence of green runs is removed; of any other it is kept, with what pytest printed.
    Stopped at any time, nothing is lost but the run that was going on; `Interrupted` where
    pytest itself was stopped or could not start.
    """
    for each in left:
        running = folder / _RUNNING
        shutil.rmtree(running, ignore_errors=True)
        running.mkdir(parents=True)
        given = ["--profile", profile, "--run-seed", str(each.seed), "-p", "no:cacheprovider"]
        with (running / _LOG).open("w", encoding="utf-8") as log:
            ended = runs.verify(each.setting, running, given, log)
        if ended.code in (runs.INTERRUPTED, runs.USAGE):
            raise Interrupted(ended.code, _last_line(running / _LOG))
        entry = ledger.entry(machine, each.seed, profile, each.setting.name, ended)
        if entry.code:
            _keep(running, folder / ALARMS / _name(entry))
        # The evidence is safe before the ledger says that the run is done.
        ledger.append(folder / ledger.LEDGER, entry)
        shutil.rmtree(running, ignore_errors=True)
        yield entry


def _keep(running: Path, kept: Path) -> None:
    shutil.rmtree(kept, ignore_errors=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    running.rename(kept)


def _name(of: Entry) -> str:
    return f"{of.torch}-{of.suite}-{of.profile}-{of.seed}-{of.setting}"


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it printed nothing"
