"""Pages: self-contained, safe with hostile text, and the same from the same evidence."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.evidence import store
from reports.evidence.records import CellRecord, Report, RunRecord
from reports.evidence.words import said
from reports.page import render
from selftest.reports import fakes

HOSTILE = "<script>alert(1)</script>\"'&{{ 7 * 7 }}\u2028\x1b[31m javascript:alert(2)"
VOID = {"meta", "link", "br", "input"}


class Page(HTMLParser):
    """Collects what a page loads and links to, and minds that its tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.scripts = 0
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.scripts += tag == "script" and ("id", "packed") not in attrs
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "srcset", "data", "action", "poster"):
                (self.links if tag == "a" else self.loads).append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = [*fakes.cells(), fakes.cell_line("uniform_", backend="cuda")]
    directory = fakes.write(tmp_path_factory.mktemp("report"), lines)
    assert main(["build", str(directory)]) == 1
    return directory


def test_a_question_is_named_by_its_id_beside_its_check(tmp_path: Path) -> None:
    folder = fakes.write(tmp_path, [fakes.cell_line("dirac_", promise="exact")])
    assert main(["build", str(folder)]) == 1
    text = (folder / "cpu.html").read_text(encoding="utf-8")
    fault, cell = text.split('id="cells"')
    for part in (fault, cell):
        assert 'equal <span class="word">(<code>off-' in part


