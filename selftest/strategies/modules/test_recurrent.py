"""Arguments of recurrent layers and cells."""

import pytest
from hypothesis.errors import InvalidArgument

from strategies import (
    RecurrentArguments,
    RecurrentCellArguments,
    recurrent_cells,
    recurrents,
)


@pytest.fixture(scope="module", params=[1, 3, 4])
def many(request, draws):
    """Many recurrent layers of a kind."""
    gates = request.param
    return draws(recurrents(gates=gates, projections=gates == 4), 500)


class TestRecurrents:
    def test_sizes_differ(self, many, share):
        assert share(many, lambda drawn: drawn.input_size != drawn.hidden_size) >= 0.95
        assert share(many, lambda drawn: drawn.input_size > drawn.hidden_size) >= 0.5
        assert share(many, lambda drawn: drawn.input_size < drawn.hidden_size) >= 0.1

    def test_sizes_of_one_now_and_then(self, many, share):
        assert 0.005 <= share(many, lambda drawn: drawn.input_size == 1) <= 0.15
        assert 0.02 <= share(many, lambda drawn: drawn.hidden_size == 1) <= 0.2

    @pytest.mark.parametrize("layers", [1, 2, 3, 4])
    def test_layers(self, many, share, layers):
        assert share(many, lambda drawn: drawn.num_layers == layers) >= 0.17

    @pytest.mark.parametrize("name", ["bias", "batch_first", "bidirectional"])
    def test_booleans(self, many, share, name):
        assert 0.4 <= share(many, lambda drawn: getattr(drawn, name)) <= 0.6

    def test_dropout_only_between_layers(self, many, share):
        assert all(drawn.dropout == 0 for drawn in many if drawn.num_layers == 1)
        assert all(0 <= drawn.dropout <= 1 for drawn in many)
        assert share(many, lambda drawn: drawn.dropout > 0) >= 0.25

    def test_projections(self, draws, share):
        found = draws(recurrents(gates=4, projections=True), 500)
        assert all(drawn.proj_size < drawn.hidden_size for drawn in found)
        assert 0.25 <= share(found, lambda drawn: drawn.proj_size > 0) <= 0.42
        assert share(found, lambda drawn: drawn.proj_size > 1) >= 0.1

    def test_no_projections(self, draws):
        assert not any(drawn.proj_size for drawn in draws(recurrents(gates=4)))

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"gates": 0}, "gates must be at least 1, got 0"),
            ({"projections": 1}, "projections must be True or False, got 1"),
            ({"gates": 4, "max_numel": 7}, "max_numel must be at least 8, got 7"),
        ],
    )
    def test_invalid(self, options, sentence):
        with pytest.raises(InvalidArgument) as error:
            recurrents(**options)
        assert str(error.value) == sentence

    def test_shrinks(self, simplest):
        lstms = recurrents(gates=4, projections=True)
        assert simplest(lstms) == RecurrentArguments(1, 1)
        drawn = simplest(lstms, lambda drawn: drawn.num_layers > 1)
        assert drawn == RecurrentArguments(1, 1, num_layers=2)
        drawn = simplest(lstms, lambda drawn: drawn.proj_size)
        assert drawn == RecurrentArguments(1, 2, proj_size=1)


@pytest.mark.parametrize("gates", [1, 3, 4])
class TestCells:
    def test_sizes(self, draws, share, gates):
        found = draws(recurrent_cells(gates=gates), 500)
        assert share(found, lambda drawn: drawn.input_size != drawn.hidden_size) >= 0.95
        assert share(found, lambda drawn: drawn.input_size > drawn.hidden_size) >= 0.4
        assert share(found, lambda drawn: drawn.input_size < drawn.hidden_size) >= 0.15

    def test_bias(self, draws, share, gates):
        assert 0.4 <= share(draws(recurrent_cells(gates=gates)), lambda drawn: drawn.bias) <= 0.6

    def test_shrinks(self, simplest, gates):
        assert simplest(recurrent_cells(gates=gates)) == RecurrentCellArguments(1, 1)


def test_gates_of_cells():
    with pytest.raises(InvalidArgument, match=r"gates must be an integer, got 1\.5"):
        recurrent_cells(gates=1.5)
