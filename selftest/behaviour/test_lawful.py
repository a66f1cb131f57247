"""Correct but different implementations keep the exact questions green.

Other kernels, orders of summation, words and streams, planted in process; beside each, where it
matters, the smallest fault that is still seen.
"""

from __future__ import annotations

import math
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional, init

from selftest.behaviour.support import RUN, ask, cell
from selftest.planted.fault import calling
from verify.behaviour import (
    aliases,
    batch_norm,
    construction,
    contracts,
    empty,
    fans,
    gains,
    lazy,
    parametrizations,
    streams,
    transforms,
)
from verify.behaviour.calls import agree
from verify.behaviour.exact import Comparison
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import off
from verify.engine import convolutions
from verify.subjects import INITIALIZERS

CONTRACT, TRANSFORMS = contracts.PROMISE, transforms.PROMISE
CPU = torch.device("cpu")


def replaced(monkeypatch, owner, name, replacement):
    """Put a function of the original and the arguments in the place of the original."""
    monkeypatch.setattr(owner, name, calling(replacement)(getattr(owner, name)))


def green(promise, name, dtype="float32"):
    outcome = ask(promise, name, dtype)
    assert outcome.final_verdict == "pass", outcome.diagnosis
    return outcome


def trial(name, dtype="float32", number=0):
    found = cell(name, dtype)
    return Trial(found, found.subject.anchors[number], CPU, 1)


def rounded_otherwise(original, tensor, *args, **kwargs):
    """Every value a rounding away: as another kernel may give it."""
    filled = original(tensor, *args, **kwargs)
    with torch.no_grad():
        return filled.mul_(1 - torch.finfo(tensor.dtype).eps)


class TestAgreement:
    @pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64", "complex64"])
    @pytest.mark.parametrize(
        ("factor", "expected"), [(1.0, True), (-1.0, False), (0.8, False), (1.25, False)]
    )
    def test_of_signs_and_scales(self, dtype, factor, expected):
        own = trial("normal_", dtype)
        values = own.tensors(own.target())[""]
        assert agree(own, values, factor * values) is expected

    @pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
    def test_a_few_roundings_are_none_of_its_business(self, dtype):
        own = trial("normal_", dtype)
        values, eps = own.tensors(own.target())[""], torch.finfo(own.dtype).eps
        assert agree(own, values, values * (1 + 4 * eps))

    def test_half_of_the_digits_must_be_the_same(self):
        own = trial("normal_")
        values = own.tensors(own.target())[""]
        assert not agree(own, values, values * 1.001)

    def test_another_draw_is_another(self):
        own = trial("orthogonal_")
        one, other = (own.tensors(own.target(of))[""] for of in "ab")
        assert agree(own, one, one * (1 + 2**-23)) and not agree(own, one, other)

    @pytest.mark.parametrize("name", ["normal_", "orthogonal_"])
    @pytest.mark.parametrize("wild", [float("nan"), float("inf"), 1e30])
    def test_one_wild_entry_allows_for_nothing(self, name, wild):
        own = trial(name)
        values = own.tensors(own.target())[""]
        other = torch.zeros_like(values)
        other.view(-1)[0] = wild
        assert not agree(own, values, other) and not agree(own, other, values)

    def test_whole_numbers_are_not_rounded(self):
        own = trial("torch.randint", "int64")
        values = own.tensors(own.target())[""]
        assert agree(own, values, values.clone()) and not agree(own, values, values + 1)


def by_threads(original, tensor, *args, **kwargs):
    if torch.get_num_threads() == 1:
        return original(tensor, *args, **kwargs)
    return rounded_otherwise(original, tensor, *args, **kwargs)


def in_inference(original, tensor, *args, **kwargs):
    if not torch.is_inference_mode_enabled():
        return original(tensor, *args, **kwargs)
    return rounded_otherwise(original, tensor, *args, **kwargs)


def of_subclasses(original, tensor, *args, **kwargs):
    if type(tensor) is torch.Tensor:
        return original(tensor, *args, **kwargs)
    return rounded_otherwise(original, tensor, *args, **kwargs)


@pytest.mark.parametrize(
    ("promise", "name", "another"),
    [
        (streams.PROMISE, "xavier_normal_", by_threads),
        (CONTRACT, "kaiming_uniform_", in_inference),
        (TRANSFORMS, "kaiming_normal_", of_subclasses),
    ],
    ids=["threads", "inference mode", "subclasses"],
)
def test_another_kernel_may_round_otherwise(promise, name, another, monkeypatch):
    replaced(monkeypatch, init, name, another)
    green(promise, name)


def scaled_standard(_original, tensor, mean=0.0, std=1.0, generator=None):
    """A standard draw in double precision, then scaled and rounded."""
    with torch.no_grad():
        drawn = torch.empty_like(tensor, dtype=torch.float64).normal_(generator=generator)
        return tensor.copy_(drawn.mul_(std).add_(mean))


