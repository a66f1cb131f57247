"""Equal rows, columns and blocks, wherever they lie."""

import numpy as np
import pytest
import torch
from scipy import stats

from verify.checks import count_bounds
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

    def test_one_event_is_counted_once(self):
        """An equal row of 64 values is four equal blocks, an equal row of 16 is one."""
        values = torch.randn(1, 40, 64, generator=torch.Generator().manual_seed(3))
        values[0, 31] = values[0, 3]
        assert found(values, (40, 64)).count == 4
        values = torch.randn(1, 40, 16, generator=torch.Generator().manual_seed(3))
        values[0, 31] = values[0, 3]
        assert found(values, (40, 16)).count == 1

    @pytest.mark.parametrize("shape", [(200, 16), (100, 32), (16, 200)])
    def test_the_count_obeys_the_bound(self, shape, monkeypatch):
        """Fair bits as values: blocks, rows and columns that do coincide, 0.3 times a sample."""
        monkeypatch.setattr("verify.checks.repeats._RARE", 10.0)
        bits = np.random.default_rng(7).integers(0, 2, (3000, 1, *shape)).astype(np.float32)
        each = [found(torch.from_numpy(sample), shape, 0.5) for sample in bits]
        counts = np.array([statistic.count for statistic in each])
        assert counts.sum() > 100
        for count in (1, 2, 3):
            seen = int((counts >= count).sum())
            allowed = count_bounds.rare(count, each[0].rate)
            assert stats.binom.sf(seen - 1, len(counts), allowed) > 1e-6
        # Sums of samples obey it as well: here of ten.
        sums = counts.reshape(-1, 10).sum(1)
        for count in range(4, 16):
            seen = int((sums >= count).sum())
            allowed = count_bounds.rare(count, 10 * each[0].rate)
            assert stats.binom.sf(seen - 1, len(sums), allowed) > 1e-6

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
