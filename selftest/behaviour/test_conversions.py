"""The nearest number of a dtype, and what a conversion may do otherwise."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import fusion

from selftest.behaviour.support import ask
from selftest.planted.fault import calling
from selftest.planted.questions.future import GET_OVERWRITE, GET_SWAP, only
from verify.behaviour.conversions import PROMISE, future
from verify.behaviour.conversions.nearest import edges, nearest, others

FUSIONS = ("fuse_conv_bn_weights", "fuse_linear_bn_weights")
LAYERS = ("Conv2d", "ConvTranspose2d", "Linear")


class TestNearest:
    """Against numpy, which has no bfloat16, and against values by hand."""

    @pytest.mark.parametrize(
        ("dtype", "of"), [(torch.float16, np.float16), (torch.float32, np.float32)]
    )
    def test_is_that_of_numpy(self, dtype, of):
        stream = torch.Generator().manual_seed(5)
        bits = torch.randint(-(2**63), 2**63 - 1, (20000,), generator=stream)
        values = torch.cat([edges(dtype), bits.view(torch.float64)])
        with np.errstate(all="ignore"):
            expected = torch.from_numpy(values.numpy().astype(of).astype(np.float64))
        assert not others(nearest(values, dtype), expected).any()

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (1 + 2**-8, 1.0),
            (1 + 3 * 2**-8, 1 + 2**-6),
            (-(2.0**-134), -0.0),
            (3.3961e38, 2.0**128 - 2.0**120),
            (3.3962e38, torch.inf),
        ],
    )
    def test_of_bfloat16(self, value, expected):
        found = nearest(torch.tensor([value], dtype=torch.float64), torch.bfloat16)
        assert not others(found, torch.tensor([expected], dtype=torch.float64)).any()

    @pytest.mark.parametrize("other", [-0.0, 1.0, torch.nan])
    def test_other_numbers_are_not_the_same(self, other):
        one = torch.zeros(1, dtype=torch.float64)
        assert others(one, torch.full_like(one, other)).all()


def in_double(weight, bias, mean, variance, eps, gain, shift, shape):
    """What the norm makes of 0, and of the bias before; divide by a root, and round once."""
    scale = gain.double() / (variance.double() + eps).sqrt()
    new = shift.double() - mean.double() * scale + bias.double() * scale
    return weight.double() * scale.reshape(shape), new


def stepwise(weight, bias, mean, variance, eps, gain, shift, shape):
    """The inverse root before the gain, and the mean by itself."""
    root = (variance + eps).sqrt().reciprocal()
    new = torch.addcmul(shift, bias * root, gain) - mean * (root * gain)
    return weight * root.reshape(shape) * gain.reshape(shape), new


def by(fold):
    """A replacement that folds in another way, and refuses what the original refuses."""

    def fused(original, weight, bias, mean, variance, eps, gain, shift, *args, **kwargs):
        if gain is None and weight.dim() == 2:
            return original(weight, bias, mean, variance, eps, gain, shift)
        learns = (weight.requires_grad, bias is not None and bias.requires_grad)
        zero = torch.zeros_like(mean)
        old, gain, shift = (
            default if given is None else given
            for given, default in ((bias, zero), (gain, zero + 1), (shift, zero))
        )
        shape = [1] * weight.dim()
        shape[1 if kwargs.get("transpose") or True in args else 0] = -1
        made = fold(weight, old, mean, variance, eps, gain, shift, shape)
        return tuple(
            nn.Parameter(each.detach().to(weight.dtype), grad)
            for each, grad in zip(made, learns, strict=True)
        )

    return fused


def a_little_wide(original, weight, *args, **kwargs):
    made, bias = original(weight, *args, **kwargs)
    return nn.Parameter(made.detach() * (1 + 2**-18), weight.requires_grad), bias


def replaced(monkeypatch, owner, name, replacement):
    monkeypatch.setattr(owner, name, calling(replacement)(getattr(owner, name)))


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("fold", [in_double, stepwise])
def test_a_fused_layer_may_be_computed_in_another_order(name, fold, monkeypatch):
    for function in FUSIONS:
        replaced(monkeypatch, fusion, function, by(fold))
    outcome = ask(PROMISE, name)
    assert outcome.final_verdict == "pass", outcome.diagnosis


@pytest.mark.parametrize("name", LAYERS)
def test_a_fused_layer_that_is_a_little_wide_is_seen(name, monkeypatch):
    for function in FUSIONS:
        replaced(monkeypatch, fusion, function, a_little_wide)
    assert "fused layers off the formula: weight of modules by " in ask(PROMISE, name).diagnosis


@pytest.mark.parametrize("name", ["Linear", "LSTM"])
def test_a_cast_may_swap_where_it_is_not_told_to(name, monkeypatch):
    """The parameters stay the same objects by whatever way."""

    def swapping(original, self, *args, **kwargs):
        if GET_OVERWRITE() or any(map(nn.parameter.is_lazy, self.parameters())):
            return original(self, *args, **kwargs)
        with only("swap"):
            return original(self, *args, **kwargs)

    replaced(monkeypatch, nn.Module, "_apply", swapping)
    outcome = ask(PROMISE, name)
    assert outcome.final_verdict == "pass", outcome.diagnosis


def test_settings_are_restored(monkeypatch):
    """Also where a question fails."""
    with only("overwrite"):
        with pytest.raises(ZeroDivisionError), future.only("swap_module_params_on_conversion"):
            raise ZeroDivisionError
        assert (GET_SWAP(), GET_OVERWRITE()) == (False, True)
