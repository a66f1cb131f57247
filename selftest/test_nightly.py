"""The nightly workflow: its steps run here as they stand, on parts that no machine has seen."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from reports.processors.settings import SETTINGS
from selftest.reports import fakes

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / ".github/workflows/nightly.yml"
WORKFLOW = yaml.safe_load(FILE.read_text(encoding="utf-8"))
JOBS = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"] if "run" in step]
CONCLUDE = JOBS["conclude"]["steps"]
CHOOSE = JOBS["rows"]["steps"][0]
CPU = ["cpu", "cpu-scalar", "cpu-no-onednn", "cpu-onednn-sse41", "cpu-mkl-compatible"]
DEVICES = ["cuda", "rocm", "xpu", "mps", "xla"]
SUBSETS = [chosen for n in range(len(DEVICES) + 1) for chosen in combinations(DEVICES, n)]
VARIABLES = {f"{name.upper()}_RUNNER": f"runner-of-{name}" for name in DEVICES}
INDEXES = {f"NIGHTLY_INDEX_{name}": f"index-of-{name}" for name in ("CPU", "CUDA", "ROCM", "XPU")}
EVERY = {**VARIABLES, **INDEXES, "XLA_INSTALL": "torch==1 torch_xla[tpu]==1"}
MERGE, SUM, HISTORY, VERDICT, THIN = (
    "Put the parts together",
    "Add the night to those of the same PyTorch",
    "What has changed",
    "Verdict",
    "Thin the nights",
)
_VARIABLE = re.compile(r"\$\{\{ vars\.(\w+)(?: \|\| '([^']*)')? \}\}")

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


def step(job: str, name: str) -> str:
    return next(s["run"] for s in JOBS[job]["steps"] if s.get("name") == name)


def place(name: str) -> int:
    """Return which step of the last job has a name."""
    return next(at for at, each in enumerate(CONCLUDE) if each.get("name") == name)


def program(folder: Path, name: str, script: str) -> None:
    """Make a program that the steps find before any other of its name."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def run(folder: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a step where `python` is ours, and `-m reports` is found from any folder."""
    if not (folder / "bin" / "python").exists():
        # Not a link: seen from there Python would be outside its virtual environment.
        program(folder, "python", f'exec {shlex.quote(sys.executable)} "$@"')
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "PYTHONPATH": str(ROOT), "PYTHONHOME": "", "RUN_SEED": "7"}
    environment |= {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_RUN_NUMBER": "57"}
    environment |= {"GITHUB_STEP_SUMMARY": str(folder / "summary")}
    environment = {k: v for k, v in {**os.environ, **environment, **variables}.items() if v}
    return subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True
    )


def outputs(folder: Path) -> dict[str, str]:
    lines = (folder / "output").read_text(encoding="utf-8").splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def table(variables: dict[str, str]) -> str:
    """Return the rows as GitHub fills them in."""
    return _VARIABLE.sub(lambda m: variables.get(m[1]) or m[2] or "", CHOOSE["env"]["ROWS"])


ROWS = json.loads(table(EVERY))
IDS = [row["row"] for row in ROWS]


def named(pattern: str, row: str, part: object = "") -> str:
    """Return a name that is given in the workflow, for a row and a part."""
    return pattern.replace("${{ matrix.row }}", row).replace("${{ matrix.part }}", f"{part}")


def part(
    folder: Path, row: str, number: int = 1, of: int = 1, *, backend: str = "cpu", **entries: object
) -> None:
    """What one machine leaves: its share of the cells, and their plan."""
    cells = [cell for cell in fakes.cells(backend) if cell["dtype"] == "bfloat16"]
    cells = cells[number - 1 :: of]
    run_line = {**fakes.run_line(cell["nodeid"] for cell in cells), "shard": f"{number}/{of}"}
    run_line["environment"] = {f"{backend}: torch": f"2.16.0+{backend}"}
    target = folder / "parts" / f"part.{row}.{number}"
    target.mkdir(parents=True)
    lines = map(fakes.json.dumps, ({**run_line, **entries}, *cells))
    (target / "evidence.jsonl").write_text("\n".join(lines), encoding="utf-8")


