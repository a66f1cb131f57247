"""The real command: exit codes, one sentence for bad input, and the same evidence every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from selftest.forked import run_pytest

ROOT = Path(__file__).resolve().parent.parent
SMALL = ("--profile", "smoke", "--run-seed", "20260101")
CELLS = "verify/test_laws.py::test_law[cpu-float32-{}]"


def command(
    report: Path,
    *arguments: str,
    fresh: tuple[str, ...] | None = None,
    folder: Path = ROOT,
    timeout: float = 1800,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run pytest as a user would, in a process that knows nothing of this run's workers.

    Parameters
    ----------
    fresh
        Options of an interpreter of its own; by default what the large libraries take to import
        is saved.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    told = ("-p", "no:cacheprovider", "--report-dir", str(report), *arguments)
    if fresh is None:
        return run_pytest(told, folder=folder, environment=kept | environment, timeout=timeout)
    return subprocess.run(
        [sys.executable, *fresh, "-m", "pytest", *told],
        cwd=folder, env=kept | environment, capture_output=True, text=True, check=False,
        timeout=timeout,
    )  # fmt: skip


def lines(report: Path) -> list[dict]:
    text = (report / "evidence.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--backend", "abacus"), "unknown backend 'abacus': choose among cpu"),
        (("--report-dir", "/dev/null/report"), "cannot be written"),
    ],
)
def test_a_bad_option_is_one_sentence_and_exit_code_4(tmp_path, arguments, sentence):
    ended = command(tmp_path, "verify", *arguments)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


def _pretend(tmp_path: Path, name: str, text: str) -> str:
    """A folder that holds one module, for PYTHONPATH."""
    folder = tmp_path / "pretend"
    folder.mkdir()
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder)


WORKERS = pytest.mark.parametrize("workers", ["0", "auto"])
"""How many workers there are is decided before anything else."""


@WORKERS
def test_a_missing_pytorch_is_one_sentence(workers, tmp_path):
    hide = "import importlib.util as u; f = u.find_spec\n"
    hide += "u.find_spec = lambda name, *rest: None if name == 'torch' else f(name, *rest)\n"
    path = _pretend(tmp_path, "hide_torch.py", hide)
    ended = command(tmp_path, "verify", "-n", workers, "-p", "hide_torch", PYTHONPATH=path)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert "PyTorch is not installed here: install the one to verify" in ended.stderr


@WORKERS
def test_an_old_pytorch_is_one_sentence(workers, tmp_path):
    path = _pretend(tmp_path, "age_torch.py", "import torch\ntorch.__version__ = '2.5.1'\n")
    ended = command(tmp_path, "verify", "-n", workers, "-p", "age_torch", PYTHONPATH=path)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert "PyTorch 2.5.1 is too old: install 2.6 or newer" in ended.stderr


def test_a_managed_generator_is_refused(tmp_path):
    manage = (
        "import random, torch\nfrom hypothesis import register_random\n"
        "class Torch:\n"
        "    seed = staticmethod(torch.manual_seed)\n"
        "    getstate = staticmethod(torch.get_rng_state)\n"
        "    setstate = staticmethod(torch.set_rng_state)\n"
        "managed = Torch()\nregister_random(managed)\n"
    )
    path = _pretend(tmp_path, "manage_torch.py", manage)
    ended = command(tmp_path, "verify", "-p", "manage_torch", PYTHONPATH=path)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert "Hypothesis manages torch's generator" in ended.stderr + ended.stdout


@WORKERS
def test_the_report_names_the_kernels_that_computed(workers, tmp_path):
    cell = CELLS.format("uniform_")
    command(tmp_path, cell, "-n", workers, *SMALL, VERIFY_ONEDNN="0", OMP_NUM_THREADS="2")
    told = lines(tmp_path)[0]["backends"]["cpu"]
    assert (told["oneDNN"], told["threads"]) == ("off", "1")


def test_nothing_selected_is_exit_code_5(tmp_path):
    ended = command(tmp_path, "verify", "-k", "no_such_cell", *SMALL)
    assert ended.returncode == 5, ended.stdout + ended.stderr


def test_a_random_run_seed_is_printed_and_replays(tmp_path):
    cell = CELLS.format("xavier_normal_")
    first = command(tmp_path / "first", cell, "--profile", "smoke", fresh=())
    seed = first.stdout.partition("--run-seed ")[2].split()[0]
    assert first.returncode == 0, first.stdout
    again = command(tmp_path / "again", cell, "--profile", "smoke", "--run-seed", seed)
    assert again.returncode == 0, again.stdout
    assert lines(tmp_path / "first") == lines(tmp_path / "again")


def test_the_same_run_seed_gives_the_same_evidence_byte_for_byte(tmp_path):
    cells = [CELLS.format(name) for name in ("uniform_", "normal_", "eye_", "sparse_")]
    ways = {"alone": ("-n", "0"), "one": ("-n", "1"), "many": ("-n", "3")}
    for name, way in ways.items():
        ended = command(tmp_path / name, *cells, *SMALL, *way)
        assert ended.returncode == 0, ended.stdout
    ended = command(tmp_path / "reversed", *reversed(cells), *SMALL)
    assert ended.returncode == 0, ended.stdout
    written = {(tmp_path / name / "evidence.jsonl").read_bytes() for name in (*ways, "reversed")}
    assert len(written) == 1


def test_another_run_seed_gives_other_evidence(tmp_path):
    cell = CELLS.format("normal_")
    for seed in ("1", "2"):
        command(tmp_path / seed, cell, "--profile", "smoke", "--run-seed", seed)
    first, second = (lines(tmp_path / seed)[1]["statistics"] for seed in ("1", "2"))
    assert first["distribution"] != second["distribution"]


def test_shards_share_the_items_out(tmp_path):
    planned: list[str] = []
    for part in ("1/3", "2/3", "3/3"):
        ended = command(
            tmp_path / part.replace("/", "of"), "verify",
            "-k", "(test_law or test_layout) and float32 and (eye or ones_)",
            "--shard", part, *SMALL,
        )  # fmt: skip
        assert ended.returncode in (0, 5), ended.stdout
        if ended.returncode == 0:
            planned += lines(tmp_path / part.replace("/", "of"))[0]["planned"]
    assert len(planned) == len(set(planned)) == 11  # Three laws, and eight layouts.


def test_no_verdict_hangs_on_an_assert(tmp_path):
    cell = CELLS.format("xavier_normal_")
    ended = command(tmp_path, cell, "-n", "0", *SMALL, fresh=("-OO",))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [line["verdict"] for line in lines(tmp_path)[1:]] == ["pass"]
