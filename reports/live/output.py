"""Standard output that a system refuses to take: the run goes on, and says so once at the end."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest

from reports.evidence.store import system_says


class Output:
    """Passes on what pytest prints; once the system refuses it, what is printed goes nowhere.

    Parameters
    ----------
    file
        Where pytest prints.

    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.refused = ""

    def write(self, text: str) -> int:
        """Write a text, or lose it."""
        try:
            return self._file.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Hand over what has been written, or lose it."""
        try:
            self._file.flush()
        except OSError as error:
            self._give_up(error)

    def __getattr__(self, name: str) -> Any:
        """Whatever else a file can say of itself, such as its encoding."""
        return getattr(self._file, name)

    def _give_up(self, error: OSError) -> None:
        self.refused = self.refused or system_says(error)
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), self._file.fileno())
        self._file.flush()  # Else Python tries once more on its way out.


class Outlet:
    """The pytest plugin that lets a run outlive its output."""

    def __init__(self) -> None:
        self._output: Output | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Stand between pytest's terminal reporter and where it prints."""
        terminal: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            self._output = terminal._tw._file = Output(terminal._tw._file)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Say on standard error what has become of the output."""
        if self._output is None:
            return
        self._output.flush()
        if self._output.refused:
            with suppress(OSError):
                print(
                    f"verify: what is printed was refused ({self._output.refused}): exit code and "
                    "report say what was found.",
                    file=sys.stderr,
                    flush=True,
                )
