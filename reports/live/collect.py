"""The pytest plugin of the controller: evidence in as items end, verdict and pages out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reports.evidence import records, store
from reports.evidence.records import Verdict
from reports.evidence.verdict import HOST, overview
from reports.page import render
from reports.text import summary
from verify.outcome.schema import parsed

# Whatever else pytest says (interrupted, internal error, usage) is kept as it is.
_OVERRULED = frozenset({0, 1, 5})
_CRASHED = "The worker process died while running this item."
_SILENT = "The item ended without handing over any evidence."


def in_the_way(directory: Path, backends: Iterable[str]) -> list[str]:
    """Return the names under which a run would write, and which something holds that is no file.

    Parameters
    ----------
    directory
        The report folder.
    backends
        Those that are verified. Cells of none of them are the host's.

    """
    pages = render.names_of({*backends, HOST}).values()
    replaced = [store.TIMINGS, summary.SUMMARY, render.INDEX, *pages]
    # A link is replaced by a page, but followed while evidence is appended.
    kept = [name for name in replaced if not (directory / name).is_symlink()]
    paths = {name: directory / name for name in (store.EVIDENCE, *kept)}
    return [name for name, path in paths.items() if path.exists() and not path.is_file()]


class Collector:
    """Collects the cells of a session, on the xdist controller or in a plain run.

    Parameters
    ----------
    directory
        The report folder; it is made if need be.
    run_line
        All of the run line that is known before collection.
    items
        The start of the node ids that owe a cell; other items are none of our business.

    """

    def __init__(
        self, directory: Path, run_line: Mapping[str, Any], *, items: str = "verify/"
    ) -> None:
        self.directory = directory
        self._run_line = dict(run_line)
        self._items = items
        self._planned: set[str] = set()
        # Serialised, which takes far less memory than thousands of histograms in lists.
        self._cells: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._workers: set[str] = set()
        self._started_workers: set[str] = set()
        self._others_failed = False
        self._writer = store.Writer(directory)
        self._writing = self._stored = False
        self._refused = ""
        self._started = datetime.now(UTC)
        self._clock = time.monotonic()
        self._evidence: records.Report | None = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what is planned, in a run without workers."""
        if not session.config.getoption("collectonly"):
            self._plan(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Iterable[str]) -> None:
        """Note what is planned, as each worker reports what it collected."""
        self._started_workers.add(node.gateway.id)
        self._plan(ids)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Stop a run whose workers cannot start: xdist would start others, again and again."""
        if error and not self._seconds and node.gateway.id not in self._started_workers:
            last = f"{error}".strip().splitlines()[-1].removeprefix("pytest.UsageError: ")
            pytest.exit(f"a worker cannot start: {last}", returncode=4)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Turn a file that cannot be collected into a cell of its own."""
        if report.failed and self._owes(report.nodeid):
            reason = f"Collection failed: {_gist(report.longreprtext)}"
            self._keep(store.stand_in(report.nodeid, Verdict.ERROR, reason))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the cell of an item, or make one for an item that failed to hand one over."""
        if not self._owes(report.nodeid):
            self._others_failed |= report.failed
            return
        self._workers.add(getattr(report, "worker_id", "main"))
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        line = _cell_of(report)
        if line is not None:
            self._keep(line)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Close the evidence, render the report and decide the exit status."""
        listing = session.config.getoption("collectonly")
        if listing or not (self._planned or self._cells):
            return
        for line in store.lost(self._planned, self._cells):
            self._cells[line["nodeid"]] = store.canonical(line)
        lines = (json.loads(self._cells[nodeid]) for nodeid in sorted(self._cells))
        cells = tuple(map(records.CellRecord.from_json, lines))
        run_line = self._complete_run_line()
        self._evidence = records.Report(records.RunRecord.from_json(run_line), cells)
        with self._attempt():
            self._writer.finish(store.canonical(run_line), self._cells)
            store.write_atomically(self.directory / store.TIMINGS, self._timings())
            render.build(self._evidence, self.directory)
            self._stored = True
        if int(exitstatus) in _OVERRULED:
            session.exitstatus = self._exit_code(self._evidence)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the verdict, each failing cell with its replay command, and where to read on."""
        if self._evidence is None:
            return
        terminalreporter.section("initializer verification", sep="=")
        if self._stored:
            lines = [*summary.terminal(self._evidence, self.directory)]
            if self._refused:
                late = self._unwritten("it was written at the end")
                lines.append((f"warning: {late}", "yellow"))
        else:
            mend = "make room, or name another folder with --report-dir, and run again"
            evidence = replace(self._evidence, problems=(self._unwritten(mend),))
            lines = [*summary.terminal(evidence, None)]
        for text, tone in lines:
            terminalreporter.write_line(text, **({tone: True} if tone else {}))

    def _unwritten(self, more: str) -> str:
        """Return in a sentence what the system refused, and what more there is to say."""
        return f"The report in {self.directory} could not be written: {self._refused}; {more}."

    def _owes(self, nodeid: str) -> bool:
        return f"{nodeid}/".startswith(self._items)

    def _plan(self, nodeids: Iterable[str]) -> None:
        self._planned.update(filter(self._owes, nodeids))
        if self._writing or not self._planned:
            return
        self._writing = True
        with self._attempt():
            render.clear(self.directory)
            self._writer.start(store.canonical(self._complete_run_line()))
            for line in self._cells.values():
                self._writer.append(line)

    def _keep(self, line: dict[str, Any]) -> None:
        if line["nodeid"] in self._cells:
            return
        text = self._cells[line["nodeid"]] = store.canonical(line)
        with self._attempt():
            self._writer.append(text)

    def _complete_run_line(self) -> dict[str, Any]:
        planned = sorted(self._planned)
        found = {nodeid: known for nodeid in planned if (known := store.identity(nodeid))}
        return {**self._run_line, "planned": planned, "identities": found}

    def _timings(self) -> str:
        timings = {
            "start": self._started.isoformat(timespec="seconds"),
            "duration": round(time.monotonic() - self._clock, 3),
            "workers": len(self._workers),
            "items": {nodeid: round(self._seconds[nodeid], 3) for nodeid in sorted(self._seconds)},
        }
        return json.dumps(timings, indent=1) + "\n"

    def _exit_code(self, evidence: records.Report) -> int:
        code = overview(evidence).verdict.exit_code
        if code == 0 and self._others_failed:
            return 1
        # A verdict whose evidence could not be stored is an incomplete run.
        return code or (0 if self._stored else 3)

    @contextmanager
    def _attempt(self) -> Iterator[None]:
        """Let the run go on if the report folder cannot be written; the summary says so."""
        try:
            yield
        except OSError as error:
            self._writer.stop()
            self._refused = self._refused or store.system_says(error)


def _cell_of(report: pytest.TestReport) -> dict[str, Any] | None:
    """Return the cell line that a report stands for; most setups and teardowns have none."""
    handed = getattr(report, "cell_json", None)
    if report.when == "call" and handed is not None:
        return _handed_over(report, handed)
    if report.skipped:
        return store.stand_in(report.nodeid, Verdict.NOT_RUN, _skip_reason(report))
    if str(report.when) == "???":
        return store.stand_in(report.nodeid, Verdict.CRASHED, _CRASHED)
    if report.failed and report.when == "teardown":
        reason = f"Teardown failed: {_gist(report.longreprtext)}"
        return store.stand_in(f"{report.nodeid}::teardown", Verdict.ERROR, reason)
    if report.failed:
        return store.stand_in(report.nodeid, Verdict.ERROR, _gist(report.longreprtext))
    return store.stand_in(report.nodeid, Verdict.ERROR, _SILENT) if report.when == "call" else None


def _handed_over(report: pytest.TestReport, handed: str) -> dict[str, Any]:
    try:
        line = dict(parsed(handed))
        cell = records.CellRecord.from_json(line)
    except store.MALFORMED as error:
        reason = f"The evidence of the item cannot be read: {store.why(error)}."
        return store.stand_in(report.nodeid, Verdict.ERROR, reason)
    if report.failed and cell.verdict.is_sound:
        # The item failed for a reason of its own: it must not count as verified.
        line.update(verdict=Verdict.ERROR, reason=_gist(report.longreprtext))
    return {**line, "nodeid": report.nodeid}


def _skip_reason(report: pytest.TestReport) -> str:
    where = report.longrepr
    text = where[2] if isinstance(where, tuple) else report.longreprtext
    return " ".join(text.removeprefix("Skipped: ").split()) or "Skipped."


def _gist(text: str) -> str:
    """Return the error and the place of a traceback: its first and last telling lines."""
    lines = [line.strip() for line in text.splitlines() if any(x.isalnum() for x in line)]
    said = [line.removeprefix("E ").strip() for line in lines]
    errors = [after for line, after in zip(lines, said, strict=True) if line != after] or said
    ends = dict.fromkeys((errors[0], said[-1])) if said else ["No reason was given."]
    return " … ".join(ends)
