"""Layouts lay tensors as they say, and canaries sing when something around them changes."""

import math

import pytest
import torch

from verify.subjects.layouts import CANARY, LAYOUTS, Damaged

SHAPES = ((), (0,), (1,), (7,), (3, 5), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 2, 3), (2, 0, 3))
DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64)
CPU = torch.device("cpu")


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_filled_tensor_leaves_the_canaries_alone(name, shape, dtype):
    laid = LAYOUTS[name](shape, dtype, CPU)
    assert tuple(laid.tensor.shape) == shape and laid.tensor.dtype == dtype
    laid.tensor.fill_(3.0)
    laid.check()
    assert bool((laid.tensor == 3.0).all())
    laid.tensor.zero_()
    laid.check()


def test_layouts_are_what_they_say():
    shape = (2, 3, 4, 5)
    assert LAYOUTS["channels_last"](shape, torch.float32, CPU).tensor.is_contiguous(
        memory_format=torch.channels_last
    )
    assert LAYOUTS["channels_last"]((2, 3, 4, 5, 6), torch.float32, CPU).tensor.is_contiguous(
        memory_format=torch.channels_last_3d
    )
    assert LAYOUTS["transposed"](shape, torch.float32, CPU).tensor.stride() == (1, 2, 6, 24)
    strided = LAYOUTS["strided"](shape, torch.float32, CPU).tensor
    assert strided.stride()[-1] == 2 and not strided.is_contiguous()
    offset = LAYOUTS["offset"](shape, torch.float32, CPU).tensor
    assert offset.storage_offset() == 7 and offset.is_contiguous()


@pytest.mark.parametrize("name", ["strided", "offset"])
@pytest.mark.parametrize("value", [0.0, math.nan, CANARY + 1])
def test_a_write_outside_is_seen(name, value):
    laid = LAYOUTS[name]((3, 5), torch.float64, CPU)
    laid.tensor.fill_(1.0)
    laid.memory[0] = value
    with pytest.raises(Damaged, match="1 values outside"):
        laid.check()


def test_half_precision_canaries_compare_equal_to_themselves():
    laid = LAYOUTS["offset"]((4,), torch.bfloat16, CPU)
    laid.tensor.zero_()
    laid.check()
