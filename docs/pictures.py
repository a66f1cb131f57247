"""Make the pictures of reports that README and `docs/` show.

``tox run -e pictures`` makes them of runs made by hand; ``tox run -e pictures -- GREEN RED`` of two
report folders, of which the second has faults.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from reports.__main__ import main as reports  # noqa: E402
from reports.evidence.store import EVIDENCE  # noqa: E402
from selftest.browser import chromium, runs  # noqa: E402

IMAGES = DOCS / "images"
WIDTH, TALLEST = 1280, 980
MOST_BYTES = 200_000

# The first element that a selector finds, on its page, however far that is scrolled.
_PLACE = """(selector) => {
  const { y, height } = document.querySelector(selector).getBoundingClientRect();
  return { y: y + scrollY, height };
}"""
_CELL = "details.cell.fail[open]:has(svg)"


def top(page: Any) -> dict[str, float]:
    """The verdict and what follows it."""
    return {"x": 0, "y": 0, "width": WIDTH, "height": 860}


def faults(page: Any) -> dict[str, float]:
    """What needs attention, and the matrix below it."""
    place = page.evaluate(_PLACE, "#wrong")
    return {"x": 0, "y": place["y"] - 24, "width": WIDTH, "height": TALLEST}


def cell(page: Any) -> dict[str, float]:
    """One cell that fails, with its pictures."""
    place = page.evaluate(_PLACE, _CELL)
    height = min(place["height"] + 24, TALLEST)
    return {"x": 0, "y": place["y"] - 12, "width": WIDTH, "height": height}


PICTURES: dict[str, tuple[int, Callable[[Any], dict[str, float]]]] = {
    "report.png": (0, top),
    "faults.png": (1, faults),
    "cell.png": (1, cell),
}
"""Each picture: of which of the two runs it is, and what it shows of its page."""


def make(folders: Sequence[Path], images: Path) -> None:
    """Make the pictures of two report folders: one in order, one with faults.

    Raises
    ------
    ValueError
        For a picture that is too large for a page of text.

    """
    from playwright.sync_api import sync_playwright

    images.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = chromium.started(playwright)
        if browser is None:
            sys.exit(f"no Chromium found: install one of {', '.join(chromium.NAMES)}")
        for name, (which, part) in PICTURES.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": 900})
            page.goto((folders[which] / "cpu.html").as_uri())
            clip = part(page)
            picture = page.screenshot(full_page=True, clip=clip)
            if len(picture) > MOST_BYTES:
                raise ValueError(f"{name} has {len(picture)} bytes: show less of the page")
            (images / name).write_bytes(picture)
            page.close()
        browser.close()


def _written(place: Path, given: Sequence[str]) -> list[Path]:
    """Write the pages of both runs into folders of their own."""
    folders = [place / "green", place / "red"]
    if not given:
        return [run.build(to) for run, to in zip((runs.green(), runs.few()), folders, strict=True)]
    for folder, to in zip(map(Path, given), folders, strict=True):
        to.mkdir()
        shutil.copy(folder / EVIDENCE, to)
        reports(["build", str(to)])
    return folders


def main() -> None:
    """Make the pictures; what is asked for is on the command line."""
    if len(sys.argv) not in (1, 3):
        sys.exit("usage: python docs/pictures.py [GREEN RED]: two report folders, or none")
    with TemporaryDirectory() as place:
        make(_written(Path(place), sys.argv[1:]), IMAGES)


if __name__ == "__main__":
    main()
