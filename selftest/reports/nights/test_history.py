"""Many runs side by side: what became of each cell, and since when."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.evidence import store
from reports.evidence.records import CellRecord, RunRecord
from reports.evidence.verdict import RunVerdict
from reports.nights import changes, chronicle, history, presence, strips
from reports.page import render
from selftest.reports import fakes
from verify.outcome.verdict import Verdict

WRONG, GAP = changes.Group.WRONG, changes.Group.GAP


def _run(folder: Path, *lines: dict, start: str = "", torch: str = "2.13.0", **entries: object):
    """A report folder."""
    folder.mkdir(parents=True)
    run = {**fakes.run_line(line["nodeid"] for line in lines), "environment": {"torch": torch}}
    text = "".join(f"{json.dumps(line)}\n" for line in ({**run, **entries}, *lines))
    (folder / store.EVIDENCE).write_text(text, encoding="utf-8")
    if start:
        (folder / store.TIMINGS).write_text(json.dumps({"start": start}), encoding="utf-8")
    return folder


def _cell(verdict: str = "pass", subject: str = "eye_", p_value: float = 0.5) -> dict:
    finding = {"check": "scale", "passed": verdict != "fail", "p_value": p_value, "n": 9}
    effect = {"name": "scale", "estimate": 1.01, "low": 1.0, "high": 1.02}
    told = {**finding, "message": f"<b>{verdict}</b>", "effect": effect}
    line = fakes.cell_line(subject, promise="exact")
    return {**line, "verdict": verdict, "reason": "Because.", "findings": [told]}


def _seen(directory: Path) -> tuple[list[changes.Trace], list[changes.Change], list[str]]:
    """Cells, what changed, and what could not be used."""
    notes: list[str] = []
    found = changes.traces(history.read(directory, notes))
    return found, [row for rows in changes.changes(found).values() for row in rows], notes


def _letters(row: changes.Change | changes.Trace) -> str:
    return "".join(point.letter for point in row.points)


def _told(directory: Path) -> list[tuple[changes.Group | None, str, str]]:
    _, rows, notes = _seen(directory)
    assert not notes
    return [(row.worst.group, _letters(row), row.story) for row in rows]


def test_the_first_bad_run_is_named(tmp_path: Path) -> None:
    for day, verdict in enumerate(("pass", "pass", "fail", "fail"), start=1):
        _run(tmp_path / f"night{day}", _cell(verdict), torch=f"2.{day}")
    assert _told(tmp_path) == [(WRONG, "PPFF", "fail since night3, with torch 2.3 in place of 2.2")]


@pytest.mark.parametrize(
    ("verdicts", "torch", "story"),
    [
        ("PFP", "111", "pass again since 3; fail since 2 before that"),
        ("PFP", "112", "fixed in torch 2: pass since 3; fail since 2 before that"),
        ("FP", "12", "fixed in torch 2: pass since 2"),
        ("KP", "12", "fixed in torch 2: pass since 2"),
        ("PK", "12", "known defect since 2, with torch 2 in place of 1"),
        ("PU", "12", "unsupported since 2, with torch 2 in place of 1"),
        ("FFF", "112", "fail in every run that looked"),
        ("F", "1", "fail in the only run that looked"),
        ("F·P", "111", "pass again since 3 (last fail in 1)"),
        ("P·F", "111", "fail since 3 (last pass in 1)"),
        ("F·", "11", "fail in the only run that looked; last looked at in 1"),
        ("PF–", "111", "fail since 2; last looked at in 2"),
        ("PFPFP", "11111", "pass again since 5; one of 4 changes, the first in 2"),
        ("CC", "11", "crashed: no result since 1"),
        ("PC·L", "1111", "lost: no result since 2"),
        ("FC", "11", "fail in the only run that looked; no result of 1 cell in the last run"),
    ],
)
def test_the_story_of_a_cell(tmp_path: Path, verdicts: str, torch: str, story: str) -> None:
    names = {letter: verdict.value for verdict, letter in history.LETTERS.items()}
    for day, (letter, version) in enumerate(zip(verdicts, torch, strict=True), start=1):
        others = [_cell(subject="ones_")]
        cells = [_cell(names[letter])] if letter in names else []
        _run(tmp_path / f"{day}", *cells, *others, torch=version)
    ((_, letters, told),) = _told(tmp_path)
    assert (letters, told) == (verdicts, story)


@pytest.mark.parametrize(
    "verdicts", ["PP", "P·", "·P", "P·P", "PCP", "P–P", "PL·P", "KK", "UU", "CP"]
)
def test_what_was_not_run_or_lost_is_no_change(tmp_path: Path, verdicts: str) -> None:
    names = {letter: verdict.value for verdict, letter in history.LETTERS.items()}
    for day, letter in enumerate(verdicts, start=1):
        cells = [_cell(names[letter])] if letter in names else []
        _run(tmp_path / f"{day}", *cells, _cell(subject="ones_"))
    assert _told(tmp_path) == []


def _many(names: Iterable[str], dtypes: Iterable[str] = ("float32", "float64"), **entries: object):
    return [
        {**fakes.cell_line(name, dtype), "verdict": "pass", "findings": [], **entries}
        for name in names
        for dtype in dtypes
    ]


def _letter(at: int) -> str:
    return f"subject{at}"


@pytest.mark.parametrize("how", ["shard", "profile", "selection"])
@pytest.mark.parametrize("last", [False, True])
def test_a_shorter_night_changes_nothing(
    tmp_path: Path, how: str, last: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one that was seen: 1,459 cells "changed" because a night was a shard."""
    every = _many(map(_letter, range(50)))
    entries = {"shard": {"shard": "1/8"}, "profile": {"profile": "deep"}, "selection": {}}[how]
    _run(tmp_path / "1", *every)
    _run(tmp_path / "2", *every[::8], **entries)
    if not last:
        _run(tmp_path / "3", *every)
    assert main(["history", f"{tmp_path}"]) == 0
    said = capsys.readouterr().out
    assert "100 cells without change." in said and "PASS: No cell needs attention" in said
    assert ("87 cells were not run the last time, for another shard" in said) == last
    page = (tmp_path / chronicle.PAGE).read_text(encoding="utf-8")
    assert "No verdict differs between two runs" in page and '<svg class="spark"' not in page
    assert "added" not in said and "dropped" not in said