def conclude(
    folder: Path, *steps: str, number: int = 57, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run steps of a row's last job as they follow each other, and return the last."""
    for name in steps:
        told = outputs(folder) if (folder / "output").exists() else {}
        known = {"NIGHT": told.get("night", ""), "SUM": told.get("code", "0"), **variables}
        done = run(folder, step("conclude", name), GITHUB_RUN_NUMBER=f"{number}", **known)
        assert name == VERDICT or done.returncode == 0, done.stderr
    return done


def summed(folder: Path) -> dict:
    """Return what the sum says of its nights."""
    text = (folder / "kept" / "sum" / "evidence.jsonl").read_text(encoding="utf-8")
    return json.loads(text.partition("\n")[0])


@pytest.mark.parametrize("script", [s["run"] for s in STEPS], ids=range(len(STEPS)))
def test_every_step_is_a_script_that_the_shell_can_read(script):
    done = subprocess.run(["bash", "-n", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_it_is_a_workflow_by_its_schema():
    program = Path(sys.executable).with_name("check-jsonschema")
    if not program.exists():
        pytest.skip("check-jsonschema is not installed")
    command = [program, "--builtin-schema", "vendor.github-workflows", FILE]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_options_are_those_of_the_suite():
    declared = set(re.findall(r'"(--[\w-]+)"', (ROOT / "conftest.py").read_text(encoding="utf-8")))
    used = set(re.findall(r"--[\w-]+", step("verify", "Verify")))
    assert used - declared == {"--junitxml"}


@pytest.mark.parametrize("chosen", SUBSETS, ids="+".join)
def test_the_matrix_has_the_rows_whose_runners_are_set(tmp_path, chosen):
    runners = {name: VARIABLES[name] for name in (f"{row.upper()}_RUNNER" for row in chosen)}
    done = run(tmp_path, CHOOSE["run"], ROWS=table({**INDEXES, **runners}))
    assert done.returncode == 0, done.stderr
    rows, parts = (json.loads(outputs(tmp_path)[name]) for name in ("rows", "parts"))
    assert [row["row"] for row in rows] == [*CPU, *(name for name in DEVICES if name in chosen)]
    assert all(set(VARIABLES.values()) >= {row["runner"]} for row in rows[len(CPU) :])
    expected = [(row["row"], n) for row in rows for n in range(1, row["parts"] + 1)]
    assert [(each["row"], each["part"]) for each in parts] == expected


def test_every_backend_has_a_row():
    files = {path.stem for path in (ROOT / "verify" / "backends").glob("*.py")}
    assert {row["backend"] for row in ROWS} == (files - {"__init__", "base"}) | {"xla"}


def test_the_processor_is_run_under_every_choice_that_each_machine_has():
    # The others need a processor that the hosted runner may not have.
    kernels = {f"cpu-{name}": s.words for name, s in SETTINGS.items() if "avx" not in name}
    kernels = {"cpu": "", **kernels}
    del kernels["cpu-machine"]
    assert {row["row"]: row["environment"] for row in ROWS if row["backend"] == "cpu"} == kernels
    fewer = {row["parts"] for row in ROWS if row["row"] in CPU[1:]}
    assert max(fewer) < ROWS[0]["parts"] == 4


def test_what_is_installed_comes_from_the_variables():
    assert not re.search(r"https?://", FILE.read_text(encoding="utf-8"))
    installed = {row["row"]: row["install"] for row in ROWS}
    assert installed["rocm"] == "--pre torch --index-url index-of-ROCM"
    assert installed["cuda"] == "--pre torch --index-url index-of-CUDA"
    assert installed["xla"] == EVERY["XLA_INSTALL"]
    head = FILE.read_text(encoding="utf-8").partition("\nname:")[0]
    used = {match[1] for match in _VARIABLE.finditer(CHOOSE["env"]["ROWS"])}
    told = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    assert {name for name in used if name not in head or f"`{name}`" not in told} == set()


def test_no_two_rows_share_a_name():
    assert len({*IDS}) == len(IDS) and all(re.fullmatch(r"[a-z0-9-]+", row) for row in IDS)
    uploads = [s["with"] for job in JOBS.values() for s in job["steps"] if "upload" in str(s)]
    patterns = [upload["name"] for upload in uploads]
    assert len(patterns) == 3
    names = [
        named(pattern, row["row"], n)
        for pattern in patterns
        for row in ROWS
        for n in (range(1, row["parts"] + 1) if "part }}" in pattern else [""])
    ]
    assert len({*names}) == len(names)
    wanted = next(s["with"]["pattern"] for s in CONCLUDE if "pattern" in s.get("with", {}))
    for row in ROWS:
        found = [name for name in names if fnmatchcase(name, named(wanted, row["row"]))]
        assert found == [named(patterns[0], row["row"], n + 1) for n in range(row["parts"])]


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_a_row_is_installed_and_verified_as_its_line_says(tmp_path, row):
    program(tmp_path, "python", 'printf "%s|" "$@" >> said; echo >> said')
    program(tmp_path, "pytest", 'env > environment; printf "%s|" "$@" > asked')
    (tmp_path / "torch_xlat==1").touch()  # What `torch_xla[tpu]==1` would match.
    done = run(tmp_path, step("verify", "Install PyTorch"), INSTALL=row["install"])
    assert done.returncode == 0, done.stderr
    pip = "-m|pip|install|" + row["install"].replace(" ", "|") + "|"
    assert (tmp_path / "said").read_text(encoding="utf-8").splitlines()[0] == pip
    told = {"BACKEND": row["backend"], "SHARD": "2/4", "ENVIRONMENT": row["environment"]}
    done = run(tmp_path, step("verify", "Verify"), **told, PROFILE="smoke")
    assert done.returncode == 0, done.stderr
    environment = (tmp_path / "environment").read_text(encoding="utf-8").splitlines()
    assert {*row["environment"].split()} <= {*environment}
    asked = (tmp_path / "asked").read_text(encoding="utf-8")
    assert f"--backend|{row['backend']}|--shard|2/4|" in asked


@pytest.mark.parametrize(
    ("artifacts", "found"),
    [
        ([], ""),
        ([("2026-01-01", 1, {}), ("2026-01-03", 3, {}), ("2026-01-02", 2, {})], "3"),
        ([("2026-01-01", 1, {}), ("2026-01-03", 3, {"head_branch": "try"})], "1"),
        ([("2026-01-01", 1, {}), ("2026-01-03", 3, {"head_repository_id": 8})], "1"),
        ([("2026-01-01", 1, {"expired": True})], ""),
    ],
)
@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq")
def test_earlier_nights_are_the_last_of_this_branch(tmp_path, artifacts, found):
    own = {"head_branch": "main", "head_repository_id": 9, "repository_id": 9}
    told = [
        {"created_at": day, "expired": "expired" in other, "workflow_run": {**own, "id": n} | other}
        for day, n, other in artifacts
    ]
    (tmp_path / "told").write_text(json.dumps({"artifacts": told}), encoding="utf-8")
    program(tmp_path, "gh", 'test "$3" = --jq && jq -r "$4" told')
    done = run(tmp_path, step("conclude", "Find earlier nights"), GITHUB_REF_NAME="main")
    assert done.returncode == 0, done.stderr
    assert outputs(tmp_path) == {"run": found}


def test_earlier_nights_that_cannot_be_found_are_not_written_over(tmp_path):
    program(tmp_path, "gh", "exit 1")
    assert run(tmp_path, step("conclude", "Find earlier nights")).returncode == 1
    assert place("Fetch them") < place("Put the parts together")
    for name in ("Thin the nights", "Keep the nights"):
        assert "steps.sum.outcome == 'success'" in CONCLUDE[place(name)]["if"]


def test_a_red_night_is_kept():
    """What follows a step that fails is not run, unless it says otherwise."""
    assert place("Keep the report") < place("Verdict") < place("Thin the nights")
    assert place("Thin the nights") < place("Keep the nights")
    for name in ("Thin the nights", "Keep the nights"):
        assert "!cancelled()" in CONCLUDE[place(name)]["if"]


def test_the_parts_of_a_row_become_one_night(tmp_path):
    for number in (1, 2):
        part(tmp_path, "rocm", number, of=2, backend="cuda")
    conclude(tmp_path, MERGE, SUM, HISTORY)
    for page in ("cuda.html", "index.html"):
        assert (tmp_path / outputs(tmp_path)["night"] / page).exists()
    assert (tmp_path / "kept" / "nights" / "history.html").exists()
    verdict = conclude(tmp_path, VERDICT, PARTS="2")
    assert verdict.returncode == 1  # The cells hold faults, and the night says so.
    assert "::error" in verdict.stdout and "FAIL" in (tmp_path / "summary").read_text()


def test_a_night_is_red_where_a_part_is_missing_or_the_sum_is(tmp_path, monkeypatch):
    monkeypatch.setattr(fakes, "FAULTS", {})
    monkeypatch.setattr(fakes, "VERDICTS", {})
    part(tmp_path, "cpu", 1, of=2)
    verdict = conclude(tmp_path, MERGE, VERDICT, PARTS="2")
    assert verdict.returncode == 3
    assert "::error::Only 1 of 2 parts left evidence." in verdict.stdout
    verdict = conclude(tmp_path, VERDICT, PARTS="1", SUM="1")
    assert verdict.returncode == 1
    assert "::error::The nights of this PyTorch together" in verdict.stdout


def test_a_row_without_any_part_is_red(tmp_path):
    assert conclude(tmp_path, MERGE, VERDICT, PARTS="2").returncode == 4


def test_nights_are_kept_thin_and_those_of_one_version_add_up(tmp_path):
    for number, (seed, build) in enumerate([("1", "a"), ("2", "a"), ("3", "b")], start=8):
        part(tmp_path, "cpu", run_seed=seed, environment={"torch": f"2.16.0.dev{build}"})
        conclude(tmp_path, MERGE, SUM, number=number)
        shutil.rmtree(tmp_path / "parts")
        if number == 9:
            assert [*summed(tmp_path)["nights"]] == ["1", "2"]
    assert "nights" not in summed(tmp_path)  # Those of another PyTorch begin anew.
    conclude(tmp_path, THIN, HISTORY)
    nights = {path.name[-2:]: path for path in (tmp_path / "kept" / "nights").glob("*-*")}
    assert {*nights} == {"-8", "-9", "10"}
    page = (tmp_path / "kept" / "nights" / "history.html").read_text(encoding="utf-8")
    for night in nights.values():
        assert [path.name for path in night.iterdir()] == ["thinned.jsonl.gz"]
        assert night.name in page


def test_a_second_attempt_takes_the_place_of_the_first(tmp_path):
    for day in ("2026-11-21-57", "2026-11-21-157"):
        (tmp_path / "kept" / "nights" / day).mkdir(parents=True)
    program(tmp_path, "python", "exit 0")
    conclude(tmp_path, MERGE)
    left = [path.name for path in (tmp_path / "kept" / "nights").iterdir()]
    assert left == ["2026-11-21-157"]
