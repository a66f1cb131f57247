"""Pytest plugin that leaves out what no test of something planted looks at: most of its time.

A failing case is told as it was drawn, no failure is drawn again on four times the sample, and
evidence is written without its pages. Each has tests of its own.
"""

from __future__ import annotations

from hypothesis import Phase

from reports.page import render
from verify.engine import explore
from verify.plan import drawing


def pytest_sessionstart() -> None:
    """Shrink no case, confirm no failure, and make no page."""
    drawing.PHASES = (Phase.generate,)
    explore.confirmed = lambda finding, redraw: finding
    render.build = lambda evidence, directory: None
