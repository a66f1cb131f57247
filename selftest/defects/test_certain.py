"""Each witness shows its defect in every run: what is seen by luck would be called mended."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LEAST = 64
"""Values that are wrong. Where so many are found, 28 at least are expected, but for a chance of
10⁻⁸ (Chernoff's bound), and none is found with a probability of e⁻²⁸."""

SURE = 1e-40
"""A p-value far below the level: another draw of a witness is as clear."""


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    """What the witnesses show in one run."""
    folder = tmp_path_factory.mktemp("witnesses")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0"]
    given = ["verify/test_known_defects.py", "--profile", "smoke", "--run-seed", "5"]
    subprocess.run(
        [*command, *given, "--report-dir", folder],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=False,
    )
    lines = (folder / "evidence.jsonl").read_text(encoding="utf-8").splitlines()
    cells = [each for each in map(json.loads, lines) if "findings" in each]
    return [(cell["nodeid"], found) for cell in cells for found in cell["findings"]]


def test_there_are_many(findings):
    assert len(findings) > 50


def test_what_is_counted_is_found_often(findings):
    rare = []
    for name, found in findings:
        counted = re.search(r"^still there: .* (\d+) of (\d+) mismatch", found.get("message", ""))
        if counted:
            wrong, of = map(int, counted.groups())
            rare += [(name, wrong, of)] if wrong < min(LEAST, of / 4) else []
    assert not rare


def test_what_is_decided_by_chance_is_far_from_the_level(findings):
    near = [(name, f["check"], f["p_value"]) for name, f in findings if _is_near(f)]
    assert not near


def _is_near(found):
    p_value = found.get("p_value")
    return p_value is not None and p_value > SURE
