"""Parametrizations that start wrongly, and writes that do not reach them."""

from __future__ import annotations

import functools

from selftest.planted.fault import calling, table
from selftest.planted.module import question


def along_another_axis(_original, self, weight):
    axes = [axis for axis in range(weight.dim()) if axis != 1]
    return weight.norm(dim=axes, keepdim=True), weight


def scaled(original, self, *args):
    return 1.001 * original(self, *args)


row = functools.partial(question, "parametrizations", "parametrization")

FAULTS = table(
    row("norms along another axis", "float32-Linear",
        "utils.parametrizations._WeightNorm.right_inverse", calling(along_another_axis),
        "what weight_norm starts as: magnitude of weight for dim="),
    row("a weight too long by a thousandth", "float32-Conv2d",
        "utils.parametrizations._WeightNorm.forward", calling(scaled),
        "what weight_norm starts as: weight by "),
    row("another direction", "float32-RNN",
        "utils.parametrizations._WeightNorm.right_inverse",
        calling(lambda original, self, weight: original(self, 2 * weight)),
        "what weight_norm starts as: magnitude of weight_ih_l0 for dim=0 by "),
    row("assignments are lost", "float32-Linear",
        "utils.parametrize.ParametrizationList.right_inverse",
        calling(lambda _original, self, value: None),
        "weights off what was assigned under weight_norm: weight by "),
    row("no iterations", "float32-Linear",
        "utils.parametrizations._SpectralNorm._power_method", calling(lambda *_: None),
        "what spectral_norm starts as: sigma is "),
    row("a spectral weight too large", "float32-Conv2d",
        "utils.parametrizations._SpectralNorm.forward", calling(scaled),
        "what spectral_norm starts as: sigma is "),
    row("an assigned weight is doubled", "float32-Conv2d",
        "utils.parametrizations._SpectralNorm.right_inverse",
        calling(lambda _original, self, value: 2 * value),
        "weights off what was assigned under spectral_norm: the original"),
    *(
        row(f"{what}, {each}", "float32-Linear",
            "utils.parametrizations._Orthogonal.forward", calling(scaled),
            f"{words} under orthogonal, {each}: {tensor} by ")
        for each in ("matrix_exp", "cayley", "householder") 
        for what, words, tensor in (
            ("not quite orthogonal", "what weights start as", "QᵀQ"),
            ("not quite what was assigned", "weights off what was assigned", "weight"),
        )
    ),
)  # fmt: skip
