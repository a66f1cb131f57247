"""Replaying a finding of the record in this environment, by the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.commands import replay
from reports.evidence.records import CellRecord, Report, RunRecord
from selftest.reports import fakes
from verify.outcome.verdict import Verdict

ROOT = Path(__file__).resolve().parents[1]
GAIN = "verify/test_gains.py::test_gain[host-float64-calculate_gain]"
AS_RECORDED = f"pytest '{GAIN}' --run-seed 7 --profile smoke"


def line(verdict: str = "fail", nodeid: str = GAIN, command: str = AS_RECORDED) -> dict:
    cell = {**fakes.cell_line(), "nodeid": nodeid, "verdict": verdict, "replay": command}
    return {**cell, "promise": "gain", "reason": "it was wrong", "findings": []}


def replayed(folder: Path, *arguments: str, fault: str = ""):
    planted = {"PYTEST_ADDOPTS": "-p selftest.planted.plugin", "PLANTED": fault}
    return subprocess.run(
        [sys.executable, "-m", "reports", "replay", str(folder), *arguments],
        cwd=ROOT,
        env=os.environ | (planted | {"PYTHONPATH": str(ROOT)} if fault else {}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_right_now_is_fixed(tmp_path):
    ended = replayed(fakes.write(tmp_path, [line()]), "calculate_gain")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith("fixed: it passes now\n")
    assert "note: recorded with torch 2.13.0+cpu" in ended.stdout or "2.13.0+cpu" in _torch()


def _torch() -> str:
    import torch

    return str(torch.__version__)


def test_what_is_still_wrong_fails_again(tmp_path):
    ended = replayed(fakes.write(tmp_path, [line()]), GAIN, fault="gain_tanh")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "failed again: " in ended.stdout


def test_an_item_that_is_not_there_cannot_be_replayed(tmp_path):
    name = GAIN.replace("calculate_gain", "no_such_gain")
    command = AS_RECORDED.replace(GAIN, name)
    ended = replayed(fakes.write(tmp_path, [line(nodeid=name, command=command)]))
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "cannot be replayed: " in ended.stdout
    assert "no_such_gain" in ended.stdout


@pytest.fixture
def asked(monkeypatch):
    """Replay without a process: what pytest would be asked, and evidence as it would leave it."""
    calls: list[list[str]] = []

    def pretend(verdict: str, torch: str = "2.15.0", reason: str = "so"):
        def answer(arguments):
            calls.append(arguments)
            found = CellRecord(
                arguments[0], "gain", "x", "cpu", "float32", Verdict(verdict), reason
            )
            return Report(RunRecord(environment={"torch": torch}), (found,)), ""

        monkeypatch.setattr(replay, "_replayed", answer)
        return calls

    return pretend


@pytest.mark.parametrize(
    ("recorded", "now", "code", "said"),
    [
        ("fail", "fail", 1, "failed again: so"),
        ("timed out", "fail", 1, "failed again: so"),
        ("pass", "fail", 1, "fails now: so"),
        ("fail", "pass", 0, "fixed: it passes now"),
        ("pass", "pass", 0, "as recorded: pass"),
        ("lost", "pass", 0, "it passes now"),
        ("fail", "known defect", 0, "known defect now: so"),
        ("known defect", "known defect", 0, "as recorded: known defect"),
        ("fail", "unsupported", 3, "cannot be replayed: unsupported here: so"),
        ("fail", "crashed", 3, "cannot be replayed: so"),
    ],
)
def test_what_is_said(asked, tmp_path, capsys, recorded, now, code, said):
    asked(now)
    assert main(["replay", str(fakes.write(tmp_path, [line(recorded)])), GAIN]) == code
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == said
    assert "note: recorded with torch 2.13.0+cpu, replayed with 2.15.0" in printed


def test_the_recorded_arguments_are_used(asked, tmp_path, capsys):
    calls = asked("pass", torch="2.13.0+cpu")
    command = f"{AS_RECORDED} --known-defects none"
    main(["replay", str(fakes.write(tmp_path, [line(command=command)]))])
    arguments = ["--run-seed", "7", "--profile", "smoke", "--known-defects", "none"]
    assert calls == [[GAIN, *arguments]]
    assert "note" not in capsys.readouterr().out


def test_an_item_that_never_came_to_record_its_command(asked, tmp_path):
    calls = asked("pass")
    lost = {**line("crashed", f"{GAIN}::teardown"), "replay": ""}
    main(["replay", str(fakes.write(tmp_path, [lost]))])
    assert calls == [[GAIN, "--run-seed", "7", "--profile", "standard"]]


def test_without_a_name_the_worst_finding_is_replayed(asked, tmp_path):
    calls = asked("fail")
    lines = [line("pass", "a"), line("crashed", "b"), line("fail", "c"), line("known defect", "d")]
    for each in lines:
        each["replay"] = f"pytest {each['nodeid']}"
    assert main(["replay", str(fakes.write(tmp_path, lines))]) == 1
    assert calls == [["c"]]


def test_a_run_without_findings_has_nothing_to_replay(tmp_path, capsys):
    folder = fakes.write(tmp_path, [line("pass"), line("known defect", "b")])
    assert main(["replay", str(folder)]) == 0
    assert "nothing to replay" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("loss", "no cell has 'loss' in its name"),
        ("gain_7", "the replay command of gain_7 is damaged: 'rm -r'"),
        ("gain_8", "the replay command of gain_8 is damaged"),
    ],
)
def test_what_cannot_be_replayed_is_one_sentence(tmp_path, capsys, name, said):
    lines = [line("fail", f"gain_{number}") for number in range(12)]
    lines[7]["replay"], lines[8]["replay"] = "rm -r", "pytest 'unclosed"
    with pytest.raises(SystemExit) as ended:
        main(["replay", str(fakes.write(tmp_path, lines)), name])
    assert ended.value.code == 4
    (sentence,) = capsys.readouterr().err.splitlines()
    assert said in sentence


def test_the_whole_name_wins_over_names_that_hold_it(asked, tmp_path):
    calls = asked("pass")
    lines = [line("fail", "gain_1", "pytest gain_1"), line("fail", "gain_10", "pytest gain_10")]
    main(["replay", str(fakes.write(tmp_path, lines)), "gain_1"])
    assert calls == [["gain_1"]]


def test_of_several_cells_with_a_name_the_worst_is_replayed(asked, tmp_path, capsys):
    calls = asked("fail")
    subjects = {"a[xavier_uniform_]": "fail", "b[uniform_]": "pass", "c[uniform_]": "fail"}
    lines = [line(verdict, name, f"pytest {name}") for name, verdict in subjects.items()]
    for each in lines:
        each["subject"] = each["nodeid"][2:-1]
    folder = str(fakes.write(tmp_path, lines))
    for name, amount, worst in (("uniform_", 2, "c[uniform_]"), ("form", 3, "c[uniform_]")):
        main(["replay", folder, name])
        assert calls.pop() == [worst]
        said = f"{name!r} is in the names of {amount} cells; this is the worst"
        assert said in capsys.readouterr().out


def test_the_record_is_left_alone(tmp_path):
    folder = fakes.write(tmp_path, [line()])
    before = (folder / "evidence.jsonl").read_bytes()
    replayed(folder)
    assert (folder / "evidence.jsonl").read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["evidence.jsonl"]
    assert json.loads(before.splitlines()[1])["verdict"] == "fail"
