"""One headless Chromium for all tests of the pages, and the pages that they open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.evidence.records import CellRecord, Report, RunRecord
from reports.page import render
from selftest.browser import chromium
from selftest.browser.visits import Open, Visit
from selftest.reports import fakes

Lines = list[dict[str, Any]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    reason = "no playwright found: install requirements-dev.txt"
    api = pytest.importorskip("playwright.sync_api", reason=reason)
    with api.sync_playwright() as playwright:
        started = chromium.started(playwright)
        if started is None:
            pytest.skip(f"no Chromium found: install one of {', '.join(chromium.NAMES)}")
        yield started
        started.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Open]:
    """Open a page; at the end nothing may have been complained of or asked for."""
    contexts, visits = [], []

    def open_(path: Path, query: str = "", **options: Any) -> Visit:
        context = browser.new_context(**options)
        # Ends what hangs; no slow machine takes so long.
        context.set_default_timeout(120_000)
        contexts.append(context)
        visits.append(Visit(context.new_page()))
        visits[-1].page.goto(f"{path.as_uri()}{query}")
        return visits[-1]

    yield open_
    complaints = [text for each in visits for text in each.complaints]
    requests = [url for each in visits for url in each.requests]
    for context in contexts:
        context.close()
    assert not complaints
    assert all(url.startswith("file://") and ".html" in url for url in requests), requests


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write the pages of some cell lines into a folder of their own."""

    def build_(lines: Lines, planned: tuple[str, ...] = ()) -> Path:
        directory = tmp_path_factory.mktemp("pages")
        run = RunRecord.from_json(fakes.run_line({*planned, *(line["nodeid"] for line in lines)}))
        cells = sorted(map(CellRecord.from_json, lines), key=lambda cell: cell.nodeid)
        render.build(Report(run, tuple(cells)), directory)
        return directory

    return build_


@pytest.fixture(scope="session")
def red(build: Callable[..., Path]) -> Path:
    """A run in which several cells fail; a module among them."""
    return build([*fakes.cells(), fakes.module_line(zero="weight_hr_l0", scaled="weight_hh")])


@pytest.fixture(scope="session")
def green(build: Callable[..., Path]) -> Path:
    """A run of a few cells of each kind, all in order."""
    names = ("uniform_", "xavier_normal_")
    lines = [fakes.cell_line(name, dtype) for name in names for dtype in ("float32", "float64")]
    exact = fakes.cell_line("Linear", promise="construction", formula="as asked")
    module = fakes.module_line("GRU")
    signal = fakes.cell_line("normal_(std=1) linear", promise="depth")
    sizes = [16.0**layer for layer in range(1, 101)]
    signal["statistics"] = {"signal": {"kind": "signal", "observed": sizes, "expected": sizes}}
    return build([*lines, exact, module, signal])