@pytest.mark.parametrize("name", ["cpu.html", "cuda.html", "index.html"])
def test_pages_are_well_formed_and_load_nothing(folder: Path, name: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    page = Page(text)
    assert not page.open
    assert page.loads == ["data:,"]
    for link in page.links:
        other, _, anchor = link.partition("#")
        assert link.startswith(("#", "https://")) or other in _names(folder)
        if anchor and other in _names(folder):
            assert f'id="{anchor}"' in (folder / other).read_text(encoding="utf-8")
    assert "url(" not in text and "@import" not in text
    assert len(set(page.ids)) == len(page.ids)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert len(text.encode()) < render.MOST_BYTES


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.html")}


def test_a_page_says_what_it_must(folder: Path) -> None:
    text = (folder / "cpu.html").read_text(encoding="utf-8")
    for words in (
        "FAIL",
        "4 of 72 cells break",
        "What this run could have seen",
        "Completeness",
        "Calibration",
        "Known defects of PyTorch",
        "Environment",
        "2.13.0+cpu",
        "--run-seed 7",
        "not implemented",
        "std is 1 % too large",
    ):
        assert words in text, words
    assert "The one cell keeps its promise" in (folder / "cuda.html").read_text(encoding="utf-8")


def _unpacked(text: str) -> dict[str, str]:
    """Return the markup that a page holds packed, by the id of its cell."""
    packed = text.partition('id="packed">')[2].partition("<")[0]
    pieces: dict[str, str] = {}
    for column in json.loads(zlib.decompress(base64.b64decode(packed))):
        for name, markup in column.items():
            pieces[name] = pieces.get(name, "") + markup
    return pieces


def _page(folder: Path, *lines: dict) -> str:
    main(["build", str(fakes.write(folder, lines))])
    text = (folder / "cpu.html").read_text(encoding="utf-8")
    assert not Page(text).open
    return text


def test_a_module_in_order_has_a_row_for_each_kind_of_tensors(tmp_path: Path) -> None:
    text = _page(tmp_path, fakes.module_line(history="weight 1 since 1.2; U(0, 1) before"))
    assert '<span class="muted">weight 1 since 1.2; U(0, 1) before</span>' in text
    (detail,) = _unpacked(text).values()
    for name in (*fakes.KINDS, "all tensors together"):
        assert detail.count(f'<th scope="row">{name}</th>') == 1
        assert f"Every check of {name}" in detail
    assert detail.count("<figure") == 4
    assert text.count("<figure") == 1  # That of the calibration.
    shown = re.sub("<[^>]*>", "", text)
    assert "pytest 'verify/test_defaults.py::test_default[cpu-float32-LSTM]'" in shown


def test_a_module_that_fails_says_which_tensor_where_and_how_to_replay(tmp_path: Path) -> None:
    lines = [fakes.module_line(promise=p, zero="weight_hr_l0") for p in ("default", "reset")]
    text = _page(tmp_path, *lines, fakes.module_line("GRU"))
    attention = text[text.index('id="wrong"') : text.index('id="matrix"')]
    assert attention.count('<tbody class="fault') == 1
    for words in (
        ">LSTM</a>",
        f"<summary>weight_hr_l0: {said(fakes.ZERO)}</summary>",
        "Defaults of the modules: ",
        "Resets: ",
        "RecurrentArguments(input_size=1, hidden_size=2, proj_size=1)",
        "--run-seed 7",
    ):
        assert words in attention, words
    assert '<p class="whose"><code>weight_hr_l0</code></p>' in text
    assert text.count("<summary>Every check of weight_hr_l0</summary>") == len(lines)
    assert text.count('<details class="fold" open>') == len(lines)


def test_a_sum_of_nights_is_shown_at_the_level_of_its_decisions(tmp_path: Path) -> None:
    line = fakes.cell_line("uniform_")
    one, sum_of_two = (_page(tmp_path, {**line, **more}) for more in ({}, {"alpha": 1.5e-13}))
    assert "against α = 10⁻¹²" in one and "against α = 1.5 × 10⁻¹³" in sum_of_two
    (narrow,), (wide,) = (_unpacked(text).values() for text in (one, sum_of_two))
    assert "α = 10⁻¹²" in narrow and "α = 1.5 × 10⁻¹³" in wide


def test_a_group_in_order_is_closed_and_one_in_trouble_open(tmp_path: Path) -> None:
    wrong = fakes.module_line(promise="reset", zero="weight_hr_l0")
    text = _page(tmp_path, wrong, fakes.module_line("GRU"))
    heads = [part.partition("</h3>")[0] for part in text.split('<details class="fold group" ')[1:]]
    assert heads[:2] == [
        'data-promise="reset" data-fill="eager" open>\n<summary><h3>Resets',
        'data-promise="default" data-fill="eager">\n<summary><h3>Defaults of the modules',
    ]


def test_rendering_is_a_pure_function_of_the_evidence(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    main(["build", str(folder)])
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    line = fakes.module_line(scaled="weight_hh")
    line.update(dict.fromkeys(("nodeid", "promise", "subject", "reason", "replay"), HOSTILE))
    line.update(dtype=HOSTILE, source=HOSTILE, law=dict.fromkeys(line["law"], HOSTILE))
    line.update(backend="../../" + HOSTILE, excluded=[HOSTILE], verdict="fail")
    words = dict.fromkeys(("check", "message", "case", "tensor", "scope"), HOSTILE)
    line["findings"] = [{**f, **words, "passed": False} for f in line["findings"]]
    line["tensors"] = {HOSTILE: line["tensors"]["weight_hh"]}
    fakes.write(tmp_path / "report", [line])
    main(["build", str(tmp_path / "report")])
    pages = list(tmp_path.rglob("*.html"))
    assert {path.parent for path in pages} == {tmp_path / "report"}
    for path in pages:
        text = path.read_text(encoding="utf-8")
        page = Page(text)
        assert page.scripts == (path.name != "index.html")
        assert "<script>alert" not in text
        assert "{{ 7" in text
        assert not any(link.startswith("javascript") for link in page.links)


def test_lone_surrogates_do_not_stop_a_report(tmp_path: Path) -> None:
    fakes.write(tmp_path, [{**fakes.cell_line(), "reason": "\ud800", "verdict": "error"}])
    assert main(["build", str(tmp_path)]) == 3


def _copies(line: dict, amount: int) -> list[CellRecord]:
    cell = CellRecord.from_json(line)
    return [replace(cell, nodeid=f"{cell.nodeid}{i}", subject=f"S{i}") for i in range(amount)]


def test_every_cell_of_a_large_run_has_its_pictures(tmp_path: Path) -> None:
    cells = [*_copies(fakes.cell_line(), 30), *_copies(fakes.module_line(), 70)]
    render.build(Report(RunRecord(), tuple(cells)), tmp_path)
    text = (tmp_path / "cpu.html").read_text(encoding="utf-8")
    pieces = _unpacked(text)
    assert len(pieces) == len(cells)
    assert sum(markup.count("<figure") for markup in pieces.values()) == 4 * 30 + 4 * 70
    assert "To keep this page small" not in text


def test_what_does_not_fit_is_left_out_from_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [fakes.cell_line(f"initializer {i}") for i in range(40)]
    cells = tuple(map(CellRecord.from_json, lines))
    render.build(Report(RunRecord(), cells), tmp_path)
    most = (tmp_path / "cpu.html").stat().st_size - 10_000
    monkeypatch.setattr(render, "MOST_BYTES", most)
    render.build(Report(RunRecord(), cells), tmp_path)
    text = (tmp_path / "cpu.html").read_text(encoding="utf-8")
    kept = list(_unpacked(text))
    assert 0.8 * most < len(text.encode()) <= most
    assert kept == [f"c{rank}" for rank in range(1, len(kept) + 1)]
    assert f"the pictures and tables of {40 - len(kept)} cells are left out" in text


def test_a_run_in_which_everything_fails_packs_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "INLINE_BYTES", 400_000)
    cells = _copies(fakes.module_line(zero="weight_hr_l0", scaled="weight_hh"), 50)
    render.build(Report(RunRecord(), tuple(cells)), tmp_path)
    text = (tmp_path / "cpu.html").read_text(encoding="utf-8")
    assert not Page(text).open
    assert len(text.encode()) < render.MOST_BYTES
    inline, packed = text.count('<div class="detail">'), len(_unpacked(text))
    assert inline and packed and inline + packed == len(cells)
    assert text.count(" open>\n<summary><span class=") == inline


def test_many_faults_are_counted(tmp_path: Path) -> None:
    raised = [
        {
            **fakes.cell_line(f"n{i}"),
            "verdict": "error",
            "findings": [],
            "reason": f"{'x' * i} broke",
        }
        for i in range(render.MOST_FAULTS + 3)
    ]
    text = _page(tmp_path, *raised)
    assert text.count('<tbody class="fault') == render.MOST_FAULTS
    assert "… and 3 more faults: see the matrix." in text


def test_where_words_do_not_fit_the_calmest_are_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "MOST_BYTES", 500_000)
    monkeypatch.setattr(render, "WORDS", 0.2)
    cells = _copies(fakes.module_line(zero="weight_hr_l0", scaled="weight_hh"), 100)
    render.build(Report(RunRecord(), tuple(cells)), tmp_path)
    text = (tmp_path / "cpu.html").read_text(encoding="utf-8")
    assert not Page(text).open
    assert len(text.encode()) <= render.MOST_BYTES
    sections = text.partition('<section id="cells">')[2].partition('<div class="panels">')[0]
    told = sections.count('class="replay"')
    assert 0 < told < len(cells)
    packed = [markup for markup in _unpacked(text).values() if 'class="replay"' in markup]
    assert told + len(packed) >= 0.9 * len(cells)


