"""The nightly workflow: its steps run here as they stand, on parts that no machine has seen."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from selftest.reports import fakes

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/nightly.yml").read_text(encoding="utf-8"))
JOBS = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"] if "run" in step]
NIGHT = "nights/2026-11-21-7"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


def step(job: str, name: str) -> str:
    return next(s["run"] for s in JOBS[job]["steps"] if s.get("name") == name)


def run(folder: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a step where `python` is ours, and `-m reports` is found from any folder."""
    (folder / "bin").mkdir(exist_ok=True)
    python = folder / "bin" / "python"
    # Not a link: seen from there Python would be outside its virtual environment.
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    output = folder / "output"
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "PYTHONPATH": str(ROOT), "PYTHONHOME": "", "RUN_SEED": "7"}
    environment |= {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(folder / "summary")}
    environment = {k: v for k, v in {**os.environ, **environment, **variables}.items() if v}
    return subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True
    )


def part(folder: Path, backend: str, number: int, of: int = 2) -> None:
    """What one machine leaves: its share of the cells, and their plan."""
    cells = fakes.cells(backend)[number - 1 :: of]
    run_line = {**fakes.run_line(cell["nodeid"] for cell in cells), "shard": f"{number}/{of}"}
    run_line["environment"] = {f"{backend}: torch": f"2.16.0+{backend}"}
    target = folder / "parts" / f"part-{backend}-{number}"
    target.mkdir(parents=True)
    lines = map(fakes.json.dumps, (run_line, *cells))
    (target / "evidence.jsonl").write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize("script", [s["run"] for s in STEPS], ids=range(len(STEPS)))
def test_every_step_is_a_script_that_the_shell_can_read(script):
    done = subprocess.run(["bash", "-n", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_options_are_those_of_the_suite():
    declared = set(re.findall(r'"(--[\w-]+)"', (ROOT / "conftest.py").read_text(encoding="utf-8")))
    used = set(re.findall(r"--[\w-]+", step("verify", "Verify")))
    assert used - declared == {"--junitxml"}


@pytest.mark.parametrize(("has_cuda", "rows"), [("false", ["cpu"]), ("true", ["cpu", "cuda"])])
def test_the_matrix_has_the_backends_that_are_set_up(tmp_path, has_cuda, rows):
    choose = JOBS["backends"]["steps"][0]
    cpu, cuda = (re.sub(r"\$\{\{.*?\}\}", "x", choose["env"][name]) for name in ("CPU", "CUDA"))
    assert run(tmp_path, choose["run"], CPU=cpu, CUDA=cuda, HAS_CUDA=has_cuda).returncode == 0
    name, _, value = (tmp_path / "output").read_text().strip().partition("=")
    matrix = yaml.safe_load(value)
    assert name == "matrix" and [row["backend"] for row in matrix["on"]] == rows
    assert matrix["part"] == [1, 2, 3, 4]


def test_two_backends_in_parts_become_one_night(tmp_path):
    for backend in ("cpu", "cuda"):
        for number in (1, 2):
            part(tmp_path, backend, number)
    merged = run(tmp_path, step("conclude", "Put the parts together"))
    assert merged.returncode == 0
    night = (tmp_path / "output").read_text().strip().removeprefix("night=")
    for page in ("cpu.html", "cuda.html", "index.html"):
        assert (tmp_path / night / page).exists(), merged.stderr
    changed = run(tmp_path, step("conclude", "What has changed"))
    assert (tmp_path / "nights" / "history.html").exists(), changed.stderr
    verdict = run(tmp_path, step("conclude", "Verdict"), NIGHT=night)
    assert verdict.returncode == 1  # The cells hold faults, and the night says so.
    assert "::error" in verdict.stdout and "FAIL" in (tmp_path / "summary").read_text()


def test_a_night_that_is_red_still_has_its_history(tmp_path):
    part(tmp_path, "cpu", 1, of=1)
    run(tmp_path, step("conclude", "Put the parts together"))
    done = run(tmp_path, step("conclude", "What has changed"))
    assert done.returncode == 0
    assert (tmp_path / "nights" / "history.html").exists(), done.stderr


def test_thirty_nights_are_kept(tmp_path):
    for day in range(1, 35):
        (tmp_path / "nights" / f"2026-10-{day:02}").mkdir(parents=True)
    script = step("conclude", "What has changed").replace("python -m reports", "true")
    assert run(tmp_path, script).returncode == 0
    kept = sorted(path.name for path in (tmp_path / "nights").iterdir())
    assert len(kept) == 30 and kept[0] == "2026-10-05"