def test_cells_that_a_version_of_the_suite_adds_or_drops_are_counted(tmp_path: Path) -> None:
    for day, (names, suite) in enumerate((("ab", "1"), ("ab", "1"), ("bcd", "2")), start=1):
        _run(tmp_path / f"{day}", *_many(names), environment={"torch": "2.13", "suite": suite})
    found, rows, _ = _seen(tmp_path)
    assert rows == []
    kinds = presence.presence(found)
    said = [sentence for sentence, _ in kinds.sentences]
    assert said == [
        "4 cells were added with another version of the suite or of PyTorch, first seen in 3.",
        "2 cells were dropped with another version of the suite or of PyTorch, last seen in 2.",
    ]
    assert {trace.cell.subject for trace in kinds.new} == {"c", "d"}


@pytest.mark.parametrize("narrow", [
    {"selections": [["-k", "a"]]},
    {"selections": [["verify/test_laws.py"]]},
    {"environment": {"recipe": "models:build", "laws": "laws.py"}},
], ids=["-k", "path", "recipe"])  # fmt: skip
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_selected_night_says_nothing_of_the_cells_outside(
    tmp_path: Path, narrow: dict, at: int
) -> None:
    """PyTorch and the suite are other ones in every night: cells could have been dropped."""
    every = _many("ab")
    for day in range(3):
        told = {"torch": f"2.{day}", "suite": f"{day}"}
        entries = {**narrow, "environment": told | narrow.get("environment", {})}
        cells, asked = (every[:2], entries) if day == at else (every, {"environment": told})
        _run(tmp_path / f"{day}", *cells, **asked)
    found, rows, _ = _seen(tmp_path)
    kinds = presence.presence(found)
    assert rows == [] and not kinds.new and not kinds.gone
    assert {trace.cell.subject for trace in kinds.idle} == ({"b"} if at == 2 else set())
    assert main(["history", f"{tmp_path}"]) == 0
    page = (tmp_path / chronicle.PAGE).read_text(encoding="utf-8")
    assert ("selected" in page) == ("selections" in narrow)


