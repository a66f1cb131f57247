"""What tensors are compared by: on the host, in doubles."""

from __future__ import annotations

import pytest
import torch

from verify.behaviour.tensors import doubled, identical, is_over, off


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


@pytest.mark.parametrize("hidden", [False, True], ids=["told", "hidden"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bool, torch.int64])
class TestIsOver:
    """One memory, on a device that tells where tensors lie, and on one that does not."""

    @pytest.fixture(autouse=True)
    def hide(self, hidden, monkeypatch):
        if hidden:
            monkeypatch.setattr(torch.Tensor, "is_set_to", lambda _self, _other: False)

    def test_a_view_is(self, dtype):
        values = torch.tensor([0, 1, 1], dtype=dtype)
        assert is_over(values, values.detach())
        assert is_over(values.detach(), torch.nn.Parameter(values, requires_grad=False))
        assert torch.equal(values, torch.tensor([0, 1, 1], dtype=dtype))

    @pytest.mark.parametrize("entries", [[0, 0], [1, 1], [1, 0]])
    def test_a_copy_is_not(self, dtype, entries):
        values = torch.tensor(entries, dtype=dtype)
        assert not is_over(values, values.clone())
        assert not is_over(values.clone(), values)

    def test_a_part_is_not(self, dtype):
        values = torch.ones(3, dtype=dtype)
        assert not is_over(values, values[:2])
        assert not is_over(values[:2], values)