@pytest.mark.parametrize("promise", [streams.PROMISE, CONTRACT, TRANSFORMS])
def test_a_normal_may_be_a_scaled_standard_draw(promise, monkeypatch):
    replaced(monkeypatch, init, "normal_", scaled_standard)
    green(promise, "normal_")


def by_sorting(_original, n, *, generator=None, dtype=torch.int64, device=None, **_):
    keys = torch.rand(n, dtype=torch.float64, generator=generator, device=device)
    return keys.argsort().to(dtype)


def test_a_permutation_may_be_drawn_by_sorting(monkeypatch):
    replaced(monkeypatch, torch, "randperm", by_sorting)
    for name, dtype in (("torch.randperm", "int64"), ("sparse_", "float32")):
        green(streams.PROMISE, name, dtype)


def bias_first(_original, self):
    bound = max(1, self.weight.shape[1]) ** -0.5
    if self.bias is not None:
        init.uniform_(self.bias, -bound, bound)
    init.uniform_(self.weight, -bound, bound)


def test_a_bias_may_be_drawn_before_its_weight(monkeypatch):
    replaced(monkeypatch, nn.Linear, "reset_parameters", bias_first)
    green(construction.PROMISE, "Linear")
    green(lazy.PROMISE, "LazyLinear")


def nowhere(_original, *_args, **_kwargs):
    raise RuntimeError("this device does not tell where a tensor lies")


def test_no_address_is_asked_for(monkeypatch):
    replaced(monkeypatch, torch.Tensor, "data_ptr", nowhere)
    replaced(monkeypatch, torch.UntypedStorage, "data_ptr", nowhere)
    green(CONTRACT, "uniform_")
    green(construction.PROMISE, "GRU")
    outcome = empty.verify_empty("torch.empty", cell("torch.full"), RUN)
    assert outcome.final_verdict == "pass", outcome.diagnosis


def in_other_words(original, *args, **kwargs):
    try:
        return original(*args, **kwargs)
    except RuntimeError as refusal:
        raise RuntimeError("no") from refusal


def test_a_refusal_may_say_what_it_likes(monkeypatch):
    replaced(monkeypatch, torch.autograd, "grad", in_other_words)
    green(CONTRACT, "normal_")
    replaced(monkeypatch, torch.func, "vmap", lambda original, fill, **options:
             lambda rows: in_other_words(original(fill, **options), rows))  # fmt: skip
    green(TRANSFORMS, "normal_")


class TestRoundings:
    def test_a_weight_that_is_exactly_zero_is_not_off(self):
        reference = torch.tensor([0.0, 1.0], dtype=torch.float64)
        assert off("w", reference.float(), reference, 1e-7 * reference) == []
        assert off("w", torch.tensor([1e-30, 1.0]), reference, 1e-7 * reference)
        assert off("w", torch.tensor([torch.nan, 1.0]), reference, 1e-7 * reference)
        assert off("w", torch.tensor([0.0, 1.01]), reference, 1e-7 * reference)

    @pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm"])
    def test_so_is_a_parametrised_one(self, kind, monkeypatch):
        """One float32 uniform in 2^24 is the middle of its range."""

        def zeroing(original, tensor, *args, **kwargs):
            filled = original(tensor, *args, **kwargs)
            with torch.no_grad():
                if filled.numel() > 8:
                    filled.view(-1)[3] = 0.0
            return filled

        replaced(monkeypatch, init, "kaiming_uniform_", zeroing)
        outcome = ask(parametrizations.PROMISE, "Linear")
        assert (
            f"under {kind}" not in outcome.diagnosis and f"{kind} starts" not in outcome.diagnosis
        )


def by_fourier(signal, weight, padding, groups):
    """The convolution theorem, in the dtype of the signal: exact for no input."""
    sides, kernel = signal.shape[2:], weight.shape[2:]
    axes = tuple(range(2, signal.dim()))
    size = [side + 2 * pad for side, pad in zip(sides, padding, strict=True)]
    padded = functional.pad(signal, [p for pad in padding[::-1] for p in (pad, pad)])
    per = weight.shape[1]
    found = []
    for group in range(groups):
        x = torch.fft.rfftn(padded[:, group * per : (group + 1) * per], size, axes)
        rows = weight.view(groups, -1, *weight.shape[1:])[group]
        w = torch.fft.rfftn(rows, size, axes).conj()
        product = torch.einsum("bi...,oi...->bo...", x, w)
        found.append(torch.fft.irfftn(product, size, axes))
    kept = tuple(slice(n - k + 1) for n, k in zip(size, kernel, strict=True))
    return torch.cat(found, 1)[(slice(None), slice(None), *kept)]


@pytest.fixture
def fourier(monkeypatch):
    monkeypatch.setattr(
        convolutions, "_CONVOLUTIONS", dict.fromkeys((3, 4, 5), by_fourier)
    )  # fmt: skip


