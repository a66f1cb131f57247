"""Nights that add up beyond the horizon of a check: a sentence, no alarm, and no order."""

import math
from itertools import permutations
from typing import Any

import numpy as np

from reports.nights.pool import Pool
from selftest.reports import fakes
from verify.checks import horizons
from verify.checks.statistics import BINS, FINE, TAIL, Deviations, Histogram
from verify.outcome.evidence import Evidence

N = int(horizons.BITS.values / 2.5)
"""Values of a night: two stay below the horizon, three are beyond."""

MEAN = 8 / math.sqrt(2 * N)
"""An excess of ones that is an alarm in two nights, and lies within what a density's slope does."""


def night(seed: int) -> Pool:
    """A night in which the lowest bit is a little too often one."""
    bits = Deviations(np.array([MEAN * N]), np.array([N]), np.ones(1))
    own = {"verdict": "pass", "findings": [], "decisions": 3}
    own |= {"statistics": Evidence({"bits": bits}).to_json()}
    return Pool.from_line({**fakes.cell_line(), **own}, f"{seed}")


def told(pool: Pool) -> dict[str, Any]:
    line = pool.to_line(1e-12)
    (bits,) = (f for f in line["findings"] if f["check"] == "bits")
    return {"verdict": line["verdict"], "bits": bits}


def test_two_nights_are_decided_and_three_say_that_they_are_not() -> None:
    one, two, three = map(night, (1, 2, 3))
    both = told(one + two)
    assert not both["bits"]["passed"] and both["verdict"] == "fail"
    every = told(one + two + three)
    assert every["verdict"] == "pass" and every["bits"]["p_value"] == 1
    assert every["bits"]["message"].startswith("not decided: ")
    assert "at the horizon: " in every["bits"]["message"]


def test_beyond_its_horizon_a_check_that_allows_for_the_lattice_still_decides() -> None:
    n = int(horizons.TAILS.at(FINE) * 3) // BINS * BINS
    sound, full = (
        Histogram(
            np.full(BINS, n // BINS), np.array([round(n * TAIL), round(n * TAIL * share)]), FINE
        )
        for share in (1, 1.5)
    )
    (kept,) = (f for f in sound.findings("distribution") if f.check == "tails")
    (broken,) = (f for f in full.findings("distribution") if f.check == "tails")
    assert kept.passed and "at the horizon: " in kept.message
    assert not broken.passed


def test_no_order_of_adding_shows() -> None:
    nights = [night(seed) for seed in (1, 2, 3)]
    lines = [(a + (b + c)).to_line(1e-12) for a, b, c in permutations(nights)]
    lines += [((a + b) + c).to_line(1e-12) for a, b, c in permutations(nights)]
    assert all(line == lines[0] for line in lines)
