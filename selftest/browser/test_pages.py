"""The pages in a real browser: what they show, keep in the address, draw, and never do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.evidence import store
from reports.page import render
from selftest.browser.visits import Open
from selftest.reports import fakes

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u2028\u202e\x1b[31m"
FULL = 2000


def _crashed() -> dict[str, Any]:
    name = fakes.nodeid("law", "normal_", "float64")
    return store.stand_in(name, "crashed", "The worker process died while running this item.")


def _hostile() -> list[dict[str, Any]]:
    """A cell that fails and one that passes, hostile in every text."""
    lines = []
    for verdict in ("fail", "pass"):
        line = fakes.module_line(verdict)
        line.update(dict.fromkeys(("promise", "subject", "reason", "replay", "source"), HOSTILE))
        line.update(verdict=verdict, dtype=HOSTILE, law=dict.fromkeys(line["law"], HOSTILE))
        words = dict.fromkeys(("check", "message", "case", "tensor"), HOSTILE)
        passed = verdict == "pass"
        line["findings"] = [{**f, **words, "passed": passed} for f in line["findings"]]
        line["tensors"] = {HOSTILE: line["tensors"]["weight_hh"]}
        lines.append({**line, "nodeid": f"{verdict}{HOSTILE}"})
    return lines


RUNS: dict[str, tuple[list[dict[str, Any]], tuple[str, ...]]] = {
    "empty": ([], ()),
    "gaps": ([fakes.cell_line(), _crashed()], (fakes.nodeid("law", "uniform_", "float32"),)),
    "hostile": (_hostile(), ()),
}


@pytest.mark.parametrize("name", RUNS)
def test_pages_of_unusual_runs_load_in_silence(
    name: str, build: Callable[..., Path], visit: Open
) -> None:
    directory = build(*RUNS[name])
    for path in sorted(directory.glob("*.html")):
        page = visit(path).page
        assert page.locator("h1").inner_text()
        assert page.locator("html[data-ready]").count() == (path.name != "index.html")


@pytest.mark.parametrize("name", ["cpu.html", "index.html"])
def test_pages_of_a_failing_run_load_in_silence(name: str, red: Path, visit: Open) -> None:
    assert "FAIL" in visit(red / name).page.title()


def test_the_worst_finding_and_its_command_are_at_hand(red: Path, visit: Open) -> None:
    options = {"permissions": ["clipboard-read", "clipboard-write"]}
    page = visit(red / "cpu.html", **options).page
    first = page.locator("#wrong .fault").first
    first.locator("summary").click()
    assert first.bounding_box()["y"] < page.viewport_size["height"]
    command = first.locator(".replay code").inner_text()
    first.get_by_role("button", name="copy").click()
    first.get_by_role("button", name="copied").wait_for()
    assert command.startswith("pytest 'verify/")
    assert page.get_by_role("button", name="copied").count() == 1
    assert page.evaluate("navigator.clipboard.readText()") == command


def test_what_is_selected_of_a_command_is_the_command(red: Path, visit: Open) -> None:
    page = visit(red / "cpu.html", viewport={"width": 390, "height": 900}).page
    shown = page.locator(".cell.fail .replay code").first
    selected = shown.evaluate("e => (getSelection().selectAllChildren(e), `${getSelection()}`)")
    assert selected == shown.text_content()
    assert selected.startswith("pytest 'verify/") and " --run-seed 7 --profile " in selected


def test_gaps_are_shown(build: Callable[..., Path], visit: Open) -> None:
    page = visit(build(*RUNS["gaps"]) / "cpu.html").page
    assert "the run has gaps" in page.locator("h1").inner_text()
    assert page.locator("#wrong .kind").all_inner_texts() == ["crashed", "lost"]


def test_hostile_text_is_shown_as_text(build: Callable[..., Path], visit: Open) -> None:
    page = visit(build(*RUNS["hostile"]) / "cpu.html").page
    calm = page.locator("details.cell.pass")
    page.evaluate("id => { location.hash = id }", calm.get_attribute("id"))
    calm.locator(".detail figure").first.wait_for()
    for cell in (calm, page.locator("details.cell.fail")):
        assert "<script>alert(1)</script><img src=x" in cell.locator(".detail").text_content()
    assert page.locator("main img, main script:not(#packed)").count() == 1  # The page's own.


def test_filters_stay_in_the_address(red: Path, visit: Open) -> None:
    view = visit(red / "cpu.html")
    page, every = view.page, len(view.shown())
    page.get_by_label("dtype").select_option("float64")
    assert 0 < len(view.shown()) < every
    assert all(name.endswith("float64") for name in view.shown())
    page.get_by_label("Verdict").select_option("unsupported")
    assert view.shown() == []
    page.get_by_label("dtype").select_option("float16")
    chosen = view.shown()
    assert chosen and "verdict=unsupported&dtype=float16" in page.url
    page.reload()
    assert view.shown() == chosen
    assert page.get_by_label("Verdict").input_value() == "unsupported"
    page.go_back()
    page.locator("output", has_text="0 of ").wait_for()
    assert view.shown() == []
    page.go_back()
    page.go_back()
    page.get_by_role("button", name="show all").wait_for(state="hidden")
    assert len(view.shown()) == every
    assert page.url == (red / "cpu.html").as_uri()


def test_a_search_in_the_address_is_applied_before_the_page_is_ready(
    red: Path, visit: Open
) -> None:
    """The words are packed: the page says that it is ready once they have been looked through."""
    view = visit(red / "cpu.html", "?q=out_proj.weight+chi")
    view.page.locator("html[data-ready]").wait_for()
    assert view.shown() == ["LSTM float32"]


def test_subject_promise_and_text_choose_cells(red: Path, visit: Open) -> None:
    view = visit(red / "cpu.html")
    page = view.page
    page.get_by_label("Subject").select_option("normal_")
    assert {name.split()[0] for name in view.shown()} == {"normal_"}
    page.get_by_role("button", name="show all").click()
    page.get_by_label("Promise").select_option("gain")
    assert {name.split()[0] for name in view.shown()} == {"calculate_gain"}
    page.get_by_role("button", name="show all").click()
    page.get_by_label("Find").fill("out_proj.weight chi")
    page.locator("output", has_text="1 of ").wait_for()
    assert view.shown() == ["LSTM float32"]
    assert page.locator("#matrix tr:visible th[scope=row]").all_inner_texts() == ["LSTM"]
    assert page.locator("#wrong .fault:visible .at a").all_inner_texts() == ["LSTM", "LSTM"]


def test_keys_alone_lead_to_a_cell(green: Path, visit: Open) -> None:
    view = visit(green / "cpu.html")
    page = view.page
    page.keyboard.press("/")
    page.keyboard.type("xavier_normal_ float64")
    page.locator("output", has_text="1 of ").wait_for()
    page.keyboard.press("Enter")
    cell = view.cell("xavier_normal_", "float64")
    cell.locator(".detail figure").first.wait_for()
    assert page.evaluate("document.activeElement.closest('.cell').id") == cell.get_attribute("id")
    assert cell.locator("summary").evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert cell.get_attribute("open") is None


@pytest.mark.parametrize(
    ("subject", "labels"),
    [
        ("uniform_", {"Deviation from the law", "Counts against the law", "Effects of the checks"}),
        ("GRU", {"Deviation from the laws", "P-values of the checks"}),
        ("normal_(std=1) linear", {"The signal layer by layer"}),
    ],
)
def test_opening_a_cell_draws_its_pictures(
    subject: str, labels: set[str], green: Path, visit: Open
) -> None:
    view = visit(green / "cpu.html")
    assert view.cell(subject).locator("svg").count() == 0
    drawn = view.opened(subject).locator("svg")
    drawn.first.wait_for()
    assert labels <= {drawn.nth(i).get_attribute("aria-label") for i in range(drawn.count())}
    assert view.cell(subject).locator("tbody tr").count() > 0


def test_what_is_drawn_comes_with_its_place(green: Path, visit: Open) -> None:
    """No turn of the event loop shows the place of the pictures without the pictures."""
    view = visit(green / "cpu.html")
    cell = view.cell("uniform_")
    first_seen = """cell => new Promise((resolve) => {
      new MutationObserver(() => {
        const place = cell.querySelector(".detail");
        if (place) resolve(place.querySelectorAll("svg").length);
      }).observe(cell, { childList: true, subtree: true });
      location.hash = cell.id;
    })"""
    assert cell.evaluate(first_seen) == cell.locator("svg").count() > 0


def test_words_that_are_packed_come_when_a_cell_opens_and_are_found(
    build: Callable[..., Path], visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "WORDS", 0.0)
    view = visit(build([fakes.cell_line("uniform_"), fakes.cell_line("eye_")]) / "cpu.html")
    assert view.cell("uniform_").locator(".replay").count() == 0
    view.opened("uniform_").get_by_role("button", name="copy").wait_for()
    view.page.get_by_label("Find").fill("test_law[cpu-float32-eye_]")
    view.page.locator("output", has_text="1 of ").wait_for()
    assert view.shown() == ["eye_ float32"]


def test_headings_count_what_the_filter_shows(red: Path, visit: Open) -> None:
    page = visit(red / "cpu.html").page
    law = page.locator("#matrix .group", has_text="Laws of the initializers")
    summary = law.locator("> summary")
    before = summary.inner_text()
    page.get_by_label("Subject").select_option("normal_")
    page.locator("output", has_text="4 of ").wait_for()
    assert summary.locator(".subjects").inner_text() == "1 subject"
    assert summary.locator(".chip:visible").all_inner_texts() == ["1 fail", "3 pass"]
    assert page.locator("#matrix .group:visible").count() == 1
    assert page.locator(".patches i:not(.off)").count() == 4
    page.get_by_label("dtype").select_option("float32")
    page.locator("output", has_text="1 of ").wait_for()
    assert page.locator("#wrong").is_hidden()
    # Read in the turn of the click: no moment shows some of the filter and some of its absence.
    heading = "document.querySelector('#matrix .group > summary')"
    after = f"e => {{ e.click(); return {heading}.innerText }}"
    assert page.get_by_role("button", name="show all").evaluate(after) == before
    assert page.locator("output").inner_text() == ""
    assert page.locator("#wrong").is_visible()


def test_a_point_of_the_overview_leads_to_its_cell(red: Path, visit: Open) -> None:
    view = visit(red / "cpu.html")
    point = view.page.locator(".patches i.fail").first
    point.hover()
    told = view.page.locator(".patches i.fail[title]").get_attribute("title")
    subject, dtype = told.partition(":")[0].rsplit(" ", 1)
    point.click()
    anchor = view.cell(subject, dtype).get_attribute("id")
    view.page.wait_for_url(f"**#{anchor}")
    view.page.locator(f"#{anchor}[open]").wait_for()


def test_without_a_script_the_essential_is_there(red: Path, visit: Open) -> None:
    view = visit(red / "cpu.html", java_script_enabled=False)
    page = view.page
    assert page.locator("noscript").is_visible()
    assert page.locator("#filter").is_hidden()
    assert page.locator("details.cell.fail[open] svg").count() > 0
    calm = view.cell("xavier_uniform_")
    law = page.locator(".stated", has=calm).locator(".law")
    assert "U(−b, b), b = gain" in law.text_content()
    assert "Glorot & Bengio 2010" in law.locator("a").first.text_content()
    text = calm.text_content()
    for words in (
        "observed: 16\u202f777\u202f216 values",
        "p = ",
        "α = 10⁻¹²",
        "caught",
        "pytest '",
    ):
        assert words in text, words
    calm.evaluate("e => { for (; e; e = e.parentElement.closest('details')) e.open = true }")
    assert calm.locator(".replay").is_visible()


def test_on_paper_stands_the_matrix_and_no_cell(green: Path, visit: Open) -> None:
    page = visit(green / "cpu.html").page
    tile, section = page.locator(".tile").first, page.locator("#cells")
    printed = "e => e.checkVisibility({contentVisibilityAuto: true}) && e.offsetHeight > 0"
    assert not tile.evaluate(printed) and section.evaluate(printed)
    page.emulate_media(media="print", color_scheme="dark")
    assert tile.evaluate(printed) and not section.evaluate(printed)
    assert "The cells themselves" in page.locator(".paper:visible").inner_text()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == (
        "rgb(255, 255, 255)"
    )


def test_dark_mode_and_narrow_screens(red: Path, visit: Open) -> None:
    options = {"color_scheme": "dark", "viewport": {"width": 420, "height": 900}}
    page = visit(red / "cpu.html", **options).page
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert max(int(part) for part in paper[4:-1].split(",")) < 64
    assert page.evaluate("document.documentElement.scrollWidth") <= 420


def test_the_policy_forbids_what_is_not_in_the_page(green: Path, browser: Any) -> None:
    page = browser.new_page()
    page.goto((green / "cpu.html").as_uri())
    assert page.evaluate("fetch('data:,x').then(() => 'fetched', () => 'refused')") == "refused"
    page.close()


def _full() -> list[dict[str, Any]]:
    exact = fakes.cell_line("Linear", promise="construction", formula="as asked")
    laws = [fakes.cell_line(f"initializer {i}") for i in range(300)]
    modules = [fakes.module_line(f"Module{i}") for i in range(300)]
    names = (f"Subject{i}" for i in range(FULL - len(laws) - len(modules)))
    rest = [{**exact, "subject": n, "nodeid": exact["nodeid"].replace("Linear", n)} for n in names]
    return [*laws, *modules, *rest]


def test_a_full_run_fits_and_is_soon_ready(
    build: Callable[..., Path], visit: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    path = build(_full()) / "cpu.html"
    size = path.stat().st_size
    assert size <= render.MOST_BYTES
    assert "To keep this page small" not in path.read_text(encoding="utf-8")
    view = visit(path)
    ready = view.page.evaluate("document.documentElement.dataset.ready")
    with capsys.disabled():
        print(f"\n{FULL} cells: {size / 1e6:.2f} MB, interactive after {ready} ms")
    assert len(view.shown()) == FULL
    view.opened("Module299").locator("svg").first.wait_for()


def test_what_does_not_fit_is_said(
    build: Callable[..., Path], visit: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = [fakes.cell_line(f"initializer {i}") for i in range(20)]
    monkeypatch.setattr(render, "MOST_BYTES", (build(lines) / "cpu.html").stat().st_size - 10_000)
    view = visit(build(lines) / "cpu.html")
    assert "the pictures and tables of" in view.page.locator(".problem:visible").inner_text()
    ids = view.page.locator("details.cell").evaluate_all("all => all.map((cell) => cell.id)")
    first, last = min(ids, key=lambda i: int(i[1:])), max(ids, key=lambda i: int(i[1:]))
    for anchor, count in ((first, True), (last, False)):
        view.page.evaluate("id => { location.hash = id }", anchor)
        view.page.locator(f"#{anchor} .detail").wait_for(state="attached")
        assert (view.page.locator(f"#{anchor} svg").count() > 0) is count
