"""Networks with tied parameters."""

import pytest
from hypothesis.errors import InvalidArgument

from strategies import TIES, TiedArguments, tied_networks


class TestTiedNetworks:
    def test_every_kind_and_number_of_places(self, draws):
        found = draws(tied_networks(), 500)
        assert {drawn.tie for drawn in found} == {*TIES}
        assert {drawn.places for drawn in found} == {2, 3, 4, 5}
        assert {drawn.calls for drawn in found} == {2, 3, 4}
        assert {drawn.bias for drawn in found} == {True, False}
        assert max(drawn.width for drawn in found) > 30
        assert all(1 <= drawn.inputs <= 33 and 1 <= drawn.width <= 33 for drawn in found)

    def test_only_what_is_asked_for(self, draws):
        found = draws(tied_networks(ties=["weight"], max_size=2), 100)
        assert {drawn.tie for drawn in found} == {"weight"}
        assert {drawn.width for drawn in found} == {1, 2}

    def test_shrinks(self, simplest):
        assert simplest(tied_networks()) == TiedArguments(1, 1, 2, "module")

    def test_unknown_or_no_ties(self):
        with pytest.raises(InvalidArgument, match="ties must be some of"):
            tied_networks(ties=["bias"])
        with pytest.raises(InvalidArgument, match="ties must be some of"):
            tied_networks(ties=[])

    def test_sizes_are_positive(self):
        with pytest.raises(InvalidArgument, match="max_size must be at least 1, got 0"):
            tied_networks(max_size=0)
