"""``python -m reports calibrate``: campaigns of runs that are pretended."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reports.__main__ import main
from reports.calibration import campaign, document, ledger
from reports.processors import runs
from selftest.reports.processors.pretend import BAD, GOOD, MACHINE, PASSING, runs_of_pytest

FOLDER = campaign.Path("calibration")
SCALAR = {"ATEN_CPU_CAPABILITY": "default"}


@pytest.fixture
def pytest_leaves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    return lambda left: runs_of_pytest(monkeypatch, left)


def _green(variables, seed):
    return 0, [GOOD, PASSING]


def _seeds(calls) -> list[int]:
    return [int(given[given.index("--run-seed") + 1]) for _, given in calls]


def _ledger() -> list[ledger.Entry]:
    return list(ledger.read(FOLDER / ledger.LEDGER).entries)


def test_seeds_take_the_settings_in_turn(pytest_leaves, capsys):
    calls = pytest_leaves(_green)
    assert main(["calibrate", "--runs", "9"]) == 0
    assert _seeds(calls) == [*range(1, 10)]
    names = [entry.setting for entry in _ledger()]
    assert names[:3] == ["machine", "scalar", "no-onednn"] and len({*names}) == 7
    assert names[7:] == names[:2] and "avx512" not in names
    assert [v for v, _ in calls][1] == SCALAR
    said = capsys.readouterr().out
    assert "calibrate: 9/9, run seed 9, scalar: green" in said
    assert "| smoke | all | 9 |" in said and "| 0 | 0.28 |" in said  # 1 − 0.05^(1/9)


def test_a_standard_campaign_has_seeds_of_its_own(pytest_leaves):
    calls = pytest_leaves(_green)
    assert main(["calibrate", "--runs", "2", "--profile", "standard"]) == 0
    assert main(["calibrate", "--runs", "2", "--first-seed", "50"]) == 0
    assert _seeds(calls) == [1_000_001, 1_000_002, 50, 51]
    assert calls[0][1][:2] == ["--profile", "standard"]


def test_it_goes_on_where_it_was_stopped(pytest_leaves, capsys):
    def killed_at_3(variables, seed):
        if seed == 3:
            raise KeyboardInterrupt
        return _green(variables, seed)

    pytest_leaves(killed_at_3)
    assert main(["calibrate", "--runs", "5"]) == runs.INTERRUPTED
    assert "the same command goes on from here" in capsys.readouterr().out
    assert [entry.seed for entry in _ledger()] == [1, 2]
    calls = pytest_leaves(_green)
    assert main(["calibrate", "--runs", "5"]) == 0
    assert _seeds(calls) == [3, 4, 5]
    # Each under the setting it would have had.
    assert [entry.setting for entry in _ledger()] == [
        "machine", "scalar", "no-onednn", "avx2", "onednn-sse41",
    ]  # fmt: skip
    calls = pytest_leaves(_green)
    assert main(["calibrate", "--runs", "5"]) == 0 and not calls


def test_a_power_cut_in_the_middle_of_a_line_costs_one_run(pytest_leaves):
    pytest_leaves(_green)
    main(["calibrate", "--runs", "3"])
    path = FOLDER / ledger.LEDGER
    path.write_bytes(path.read_bytes()[:-40])
    calls = pytest_leaves(_green)
    assert main(["calibrate", "--runs", "4"]) == 0
    assert _seeds(calls) == [3, 4]
    assert [entry.seed for entry in _ledger()] == [1, 2, 3, 4]


def test_alarms_are_kept_with_their_evidence_and_green_runs_are_not(pytest_leaves, capsys):
    pytest_leaves(lambda v, seed: (1, [GOOD, BAD]) if seed == 2 else _green(v, seed))
    assert main(["calibrate", "--runs", "3"]) == 1
    (kept,) = (FOLDER / campaign.ALARMS).iterdir()
    assert kept.name == "2.13.0+cpu-0a1b2c3d-smoke-2-scalar"
    assert (kept / "log.txt").read_text() == "said by pytest\n"
    assert BAD["nodeid"] in (kept / "evidence.jsonl").read_text()
    names = {path.name for path in FOLDER.iterdir()}
    assert names == {campaign.ALARMS, ledger.LEDGER}
    said = capsys.readouterr().out
    assert "run seed 2, scalar: ALARM in 1 cell" in said
    assert "- run seed 2, smoke, scalar (ATEN_CPU_CAPABILITY=default):" in said
    assert f"`ATEN_CPU_CAPABILITY=default {BAD['replay']}`" in said
    assert "| smoke | all | 3 |" in said and "| 1 | 0.86 |" in said
    # The alarm stays one, however often the campaign goes on.
    pytest_leaves(_green)
    assert main(["calibrate", "--runs", "8"]) == 1


def test_runs_with_gaps_are_kept_and_said_and_not_counted(pytest_leaves, capsys):
    pytest_leaves(lambda v, seed: (-9, []) if seed == 2 else _green(v, seed))
    assert main(["calibrate", "--runs", "3"]) == 3
    said = capsys.readouterr().out
    assert "Runs with gaps, which are not counted: run seeds 2 (exit code -9)." in said
    assert "| smoke | all | 2 |" in said
    (kept,) = (FOLDER / campaign.ALARMS).iterdir()
    assert (kept / "log.txt").is_file()


def test_another_suite_or_pytorch_is_not_counted_together(pytest_leaves, monkeypatch, capsys):
    pytest_leaves(lambda v, seed: (1, [BAD]))
    assert main(["calibrate", "--runs", "2"]) == 1
    calls = pytest_leaves(_green)
    monkeypatch.setattr(runs, "machine", lambda: replace(MACHINE, suite="ffffffff"))
    assert main(["calibrate", "--runs", "3"]) == 0
    assert _seeds(calls) == [1, 2, 3]
    said = capsys.readouterr().out
    assert (
        "2 runs of PyTorch 2.13.0+cpu and suite 0a1b2c3d in the ledger cannot be added to these "
        "and are not counted."
    ) in said
    assert "| all | all | 3 |" in said


def test_a_report_alone_is_of_the_newest_version_and_runs_nothing(pytest_leaves, tmp_path):
    pytest_leaves(_green)
    main(["calibrate", "--runs", "2"])
    calls = pytest_leaves(_green)
    assert main(["calibrate", "--runs", "0", "--write", "docs/calibration.md"]) == 0
    assert not calls
    text = (tmp_path / "docs" / "calibration.md").read_text(encoding="utf-8")
    assert text.startswith("# Calibration\n") and str(tmp_path) not in text
    assert "| scalar | `ATEN_CPU_CAPABILITY=default` | ATen AVX512" in text
    assert document.markdown(_ledger(), _ledger()[-1].version) == text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--runs", "-1"], "'-1' is not a whole number from 0 on"),
        (["--runs", "many"], "'many' is not a whole number from 0 on"),
        (["--runs", "1", "--profile", "deep"], "invalid choice: 'deep'"),
        (["--runs", "0"], "holds no run: give --runs N to do some"),
        (["--runs", "1", "--write", "/dev/null/x"], "/dev/null/x cannot be written"),
        (["--runs", "1", "--folder", "/dev/null/x"], "cannot be"),
        ([], "required: --runs"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(pytest_leaves, capsys, arguments, sentence):
    pytest_leaves(_green)
    with pytest.raises(SystemExit) as ended:
        main(["calibrate", *arguments])
    assert ended.value.code == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line


@pytest.mark.parametrize("code", [runs.USAGE, runs.INTERRUPTED])
def test_a_run_that_cannot_start_stops_it_and_is_not_in_the_ledger(pytest_leaves, capsys, code):
    calls = pytest_leaves(lambda v, seed: (code, []) if seed == 2 else _green(v, seed))
    assert main(["calibrate", "--runs", "3"]) == code
    assert len(calls) == 2 and [entry.seed for entry in _ledger()] == [1]
    assert "calibrate: stopped: said by pytest" in capsys.readouterr().out


def test_the_exact_p_values_of_all_runs_are_held_against_the_uniform_law(pytest_leaves, capsys):
    def small(variables, seed):
        findings = [{**f, "p_value": 1e-9, "exact": True} for f in GOOD["findings"][1:2]]
        return 0, [{**GOOD, "findings": findings}, PASSING]

    pytest_leaves(small)
    assert main(["calibrate", "--runs", "2"]) == 0
    said = capsys.readouterr().out
    assert "**The exact p-values, 2 in all, are too small" in said
    exact = json.loads((FOLDER / ledger.LEDGER).read_text().splitlines()[0])["exact"]
    assert exact == {GOOD["nodeid"]: 1e-9}
