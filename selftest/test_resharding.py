"""What is stored and divided anew in tests of ranks: it shows a loss of any kind."""

import itertools

import pytest
import torch

from verify.ranks import redistribution, reloading
from verify.ranks.placements import WORLD
from verify.ranks.resharding import DTYPES, EVEN, STORED, UNEVEN, items, poisoned, values

NARROWER = {
    torch.float32: torch.bfloat16,
    torch.float64: torch.float32,
    torch.bfloat16: torch.float8_e5m2,
    torch.int64: torch.float64,
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of", [0, 3, 95])
def test_values_differ_by_place_and_tensor(dtype, of):
    own = values(of, UNEVEN, dtype)
    assert len(own.unique()) == own.numel()
    assert not (own == values(of + 1, UNEVEN, dtype)).any()
    assert not (own == poisoned(own)).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_narrower_dtype_loses_something_of_every_tensor(dtype):
    own = values(1, UNEVEN, dtype)
    assert not torch.equal(own.to(NARROWER[dtype]).to(dtype), own)


def test_zero_is_negative():
    first = values(0, UNEVEN, torch.float32).view(-1)[0]
    assert first == 0
    assert first.signbit()


@pytest.mark.parametrize(("saving", "loading"), [(WORLD, 2), (2, WORLD)])
def test_every_way_leads_to_every_other(saving, loading):
    asked = {(each.shape, each.saved, each.loaded) for each in items(saving, loading)}
    assert asked == {*itertools.product((UNEVEN, EVEN), STORED[saving], STORED[loading])}
    assert {each.dtype for each in items(saving, loading)} == {*DTYPES}


def test_uneven_shards_leave_a_rank_with_nothing():
    last = next(placed for placed in STORED[WORLD] if placed.axes == (-1,))
    columns = [last.slices(rank, UNEVEN)[1] for rank in range(WORLD)]
    assert [each.stop - each.start for each in columns] == [2, 2, 1, 0]


def test_what_is_tied_is_stored_alike():
    stored = reloading.stored()
    tied = [stored[name].whole for name in ("embedding.weight", "head.weight")]
    assert torch.equal(*tied)
    assert {name for name, each in stored.items() if not each.is_divided} == {
        "table",
        "cache",
        "norm.running_mean",
        "norm.running_var",
        "norm.num_batches_tracked",
    }


def test_a_mesh_of_two_axes_is_divided_in_nine_ways():
    assert len({*redistribution.placed_on((2, 2))}) == 9