@pytest.mark.parametrize(
    ("first", "then", "kind"),
    [
        (["-k", "a"], ["-k", "a"], "gone"),
        (["-k", "a"], [], "gone"),
        ([], ["-k", "a"], "idle"),
        (["-k", "a"], ["-k", "b"], "idle"),
    ],
)
def test_what_a_wider_night_lacks_is_dropped(
    tmp_path: Path, first: list[str], then: list[str], kind: str
) -> None:
    for day, (names, chosen) in enumerate((("ab", first), ("a", then)), start=1):
        told = {"environment": {"torch": f"2.{day}", "suite": f"{day}"}}
        _run(tmp_path / f"{day}", *_many(names), selections=[chosen] if chosen else [], **told)
    found, *_ = _seen(tmp_path)
    missing = [trace for trace in found if trace.cell.subject == "b"]
    assert missing and [*getattr(presence.presence(found), kind)] == missing


def test_another_list_of_known_defects_drops_no_witness(tmp_path: Path) -> None:
    witness = {**_cell("known defect"), "schema": 3, "witness": "far-tail", "nodeid": "w"}
    for day, chosen in enumerate(("default", "none"), start=1):
        told = {"torch": f"2.{day}", "suite": f"{day}", "known defects": chosen}
        cells = [_cell(subject="ones_"), *([witness] if day == 1 else [])]
        _run(tmp_path / f"{day}", *cells, environment=told, schema=3)
    found, *_ = _seen(tmp_path)
    kinds = presence.presence(found)
    assert not kinds.gone and [trace.cell.witness for trace in kinds.idle] == ["far-tail"]


def test_a_crashed_night_has_gaps_and_no_verdicts(tmp_path: Path) -> None:
    """Told in the table of runs; a later result makes it forgotten."""
    every = _many(map(_letter, range(8)))
    gaps = [{**line, "verdict": "crashed"} for line in every[:3]]
    _run(tmp_path / "1", *every)
    _run(tmp_path / "2", *gaps, *every[3:12], planned=[line["nodeid"] for line in every])
    _run(tmp_path / "3", *every)
    assert main(["history", f"{tmp_path}"]) == 0
    page = (tmp_path / chronicle.PAGE).read_text(encoding="utf-8")
    assert "3 crashed, 4 lost" in page and '<svg class="spark"' not in page
    (tmp_path / "3" / store.EVIDENCE).unlink()
    ((group, letters, story), lost) = _told(tmp_path)
    assert (group, letters, story) == (GAP, "PC", "crashed: no result since 2")
    assert lost[1:] == ("PL", "lost: no result since 2")


@pytest.mark.parametrize("spread", [False, True], ids=["whole nights", "shards"])
def test_one_cause_over_seven_subjects_is_one_row(tmp_path: Path, spread: bool) -> None:
    """Shards that take turns see it in different nights: between the same two, all the same."""
    names = [_letter(at) for at in range(7)]
    for day in range(1, 9):
        cells = [
            {
                **_cell("fail" if day > 4 else "pass", name),
                "nodeid": f"{name}[{dtype}]",
                "dtype": dtype,
            }
            for name in (names[day % 2 :: 2] if spread else names)
            for dtype in ("float32", "float64")
        ]
        for at, line in enumerate(cells):
            line["findings"][0]["message"] = f"the scale is off: it is {1 + at} times the law's"
        _run(tmp_path / f"{day}", *cells)
    _, (row,), _ = _seen(tmp_path)
    assert len(row.traces) == 14 and sorted(row.subjects) == names
    assert _letters(row) == "PPPPFFFF"
    assert row.story.startswith("fail since 5")


