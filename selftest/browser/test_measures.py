"""What is measured of a page can fail: each fault that it is for, planted into a small page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selftest.browser import measures

SOUND = """<!doctype html><html lang="en"><head><title>A page</title><style>
body { font: 15px/1.5 sans-serif; margin: 20px; color: #222; background: #fff }
td, th { padding: 4px 10px; text-align: left } th { white-space: nowrap }
.frame { overflow-x: auto } .narrow { width: 60px; overflow-wrap: anywhere }
code { overflow-wrap: anywhere } .line { display: flex; gap: 20px }
</style></head><body><main><h1>All cells keep their promise</h1>
<p>A sentence of many words, which is longer than one line and therefore is broken between two
of its words, or in a well-known place, 16\u202f777\u202f216 times.</p>
<div class="frame" tabindex="0"><table><tr><th>subject</th><td>pass</td></tr></table></div>
<label>Find <input></label>
PLANTED</main></body></html>"""
COMMAND = "pytest 'verify/test_laws.py::test_law[cpu-float32-normal_]' --run-seed 7"

READABLE = {
    "nothing": "",
    "a wide table in a frame": '<div class="frame" tabindex="0"><table style="width: 2000px"><tr>'
    "<td>pass</td></tr></table></div>",
    "a command that breaks between words": f"<code>{COMMAND}</code>",
    "a command on a narrow screen": "<div style='width: 240px'><code style='overflow-wrap: "
    "normal'>pytest 'verify/<wbr>test_laws.py::<wbr>test_law[cpu-float32]'</code></div>",
    "an identifier with places to break": "<div style='width: 220px'><p>transformer.<wbr>decoder."
    "<wbr>layers.<wbr>11.<wbr>multihead_attn.<wbr>out_proj.<wbr>weight</p></div>",
    "a digest without any": f"<div style='width: 240px'><code>{'0123456789ab' * 5}</code></div>",
    "what only a screen reader meets": "<span style='position: absolute; left: -999px'>x</span>",
    "what is folded": "<details><summary>more</summary><p class=narrow>uniform_</p></details>",
}


@pytest.fixture(scope="module")
def sheet(browser: Any) -> Iterator[Any]:
    """An empty page of a telephone's width."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    yield context.new_page()
    context.close()


def _planted(page: Any, markup: str) -> None:
    page.set_content(SOUND.replace("PLANTED", markup))


@pytest.mark.parametrize("name", READABLE)
def test_what_can_be_read_is_let_be(name: str, sheet: Any) -> None:
    _planted(sheet, READABLE[name])
    assert measures.complaints(sheet) == []


@pytest.mark.parametrize(
    ("markup", "complaint"),
    [
        ("<p class=narrow>unsupported</p>", "a word is broken: main > p.narrow: unsuppo"),
        ("<p style='width: 8px; overflow-wrap: anywhere'>pass</p>", "p / a / s / s"),
        ("<p class=narrow>16\u202f777\u202f216\u202f777</p>", "a word is broken"),
        ("<p class=narrow>kaiming_normal_</p>", "a word is broken"),
        ("<h2 style='width: 40px; word-break: break-all'>Matrix</h2>", "broken: main > h2"),
        ("<p style='width: 60px'>2.13.0 of 2025-11-28</p>", "2025- / 11-28"),
        ("<div style='width: 260px'><code style='word-break: break-all'>pytest verify --run-seed "
         "7 --profile smoke --known-defects none</code></div>", "a word is broken"),
        ("<div style='width: 300px'><code>pytest verify/x.py -n 0 aa --known-defects</code></div>",
         "-- / known-defects"),
        ("<table style='width: 2000px'><tr><td>pass</td></tr></table>", "page scrolls sideways"),
        ("<p style='white-space: nowrap'>" + "word " * 90, "the page scrolls sideways"),
        ("<div style='overflow: hidden'><p style='white-space: nowrap'>" + "word " * 90,
         "text leaves its box"),
        ("<p style='width: 50px; white-space: nowrap'>10⁻¹² and more</p>", "text leaves its box"),
        ("<p>under</p><p style='margin-top: -40px'>over</p>", "texts overlap"),
        ("<table style='table-layout: fixed; width: 120px'><tr><td style='white-space: nowrap'>"
         "1.2 × 10⁻¹³<td style='white-space: nowrap'>pass</table>", "texts overlap"),
        ("<svg width=200 height=40><text y=20>0.001</text><text x=12 y=22>0.002</text></svg>",
         "texts overlap"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(markup: str, complaint: str, sheet: Any) -> None:
    _planted(sheet, markup)
    found = measures.complaints(sheet)
    assert any(complaint in sentence for sentence in found), found


@pytest.mark.parametrize(
    ("markup", "rule"),
    [
        ("<p style='color: #999'>hardly seen</p>", "color-contrast"),
        ("<form><input name=q></form>", "label"),
        ("<div style='overflow: auto; height: 30px'><p style='height: 900px'>far</p></div>",
         "scrollable-region-focusable"),
        ("<h4>Too deep</h4>", "heading-order"),
        ("<a href='#x'></a>", "link-name"),
        ("<img src='data:,'>", "image-alt"),
        ("<svg role=img width=9 height=9></svg>", "svg-img-alt"),
    ],
)  # fmt: skip
def test_the_engine_names_what_keeps_people_out(markup: str, rule: str, sheet: Any) -> None:
    _planted(sheet, "")
    assert measures.violations(sheet) == []
    _planted(sheet, markup)
    assert [text for text in measures.violations(sheet) if text.startswith(f"{rule}: ")]


@pytest.mark.parametrize("amount", [1, 13])
def test_sheets_of_paper_are_counted(amount: int, sheet: Any) -> None:
    # The heading shares the first sheet.
    _planted(sheet, "<p style='break-before: page'>one more</p>" * (amount - 1))
    assert measures.sheets(sheet) == amount


def test_work_counts_and_waiting_does_not(sheet: Any, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    taken = []
    for turns in ("1", "3e8"):
        script = f"<script>for (let i = 0, x = 0; i < {turns}; i++) x += i % 7;</script>"
        path.write_text(SOUND.replace("PLANTED", script), encoding="utf-8")
        sheet.goto(path.as_uri())
        taken.append(measures.seconds(sheet))
    assert taken[1] > 2 * taken[0]


def test_a_row_is_a_unit_of_work(sheet: Any, tmp_path: Path) -> None:
    """A table of four times as many rows is more work than two times the rows are."""
    row = measures.seconds_of_a_row(sheet, tmp_path)
    path = tmp_path / "rows.html"
    text = path.read_text(encoding="utf-8")
    rows = text.partition("<table>")[2].partition("</table>")[0]
    path.write_text(text.replace(rows, 4 * rows), encoding="utf-8")
    sheet.goto(path.as_uri())
    assert measures.seconds(sheet) > 2 * measures.ROWS * row
