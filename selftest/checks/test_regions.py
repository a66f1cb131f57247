"""Mean and spread of transforms, region by region."""

import numpy as np
import pytest
import torch

from selftest.checks.samples import UNIT, reduced
from selftest.checks.support import alarms, assert_valid, decide, stream
from verify.checks.regions import regions
from verify.checks.words import EDGE, LANES, PARTS, WORDS

REGIONS = 2 * PARTS + LANES


def found(values, last):
    return regions(torch.from_numpy(values - 0.5), last, 0.0)


@pytest.mark.parametrize(
    ("calls", "shape"), [(3, (20, 50)), (1, (7, 11)), (5, (130,)), (2, (65, 1)), (4, (3, 40, 17))]
)
def test_sums_and_counts_are_those_of_the_entries(calls, shape):
    values = stream("regions", shape).random((calls, int(np.prod(shape))))
    numel, last, centred = values.shape[1], shape[-1], values - 0.5
    statistic, place = found(values, last), np.arange(values.shape[1])
    of_part = place // -(-numel // PARTS)
    along = place % last // -(-last // PARTS)
    groups = [of_part == part for part in range(PARTS)]
    groups += [along == part for part in range(PARTS)]
    groups += [place % LANES == lane for lane in range(LANES)]
    for moment, scores in enumerate((centred, centred**2 - 1 / 12)):
        row = slice(moment * REGIONS, (moment + 1) * REGIONS)
        sums = [scores[:, group].sum() for group in groups]
        np.testing.assert_allclose(statistic.totals[row], sums, atol=1e-10)
        assert list(statistic.counts[row]) == [calls * int(group.sum()) for group in groups]


@pytest.mark.parametrize("shape", [(2000, 1025), ((1 << 20) + 7,), (3, 90_001)])
def test_a_large_tensor_is_seen_all_along(shape):
    """Its parts are those of all entries; lanes and last axis are seen in its beginning."""
    centred = stream("large regions", shape).random((1, int(np.prod(shape)))) - 0.5
    statistic, parts = regions(torch.from_numpy(centred), shape[-1], 0.0), slice(PARTS)
    size = -(-centred.size // PARTS)
    for moment, scores in enumerate((centred[0], centred[0] ** 2 - 1 / 12)):
        sums = np.add.reduceat(scores, np.arange(0, scores.size, size))
        found = statistic.totals[moment * REGIONS :][parts]
        np.testing.assert_allclose(found[: sums.size], sums, atol=1e-8)
    assert statistic.counts[parts].sum() == centred.size
    assert 1 << 17 < statistic.counts[2 * PARTS : REGIONS].sum() <= 1 << 18


def test_small_tensors_are_watched_entry_by_entry():
    assert not found(stream("small").random((9, 64)), 8).counts.any()


def test_every_region_has_a_name():
    assert len(WORDS["position"].places) == 4 * EDGE + 2 * REGIONS
    assert found(stream("names").random((2, 100)), 10).counts.size == 2 * REGIONS


def test_p_values_are_valid():
    rng = stream("null regions")
    p_values = [decide(found(rng.random((4, 70)), 7))["position"].p_value for _ in range(1000)]
    assert_valid(p_values)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (np.s_[:, 4000:5000], "of the tensor"),
        (np.s_[:, 9::16], "the entries 9 after a multiple of 16"),
    ],
)
def test_a_region_that_differs_is_named(where, said):
    values = stream("differs").random((8, 8192))
    values[where] = values[where] ** 1.5
    assert said in alarms(reduced(values, UNIT, (64, 128)))["position"]


def test_an_older_suite_knew_fewer_places():
    values = stream("older").random((4, 200))
    new = reduced(values, UNIT)["position"]
    old = type(new)(new.totals[: 4 * EDGE], new.counts[: 4 * EDGE], new.proxies[: 4 * EDGE])
    for both in (old.merge(new), new.merge(old)):
        assert both.counts.sum() == new.counts.sum() + old.counts.sum()
        assert (both.proxies == new.proxies).all()
