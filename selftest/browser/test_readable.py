"""Every kind of page, on every width and in both colour schemes: measured in the browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from reports.page import render
from selftest.browser import measures, runs
from selftest.browser.visits import Open

WIDTHS = (390, 768, 1280, 1920)
SCHEMES = ("light", "dark")
OF_A_RUN = ("green", "faulty", "full", "many")
# Cells that are opened to be measured, the worst first.
OPENED = 12
MOST_SHEETS = 12
# As much work as a plain table of so many rows: about a second, where this was set.
MOST_ROWS = 5000

EVERYTHING = f"""() => {{
  for (const fold of document.querySelectorAll("details:not(.cell)")) fold.open = true;
  const cells = [...document.querySelectorAll("details.cell")];
  cells.forEach((cell, i) => {{ cell.open = i < {OPENED}; }});
}}"""
DRAWN = """() => [...document.querySelectorAll("details.cell[open]")].every(
  (cell) => cell.querySelector(".detail"))"""


@pytest.fixture(scope="session")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The path of a page by its name, written when first asked for."""
    return cache(lambda name: runs.PAGES[name](tmp_path_factory.mktemp(name)))


def _sized(width: int) -> dict[str, Any]:
    return {"viewport": {"width": width, "height": 900}}


def _told(found: list[str]) -> str:
    return f"{len(found)} in all:\n" + "\n".join(found[:40])


def _open_everything(page: Any) -> None:
    page.evaluate(EVERYTHING)
    page.wait_for_function(DRAWN)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", sorted({*runs.PAGES} - {"few"}))
def test_no_word_breaks_and_no_text_overlaps(
    name: str, width: int, page_of: Callable[[str], Path], visit: Open
) -> None:
    page = visit(page_of(name), **_sized(width)).page
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found = measures.complaints(page)
        assert not found, _told(found)


@pytest.mark.parametrize("width", [WIDTHS[0], WIDTHS[2]])
@pytest.mark.parametrize("name", OF_A_RUN)
def test_what_unfolds_can_be_read_too(
    name: str, width: int, page_of: Callable[[str], Path], visit: Open
) -> None:
    page = visit(page_of(name), **_sized(width)).page
    _open_everything(page)
    found = measures.complaints(page)
    assert not found, _told(found)


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
@pytest.mark.parametrize("name", ["green", "few", "many", "index", "history", "upgrade"])
def test_an_accessibility_engine_has_nothing_to_say(
    name: str, width: int, scheme: str, page_of: Callable[[str], Path], visit: Open
) -> None:
    options = {"bypass_csp": True, "color_scheme": scheme}
    page = visit(page_of(name), **options, **_sized(width)).page
    _open_everything(page)
    found = measures.violations(page)
    assert not found, _told(found)


@pytest.mark.parametrize("name", runs.PAGES)
def test_paper_is_spared(name: str, page_of: Callable[[str], Path], visit: Open) -> None:
    assert measures.sheets(visit(page_of(name)).page) <= MOST_SHEETS


@pytest.mark.parametrize("name", OF_A_RUN)
def test_a_page_is_soon_ready_and_small(
    name: str, page_of: Callable[[str], Path], visit: Open, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """What it takes until the page can be used, in work of this machine: no clock decides."""
    path = page_of(name)
    size = path.stat().st_size
    assert size <= render.MOST_BYTES
    page = visit(path).page
    ready = page.evaluate("document.documentElement.dataset.ready")
    assert ready
    seconds = measures.seconds(page)
    rows = seconds / measures.seconds_of_a_row(page, tmp_path)
    with capsys.disabled():
        told = f"{ready} ms by the clock, {seconds:.2f} s of work, as much as {rows:.0f} rows"
        print(f"\n{name}: {size / 1e6:.2f} MB, {told}")
    assert rows <= MOST_ROWS
