"""``python -m reports processors``: one verdict from runs that are pretended."""

from __future__ import annotations

import pytest

from reports.__main__ import main
from reports.processors import runs
from selftest.reports.processors.pretend import BAD, GOOD, OTHER, PASSING, runs_of_pytest

SCALAR = {"ATEN_CPU_CAPABILITY": "default"}


@pytest.fixture
def pytest_leaves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda left: runs_of_pytest(monkeypatch, left)


def test_every_setting_is_run_with_the_same_seed_and_arguments(pytest_leaves, capsys, tmp_path):
    calls = pytest_leaves(lambda variables, seed: (0, [GOOD, PASSING]))
    assert main(["processors", "--", "--run-seed", "7", "-k", "normal"]) == 0
    said = [{}, SCALAR, {"VERIFY_ONEDNN": "0"}, {"ATEN_CPU_CAPABILITY": "avx2"}]
    said += [{"ONEDNN_MAX_CPU_ISA": "SSE41"}, {"ONEDNN_MAX_CPU_ISA": "AVX2"}]
    assert [variables for variables, _ in calls] == [*said, {"MKL_CBWR": "COMPATIBLE"}]
    for _, arguments in calls:
        assert arguments[:6] == ["--profile", "smoke", "--run-seed", "7", "-k", "normal"]
    assert (tmp_path / "processors" / "no-onednn" / "evidence.jsonl").is_file()
    said = capsys.readouterr().out
    assert "avx512 is left out: the machine's own." in said
    assert "No cell's verdict depends on the setting." in said
    assert said.splitlines()[-1] == "PASS: every one of 7 settings says the same."


def test_one_red_setting_ends_with_1_and_names_the_cell_and_its_replay(pytest_leaves, capsys):
    pytest_leaves(lambda v, seed: (1, [GOOD, BAD]) if v == SCALAR else (0, [GOOD, PASSING]))
    assert main(["processors"]) == 1
    said = capsys.readouterr().out
    assert "The verdict depends on the setting in 1 cell:" in said
    assert f"{BAD['nodeid']}: pass under machine, no-onednn" in said and "fail under scalar" in said
    assert f"ATEN_CPU_CAPABILITY=default {BAD['replay']}" in said
    assert said.splitlines()[-1] == "FAIL: scalar of 7 settings."


def test_a_setting_red_beside_its_cells_is_red_too(pytest_leaves):
    pytest_leaves(lambda variables, seed: (int(variables == SCALAR), [GOOD]))
    assert main(["processors"]) == 1


@pytest.mark.parametrize("code", [3, -4, 5])
def test_a_setting_with_gaps_or_a_crash_ends_with_3(pytest_leaves, capsys, code):
    pytest_leaves(lambda variables, seed: (code, []) if variables == SCALAR else (0, [GOOD]))
    assert main(["processors"]) == 3
    assert "INCOMPLETE: scalar of 7 settings." in capsys.readouterr().out


def test_red_comes_before_gaps(pytest_leaves):
    pytest_leaves(lambda variables, seed: (1, [BAD]) if variables == SCALAR else (3, [GOOD]))
    assert main(["processors"]) == 1


def test_evidence_of_an_earlier_run_does_not_pass_for_this_ones(pytest_leaves, capsys):
    pytest_leaves(lambda variables, seed: (0, [GOOD]))
    assert main(["processors", "scalar"]) == 0
    pytest_leaves(lambda variables, seed: (-9, []))
    assert main(["processors", "scalar"]) == 3
    assert "exit code -9" in capsys.readouterr().out


def test_bits_and_statistics_that_differ_are_a_remark(pytest_leaves, capsys):
    streams = {"streams": {"(3,)": "aa", "(4,)": "bb"}}
    moved = {"statistics": OTHER["statistics"], "streams": {"(3,)": "aa", "(4,)": "cc"}}
    pytest_leaves(
        lambda v, seed: (0, [PASSING, GOOD | (streams | moved if v == SCALAR else streams)])
    )
    assert main(["processors", "machine", "scalar"]) == 0
    (remark,) = (s for s in capsys.readouterr().out.splitlines() if s.startswith("note: "))
    assert "scalar against machine: 1 of 2 seeded streams" in remark
    assert "the statistics of 1 of 2 cells" in remark and "decides nothing" in remark


def test_settings_are_chosen_by_name(pytest_leaves):
    calls = pytest_leaves(lambda variables, seed: (0, [GOOD]))
    assert main(["processors", "--", "scalar", "no-onednn", "--profile", "standard"]) == 0
    assert [variables for variables, _ in calls] == [SCALAR, {"VERIFY_ONEDNN": "0"}]
    assert {arguments[1] for _, arguments in calls} == {"standard"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["scaler"], "unknown setting 'scaler': choose among machine, scalar"),
        (["--run-seed"], "--run-seed: expected one argument"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(pytest_leaves, capsys, arguments, sentence):
    calls = pytest_leaves(lambda variables, seed: (0, [GOOD]))
    with pytest.raises(SystemExit) as ended:
        main(["processors", "--", *arguments])
    assert ended.value.code == 4 and not calls
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line


@pytest.mark.parametrize("code", [runs.USAGE, runs.INTERRUPTED])
def test_a_run_that_cannot_start_or_is_interrupted_ends_it_all(pytest_leaves, code):
    calls = pytest_leaves(lambda variables, seed: (code, []))
    assert main(["processors"]) == code
    assert len(calls) == 1


def test_an_environment_without_pytorch_is_one_sentence(monkeypatch, capsys, tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["processors"])
    assert ended.value.code == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert "this environment cannot verify anything: ImportError: no torch here" in line
