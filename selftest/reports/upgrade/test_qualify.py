"""The order in which two environments are verified and compared; tox itself is pretended."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from reports.__main__ import main
from reports.commands import qualify
from selftest.reports import fakes

GOOD, BAD = fakes.cell_line("normal_"), fakes.cell_line("normal_", "bfloat16")


@pytest.fixture
def tox(tmp_path, monkeypatch):
    """Pretend that tox leaves these cells in each environment; the calls that were made."""
    calls: list[list[str]] = []

    def pretend(**left):
        def run(command, check):
            assert check is False
            calls.append(command[command.index("-e") + 1 :])
            if cells := left[calls[-1][0]]:
                fakes.write(qualify.FOLDER / calls[-1][0], cells)
            return SimpleNamespace(returncode=1)

        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("CANDIDATE", "torch==2.15.0")
        monkeypatch.setattr(qualify.subprocess, "run", run)
        return calls

    return pretend


def test_without_a_candidate_one_sentence_says_what_to_set(monkeypatch, capsys):
    monkeypatch.delenv("CANDIDATE", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["qualify"])
    assert ended.value.code == 4
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "CANDIDATE='torch==2.15.0' tox run -e qualify" in sentence


def test_both_are_run_with_the_same_arguments_whatever_the_first_finds(tox, tmp_path):
    calls = tox(baseline=[BAD, GOOD], candidate=[BAD, GOOD])
    assert main(["qualify", "--", "--profile", "smoke", "--run-seed", "7"]) == 0
    given = ["--", "--profile", "smoke", "--run-seed", "7"]
    assert calls == [["baseline", *given], ["candidate", *given]]
    assert (tmp_path / "qualification" / "qualification.html").is_file()


def test_a_random_run_seed_is_printed_and_the_same_in_both(tox, capsys):
    calls = tox(baseline=[GOOD], candidate=[GOOD])
    assert main(["qualify", "--"]) == 0
    (first, second) = (arguments[1:] for arguments in calls)
    assert first == second
    assert f"qualify: pytest --run-seed {first[-1]}\n" in capsys.readouterr().out
    assert qualify.seeded(["--run-seed=3"]) == ["--run-seed=3"]


def test_a_regression_ends_with_1(tox):
    passing = {**BAD, "verdict": "pass", "findings": []}
    tox(baseline=[GOOD, passing], candidate=[GOOD, BAD])
    assert main(["qualify"]) == 1


def test_an_environment_that_cannot_be_built_is_incomplete(tox, tmp_path, capsys):
    tox(baseline=[GOOD], candidate=[])
    # What an earlier qualification left behind.
    fakes.write(tmp_path / "qualification" / "candidate", [GOOD])
    assert main(["qualify"]) == 3
    assert "INCOMPLETE: the candidate left no evidence" in capsys.readouterr().out
