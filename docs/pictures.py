"""Make the pictures of reports that README and `docs/` show.

``tox run -e pictures`` makes them of runs made by hand; ``tox run -e pictures -- GREEN RED`` of two
report folders, of which the second has faults.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from reports.__main__ import main as reports  # noqa: E402
from reports.evidence.store import EVIDENCE  # noqa: E402
from selftest.browser import chromium, runs  # noqa: E402

IMAGES = DOCS / "images"
WIDTH = 1280
MOST_BYTES = 300_000

# What is far below is laid out once it is near: bring it to the top, and wait for a frame.
_SHOW = """async (selector) => {
  for (const _ of [1, 2]) {
    scrollTo(0, scrollY + document.querySelector(selector).getBoundingClientRect().y - 24);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  }
}"""
PICTURES: dict[str, tuple[int, str, int]] = {
    "report.png": (0, "body", 860),
    "faults.png": (1, "#wrong", 980),
    "cell.png": (1, "details.cell[open] .detail:has(figure:not(.wide))", 900),
}
"""Each picture: of which of the two runs it is, the element it begins with, its height."""


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
        for name, (which, selector, height) in PICTURES.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": height})
            page.goto((folders[which] / "cpu.html").as_uri())
            page.evaluate(_SHOW, selector)
            picture = page.screenshot()
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
