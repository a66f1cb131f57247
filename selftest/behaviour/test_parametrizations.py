"""Parametrizations that start wrongly, and writes that do not reach them."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from selftest.behaviour.support import Fault, ask, unasked
from verify.behaviour.parametrizations import PROMISE

WEIGHT_NORM = parametrizations._WeightNorm
SPECTRAL_NORM = parametrizations._SpectralNorm
ORTHOGONAL = parametrizations._Orthogonal


def along_another_axis(_original, self, weight):
    axes = [axis for axis in range(weight.dim()) if axis != 1]
    return weight.norm(dim=axes, keepdim=True), weight


def scaled(original, self, *args):
    return 1.001 * original(self, *args)


FAULTS = (
    Fault(
        "norms along another axis", "Linear", WEIGHT_NORM, "right_inverse", along_another_axis,
        "what weight_norm starts as: magnitude of weight for dim=",
    ),
    Fault(
        "a weight too long by a thousandth", "Conv2d", WEIGHT_NORM, "forward", scaled,
        "what weight_norm starts as: weight by ",
    ),
    Fault(
        "another direction", "RNN", WEIGHT_NORM, "right_inverse",
        lambda original, self, weight: original(self, 2 * weight),
        "what weight_norm starts as: magnitude of weight_ih_l0 for dim=0 by ",
    ),
    Fault(
        "assignments are lost", "Linear", nn.utils.parametrize.ParametrizationList,
        "right_inverse", lambda _original, self, value: None,
        "weights off what was assigned under weight_norm: weight by ",
    ),
    Fault(
        "no iterations", "Linear", SPECTRAL_NORM, "_power_method", lambda *_: None,
        "what spectral_norm starts as: sigma is ",
    ),
    Fault(
        "a spectral weight too large", "Conv2d", SPECTRAL_NORM, "forward", scaled,
        "what spectral_norm starts as: weight by ",
    ),
    Fault(
        "an assigned weight is doubled", "Conv2d", SPECTRAL_NORM, "right_inverse",
        lambda _original, self, value: 2 * value,
        "weights off what was assigned under spectral_norm: the original",
    ),
    *(
        Fault(
            f"{what}, {each}", "Linear", ORTHOGONAL, "forward", scaled,
            f"{question} under orthogonal, {each}: {tensor} by ",
        )
        for each in ("matrix_exp", "cayley", "householder")
        for what, question, tensor in (
            ("not quite orthogonal", "what weights start as", "QᵀQ"),
            ("not quite what was assigned", "weights off what was assigned", "weight"),
        )
    ),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_is_found(fault, monkeypatch):
    fault.check(PROMISE, monkeypatch)


def test_every_question_finds_something():
    """But those whose answer is a known defect."""
    assert all(
        "initializer" in question or "reset" in question for question in unasked(PROMISE, FAULTS)
    )


@pytest.mark.parametrize("name", ["Linear", "Conv2d", "RNN"])
def test_without_faults_only_known_defects_are_found(name):
    outcome = ask(PROMISE, name)
    assert outcome.final_verdict == "pass"
    lost = "initializer-lost-under-parametrization"
    assert any(defect.endswith(lost) for defect in outcome.excluded)


def test_a_reset_that_is_mended_is_noticed(monkeypatch):
    def assigned(self):
        if nn.utils.parametrize.is_parametrized(self):
            self.weight = torch.empty_like(self.weight).uniform_(-1, 1)
        else:
            original(self)

    original = nn.Linear.reset_parameters
    monkeypatch.setattr(nn.Linear, "reset_parameters", assigned)
    outcome = ask(PROMISE, "Linear")
    assert outcome.final_verdict == "fail"
    assert "fixed upstream: weights that a reset does not reach under" in outcome.diagnosis
    assert "end the entry 'reset-lost-under-parametrization' with `until`" in outcome.diagnosis
