"""What is measured of a page: its text as it stands, its paper, its use without eyes or mouse."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

# Rows of the table that the machine is measured by.
ROWS = 2500
PROBE = (Path(__file__).parent / "probe.js").read_text(encoding="utf-8")
# The rules of WCAG 2.2 up to level AA, and what its authors call best practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def complaints(page: Any) -> list[str]:
    """Return what cannot be read on a page as it stands on the screen, a sentence for each place.

    Words that break inside, texts that overlap or leave their box, a page that scrolls sideways.
    Words are separated by spaces; they may break after a hyphen or a slash, and long identifiers
    after their punctuation. A command breaks between its words only: a word that is longer than
    a whole line may break at ``::``, ``/``, ``-`` and brackets.
    """
    found: list[str] = page.evaluate(PROBE)
    return found


def violations(page: Any) -> list[str]:
    """Return what axe-core finds against a page: rule, place, and what to mend.

    The page's own policy forbids scripts that are brought in: open it with ``bypass_csp``.
    """
    reason = "no axe-core found: install requirements-dev.txt"
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=reason)
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    found = axe.Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def sheets(page: Any) -> int:
    """Return how many sheets of A4 a page takes on paper."""
    reader = pytest.importorskip("pypdf", reason="no pypdf found: install requirements-dev.txt")
    return len(reader.PdfReader(io.BytesIO(page.pdf(format="A4"))).pages)


def seconds(page: Any) -> float:
    """Return how long the page's own thread has worked since it was loaded, in processor time.

    Parsing, styles, layout and scripts count; what other programs take of the machine does not.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.reload()
    page.evaluate("new Promise(requestAnimationFrame)")
    metrics = session.send("Performance.getMetrics")["metrics"]
    session.detach()
    found: float = next(each["value"] for each in metrics if each["name"] == "TaskDuration")
    return found


def seconds_of_a_row(page: Any, folder: Path) -> float:
    """Return the work that this machine has with a row of a plain table: the unit of work.

    A slower processor, or one that others keep busy, takes longer for a page and for this alike.
    """
    path = folder / "rows.html"
    cells = "<td><a href='#x'>pass</a> <i>0.001</i></td>" * 5
    table = f"<table>{f'<tr><th>some_initializer_</th>{cells}</tr>' * ROWS}</table>"
    path.write_text(f"<!doctype html><html><title>Rows</title>{table}</html>", encoding="utf-8")
    page.goto(path.as_uri())
    return seconds(page) / ROWS
