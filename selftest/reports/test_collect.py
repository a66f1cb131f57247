"""Whole sessions: what the controller keeps, whatever becomes of items and workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from reports.evidence import store
from reports.live.collect import in_the_way
from selftest.forked import run_pytest

ROOT = Path(__file__).resolve().parents[2]
CONFTEST = """
import json
from pathlib import Path
import pytest
from reports.live.collect import Collector
from reports.live.progress import Progress
from selftest.reports import fakes

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        run_line = fakes.run_line()
        run_line.pop("planned")
        config.pluginmanager.register(Collector(Path("report"), run_line), "verify-collector")
        config.pluginmanager.register(Progress(config), "verify-progress")

def pytest_runtest_protocol(item):
    return True if "vanishes" in item.nodeid else None

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and hasattr(item, "cell_json"):
        report.cell_json = item.cell_json
    return report

@pytest.fixture
def cell(request):
    def hand_over(**entries):
        line = fakes.cell_line("uniform_", n=2**14)
        line.update(nodeid=request.node.nodeid, **entries)
        request.node.cell_json = json.dumps(line)
    return hand_over

@pytest.fixture
def broken():
    raise RuntimeError("no device")

@pytest.fixture
def untidy():
    yield
    raise RuntimeError("no goodbye")
"""
GOOD = """
import pytest
@pytest.mark.parametrize("item", [f"cpu-float32-s{i}" for i in range(8)])
def test_law(item, cell):
    cell()
"""


@dataclass(frozen=True)
class Session:
    """What a session in a subprocess left behind."""

    code: int
    output: str
    report: Path

    def verdicts(self) -> dict[str, str]:
        cells = store.read(self.report / store.EVIDENCE).cells
        return {cell.nodeid.rpartition("::test_")[2]: cell.verdict for cell in cells}

    def reason(self, name: str) -> str:
        cells = store.read(self.report / store.EVIDENCE).cells
        return next(cell.reason for cell in cells if name in cell.nodeid)


def _session(folder: Path, body: str, *arguments: str) -> Session:
    (folder / "verify").mkdir(parents=True, exist_ok=True)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "tox.ini").write_text("[pytest]\n")
    (folder / "verify" / "test_fake.py").write_text(body)
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.pop("PYTEST_ADDOPTS", None)
    done = run_pytest(
        ["-q", "-p", "no:cacheprovider", *arguments], folder=folder, environment=environment
    )
    return Session(done.returncode, done.stdout + done.stderr, folder / "report")


def test_evidence_is_the_same_for_any_number_of_workers(tmp_path: Path) -> None:
    alone = _session(tmp_path / "alone", GOOD)
    several = _session(tmp_path / "several", GOOD, "-n", "2")
    assert (alone.code, several.code) == (0, 0), several.output
    names = {"index.html", "cpu.html", "summary.md", store.EVIDENCE, store.TIMINGS}
    assert {path.name for path in several.report.iterdir()} == names
    for name in names - {store.TIMINGS}:
        assert (alone.report / name).read_bytes() == (several.report / name).read_bytes()
    timings = json.loads((several.report / store.TIMINGS).read_text())
    assert len(timings["items"]) == 8
    assert "PASS: All 8 cells keep their promise." in alone.output


def test_a_failing_cell_is_exit_1_whatever_pytest_thinks(tmp_path: Path) -> None:
    body = "def test_law(cell): cell(verdict='fail', reason='Too wide.', backend='cpu')"
    session = _session(tmp_path, body)
    assert session.code == 1
    assert "Too wide." in session.output


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_errors_of_the_suite_itself_are_exit_3(tmp_path: Path, workers: tuple[str, ...]) -> None:
    body = (
        GOOD
        + """
