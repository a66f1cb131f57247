"""Exact structures: the very entries pass, a single wrong one does not."""

import itertools
import math

import numpy as np
import pytest
import torch

from selftest.checks.support import alarms, stream, tensor
from verify.checks.structural import reduce
from verify.laws import Constant, Dirac, Eye

DTYPES = ["float32", "float64"]
CASES = {
    "constant": (Constant(0.3), (3, 4)),
    "zero": (Constant(0.0), (7,)),
    "one": (Constant(1.0), (2, 3, 4)),
    "scalar": (Constant(-2.5), ()),
    "square eye": (Eye(), (5, 5)),
    "wide eye": (Eye(), (3, 6)),
    "tall eye": (Eye(), (6, 3)),
    "dirac": (Dirac(), (4, 3, 3)),
    "grouped dirac": (Dirac(groups=2), (6, 3, 4, 5)),
}


def exact(law, shape):
    """The tensor as numpy would make it."""
    values = np.full(shape, law.background)
    if isinstance(law, Eye):
        values = np.eye(*shape)
    elif isinstance(law, Dirac):
        filters = shape[0] // law.groups
        for group, d in itertools.product(range(law.groups), range(min(filters, shape[1]))):
            values[(group * filters + d, d, *(k // 2 for k in shape[2:]))] = 1
    return values


def reduced(calls, law, shape, dtype="float64"):
    values = np.stack([np.asarray(call).ravel() for call in calls])
    return reduce(tensor(values, dtype), shape, law)


cases = pytest.mark.parametrize("name", CASES)


@cases
@pytest.mark.parametrize("dtype", DTYPES)
def test_exact_tensors_pass(name, dtype):
    law, shape = CASES[name]
    found = reduced([exact(law, shape)] * 2, law, shape, dtype)
    assert alarms(found) == {}
    assert found["exact"].n == 2 * math.prod(shape)


@cases
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("wrong", [math.nan, math.inf, 0.5, 1e-45, -1.0])
def test_each_single_wrong_entry_is_found(name, dtype, wrong):
    law, shape = CASES[name]
    if dtype == "float64" and wrong == 1e-45:
        wrong = 5e-324
    for place in range(math.prod(shape)):
        calls = [exact(law, shape).ravel(), exact(law, shape).ravel()]
        calls[1][place] = wrong
        found = reduced(calls, law, shape, dtype)
        assert "exact" in alarms(found)
        assert found["exact"].mismatches == 1


@cases
def test_one_unit_in_the_last_place_is_found(name):
    law, shape = CASES[name]
    for dtype in DTYPES:
        values = exact(law, shape).astype(dtype).ravel()
        values[-1] = np.nextafter(values[-1], np.inf, dtype=dtype)
        assert "exact" in alarms(reduced([values], law, shape, dtype))


@pytest.mark.parametrize(("law", "shape"), [CASES["zero"], CASES["square eye"], CASES["dirac"]])
def test_zeros_have_the_promised_sign(law, shape):
    values = exact(law, shape)
    assert "exact" in alarms(reduced([np.where(values == 0, -0.0, values)], law, shape))


def test_negative_zero_is_a_value_of_its_own():
    assert alarms(reduced([np.full(3, -0.0)], Constant(-0.0), (3,))) == {}
    assert "exact" in alarms(reduced([np.zeros(3)], Constant(-0.0), (3,)))


@pytest.mark.parametrize(("dtype", "digits"), [("float16", 10), ("bfloat16", 7)])
def test_half_formats_may_be_rounded_once_or_by_way_of_float32(dtype, digits):
    """A hair above halfway: up in one rounding, to the even neighbour in two."""
    step = 2.0**-digits
    law = Constant(1 + step / 2 + 2.0**-30)
    for value, lawful in [(1.0, True), (1 + step, True), (1 - step, False), (1 + 2 * step, False)]:
        found = alarms(reduced([np.full(4, value)], law, (4,), dtype))
        assert ("exact" not in found) == lawful


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-50, 3e38, 16_777_217.0, -0.3])
def test_constants_are_rounded_to_the_dtype(value):
    rounded = np.full(4, np.float32(value), dtype=np.float32)
    assert alarms(reduced([rounded], Constant(value), (4,), "float32")) == {}
    if np.float64(np.float32(value)) != value:
        assert "exact" in alarms(reduced([rounded], Constant(value), (4,), "float64"))


@pytest.mark.parametrize(
    ("law", "shape", "values"),
    [
        (Eye(), (3, 3), np.eye(3)[::-1]),
        (Eye(), (3, 3), np.ones((3, 3))),
        (Eye(), (3, 3), np.zeros((3, 3))),
        (Eye(), (2, 4), np.eye(4, 2)),
        (Dirac(), (2, 2, 4), exact(Dirac(), (2, 2, 3)).repeat([1, 1, 2], axis=2)),
        (Dirac(groups=2), (4, 2, 3), exact(Dirac(), (4, 2, 3))),
        (Dirac(), (4, 4, 3), exact(Dirac(groups=2), (4, 4, 3))),
    ],
    ids=[
        "mirrored", "ones", "zeros", "transposed",
        "off centre", "groups ignored", "groups invented",
    ],
)  # fmt: skip
def test_wrong_structures_are_found(law, shape, values):
    assert "exact" in alarms(reduced([values], law, shape))


@pytest.mark.parametrize(
    ("law", "shape"), [(Constant(1.0), (0,)), (Eye(), (0, 3)), (Dirac(), (0, 3, 3))]
)
def test_tensors_without_entries_pass(law, shape):
    assert alarms(reduce(torch.empty(1, 0), shape, law)) == {}


def test_all_entries_of_many_calls_are_counted():
    wrong = stream("wrong").random((5, 20)) < 0.5
    found = reduced(list(np.where(wrong, 1.0, 2.0)), Constant(2.0), (4, 5))
    assert found["exact"].mismatches == wrong.sum()