def test_other_causes_and_other_nights_are_other_rows(tmp_path: Path) -> None:
    def cell(name: str, verdict: str, check: str) -> dict:
        line = _cell(verdict, name)
        line["findings"][0] |= {"check": check, "message": f"it is off by {len(name)}"}
        return line

    for day, verdict in enumerate(("pass", "fail", "fail"), start=1):
        _run(
            tmp_path / f"{day}",
            cell("ones_", verdict, "scale"),
            cell("zeros_", verdict, "mean"),
            cell("eye_", verdict if day > 2 else "pass", "scale"),
        )
    _, rows, _ = _seen(tmp_path)
    assert sorted(_letters(row) for row in rows) == ["PFF", "PFF", "PPF"]


def test_questions_are_told_apart_by_what_they_ask(tmp_path: Path) -> None:
    for name, question in (("ones_", "no groups"), ("zeros_", "no groups"), ("eye_", "no gain")):
        line = _cell("fail", name)
        wrong = {"check": "errors", "passed": False, "n": 9}
        mismatches = {"name": "mismatches", "estimate": len(name), "low": 0, "high": 9}
        line["findings"] = [
            {**wrong, "effect": mismatches},
            {**wrong, "scope": "case", "asked": question, "answer": f"{name} raises nothing"},
        ]
        _run(tmp_path / "a" / name, line)
    for folder in (tmp_path / "a").iterdir():
        folder.rename(tmp_path / folder.name)
    (tmp_path / "a").rmdir()
    _, rows, _ = _seen(tmp_path)
    assert sorted(sorted(row.subjects) for row in rows) == [["eye_"], ["ones_", "zeros_"]]


@pytest.mark.parametrize(
    ("before", "after", "story"),
    [
        ("fail", "known defect", "on the list of known defects since 2"),
        ("known defect", "fail", "fail since 2, with another list of known defects"),
        ("known defect", "pass", "no longer on the list of known defects: pass since 2"),
    ],
)
def test_a_list_of_known_defects_is_why(
    tmp_path: Path, before: str, after: str, story: str
) -> None:
    for day, (verdict, chosen) in enumerate(((before, "none"), (after, "default")), start=1):
        told = {"torch": "2.13", "known defects": chosen}
        _run(tmp_path / f"{day}", _cell(verdict), environment=told)
    assert [told for *_, told in _told(tmp_path)] == [story]


def test_what_else_differed_is_said(tmp_path: Path) -> None:
    _run(tmp_path / "1", _cell(), environment={"torch": "2", "suite": "a"}, profile="smoke")
    _run(tmp_path / "2", _cell("fail"), environment={"torch": "3", "suite": "b"}, profile="deep")
    assert [told for *_, told in _told(tmp_path)] == [
        "fail since 2, with torch 3 in place of 2, profile deep in place of smoke and another "
        "version of the suite"
    ]


def test_the_groups_come_worst_first(tmp_path: Path) -> None:
    names = {"known": ("pass", "known defect"), "well": ("fail", "pass"), "gap": ("pass", "error")}
    names |= {"wrong": ("pass", "fail"), "always": ("fail", "fail"), "calm": ("pass", "pass")}
    for day in (0, 1):
        _run(tmp_path / f"{day}", *(_cell(each[day], name) for name, each in names.items()))
    _, rows, _ = _seen(tmp_path)
    assert [row.subjects for row in rows] == [["wrong"], ["always"], ["gap"], ["well"], ["known"]]
    assert [row.worst.group for row in rows] == [WRONG, WRONG, *list(changes.Group)[1:]]


def test_runs_come_in_order_of_their_start_else_by_name(tmp_path: Path) -> None:
    _run(tmp_path / "x", _cell(), start="2026-03-01T01:00:00+00:00")
    _run(tmp_path / "a", _cell(), start="2026-03-01T01:30:00+01:00")
    notes: list[str] = []
    assert [night.name for night in history.read(tmp_path, notes).nights] == ["a", "x"]
    for name in ("v2.10", "v2.9"):
        _run(tmp_path / "versions" / name, _cell())
    nights = history.read(tmp_path / "versions", notes).nights
    assert [night.name for night in nights] == ["v2.9", "v2.10"] and notes == []