def test_pages_of_an_earlier_run_do_not_stay(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "xpu.html").write_bytes((folder / "cpu.html").read_bytes())
    (tmp_path / "mine.html").write_text("<p>kept")
    main(["build", str(fakes.write(tmp_path, [fakes.cell_line()]))])
    assert _names(tmp_path) == {"cpu.html", "index.html", "mine.html"}


def test_backends_keep_apart_whatever_their_names(tmp_path: Path) -> None:
    backends = ("a/b", "a:b", "index", "..")
    lines = [fakes.cell_line(backend=backend) for backend in backends]
    evidence = store.read(fakes.write(tmp_path, lines) / store.EVIDENCE)
    names = render.page_names(evidence)
    assert len(set(names.values())) == len(backends)
    assert "index.html" not in names.values()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required"),
        (["paint", "x"], "invalid choice"),
        (["build", "/nowhere/at/all"], "No such file"),
    ],
)
def test_wrong_usage_is_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 4
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


def test_an_empty_evidence_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / store.EVIDENCE).write_text("")
    with pytest.raises(SystemExit, match="4"):
        main(["build", str(tmp_path)])


def test_what_other_backends_are_known_to_do_has_a_list_of_its_own(tmp_path: Path) -> None:
    line = fakes.cell_line("dirac_", promise="exact", backend="loom")
    (wrong,) = line["findings"]
    line["findings"] = [{**wrong, "elsewhere": id} for id in ("a-defect", HOSTILE)]
    assert main(["build", str(fakes.write(tmp_path, [line]))]) == 1
    text = (tmp_path / "loom.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == [] and "elsewhere" in page.ids and "wrong" not in page.ids
    assert "known on another backend: a-defect" in text and "<script>alert(1)" not in text
