"""The end of a session: what another plugin fails to do there costs no verdict and no page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from pluggy import HookImpl

from reports.evidence.store import system_says
from reports.evidence.words import plain

_INCOMPLETE = 3


class Finish:
    """The pytest plugin that lets the end of a run outlive the other plugins."""

    def __init__(self) -> None:
        self._problems: list[str] = []
        self._failed: list[object] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Let every plugin have its turn, whatever becomes of the others."""
        hooks = session.config.hook
        # pytest stops at the first that raises, and what has no turn then tells nothing.
        for hook in (hooks.pytest_sessionfinish, hooks.pytest_terminal_summary):
            for each in hook.get_hookimpls():
                if not (each.wrapper or each.hookwrapper):
                    guarded = partial(self._outlived, each, each.function)
                    setattr(each, "function", guarded)  # noqa: B010
        try:
            yield
        except pytest.exit.Exception:
            raise
        except Exception as error:
            self._note("another plugin", error)
        if self._problems and not session.exitstatus:
            session.exitstatus = _INCOMPLETE

    def pytest_unconfigure(self) -> None:
        """Say on standard error what did not come to its end."""
        for problem in self._problems:
            with suppress(OSError):
                print(f"verify: {problem}", file=sys.stderr, flush=True)

    def _outlived(self, of: HookImpl, function: Callable[..., Any], *given: Any) -> Any:
        if of.plugin in self._failed:
            return None  # It would speak of what it has not done.
        try:
            return function(*given)
        except pytest.exit.Exception:
            raise
        except Exception as error:
            self._failed.append(of.plugin)
            self._note(_name(of.plugin), error)

    def _note(self, who: str, error: Exception) -> None:
        if isinstance(error, OSError):
            place = f"{error.filename}: " if error.filename else ""
            said = (
                f"what {who} writes at the end of the run could not be written "
                f"({place}{system_says(error)}): make room, or name another file for it, "
                "and run again."
            )
        else:
            said = (
                f"{who} failed at the end of the run ({type(error).__name__}: {error}): "
                "mend that plugin, or leave it out with -p no:NAME, and run again."
            )
        self._problems.append(plain(said))


def _name(plugin: object) -> str:
    """The module of a plugin, by which a user knows it: junitxml."""
    module = getattr(plugin, "__name__", None) or type(plugin).__module__
    return str(module).rpartition(".")[2]