def test_statistics_are_not_looked_at(tmp_path: Path) -> None:
    """They are most of a file, and no part of a history."""
    line = {**_cell(), "statistics": {"distribution": {"kind": "histogram", "counts": "damaged"}}}
    _run(tmp_path / "a", line)
    (trace,), _, notes = _seen(tmp_path)
    assert _letters(trace) == "P" and notes == []


def test_a_strip_tells_verdicts_by_height_shape_and_colour() -> None:
    points = [
        history.Point(Verdict(v), p)
        for v, p in (("pass", 0.5), ("fail", 1e-15), ("lost", 1.0), ("known defect", 1.0))
    ]
    picture = strips.strip([*points, history.NOTHING], fakes.ALPHA, [2])
    assert 'aria-label="Verdicts run by run: PFLK·"' in picture
    bars = dict(re.findall(r'<path class="(fail|calm|known)" d="M[\d.]+ 29V([\d.]+)"', picture))
    level = float(re.search(r'class="limit" d="M0 ([\d.]+)', picture)[1])
    assert float(bars["fail"]) < level < float(bars["known"]) < float(bars["calm"])
    assert picture.count('class="lack"') == picture.count('class="turn"') == 1
    assert picture.count("M") == 6  # Four marks, the level and the turn: a blank has none.


def test_the_page_and_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(tmp_path / "a", _cell(), _cell(subject="ones_"))
    _run(tmp_path / "b", _cell("fail", p_value=1e-20), _cell(subject="ones_"))
    assert main(["history", f"{tmp_path}"]) == 1
    said = capsys.readouterr().out
    assert "FAIL: 1 cell needs attention in b, the last of 2 runs." in said
    assert "  PF  fail since b" in said and "1 cell without change." in said
    page = (tmp_path / chronicle.PAGE).read_text(encoding="utf-8")
    assert "&lt;b&gt;fail&lt;/b&gt;" in page and "<b>fail</b>" not in page
    assert page.count('<svg class="spark"') == 1 and "scale 1.010 [1.000, 1.020]" in page
    assert "<script" not in page and "://" not in page
    assert 'title="a: pass"' in page and 'title="b: fail, 1 wrong"' in page


def test_the_overview_has_a_square_for_each_run_and_marks_versions(tmp_path: Path) -> None:
    for day, torch in enumerate(("2.13.0", "2.13.0", "2.14.0"), start=1):
        _run(tmp_path / f"{day}", _cell("fail" if day == 3 else "pass"), torch=torch)
    assert main(["history", f"{tmp_path}"]) == 1
    page = (tmp_path / chronicle.PAGE).read_text(encoding="utf-8")
    squares = re.findall(r'<a class="(\w+)" href="#(r\d)" title="([^"]+)"', page)
    assert squares == [("pass", "r1", "1: pass"), ("pass", "r2", "2: pass"),
                       ("fail", "r3", "3: fail, 1 wrong")]  # fmt: skip
    assert all(f'id="{target}"' in page for _, target, _ in squares)
    assert page.count('<div class="era">') == 2
    assert "Of 3 runs 2 passed and 1 found something wrong; torch 2.13.0 and 2.14.0." in page


def test_hostile_texts_stay_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "<script>alert(1)</script>\"'&\u202e\x1b[31m"
    for day, verdict in (("1", "pass"), ("2", "fail")):
        line = _cell(verdict, hostile)
        line.update(dict.fromkeys(("promise", "dtype", "backend", "reason", "replay"), hostile))
        line["findings"][0]["message"] = hostile
        _run(tmp_path / f"{day}<script>", line, torch=hostile, profile=hostile, shard=hostile)
    assert main(["history", f"{tmp_path}"]) == 1
    assert "\x1b" not in capsys.readouterr().out
    page = (tmp_path / chronicle.PAGE).read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page


