"""What a run line says of what was selected."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from selftest.test_command import CELLS, SMALL, command, lines
from verify.command_line.selection import selection

ROOT = Path(__file__).resolve().parents[1]
ONE = CELLS.format("zeros_")


@pytest.mark.parametrize("given", [["verify"], ["."], [f"{ROOT}"], ["selftest", "verify"], [".."]])
def test_the_whole_suite_is_no_selection(given: list[str]) -> None:
    assert selection(Namespace(keyword="", markexpr=""), given, ROOT) == []


def test_the_folder_of_the_suite_may_be_where_it_is_called() -> None:
    assert selection(Namespace(), [f"{ROOT / 'verify'}"], ROOT / "verify") == []
    found = selection(Namespace(), ["test_laws.py"], ROOT / "verify")
    assert found == ["verify/test_laws.py"]


@pytest.mark.parametrize(
    ("options", "given", "told"),
    [
        ({"keyword": "normal_ and not float64"}, ["verify"], ["-k", "normal_ and not float64"]),
        ({"markexpr": "slow"}, ["verify"], ["-m", "slow"]),
        ({"lf": True}, ["verify"], ["--last-failed"]),
        ({"stepwise": True}, ["verify"], ["--stepwise"]),
        ({"deselect": [ONE, "selftest/test_x.py"]}, ["verify"], ["--deselect", ONE]),
        ({"ignore": ["verify/test_laws.py"]}, ["."], ["--ignore", "verify/test_laws.py"]),
        ({"ignore_glob": ["*laws*"]}, ["verify"], ["--ignore-glob", "*laws*"]),
        ({}, [ONE, "verify/test_gains.py"], ["verify/test_gains.py", ONE]),
        ({}, ["verify/test_gains.py", ONE, ONE], ["verify/test_gains.py", ONE]),
        ({}, ["verify/test_gains.py", "verify"], []),
        ({}, ["selftest/test_options.py"], []),
    ],
)
def test_what_leaves_items_out_is_named(
    options: dict[str, object], given: list[str], told: list[str]
) -> None:
    assert selection(Namespace(**options), given, ROOT) == told


@pytest.mark.parametrize("workers", ["0", "1"])
def test_the_run_line_tells_it(tmp_path: Path, workers: str) -> None:
    ended = command(tmp_path, ONE, CELLS.format("ones_"), "-k", "zeros_", "-n", workers, *SMALL)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    run, *cells = lines(tmp_path)
    assert run["selections"] == [["-k", "zeros_", CELLS.format("ones_"), ONE]]
    assert [cell["nodeid"] for cell in cells] == [ONE]
    page = (tmp_path / "cpu.html").read_text(encoding="utf-8")
    assert "<dt>selected</dt>" in page
