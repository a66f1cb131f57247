"""The mode argument of the Kaiming initializers."""

import pytest
import torch
from hypothesis.errors import InvalidArgument

from strategies import fan_modes


@pytest.fixture(scope="module")
def many(draws):
    """Many values."""
    return draws(fan_modes(), 500)


class TestFanModes:
    def test_valid(self, draws):
        assert {mode.lower() for mode in draws(fan_modes())} == {"fan_in", "fan_out"}

    def test_torch_takes_each(self, draws):
        for mode in set(draws(fan_modes(), 100)):
            torch.nn.init.kaiming_uniform_(torch.empty(2, 3), mode=mode)

    def test_takes_no_argument(self):
        with pytest.raises((TypeError, InvalidArgument)):
            fan_modes("fan_in")

    @pytest.mark.parametrize(
        "mode", ["fan_in", "fan_out", "FAN_IN", "FAN_OUT", "Fan_In", "Fan_Out"]
    )
    def test_usual_cases(self, many, share, mode):
        assert share(many, lambda drawn: drawn == mode) >= 0.04

    def test_mixed_cases(self, many):
        assert len(set(many)) >= 30

    def test_shrinking(self, simplest):
        assert simplest(fan_modes()) == "fan_in"
        assert simplest(fan_modes(), lambda mode: len(mode) == 7) == "fan_out"
        assert simplest(fan_modes(), lambda mode: mode[0] == "F") == "FAN_IN"
