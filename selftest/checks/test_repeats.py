"""Equal rows, columns and blocks, wherever they lie."""

import numpy as np
import pytest
import torch

from verify.checks.repeats import repeats

SHAPE = (40, 6, 30)
HALF = 2.0**-7


def drawn(dtype=torch.bfloat16, calls=2):
    generator = torch.Generator().manual_seed(11)
    return torch.empty(calls, *SHAPE, dtype=dtype).normal_(generator=generator)


def found(values, shape=SHAPE, point_mass=HALF):
    calls = values.shape[0]
    return repeats(values.reshape(calls, -1), shape, point_mass, np.random.default_rng(2))


def passed(statistic):
    (finding,) = statistic.findings("repeats")
    return finding.passed


class TestRepeats:
    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
    def test_none(self, dtype):
        statistic = found(drawn(dtype))
        assert statistic.count == 0 and statistic.rate < 1e-12 and passed(statistic)
        assert statistic.n == 2 * 7200 // 16 + 2 * 40 + 2 * 30

    def test_rows_far_apart(self):
        values = drawn()
        values[0, 31] = values[0, 3]
        assert not passed(found(values))

    def test_a_row_of_the_call_before(self):
        values = drawn()
        values[1, 7] = values[0, 20]
        assert not passed(found(values))

    def test_columns(self):
        values = drawn()
        values[..., 29] = values[..., 4]
        assert not passed(found(values))

    def test_blocks(self):
        values = drawn()
        flat = values.view(-1)
        flat[1600:1616] = flat[160:176]
        assert found(values).count == 1 and not passed(found(values))

    def test_slices_that_may_be_equal_say_nothing(self):
        ones = torch.ones(2, *SHAPE)
        assert found(ones, point_mass=1.0).n == 0 and passed(found(ones, point_mass=1.0))

    def test_few_values(self):
        assert found(torch.ones(1, 1), (1,)).n == 0
        assert found(torch.ones(1, 15), (15,)).n == 0

    def test_negative_zero_is_not_zero(self):
        values = torch.zeros(2, 16)
        values[1] = -0.0
        assert found(values, (16,)).count == 0
