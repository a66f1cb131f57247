"""Pairs of draws: in the order of one stream, of the laws that are named, and no value twice."""

import math

import numpy as np
import pytest
import torch

from verify.plan.drawing import for_each_case
from verify.subjects import INDEPENDENT_PAIRS, SUBJECTS
from verify.subjects.fills import Target
from verify.subjects.independence import LagCase, PairCase

NAMES = [pair.name for pair in INDEPENDENT_PAIRS]
SHAPE = (30, 20, 3)


def target(dtype=torch.float64, seed=3):
    torch.manual_seed(seed)
    return Target(torch.device("cpu"), dtype, torch.Generator().manual_seed(seed))


def drawn(name, case, calls=1, **where):
    fill = SUBJECTS[name].fill_methods["independence"](case, target(**where))
    return [fill()[""] for _ in range(calls)]


def case_of(name, gain=1.5):
    return LagCase(SHAPE, gain, 7) if name.endswith("lag") else PairCase(SHAPE, gain, 0.5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_have_the_scale_of_their_laws(name, dtype):
    (tensor,) = SUBJECTS[name].tensors(case_of(name))
    rows = torch.stack(drawn(name, case_of(name), 40, dtype=dtype))
    assert rows.dtype == dtype and rows.shape == (40, *tensor.shape)
    for row, law in zip(rows.unbind(1), (tensor.law.first, tensor.law.second), strict=True):
        values = row.double().numpy() / law.standard_deviation
        assert np.mean(values**2) == pytest.approx(1, abs=6 * math.sqrt(2 / values.size))


def test_the_second_draw_goes_on_where_the_first_ends():
    (rows,) = drawn("randn then randn", PairCase(SHAPE, 1.0, 2.0))
    stream = torch.Generator().manual_seed(3)
    first, second = (
        torch.randn(SHAPE, generator=stream, dtype=torch.float64).view(-1) for _ in "ab"
    )
    assert torch.equal(rows, torch.stack([first, 2 * second]))


@pytest.mark.parametrize("lag", [1, 7, 400, 900])
def test_values_at_a_lag_are_used_once(lag):
    (rows,) = drawn("randn at a lag", LagCase(SHAPE, 1.0, lag))
    stream = torch.Generator().manual_seed(3)
    values = torch.randn(SHAPE, generator=stream, dtype=torch.float64).view(-1)
    places = {float(value): place for place, value in enumerate(values)}
    first, second = ([places[float(value)] for value in row] for row in rows)
    assert all(after - before == lag for before, after in zip(first, second, strict=True))
    assert len({*first, *second}) == 2 * len(first) == 2 * (1800 // (2 * lag) * lag)


def test_names_are_plain_and_shown_once():
    assert all(name.isascii() for name in NAMES) and len({*NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_drawn_cases_have_pairs(name):
    subject, seen = SUBJECTS[name], []
    for_each_case(subject.cases(1 << 12), seen.append, seed=1, examples=30)
    assert len({case.shape for case in seen}) > 10
    assert all(2 <= subject.numel(case) <= 1 << 12 for case in seen)
