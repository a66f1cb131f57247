"""Old runs are thinned: the history reads the same of them, and nothing else reads anything."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.evidence import store
from reports.nights import folders, history, thinning
from selftest.reports import fakes

LOST = "verify/test_laws.py::test_law[cpu-float32-eye_]"


def _night(directory: Path, name: str, start: str = "", **entries: object) -> Path:
    """A report folder with cells of every verdict, one of which never came."""
    cells = [*fakes.cells(), fakes.module_line()]
    planned = [LOST, *(cell["nodeid"] for cell in cells)]
    run = {**fakes.run_line(planned), "defects": {"known": {"symptom": "Long words."}}, **entries}
    folder = directory / name
    folder.mkdir(parents=True)
    text = "".join(f"{json.dumps(line)}\n" for line in (run, *cells))
    (folder / store.EVIDENCE).write_text(text, encoding="utf-8")
    if start:
        timings = {"start": start, "items": dict.fromkeys(planned, 1.5)}
        (folder / store.TIMINGS).write_text(json.dumps(timings), encoding="utf-8")
    return folder


def _read(directory: Path) -> history.History:
    problems: list[str] = []
    found = history.read(directory, problems)
    assert not problems
    return found


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_history_reads_the_same(tmp_path: Path) -> None:
    folder = _night(tmp_path, "a", "2026-11-21T03:00:00+01:00")
    whole = _read(tmp_path)
    sizes = thinning.thin(folder)
    thinned = _read(tmp_path)
    assert thinned.cells == whole.cells
    one, other = whole.nights[0], thinned.nights[0]
    assert replace(one, points={}) == replace(other, points={})
    assert one.points.keys() == other.points.keys() and one.points[LOST].gap
    for name, point in one.points.items():
        assert math.isclose(point.p_value, other.points[name].p_value, rel_tol=5e-3)
        assert replace(other.points[name], p_value=point.p_value) == point
    assert sizes.after < sizes.before / 50


def test_a_failure_of_a_case_is_told_in_the_same_words(tmp_path: Path) -> None:
    """The families of its laws are found where the case that failed has its own."""
    folder = _night(tmp_path, "a")
    failed = {"check": "scale", "passed": False, "p_value": 0.0, "n": 9, "message": "Off."}
    passed = {**failed, "passed": True, "p_value": 0.5}
    normal, uniform = ({"": {"name": name, "parameters": []}} for name in ("normal", "uniform"))
    cell = {
        **fakes.cell_line("normal_", formula="?"),
        **{"schema": 3, "nodeid": "one", "verdict": "fail", "findings": [failed, passed]},
        "families": uniform,
        "failing": {"families": normal, "statistics": {"at": {"kind": "count", "n": 1}}},
    }
    with (folder / store.EVIDENCE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(cell))
    whole = _read(tmp_path).nights[0].points["one"]
    thinning.thin(folder)
    assert whole.words and _read(tmp_path).nights[0].points["one"] == whole


def test_nothing_but_the_history_reads_it(tmp_path: Path) -> None:
    thinned, whole = (_night(tmp_path, name, run_seed=name) for name in "12")
    thinning.thin(thinned)
    assert _names(thinned) == [store.THINNED]
    for command in (["merge", f"{tmp_path / 'out'}"], ["summary"], ["build"]):
        with pytest.raises(SystemExit) as stopped:
            main([*command, f"{thinned}"])
        assert stopped.value.code == 4
    # A sum must not take a night for one without values.
    assert main(["merge", f"{tmp_path / 'out'}", f"{whole}", f"{thinned}"]) != 0
    summed = (tmp_path / "out" / store.EVIDENCE).read_text(encoding="utf-8")
    assert "nights" not in json.loads(summed.partition("\n")[0])


def test_the_last_runs_stay_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for day in range(9, 12):
        _night(tmp_path, f"night-{day}")
    _night(tmp_path, "begun-later", "2026-11-21T03:00:00+01:00")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "night-9" / "mine.html").write_text("Mine.", encoding="utf-8")
    assert main(["build", f"{tmp_path / 'night-9'}"]) == 1
    assert main(["thin", f"{tmp_path}", "--whole", "2"]) == 0
    assert "thinned 2 runs" in capsys.readouterr().out
    assert _names(tmp_path / "night-9") == ["mine.html", store.THINNED]
    assert _names(tmp_path / "night-10") == [store.THINNED]
    assert _names(tmp_path / "night-11") == [store.EVIDENCE]
    assert store.EVIDENCE in _names(tmp_path / "begun-later")
    before = (tmp_path / "night-9" / store.THINNED).read_bytes()
    assert main(["thin", f"{tmp_path}", "--whole", "0"]) == 0
    assert (tmp_path / "night-9" / store.THINNED).read_bytes() == before
    assert [night.name for night in _read(tmp_path).nights] == [
        "night-9", "night-10", "night-11", "begun-later",
    ]  # fmt: skip


def test_a_month_stays_whole_unless_told_otherwise(tmp_path: Path) -> None:
    for day in range(1, 33):
        (tmp_path / f"{day}").mkdir()
        run = json.dumps(fakes.run_line())
        (tmp_path / f"{day}" / store.EVIDENCE).write_text(run, encoding="utf-8")
    assert main(["thin", f"{tmp_path}"]) == 0
    thinned = [day for day in range(1, 33) if _names(tmp_path / f"{day}") == [store.THINNED]]
    assert thinned == [1, 2]


@pytest.mark.parametrize("line", ["{", json.dumps({"schema": 9})])
def test_a_damaged_run_stays_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    folder = _night(tmp_path, "a")
    _night(tmp_path, "b")
    with (folder / store.EVIDENCE).open("a", encoding="utf-8") as file:
        file.write(line)
    before = (folder / store.EVIDENCE).read_bytes()
    assert main(["thin", f"{tmp_path}", "--whole", "0"]) == 3
    assert "a stays whole: Line" in capsys.readouterr().out
    assert (folder / store.EVIDENCE).read_bytes() == before and len(_names(folder)) == 1
    assert _names(tmp_path / "b") == [store.THINNED]


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _night(tmp_path, "a")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SystemExit) as stopped:
        main(["thin", f"{tmp_path}", "--whole", "0"])
    assert stopped.value.code == 4 and _names(folder) == [store.EVIDENCE]


@pytest.mark.parametrize("damage", [b"", b"no gzip", "cut", "flipped"])
def test_a_thinned_run_that_is_damaged_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: bytes | str
) -> None:
    folder = _night(tmp_path, "a")
    thinning.thin(folder)
    _night(tmp_path, "b")
    path = folder / store.THINNED
    kept = path.read_bytes()
    half = len(kept) // 2
    other = {"cut": kept[:half], "flipped": kept[:half] + b"\xff\xff\xff" + kept[half + 3 :]}
    path.write_bytes(damage if isinstance(damage, bytes) else other[damage])
    assert main(["history", f"{tmp_path}"]) in (1, 3)
    assert "a was not used" in capsys.readouterr().out


def test_the_same_run_has_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        thinning.thin(_night(tmp_path, name))
    one, other = ((tmp_path / name / store.THINNED).read_bytes() for name in "ab")
    assert one == other and len(gzip.decompress(one).splitlines()) == len(fakes.cells()) + 3


def test_whole_evidence_comes_before_what_is_left_of_it(tmp_path: Path) -> None:
    """A run that stopped while it was thinned, or that was merged again."""
    (tmp_path / store.THINNED).touch()
    assert folders.evidence_of(tmp_path).name == store.THINNED
    (tmp_path / store.EVIDENCE).touch()
    assert folders.evidence_of(tmp_path).name == store.EVIDENCE


def test_less_than_nothing_cannot_stay_whole(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["thin", f"{tmp_path}", "--whole", "-1"])
    assert stopped.value.code == 4
