"""Pytest plugin that leaves out what no test of something planted looks at: most of its time.

A failing case is told as it was drawn, no failure is drawn again on four times the sample, and
evidence is written without its pages. Each has tests of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import Phase

from reports.page import render
from verify.engine import explore
from verify.plan import drawing


def shorten(replace: Callable[[Any, str, Any], object] = setattr) -> None:
    """Shrink no case, and confirm no failure.

    Parameters
    ----------
    replace
        Sets an attribute; a test may take one that is undone.
    """
    replace(drawing, "PHASES", (Phase.generate,))
    replace(explore, "confirmed", lambda finding, redraw: finding)


def pytest_sessionstart() -> None:
    """Do no more than a test looks at, and make no page."""
    shorten()
    render.build = lambda evidence, directory: None
