"""Fans against values worked out by hand from the papers."""

import pytest

from verify.laws import fan, fan_in_and_fan_out

FANS = [
    ((3, 5), (5, 3)),
    ((512, 1024), (1024, 512)),
    ((64, 3, 7, 7), (147, 3136)),  # The first layer of ResNet.
    ((64, 32, 3), (96, 192)),
    ((8, 1, 3, 3), (9, 72)),  # A depthwise convolution: the weight holds in/groups channels.
    ((16, 8, 3, 3, 3), (216, 432)),
    ((2, 3, 1, 1), (3, 2)),
    ((0, 5), (5, 0)),
    ((5, 0), (0, 5)),
    ((1, 1, 0), (0, 0)),
    ((2, 3, 4, 5, 6, 7), (2520, 1680)),
]


@pytest.mark.parametrize(("shape", "expected"), FANS)
def test_fans(shape, expected):
    assert fan_in_and_fan_out(shape) == expected
    assert fan_in_and_fan_out(list(shape)) == expected


@pytest.mark.parametrize("mode", ["fan_in", "FAN_IN", "Fan_In"])
def test_mode_in_any_letter_case(mode):
    assert fan((64, 3, 7, 7), mode) == 147
    assert fan((64, 3, 7, 7), mode.lower().replace("in", "out")) == 3136


@pytest.mark.parametrize("shape", [(), (3,)])
def test_fewer_than_two_dimensions_have_no_fan(shape):
    with pytest.raises(ValueError, match="a fan needs two dimensions or more, not the shape"):
        fan_in_and_fan_out(shape)


def test_unknown_modes_are_refused():
    with pytest.raises(KeyError, match="fan_average"):
        fan((3, 5), "fan_average")
