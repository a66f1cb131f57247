"""The constructors of laws take numbers and nothing else."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from verify.laws import (
    Constant,
    Dirac,
    Exponential,
    Eye,
    Haar,
    Masked,
    Normal,
    Sparse,
    TruncatedNormal,
    Uniform,
)

MAKERS = {
    "Normal mean": lambda x: Normal(x, 1.0),
    "Normal std": lambda x: Normal(0.0, x),
    "Uniform low": lambda x: Uniform(x, 1.0),
    "Uniform high": lambda x: Uniform(0.0, x),
    "TruncatedNormal mean": lambda x: TruncatedNormal(x, 1.0, -1.0, 1.0),
    "TruncatedNormal b": lambda x: TruncatedNormal(0.0, 1.0, -1.0, x),
    "Exponential rate": Exponential,
    "Haar gain": Haar,
    "Sparse sparsity": lambda x: Sparse(x, 1.0),
    "Sparse std": lambda x: Sparse(0.5, x),
    "Masked threshold": lambda x: Masked(Uniform(-1.0, 1.0), x),
    "Constant background": Constant,
    "Eye background": Eye,
    "Dirac background": lambda x: Dirac(background=x),
}


@pytest.mark.parametrize(
    "value", ["a", None, True, 1j, torch.tensor(0.5), np.zeros(2), [], 10**400], ids=range(8)
)
@pytest.mark.parametrize("place", MAKERS)
def test_what_is_no_number_is_refused_by_name(place, value):
    name, argument = place.split()
    with pytest.raises(TypeError, match=f"^{name} needs a .*number.* as {argument}"):
        MAKERS[place](value)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5), Fraction(1, 2)])
@pytest.mark.parametrize("place", MAKERS)
def test_other_numbers_are_kept_as_pythons_own(place, value):
    law = MAKERS[place](value)
    held = getattr(law, place.split()[1])
    assert held == 0.5 and type(held) is float
    assert law == MAKERS[place](0.5) and repr(law) == repr(MAKERS[place](0.5))


def test_what_a_tensor_must_decide_is_left_to_it():
    assert math.isnan(Normal(math.nan, -1.0).mean)
    assert Constant(3).background == 3


@pytest.mark.parametrize(("groups", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError)])
def test_groups_are_counted(groups, error):
    with pytest.raises(error, match="Dirac needs a whole number"):
        Dirac(groups=groups)
    assert Dirac(groups=np.int64(2)) == Dirac(groups=2)


def test_only_a_uniform_law_is_masked():
    with pytest.raises(TypeError, match="Masked needs a Uniform law, not Normal"):
        Masked(Normal(0.0, 1.0), 0.5)