def _year(nights: int, cells: int, flaps: bool) -> history.History:
    """Runs in which a cell in ten moves every week, or each of them at its own time."""
    lines = [
        fakes.cell_line(f"some_initializer_{at // 7}", f"float{at % 7}") for at in range(cells)
    ]
    known = {line["nodeid"]: CellRecord.from_json({**line, "findings": []}) for line in lines}
    fine = history.Point(Verdict.PASS, 0.01)

    def point(at: int, night: int) -> history.Point:
        words = f"the scale is off: {at} times what it should be, and more words than these"
        cause = f"{words}" if flaps else f"cause {at % 40}"
        bad = (night // 7 + at) % 2 and (flaps or at % 10 == 0)
        return (
            history.Point(Verdict.FAIL, 1e-20, None, words, cause, "pytest x" * 12) if bad else fine
        )

    runs = tuple(
        history.Night(
            f"2026-11-{night}-123456789", "2026-11-28T10:28:53+00:00",
            RunRecord("123456789", "standard", environment={"torch": f"2.{night // 30}.0+cpu"}),
            {name: point(at, night) for at, name in enumerate(known)},
            verdict=RunVerdict.FAIL,
        )
        for night in range(nights)
    )  # fmt: skip
    return history.History(runs, known)


@pytest.mark.parametrize(
    ("cells", "flaps"),
    [(1753, False), (600, True)],
    ids=["a tenth of all cells moves", "each of 600 cells by itself"],
)
def test_a_year_of_nights_is_a_small_page(tmp_path: Path, cells: int, flaps: bool) -> None:
    """Nothing grows with both nights and cells but what is drawn, which is bounded."""
    year = _year(365, cells, flaps)
    found = changes.traces(year)
    chronicle.page(tmp_path / "history.html", year.nights, found, [])
    page = (tmp_path / "history.html").read_bytes()
    assert len(page) < render.MOST_BYTES / 2
    assert page.count(b"<li><a class=") == 365
    assert page.count(b'<svg class="spark"') <= chronicle.MOST_ROWS
    assert ("… and more: ".encode() in page) == flaps
    longest = max(len(text) for text in re.findall(rb'<path class="fail" d="([^"]*)"', page))
    assert longest < strips.MOST_RUNS * 16


def test_little_is_kept_of_a_run(tmp_path: Path) -> None:
    """Cells are held once, runs without their plans: a year fits into memory."""
    for day in "12":
        _run(tmp_path / day, _cell(), _cell("fail", "ones_"))
    one, two = history.read(tmp_path, []).nights
    assert all(a is b for a, b in zip(one.points, two.points, strict=True))
    assert not one.run.planned and not one.run.identities and not one.run.defects
    good, bad = (one.points[line["nodeid"]] for line in (_cell(), _cell(subject="ones_")))
    assert good == history.Point(Verdict.PASS, 0.5)
    assert bad.words is two.points[_cell(subject="ones_")["nodeid"]].words


def test_what_cannot_be_used_is_said_and_the_rest_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _run(tmp_path / "a", _cell(), _cell())
    with (folder / store.EVIDENCE).open("ab") as file:
        file.write(b'{"schema": 9}\n{"schema": 2, "kind')
    (folder / store.TIMINGS).write_text("[]", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / store.EVIDENCE).write_text("{}", encoding="utf-8")
    assert main(["history", f"{tmp_path}"]) == 3
    said = capsys.readouterr().out
    for words in (
        "it repeats", "its schema is 9", "truncated or not JSON", "timings.json cannot be used",
        "empty was not used: it holds no evidence", "foreign was not used",
    ):  # fmt: skip
        assert words in said


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("fail", 1), ("crashed", 3)])
def test_the_last_run_decides(tmp_path: Path, verdict: str, code: int) -> None:
    _run(tmp_path / "a", _cell("fail"))
    _run(tmp_path / "b", _cell(verdict))
    assert main(["history", f"{tmp_path}"]) == code


def test_without_any_run_it_is_a_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for directory in (tmp_path, tmp_path / "missing"):
        with pytest.raises(SystemExit) as stopped:
            main(["history", f"{directory}"])
        assert stopped.value.code == 4
        assert capsys.readouterr().err.count("\n") == 1


def test_a_full_disk_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(tmp_path / "a", _cell())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SystemExit) as stopped:
        main(["history", f"{tmp_path}"])
    assert stopped.value.code == 4 and "No space left on device" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
