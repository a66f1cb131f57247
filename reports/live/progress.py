"""A progress line for long runs, on the controller."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import pytest

# Seconds between lines of a log, and between rewrites of a line on a terminal.
LOG_PAUSE = 10.0
TERMINAL_PAUSE = 0.5


class Progress:
    """Says how far a run is, how long it will take and what takes longest.

    Parameters
    ----------
    config
        The configuration of the session; its terminal reporter prints the line.
    items
        The start of the node ids that are counted.
    clock
        Seconds, monotonic.

    """

    def __init__(
        self,
        config: pytest.Config,
        *,
        items: str = "verify/",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._items = items
        self._clock = clock
        self._planned: set[str] = set()
        self._done: set[str] = set()
        self._running: dict[str, float] = {}
        self._start = self._last = clock()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count the items of a run without workers."""
        self._plan(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        """Count the items that a worker collected."""
        self._plan(ids)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note that an item runs."""
        if nodeid in self._planned:
            self._running[nodeid] = self._clock()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count an item whose worker died: it has no end."""
        if str(report.when) == "???":
            self._end(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Count an item and print where the run stands."""
        self._end(nodeid)

    def line(self) -> str:
        """Return the progress line."""
        now = self._clock()
        done, total, elapsed = len(self._done), len(self._planned), now - self._start
        parts = [f"{done}/{total} cells", f"{_span(elapsed)} elapsed"]
        if 0 < done < total:
            parts.append(f"about {_span(elapsed / done * (total - done))} left")
        if self._running:
            nodeid = min(self._running, key=self._running.__getitem__)
            name = nodeid.rpartition("::")[2]
            parts.append(f"longest: {name} {_span(now - self._running[nodeid])}")
        return " · ".join(parts)

    def _plan(self, nodeids: Iterable[str]) -> None:
        if not self._planned:
            self._start = self._last = self._clock()
        self._planned.update(nodeid for nodeid in nodeids if nodeid.startswith(self._items))

    def _end(self, nodeid: str) -> None:
        if nodeid not in self._planned:
            return
        self._running.pop(nodeid, None)
        self._done.add(nodeid)
        terminal: pytest.TerminalReporter | None
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            self._print(terminal)

    def _print(self, terminal: pytest.TerminalReporter) -> None:
        # With -v each item has a line of its own, which must not be overwritten.
        rewriting = terminal.isatty and self._config.get_verbosity() <= 0
        now = self._clock()
        if now - self._start < LOG_PAUSE:
            return
        if now - self._last < (TERMINAL_PAUSE if rewriting else LOG_PAUSE):
            return
        self._last = now
        if rewriting:
            terminal.rewrite(self.line()[: terminal._screen_width - 1], erase=True)
        else:
            # The dots of finished items stand on the current line, unknown to ensure_newline.
            if terminal._tw.width_of_current_line:
                terminal.line("")
            terminal.write_line(self.line())


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