def test_setup(cell, broken): cell()
def test_teardown(cell, untidy): cell()
def test_call(cell): raise ValueError("odd")
def test_contradiction(cell): cell(); raise ValueError("odd")
def test_silent(): pass
def test_garbage(request): request.node.cell_json = "{"
def test_vanishes(cell): cell()
@pytest.mark.skip(reason="not today")
def test_skipped(cell): cell()
"""
    )
    session = _session(tmp_path, body, *workers)
    verdicts = {name: kind for name, kind in session.verdicts().items() if kind != "pass"}
    assert verdicts == {
        "setup": "error",
        "teardown::teardown": "error",
        "call": "error",
        "contradiction": "error",
        "silent": "error",
        "garbage": "error",
        "vanishes": "lost",
        "skipped": "not run",
    }
    assert session.code == 3
    assert session.reason("test_setup").startswith("RuntimeError: no device … ")
    assert session.reason("test_skipped") == "not today"
    assert session.verdicts()["teardown"] == "pass"


def test_a_crashing_worker_costs_one_cell(tmp_path: Path) -> None:
    body = GOOD + "\ndef test_crash(): import os; os._exit(7)\n"
    session = _session(tmp_path, body, "-n", "2")
    assert session.code == 3, session.output
    kinds = session.verdicts()
    assert kinds.pop("crash") == "crashed"
    assert set(kinds.values()) == {"pass"} and len(kinds) == 8
    assert "gw" not in session.reason("crash")


def test_a_crash_of_a_plain_run_loses_only_what_had_not_run(tmp_path: Path) -> None:
    body = GOOD + "\ndef test_crash(): import os; os._exit(7)\n"
    session = _session(tmp_path, body)
    assert session.code == 7
    assert not (session.report / "index.html").exists()
    build = [sys.executable, "-m", "reports", "build", str(session.report)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 3
    assert "lost: verify/test_fake.py::test_crash" in done.stdout
    assert (session.report / "cpu.html").exists()


def test_an_interrupted_run_keeps_its_exit_code_and_its_report(tmp_path: Path) -> None:
    body = GOOD + "\ndef test_stop(): raise KeyboardInterrupt\ndef test_zzz(cell): cell()\n"
    session = _session(tmp_path, body)
    assert session.code == 2
    assert session.verdicts()["zzz"] == "lost"
    assert (session.report / "index.html").exists()


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_file_that_cannot_be_collected_is_a_cell(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    session = _session(tmp_path, "import nowhere_at_all", *workers)
    assert session.code not in (0, 5)
    assert session.reason("verify/test_fake.py").count("nowhere_at_all") == 1


def test_nothing_selected_stays_5_and_leaves_no_report(tmp_path: Path) -> None:
    session = _session(tmp_path, GOOD, "-k", "nothing")
    assert session.code == 5
    assert not session.report.exists()


def test_listing_the_items_leaves_the_last_report_alone(tmp_path: Path) -> None:
    before = _session(tmp_path, GOOD)
    kept = (before.report / store.EVIDENCE).read_bytes()
    assert _session(tmp_path, GOOD, "--collect-only").code == 0
    assert (before.report / store.EVIDENCE).read_bytes() == kept


def test_other_items_are_none_of_the_collectors_business(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir(parents=True)
    (tmp_path / "other" / "test_other.py").write_text("def test_no(): assert False")
    both = _session(tmp_path, GOOD)
    assert both.code == 1
    assert set(both.verdicts().values()) == {"pass"}


def test_a_folder_that_cannot_be_written_is_a_warning_and_exit_3(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("in the way")
    session = _session(tmp_path, GOOD)
    assert session.code == 3
    assert "8 passed" in session.output
    assert (
        "INCOMPLETE: All 8 cells keep their promise, but the evidence has gaps: " in session.output
    )
    assert session.output.count("warning: The report in report could not be written") == 1
    assert "index.html" not in session.output


FULL = """
import io
from pathlib import Path

class Full:
    left = {left}  # Writes until the disk is full.
    open = Path.open

class Disk(io.TextIOWrapper):
    def write(self, text):
        Full.left -= 1
        if Full.left < 0:
            raise OSError(28, "No space left on device")
        return super().write(text)

def full_open(self, mode="r", *arguments, **named):
    file = Full.open(self, mode, *arguments, **named)
    return Disk(file.detach(), encoding="utf-8", errors="backslashreplace") if mode == "w" else file

Path.open = full_open
"""


@pytest.mark.parametrize("left", [0, 1, 5, 10, 11, 13, 14])
def test_a_disk_that_fills_up_leaves_no_path_to_what_is_not_there(
    tmp_path: Path, left: int
) -> None:
    """A run line, eight cells, the canonical form, times, two pages, a summary: 14 writes."""
    plugin = tmp_path / "full.py"
    plugin.write_text(FULL.format(left=left))
    session = _session(tmp_path, GOOD, "-p", "full")
    assert "8 passed" in session.output and "All 8 cells keep their promise" in session.output
    assert session.code == (0 if left == 14 else 3)
    assert ("report: report/index.html" in session.output) is (left == 14)
    sentence = "The report in report could not be written: No space left on device; make room"
    assert session.output.count(sentence) == (left < 14)
    assert "Traceback" not in session.output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_full_for_a_while_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir(parents=True)
    (tmp_path / "report" / store.EVIDENCE).symlink_to("/dev/full")
    session = _session(tmp_path, GOOD)
    assert "No space left on device; it was written at the end" in session.output
    assert "report: report/index.html" in session.output
    assert session.code == 0
    assert len(session.verdicts()) == 8


def test_all_that_a_run_writes_must_be_files(tmp_path: Path) -> None:
    """Whatever a session has written is looked for, under each name."""
    written = sorted(path.name for path in _session(tmp_path, GOOD).report.iterdir())
    assert in_the_way(tmp_path / "report", ["cpu"]) == []
    for name in (*written, "host.html"):
        (tmp_path / name).mkdir()
    assert sorted(in_the_way(tmp_path, ["cpu"])) == sorted([*written, "host.html"])


@pytest.mark.parametrize("name", [store.EVIDENCE, "index.html"])
def test_only_evidence_follows_a_link(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    assert in_the_way(tmp_path, ["cpu"]) == []
    os.mkfifo(tmp_path / "elsewhere")
    assert in_the_way(tmp_path, ["cpu"]) == ([name] if name == store.EVIDENCE else [])
