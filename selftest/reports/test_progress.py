"""The progress line, on a clock of its own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from reports.live.progress import Progress

ITEMS = [f"verify/t.py::test_law[{index}]" for index in range(4)]


class Terminal:
    """Stands in for pytest's terminal reporter."""

    def __init__(self, *, isatty: bool) -> None:
        self.isatty = isatty
        self._screen_width = 60
        self._tw = SimpleNamespace(width_of_current_line=7)
        self.lines: list[str] = []
        self.rewritten: list[str] = []

    def line(self, text: str) -> None:
        assert not text
        self._tw.width_of_current_line = 0

    def write_line(self, text: str) -> None:
        assert self._tw.width_of_current_line == 0
        self.lines.append(text)

    def rewrite(self, text: str, *, erase: bool) -> None:
        assert erase
        self.rewritten.append(text)


def _run(terminal: Terminal, seconds: float, verbosity: int = 0) -> Progress:
    now = [0.0]
    config: Any = SimpleNamespace(
        pluginmanager=SimpleNamespace(get_plugin=lambda _: terminal),
        get_verbosity=lambda: verbosity,
    )
    progress = Progress(config, clock=lambda: now[0])
    progress.pytest_xdist_node_collection_finished(ids=[*ITEMS, "other/t.py::test"])
    for nodeid in ITEMS:
        progress.pytest_runtest_logstart(nodeid)
        now[0] += seconds
        progress.pytest_runtest_logfinish(nodeid)
    return progress


def test_a_short_run_prints_nothing() -> None:
    for isatty in (True, False):
        terminal = Terminal(isatty=isatty)
        _run(terminal, 2)
        assert not terminal.lines and not terminal.rewritten


def test_a_log_gets_a_line_every_ten_seconds() -> None:
    terminal = Terminal(isatty=False)
    _run(terminal, 6)
    assert terminal.lines == [
        "2/4 cells · 12 s elapsed · about 12 s left",
        "4/4 cells · 24 s elapsed",
    ]


def test_a_terminal_rewrites_its_line_unless_verbose() -> None:
    terminal = Terminal(isatty=True)
    _run(terminal, 30)
    assert len(terminal.rewritten) == 4 and not terminal.lines
    verbose = Terminal(isatty=True)
    _run(verbose, 30, verbosity=1)
    assert len(verbose.lines) == 4 and not verbose.rewritten


def test_the_longest_running_item_is_named_and_a_crash_ends_it() -> None:
    progress = _run(Terminal(isatty=False), 100)
    progress.pytest_xdist_node_collection_finished(ids=["verify/t.py::test_law[slow]"])
    progress.pytest_runtest_logstart("verify/t.py::test_law[slow]")
    assert "longest: test_law[slow] 0 s" in progress.line()
    crash: Any = SimpleNamespace(nodeid="verify/t.py::test_law[slow]", when="???")
    progress.pytest_runtest_logreport(crash)
    assert progress.line() == "5/5 cells · 6 min 40 s elapsed"
