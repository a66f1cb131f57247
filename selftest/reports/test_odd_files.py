"""What is no file, or the wrong one: every command says so, and writes over nothing."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.calibration import ledger
from reports.commands import summary
from reports.evidence import store
from selftest.reports.calibration.test_ledger import _entry
from selftest.reports.observed import night, raw, write
from selftest.reports.test_damage import FUZZ, GARBAGE, ODD, _changed, _code, _paths, _without

NAMES = (store.EVIDENCE, store.TIMINGS, "index.html")


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    return [write(tmp_path / "runs" / f"{seed}", raw(night(seed))) for seed in (1, 2)]


@pytest.fixture(params=["pipe", "device"])
def endless(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What may have no end, or no beginning."""
    path = tmp_path / "endless"
    if request.param == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    return path


@pytest.mark.parametrize("command", ["summary", "badge", "build", "replay"])
def test_evidence_that_is_no_file(command, endless, tmp_path, capsys):
    endless.rename(tmp_path / store.EVIDENCE)
    assert _code(command, tmp_path) == 4
    assert f"{store.EVIDENCE} cannot be read (it is no file): name" in capsys.readouterr().err


def test_a_part_that_is_no_file(endless, folders, tmp_path, capsys):
    assert _code("merge", tmp_path / "out", *folders, endless) == 3
    assert "endless was not used: it cannot be read (it is no file)" in (
        capsys.readouterr().out.replace("\\", "")
    )
    assert _code("compare", folders[0], endless) == 4


@pytest.mark.parametrize("name", NAMES)
def test_beside_others(name, endless, folders, tmp_path, capsys):
    """Of a night in a history, and of pages of an earlier run."""
    linked = endless.is_symlink()
    (folders[1] / name).unlink(missing_ok=True)
    endless.rename(folders[1] / name)
    assert _code("history", tmp_path / "runs") == (0 if name == "index.html" else 3)
    # A page takes the place of a link, and leaves alone what that leads to.
    code = 4 if name == store.EVIDENCE or (name == "index.html" and not linked) else 0
    assert _code("build", folders[1]) == code
    assert "it is no file" in capsys.readouterr().err or not code


def test_a_ledger_that_is_no_file(endless, tmp_path, capsys):
    endless.rename(tmp_path / ledger.LEDGER)
    assert _code("calibrate", "--runs", 0, "--folder", tmp_path) == 4
    assert f"{ledger.LEDGER} cannot be read (it is no file): mend" in capsys.readouterr().err


def test_no_device_is_replaced_by_a_page(folders, tmp_path, capsys):
    device = tmp_path / "device"
    os.mkfifo(device)
    assert _code("compare", *folders, "--html", device) == 4
    assert stat.S_ISFIFO(device.stat().st_mode)
    assert capsys.readouterr().err.endswith(
        "device cannot be written (it is no file): name a file to write to.\n"
    )
    assert _code("compare", *folders, "--html", "") == 4


def test_no_page_is_written_over_what_was_read(folders, tmp_path, capsys):
    evidence = folders[0] / store.EVIDENCE
    before = evidence.read_bytes()
    link = tmp_path / "link"
    link.symlink_to(evidence)
    for path in (evidence, link):
        assert _code("compare", *folders, "--html", path) == 4
        assert (
            "is what is read here, and would be lost: write to another" in capsys.readouterr().err
        )
    assert evidence.read_bytes() == before
    path = tmp_path / ledger.LEDGER
    entry = _entry()
    ledger.append(path, entry)
    assert _code("calibrate", "--runs", 0, "--folder", tmp_path, "--write", path) == 4
    assert ledger.read(path).entries == (entry,)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [(MemoryError, 4, "larger than the memory"), (KeyboardInterrupt, 2, "stopped")],
)
def test_no_command_ends_with_a_traceback(error, code, words, folders, monkeypatch, capsys):
    def ends(_: object) -> int:
        raise error

    monkeypatch.setattr(summary, "run", ends)
    assert _code("summary", folders[0]) == code
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


def test_an_alarm_may_say_anything(tmp_path):
    """A lone surrogate in the name of somebody's parameter."""
    alarms = ({"nodeid": "x", "verdict": "fail", "said": "\ud800", "replay": ""},)
    entry = _entry(code=1, alarms=alarms)
    ledger.append(tmp_path / ledger.LEDGER, entry)
    assert ledger.read(tmp_path / ledger.LEDGER).entries == (entry,)


@st.composite
def damaged_ledger(draw: st.DrawFn) -> bytes:
    lines = [json.dumps(asdict(_entry(seed, seed % 2))).encode() for seed in (1, 2, 3)]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        how = draw(st.sampled_from(["cut", "repeat", "garbage", *["change"] * 6, "lack"]))
        if how == "cut":
            lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
        elif how == "repeat":
            lines.append(lines[at])
        elif how == "garbage":
            lines[at] = draw(st.sampled_from(GARBAGE))
        else:
            lines[at] = _hurt(draw, lines[at], lack=how == "lack")
    return b"\n".join(lines)


def _hurt(draw: st.DrawFn, line: bytes, *, lack: bool) -> bytes:
    try:
        value: Any = json.loads(line)
        if not (places := list(_paths(value))):
            return line
        path = draw(st.sampled_from(places))
        changed = (
            _without(value, path) if lack else _changed(value, path, draw(st.sampled_from(ODD)))
        )
        return json.dumps(changed).encode()
    except (ValueError, RecursionError):  # Damaged already, or too long a number.
        return line


@FUZZ
@given(contents=damaged_ledger())
def test_a_damaged_ledger_is_reported_in_sentences(contents) -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / ledger.LEDGER).write_bytes(contents)
        code = _code("calibrate", "--runs", 0, "--folder", name)
        damaged = ledger.read(Path(name) / ledger.LEDGER).damaged
        assert code in (1, 3, 4) or (code == 0 and not damaged)


MENDS = {  # The command, under a folder with a file of each kind: what it must say to do.
    ("history", "nosuch"): "nosuch cannot be read (No such file or directory): name the folder",
    ("history", "file"): "file cannot be read (Not a directory): name the folder that holds",
    ("merge", "file", "run"): "file cannot be written (File exists): mend that, or name another",
    ("merge", "out", "nosuch"): "(No such file or directory): name report folders or evidence",
    ("badge", "odd"): "badge.svg cannot be written (it is no file): mend that, or copy the",
    ("build", "odd"): "odd cannot be written (it is no file): mend that, or copy the evidence",
    ("compare", "run", "run", "--html", "file/x"): "mend that, or name another file with --html",
    ("compare", "run", "run", "--html", "odd"): "(it is no file): name a file to write to",
    ("calibrate", "--runs", "0", "--folder", "odd"): "mend that, or name another folder with",
    ("calibrate", "--runs", "0", "--folder", "run"): "no run that can be read, and 2 damaged lines",
}


@pytest.mark.parametrize("arguments", MENDS, ids=" ".join)
def test_each_refusal_says_what_to_do(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    write(Path("run"), raw(night(1)))
    Path("run", ledger.LEDGER).write_text("{}\nhalf a li\n")
    odd = write(Path("odd"), raw(night(1)))
    for name in ("badge.svg", "index.html", ledger.LEDGER):
        (odd / name).mkdir()
    assert _code(*arguments) == 4
    said = capsys.readouterr().err
    assert said.startswith("python -m reports") and said.count("\n") == 1
    assert MENDS[arguments] in said
