"""When an initializer is called slower: on made-up times, for no test may hang on real ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed import ROUNDS, interval
from reports.evidence.store import canonical
from reports.upgrade.speed import SPEED, Ratio, changed, times

SUBJECTS = [f"subject {number}" for number in range(200)]


def measured(seed: int, slower: dict[str, float] | None = None, noise: float = 0.2) -> list[Ratio]:
    """Times with multiplicative noise and outliers; a process differs from another by 5 %."""
    random = np.random.default_rng(seed)
    found = []
    for subject in SUBJECTS:
        truth = 50 * (slower or {}).get(subject, 1.0) * np.exp(0.05 * random.normal())
        rounds = truth * np.exp(noise * random.standard_t(3, ROUNDS))
        found.append(Ratio(subject, "cpu", "float32", *interval(rounds)))
    return found


def write(folder: Path, ratios: list[Ratio], **more: object) -> Path:
    folder.mkdir()
    entries = [vars(ratio) for ratio in ratios]
    document = {"schema": 1, "ratios": entries, **more}
    (folder / SPEED).write_text(canonical(document), encoding="utf-8")
    return folder


def test_a_slowdown_is_found_and_noise_is_not():
    planted = {"subject 3": 2.0, "subject 8": 0.5}
    found = changed(measured(1), measured(2, planted))
    assert [change.after.subject for change in found] == ["subject 3", "subject 8"]
    assert [change.factor for change in found] == pytest.approx([2.0, 0.5], rel=0.3)
    assert changed(measured(1), measured(3)) == []


def test_a_small_change_is_not_reported_however_certain():
    assert changed(measured(1, noise=1e-4), measured(2, dict.fromkeys(SUBJECTS, 1.05), 1e-4)) == []


def test_a_large_change_is_not_reported_while_intervals_meet():
    before, after = Ratio("a", "cpu", "f", 1, 0.5, 4), Ratio("a", "cpu", "f", 8, 3, 9)
    assert changed([before], [after]) == []


def test_the_interval_holds_the_median_as_often_as_it_says():
    random, rounds = np.random.default_rng(1), 4000
    missed = 0
    for _ in range(rounds):
        _, low, high = interval(random.standard_exponential(ROUNDS))
        missed += not low <= np.log(2) <= high
    assert missed <= 12  # 4 are expected at most.
    assert interval([3.0, 1.0, 2.0]) == (2.0, 1.0, 3.0)


def test_two_folders(tmp_path):
    old = write(tmp_path / "old", measured(1))
    new = write(tmp_path / "new", measured(2, {"subject 3": 2.0}))
    found = times(old, new)
    assert (len(found.changes), found.compared, found.problems) == (1, len(SUBJECTS), ())


def test_folders_without_times(tmp_path):
    old = write(tmp_path / "old", measured(1))
    assert times(tmp_path, tmp_path).problems == ()
    (problem,) = times(old, tmp_path).problems
    assert problem.startswith("No times are compared: the candidate has no speed.json")


@pytest.mark.parametrize(
    "damaged",
    ["", "[]", "{}", '{"schema": 2}', '{"schema": 1, "ratios": [{"subject": "a"}]}',
     canonical({"schema": 1, "ratios": [vars(Ratio("a", "cpu", "f", 2, 3, 4))]}),
     json.dumps({"schema": 1, "ratios": [vars(Ratio("a", "cpu", "f", float("nan"), 1, 4))]})],
)  # fmt: skip
def test_a_damaged_file_is_said_and_left_aside(tmp_path, damaged):
    old = write(tmp_path / "old", measured(1))
    new = write(tmp_path / "new", measured(1))
    (new / SPEED).write_text(damaged, encoding="utf-8")
    found = times(old, new)
    (problem,) = found.problems
    assert "The times of the candidate were not used: speed.json is damaged" in problem
    assert (found.changes, found.compared) == ((), 0)
