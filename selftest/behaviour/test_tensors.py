"""What tensors are compared by: on the host, in doubles."""

from __future__ import annotations

import pytest
import torch

from verify.behaviour.tensors import doubled, identical, off


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.complex64, torch.int8])
def test_numbers_are_doubled_exactly(dtype):
    numbers = torch.tensor([0, 1, -3], dtype=dtype)
    made = doubled(numbers)
    assert made.dtype == (torch.complex128 if dtype.is_complex else torch.float64)
    assert torch.equal(made.to(dtype), numbers)


def test_what_is_double_on_the_host_is_not_copied():
    numbers = torch.zeros(2, dtype=torch.float64)
    assert doubled(numbers) is numbers


def test_a_gradient_passes():
    leaf = torch.ones(3, requires_grad=True)
    (gradient,) = torch.autograd.grad(doubled(leaf).square().sum(), leaf)
    assert identical(gradient, torch.full((3,), 2.0))


def test_what_is_off_is_seen_in_any_dtype_of_reference_and_bound():
    values, bound = torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.5], dtype=torch.float16)
    assert off("a", values, values.bfloat16(), 0.0) == []
    assert off("a", values, values.double() + 0.25, bound) == []
    assert off("a", values, values.double() + 0.75, bound)
    assert off("a", values * 1j, values * 1j + 0.75, bound)
