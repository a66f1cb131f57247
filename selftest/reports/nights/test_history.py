"""Many runs side by side: what became of each cell, and since when."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.evidence import store
from reports.nights import chronicle, history
from selftest.reports import fakes
from verify.outcome.verdict import Verdict


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


def _traces(directory: Path) -> tuple[list[history.Trace], list[str]]:
    notes: list[str] = []
    return history.traces(history.read(directory, notes)), notes


def test_the_first_bad_run_is_named(tmp_path: Path) -> None:
    for day, verdict in enumerate(("pass", "pass", "fail", "fail"), start=1):
        _run(tmp_path / f"night{day}", _cell(verdict), torch=f"2.{day}")
    (trace,), notes = _traces(tmp_path)
    assert (trace.letters, notes) == ("PPFF", [])
    assert trace.story == "fail first in night3 (torch 2.3)"
    assert not trace.steady and trace.latest.bad


def test_what_is_well_again_is_said(tmp_path: Path) -> None:
    for day, verdict in enumerate(("pass", "crashed", "fail", "pass"), start=1):
        _run(tmp_path / f"{day}", _cell(verdict))
    (trace,), _ = _traces(tmp_path)
    assert trace.story == "crashed first in 2 (torch 2.13.0); pass again since 4 (torch 2.13.0)"


def test_cells_that_appear_and_disappear_are_said(tmp_path: Path) -> None:
    old, new, always = (_cell(subject=name) for name in ("eye_", "ones_", "zeros_"))
    _run(tmp_path / "a", old, always)
    _run(tmp_path / "b", old, new, always)
    _run(tmp_path / "c", new, always)
    traces, _ = _traces(tmp_path)
    assert {trace.cell.subject: (trace.letters, trace.story) for trace in traces} == {
        "eye_": ("PP·", "disappears after b (torch 2.13.0)"),
        "ones_": ("·PP", "appears in b (torch 2.13.0)"),
        "zeros_": ("PPP", ""),
    }
    assert [trace.cell.subject for trace in traces][-1] == "zeros_"


def test_what_was_planned_and_never_seen_is_lost(tmp_path: Path) -> None:
    _run(tmp_path / "a", _cell())
    _run(tmp_path / "b", _cell(subject="ones_"), planned=[_cell()["nodeid"]])
    traces, _ = _traces(tmp_path)
    assert traces[0].letters == "PL"


def test_the_worst_comes_first(tmp_path: Path) -> None:
    names = {"eye_": "pass", "ones_": "lost", "zeros_": "fail", "dirac_": "timed out"}
    _run(tmp_path / "a", *(_cell(verdict, name) for name, verdict in names.items()))
    traces, _ = _traces(tmp_path)
    assert [trace.cell.subject for trace in traces] == ["zeros_", "dirac_", "ones_", "eye_"]


def test_runs_come_in_order_of_their_start_else_by_name(tmp_path: Path) -> None:
    _run(tmp_path / "x", _cell(), start="2026-03-01T01:00:00+00:00")
    _run(tmp_path / "a", _cell(), start="2026-03-01T01:30:00+01:00")
    notes: list[str] = []
    assert [night.name for night in history.read(tmp_path, notes)] == ["a", "x"]
    for name in ("v2.10", "v2.9"):
        _run(tmp_path / "versions" / name, _cell())
    nights = history.read(tmp_path / "versions", notes)
    assert [night.name for night in nights] == ["v2.9", "v2.10"] and notes == []


def test_statistics_are_not_looked_at(tmp_path: Path) -> None:
    """They are most of a file, and no part of a history."""
    line = {**_cell(), "statistics": {"distribution": {"kind": "histogram", "counts": "damaged"}}}
    _run(tmp_path / "a", line)
    (trace,), notes = _traces(tmp_path)
    assert trace.letters == "P" and notes == []


def test_the_sparkline_is_coloured_and_lettered() -> None:
    points = [
        history.Point(Verdict(v), p) for v, p in (("pass", 0.5), ("fail", 1e-15), ("lost", 1.0))
    ]
    picture = chronicle.sparkline([*points, history.Point(None)], fakes.ALPHA)
    assert 'aria-label="Verdicts run by run: PFL·"' in picture
    circles = re.findall(r'<circle class="(\w+)" cx="([\d.]+)" cy="([\d.]+)"', picture)
    assert [kind for kind, _, _ in circles] == ["fail", "incomplete"]
    level = float(re.search(r'class="limit" d="M[\d.]+ ([\d.]+)', picture)[1])
    assert float(circles[0][2]) < level < float(circles[1][2])


def test_the_page_and_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(tmp_path / "a", _cell(), _cell(subject="ones_"))
    _run(tmp_path / "b", _cell("fail", p_value=1e-20), _cell(subject="ones_"))
    assert main(["history", f"{tmp_path}"]) == 1
    said = capsys.readouterr().out
    assert "FAIL: 1 cell needs attention in b, the last of 2 runs." in said
    assert "PF  fail first in b (torch 2.13.0)" in said and "1 cell without change." in said
    page = (tmp_path / chronicle.PAGE).read_text(encoding="utf-8")
    assert "&lt;b&gt;fail&lt;/b&gt;" in page and "<b>fail</b>" not in page
    assert page.count('<svg class="spark"') == 2 and "scale 1.010 [1.000, 1.020]" in page
    assert "<script" not in page and "://" not in page


def test_large_histories_leave_out_pictures_of_the_calm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(tmp_path / "a", _cell("fail"), _cell(subject="ones_"))
    (worst, _), _ = _traces(tmp_path)
    room = len(chronicle.sparkline(worst.points, fakes.ALPHA))
    monkeypatch.setattr(chronicle, "MOST_PICTURES", room)
    assert main(["history", f"{tmp_path}"]) == 1
    page = (tmp_path / chronicle.PAGE).read_text(encoding="utf-8")
    assert page.count('<svg class="spark"') == 1 and "<code>P</code>" in page


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