class TestConvolution:
    def ask(self, dtype):
        return convolutions.verify_convolutions(cell("dirac_", dtype), RUN).final_verdict

    @pytest.mark.parametrize("dtype", ["complex32", "complex128"])
    def test_of_complex_numbers(self, dtype):
        assert self.ask(dtype) == "pass"

    @pytest.mark.usefixtures("fourier")
    @pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
    def test_by_another_algorithm(self, dtype):
        assert self.ask(dtype) == "pass"

    @pytest.mark.usefixtures("fourier")
    @pytest.mark.parametrize("change", [
        lambda weight: weight.mul_(1.01),
        lambda weight: weight.copy_(weight.flip(0)),
        lambda weight: weight.copy_(weight.roll(1, -1)),
    ], ids=["one per cent", "channels", "centre"])  # fmt: skip
    def test_what_it_still_sees(self, change, monkeypatch):
        def faulty(original, tensor, *args, **kwargs):
            with torch.no_grad():
                return change(original(tensor, *args, **kwargs))

        replaced(monkeypatch, init, "dirac_", faulty)
        assert self.ask("float32") == "fail"


def one_pass(x, mean, variance, weight, bias, training, momentum, eps, *_):
    """The variance as the mean of squares less the squared mean; averages by interpolation."""
    axes = [axis for axis in range(x.dim()) if axis != 1]
    n = x.numel() / x.shape[1]
    if not training:
        new_mean, new_variance = mean, variance
    else:
        new_mean = x.mean(axes)
        new_variance = (x * x).mean(axes) - new_mean * new_mean
        if mean is not None:
            mean.lerp_(new_mean.detach(), momentum)
            variance.lerp_(new_variance.detach() * (n / (n - 1)), momentum)
    shape = [1, -1] + [1] * (x.dim() - 2)
    y = (x - new_mean.view(shape)) / (new_variance.view(shape) + eps).sqrt()
    y = y if weight is None else y * weight.view(shape)
    return y if bias is None else y + bias.view(shape)


def test_statistics_may_be_computed_in_one_pass(monkeypatch):
    monkeypatch.setattr(functional, "batch_norm", one_pass)
    for name in ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"):
        green(batch_norm.PROMISE, name)


GAINS = {
    "two roots": lambda slope: math.sqrt(2) / math.sqrt(1 + slope**2),
    "a hypotenuse": lambda slope: math.sqrt(2) / math.hypot(1, slope),
    "a power": lambda slope: (2 / (1 + slope * slope)) ** 0.5,
    "a reciprocal": lambda slope: math.sqrt(2 * (1 / (1 + slope * slope))),
}


class TestExact:
    @pytest.mark.parametrize("formula", GAINS.values(), ids=GAINS)
    def test_gains_by_other_formulas(self, formula):
        def actual(name, slope=None):
            return formula(0.01 if slope is None else slope)

        def problem(slope):
            expected = gains.gain("leaky_relu", slope)
            return Comparison("gain", lambda: actual("leaky_relu", slope), expected).problem()

        slopes = [*gains._SLOPES, *(k / 997 for k in range(-4000, 4000))]
        assert not any(problem(slope) for slope in slopes)

    @pytest.mark.parametrize("error", [TypeError, ValueError, RuntimeError, UnicodeError])
    def test_a_refusal_is_of_any_class_that_says_so(self, error, monkeypatch):
        def refusing(original, tensor):
            if tensor.dim() < 2:
                raise error("planted")
            return original(tensor)

        replaced(monkeypatch, init, "_calculate_fan_in_and_fan_out", refusing)
        outcome = fans.verify_fans("fan_in_and_fan_out", RUN)
        assert outcome.final_verdict == "pass", outcome.diagnosis

    @pytest.mark.parametrize("error", [KeyError, ZeroDivisionError, AssertionError, IndexError])
    def test_what_comes_from_the_inside_is_none(self, error, monkeypatch):
        def breaking(original, tensor):
            if tensor.dim() < 2:
                raise error("planted")
            return original(tensor)

        replaced(monkeypatch, init, "_calculate_fan_in_and_fan_out", breaking)
        outcome = fans.verify_fans("fan_in_and_fan_out", RUN)
        assert outcome.final_verdict == "fail"
        assert "not TypeError or ValueError or RuntimeError" in outcome.diagnosis


def test_an_alias_may_be_warned_of_twice_and_others_too(monkeypatch):
    (alias,) = (row for row in INITIALIZERS if row.name == "uniform")

    def loud(original, *args, **kwargs):
        warnings.warn("no driver", RuntimeWarning, stacklevel=1)
        warnings.warn("again", FutureWarning, stacklevel=1)
        return original(*args, **kwargs)

    replaced(monkeypatch, init, "uniform", loud)
    assert aliases.verify_alias(alias).final_verdict == "pass"
