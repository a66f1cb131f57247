"""The masked law's atom, against values worked out by hand."""

import numpy as np
import pytest

from selftest.checks.support import stream
from verify.laws import LATTICES, Masked, Uniform


@pytest.mark.parametrize(
    ("low", "high", "threshold", "zeros", "masked"),
    [
        (-10.0, 10.0, 5.0, 0.5, (-5.0, 5.0)),
        (-10.0, 10.0, 2.5, 0.25, (-2.5, 2.5)),
        (-1.0, 9.0, 1.0, 0.2, (-1.0, 1.0)),
        (0.0, 4.0, 1.0, 0.25, (0.0, 1.0)),
        (-2.0, 6.0, 4.0, 0.75, (-2.0, 4.0)),
    ],
)
def test_the_atom_is_what_was_masked(low, high, threshold, zeros, masked):
    law = Masked(Uniform(low, high), threshold)
    assert law.zeros == pytest.approx(zeros, rel=1e-15)
    assert law.masked.support == masked
    assert law.restored(0.0) == masked[0]
    assert law.restored(0.25) == masked[0] + 0.25 * (masked[1] - masked[0])


def test_restored_values_follow_the_law_from_before_the_mask():
    """Of ten bins of equal width each holds a tenth, half of them refilled."""
    law, rng, n = Masked(Uniform(-10.0, 10.0), 5.0), stream("restored"), 1_000_000
    values = rng.uniform(-10, 10, n)
    values[np.abs(values) < 5] = 0
    whole = np.where(values == 0, law.restored(rng.random(n)), values)
    counts = np.histogram(whole, 10, (-10, 10))[0]
    assert np.abs(counts - n / 10).max() < 8 * np.sqrt(n * 0.09)


def test_a_format_holds_what_it_holds_of_the_values():
    assert Masked(Uniform(-10.0, 10.0), 5.0).fits(LATTICES["float16"])
    assert not Masked(Uniform(-1e5, 1e5), 5.0).fits(LATTICES["float16"])
