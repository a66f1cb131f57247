"""Responses of layers: computed otherwise, their laws by numpy, and experiments of many layers."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from selftest.behaviour.support import RUN, cell
from strategies import Nonlinearity, Stack
from verify.behaviour import moments
from verify.engine.depth import Seen, against_theory, meets_its_fate, verify_depth
from verify.laws import Normal, UniformSum
from verify.subjects import EXPERIMENTS, PROPAGATIONS, SUBJECTS
from verify.subjects.fills import Target
from verify.subjects.propagation import StackCase, _across, _apply, _corner, _patch

LAYERS = {"Linear": nn.Linear, "Conv1d": nn.Conv1d, "Conv2d": nn.Conv2d}
NAMES = [subject.name for subject in PROPAGATIONS]


def target(dtype=torch.float64, seed=3):
    return Target(torch.device("cpu"), dtype, torch.Generator().manual_seed(seed))


def normals(*shape, seed=1):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("dims", "kernel"), [(1, 1), (1, 3), (1, 5), (2, 3), (2, 5)])
class TestConvolutions:
    def test_padding_is_circular(self, dims, kernel):
        signal, weight = normals(1, 4, *[7] * dims), normals(6, 4, *[kernel] * dims)
        layer = LAYERS[f"Conv{dims}d"](
            4, 6, kernel, bias=False, padding=kernel // 2, padding_mode="circular"
        ).double()
        layer.weight.data = weight
        torch.testing.assert_close(_apply(weight, signal), layer(signal).detach())

    def test_the_patch_is_what_the_first_position_sees(self, dims, kernel):
        signal, weight = normals(1, 4, *[7] * dims), normals(6, 4, *[kernel] * dims)
        by_patch = torch.tensordot(weight, _patch(signal, kernel)[0], dims=dims + 1)
        torch.testing.assert_close(by_patch, _corner(_apply(weight, signal)))

    def test_the_patch_is_also_where_its_gradient_comes_from(self, dims, kernel):
        weight, signal = normals(6, 4, *[kernel] * dims), normals(1, 4, *[7] * dims)
        signal.requires_grad_()
        cotangent = normals(1, 6, *[7] * dims, seed=2)
        (gradient,) = torch.autograd.grad(_apply(weight, signal), signal, cotangent)
        patch = _patch(cotangent, kernel)[0].flip(*range(1, dims + 1))
        by_patch = torch.tensordot(weight.transpose(0, 1), patch, dims=dims + 1)
        torch.testing.assert_close(by_patch, _corner(gradient))


@pytest.mark.parametrize("sign", [1, -1])
def test_across_keeps_what_is_orthogonal(sign):
    values, direction = normals(9), sign * normals(9, seed=2)
    direction[0] = direction[0].abs() * sign
    unit = direction / direction.norm()
    rest = values - unit * (unit @ values)
    shown = _across(values, direction)
    assert shown.shape == (8,)
    torch.testing.assert_close(shown.norm(), rest.norm())
    torch.testing.assert_close(_across(rest, direction), shown)
    torch.testing.assert_close(_across(direction, direction), torch.zeros(8).double())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layer", LAYERS)
def test_responses_are_as_many_as_promised_and_of_variance_one(name, layer):
    subject = SUBJECTS[name]
    stack = Stack(layer, (64, 48, 56), Nonlinearity("tanh"), 1 if layer == "Linear" else 3)
    fill = subject.fill_methods["propagation"](StackCase(stack), target())
    laws = subject.tensors(StackCase(stack))
    calls = [fill() for _ in range(30)]
    for tensor in laws:
        values = np.concatenate([call[tensor.name].numpy() for call in calls]).astype(float)
        assert all(tuple(call[tensor.name].shape) == tensor.shape for call in calls)
        assert isinstance(tensor.law, Normal if "normal" in name else UniformSum)
        assert np.mean(values**2) == pytest.approx(1, abs=6 * math.sqrt(2 / values.size))
        assert abs(values.mean()) < 6 / math.sqrt(values.size)
        if isinstance(tensor.law, Normal):
            assert stats.kstest(values, "norm").pvalue > 1e-5


@pytest.mark.parametrize("name", ["relu", "tanh", "selu"])
def test_without_the_reflection_gradients_would_not_be_normal(name):
    """What makes the reflection needed: along the input, Wᵀδ depends on the pre-activations."""
    along, width = [], 48
    for seed in range(300):
        signal, weight = normals(width, seed=seed), normals(width, width, seed=1000 + seed)
        signal.requires_grad_()
        made = {"relu": torch.relu, "tanh": torch.tanh, "selu": nn.functional.selu}[name](
            weight @ signal / math.sqrt(width)
        )
        (gradient,) = torch.autograd.grad(made, signal, made.detach())
        along.append(float(gradient @ signal.detach()) / float(signal.detach().norm()))
    assert np.mean(along) > 0.5 * np.std(along)


class TestExperiments:
    @pytest.mark.parametrize("name", [experiment.name for experiment in EXPERIMENTS])
    def test_pass(self, name):
        outcome = verify_depth(cell(name), RUN)
        assert outcome.final_verdict == "pass", outcome.diagnosis
        assert outcome.decisions == 2

    def test_names_are_plain(self):
        assert all(experiment.name.isascii() for experiment in EXPERIMENTS)

    def test_other_subjects_are_refused(self):
        with pytest.raises(TypeError, match="Linear is no experiment"):
            verify_depth(cell("Linear"), RUN)

    @pytest.mark.parametrize(
        ("name", "last", "met"),
        [
            ("normal_(std=1) linear", math.nan, True),
            ("normal_(std=1) linear", math.inf, True),
            ("normal_(std=1) linear", 1.0, False),
            ("normal_(std=0.01) linear", 0.0, True),
            ("normal_(std=0.01) linear", 1e-40, False),
            ("kaiming_normal_ relu", 1.0, True),
            ("kaiming_normal_ relu", 0.0, False),
            ("kaiming_normal_ relu", math.inf, False),
        ],
    )
    def test_fates(self, name, last, met):
        seen = Seen([1.0, 1.0], [1.0, 1.0], torch.full((2, 2), last))
        assert meets_its_fate(SUBJECTS[name], seen) == met

    @pytest.mark.parametrize("square", [0.0, math.inf, math.nan])
    def test_what_float64_cannot_hold_fails(self, square):
        seen = Seen([1.0, square], [1.0, 1.0], torch.ones(2, 2))
        (finding,) = against_theory(SUBJECTS["kaiming_normal_ relu"], seen).findings("cell")
        assert (finding.check, finding.passed) == ("fate", False)


def test_a_derivative_that_is_no_number_is_off(monkeypatch):
    monkeypatch.setitem(moments.ACTIVATIONS, "tanh", lambda values, _slope: values * math.nan)
    (comparison,) = (c for c in moments._derivative_comparisons() if c.call.startswith("tanh"))
    assert comparison.finding("gain")
