"""Effects that moved: found where they did, and not where they did not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reports.evidence.records import CellRecord, Effect, Finding
from reports.upgrade.moves import moves
from verify.outcome.verdict import Verdict

ALPHA = 1e-12
Z = 3.2905  # Half the width of a 99.9 % interval, in standard deviations.


def cell(estimate: float, spread: float = 1.0, **more) -> CellRecord:
    low, high = estimate - Z * spread, estimate + Z * spread
    effect = Effect("scale", estimate, low, high, "of the law's")
    finding = replace(Finding("scale", True, 0.5, 9, "", effect=effect), **more)
    return CellRecord("n", "law", "normal_", "cpu", "float32", Verdict.PASS, findings=(finding,))


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        (cell(0.0), cell(0.0), 0),
        (cell(0.0), cell(2 * Z), 0),  # The intervals touch: no wonder among thousands.
        (cell(0.0), cell(2 * Z * 4.0), 0),
        (cell(0.0), cell(2 * Z * 4.2), 1),
        (cell(2 * Z * 4.2), cell(0.0), 1),
        (cell(0.0, 1e-3), cell(2.0, 1.0), 0),
        (cell(0.0), cell(99.0, tensor="bias"), 0),
        (cell(0.0, scope="case"), cell(99.0, scope="case"), 0),
        (cell(0.0, spread=0.0), cell(99.0, spread=0.0), 0),
    ],
)
def test_disjoint_at_the_decision_level(before, after, moved):
    assert len(moves([(before, after)], ALPHA).found) == moved


def test_the_same_truth_moves_no_more_often_than_the_level_allows():
    random, level, rounds = np.random.default_rng(5), 1e-2, 4000
    pairs = [(cell(random.normal()), cell(random.normal())) for _ in range(rounds)]
    seen = moves(pairs, level)
    assert seen.compared == rounds
    assert len(seen.found) <= 2 * level * rounds


def test_the_largest_move_comes_first():
    pairs = [(cell(0.0), cell(40.0)), (cell(0.0), cell(-60.0)), (cell(0.0), cell(50.0))]
    assert [move.after.estimate for move in moves(pairs, ALPHA).found] == [-60.0, 50.0, 40.0]


def test_what_moves_as_far_as_is_said_is_seen():
    least = moves([(cell(0.0), cell(0.0))], ALPHA).seen_from["scale of the law's"]
    assert len(moves([(cell(0.0), cell(1.001 * least))], ALPHA).found) == 1
    assert len(moves([(cell(0.0), cell(0.999 * least))], ALPHA).found) == 0
