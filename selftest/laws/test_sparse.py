"""The sparse law's counts, against values worked out by hand."""

import pytest

from verify.laws import Normal, Sparse


@pytest.mark.parametrize(
    ("sparsity", "rows", "zeros"),
    [
        (0.0, 10, 0),
        (1.0, 10, 10),
        (0.1, 10, 1),
        (0.1, 11, 2),
        (0.1, 9, 1),
        (0.1, 4096, 410),
        (0.5, 7, 4),
        (0.25, 8, 2),
        (1 / 3, 3, 1),
        (0.999, 10, 10),
        (1e-9, 5, 1),
        (0.1, 0, 0),
        (0.9, 1, 1),
    ],
)
def test_zeros_are_the_fraction_rounded_up(sparsity, rows, zeros):
    assert Sparse(sparsity, 0.01).zeros(rows) == zeros


def test_the_product_is_the_one_of_doubles():
    """0.07 · 100 is 7.000000000000001 in doubles: the documented ceil gives 8."""
    assert Sparse(0.07, 0.01).zeros(100) == 8


def test_the_rest_is_normal():
    assert Sparse(0.1, 0.02).values == Normal(0.0, 0.02)
