"""Pytest plugin that leaves out what no test of something planted looks at: half of its time.

A failing case is told as it was drawn, and evidence is written without its pages. Both have tests
of their own.
"""

from __future__ import annotations

from hypothesis import Phase

from reports.page import render
from verify.plan import drawing


def pytest_sessionstart() -> None:
    """Shrink no case, and make no page."""
    drawing.PHASES = (Phase.generate,)
    render.build = lambda evidence, directory: None
