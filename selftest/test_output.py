"""A run whose output nobody takes: it goes on, keeps its exit code, and says so in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from selftest.reports.observed import night, raw, write
from selftest.test_command import ROOT, SMALL, lines

GAIN = "verify/test_gains.py::test_gain[host-float64-calculate_gain]"
FULL = Path("/dev/full")
REFUSED = "verify: what is printed was refused ({}): exit code and report say what was found.\n"


def _run(report: Path, stdout: object, *arguments: str, fault: str = "") -> subprocess.Popen:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    plugin = ["-p", "selftest.planted.plugin"] if fault else []
    command = [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", "--report-dir"]
    return subprocess.Popen(
        [*command, str(report), *arguments], cwd=ROOT, env=kept | {"PLANTED": fault},
        stdout=stdout, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("options", "fault"),
    [(("-q", "-n", "0"), ""), (("-v", "-n", "1"), "gain_tanh"), (("-s", "-n", "0"), "gain_tanh")],
    ids=["quiet", "workers", "uncaptured"],
)
def test_a_full_disk_behind_the_output_costs_no_verdict(
    tmp_path: Path, options: tuple[str, ...], fault: str
) -> None:
    with FULL.open("w") as full:
        run = _run(tmp_path, full, GAIN, *options, *SMALL, fault=fault)
        _, said = run.communicate()
    assert said == REFUSED.format("No space left on device")
    assert run.returncode == bool(fault)
    assert [cell["verdict"] for cell in lines(tmp_path)[1:]] == ["fail" if fault else "pass"]
    assert (tmp_path / "index.html").exists()


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_nothing_selected_keeps_its_exit_code(tmp_path: Path) -> None:
    with FULL.open("w") as full:
        run = _run(tmp_path, full, "verify/test_gains.py", "-k", "nothing", *SMALL)
        _, said = run.communicate()
    assert (run.returncode, said) == (5, REFUSED.format("No space left on device"))


def test_a_reader_that_has_gone_ends_no_run(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        run = _run(tmp_path, writer, GAIN, "-n", "0", *SMALL)
        _, said = run.communicate()
    finally:
        os.close(writer)
    assert (run.returncode, said) == (0, REFUSED.format("Broken pipe"))
    assert (tmp_path / "index.html").exists()


ENDS = {  # Options, planted fault: exit code, and what is said.
    "full": ("--junitxml=/dev/full", "", 3, "junitxml writes at the end of the run could not be"),
    "nowhere": ("--junitxml=/proc/x/y", "gain_tanh", 1, "(/proc/x: No such file or directory)"),
    "broken": ("-pbroken", "", 3, "broken failed at the end of the run (ValueError: no goodbye)"),
}


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("end", ENDS)
def test_another_plugin_that_fails_at_the_end_costs_no_verdict(
    tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text(
        "def pytest_sessionfinish():\n    raise ValueError('no goodbye')\n"
        "def pytest_terminal_summary(terminalreporter):\n    terminalreporter.line('all is well')\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}")
    option, fault, code, sentence = ENDS[end]
    run = _run(tmp_path, subprocess.PIPE, GAIN, option, "-n", "0", *SMALL, fault=fault)
    printed, said = run.communicate()
    assert (run.returncode, said.count("\n")) == (code, 1), printed + said
    assert sentence in said and said.endswith("and run again.\n")
    assert f"report: {tmp_path}/index.html" in printed
    assert "generated xml file" not in printed and "all is well" not in printed
    assert [cell["verdict"] for cell in lines(tmp_path)[1:]] == ["fail" if fault else "pass"]


CLOSED = ("1>&-", "2>&-", "0<&- 1>&- 2>&-")


def _closed(streams: str, *arguments: str) -> tuple[int, str, str]:
    """Run Python with streams that are closed before it starts, and return what the others say."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ended = subprocess.run(
        ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-m", *arguments],
        cwd=ROOT, env=kept, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize(
    ("streams", "option"),
    [*((streams, "-n0") for streams in CLOSED), ("1>&-", "-s"), ("2>&-", "-n1")],
)
def test_closed_streams_cost_no_verdict(tmp_path: Path, streams: str, option: str) -> None:
    own = ("-p", "no:cacheprovider", "--report-dir", f"{tmp_path}", *SMALL)
    code, printed, said = _closed(streams, "pytest", GAIN, option, *own)
    assert (code, said) == (0, "")
    assert ("PASS: " in printed) is ("1>" not in streams)
    assert [cell["verdict"] for cell in lines(tmp_path)[1:]] == ["pass"]
    assert (tmp_path / "index.html").exists()


@pytest.mark.parametrize("streams", CLOSED)
def test_closed_streams_cost_no_command_its_exit_code(tmp_path: Path, streams: str) -> None:
    folder = write(tmp_path, raw(night(1)))
    code, printed, said = _closed(streams, "reports", "build", f"{folder}")
    assert (code, said) == (0, "")
    assert ("PASS: " in printed) is ("1>" not in streams)
    assert _closed(streams, "reports", "build", "nowhere")[0] == 4
