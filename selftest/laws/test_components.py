"""What laws mean for the parts of complex values."""

import math

import pytest

from verify import laws

HALF = math.sqrt(0.5)


@pytest.mark.parametrize(
    ("law", "real", "imaginary"),
    [
        (laws.Normal(1.0, 2.0), laws.Normal(1.0, 2 * HALF), laws.Normal(0.0, 2 * HALF)),
        (laws.Uniform(0.0, 3.0), laws.Uniform(0.0, 3.0), laws.Uniform(0.0, 3.0)),
        (
            laws.Uniform.for_variance(bound=0.5),
            laws.Uniform.for_variance(bound=0.5 * HALF),
            laws.Uniform.for_variance(bound=0.5 * HALF),
        ),
        (laws.Sparse(0.1, 2.0), laws.Sparse(0.1, 2 * HALF), laws.Sparse(0.1, 2 * HALF)),
        (laws.Constant(0.3), laws.Constant(0.3), laws.Constant(0.0)),
        (laws.Eye(), laws.Eye(), laws.Constant(0.0)),
        (laws.Dirac(2), laws.Dirac(2), laws.Constant(0.0)),
    ],
    ids=repr,
)
def test_parts(law, real, imaginary):
    assert law.components() == (real, imaginary)


def test_the_parts_share_the_variance():
    for law in (laws.Normal(0.0, 1.7), laws.Uniform.for_variance(bound=1.7)):
        parts = law.components()
        scale = law.std if isinstance(law, laws.Normal) else law.high
        shares = [(p.std if isinstance(p, laws.Normal) else p.high) ** 2 for p in parts]
        assert sum(shares) == pytest.approx(scale**2)


def test_other_laws_have_no_parts():
    with pytest.raises(TypeError, match="no complex counterpart"):
        laws.Exponential(1.0).components()
