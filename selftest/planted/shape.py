"""Faults of shape: the wrong family, cut or heavy tails, atoms, coarse grids, NaN."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from selftest.planted.fault import Call, Edit, Fault, editing, law, table

FAMILY = frozenset({"chi_square", "legendre", "kolmogorov_smirnov", "tails", "extremes"})
RARE = 1e-5


def _standard(tensor: Tensor, call: Call) -> Tensor:
    mean: float = call.values["mean"]
    std: float = call.values["std"]
    return (tensor - mean) / (std or 1.0)


def refill(tensor: Tensor, call: Call, standard: Tensor) -> None:
    """Fill the tensor with standardised values moved to the call's mean and deviation."""
    tensor.copy_(standard * call.values["std"] + call.values["mean"])


def _student(tensor: Tensor, call: Call, freedom: float = 30.0) -> None:
    halves = torch.full(tensor.shape, freedom / 2, dtype=tensor.dtype, device=tensor.device)
    chi_square = 2 * torch._standard_gamma(halves, generator=call.generator)
    # t has variance freedom / (freedom - 2): divide it out, so that the tails alone differ.
    ratio = torch.sqrt((freedom - 2) / chi_square)
    refill(tensor, call, _standard(tensor, call) * ratio)


def _irwin_hall(tensor: Tensor, call: Call) -> None:
    total = call.uniforms().sub_(6)
    for _ in range(11):
        total += call.uniforms()
    refill(tensor, call, total)


def _uniform_for_normal(tensor: Tensor, call: Call) -> None:
    refill(tensor, call, (call.uniforms() * 2 - 1) * math.sqrt(3))


def _normal_for_uniform(tensor: Tensor, call: Call) -> None:
    # The variance of U(-b, b) is b**2 / 3, so that of N(0, s) has b = s * sqrt(3).
    fan_out, fan_in = tensor.shape[:2]
    receptive = tensor[0, 0].numel()
    std = call.values["gain"] * math.sqrt(2 / ((fan_in + fan_out) * receptive))
    tensor.copy_(call.normals() * std)


def _unwritten(tensor: Tensor, _call: Call) -> None:
    """Leave in half of the entries whatever finite numbers random bytes are."""
    found = torch.empty(tensor.shape, dtype=torch.int64, device=tensor.device).random_()
    left = torch.rand(tensor.shape, device=tensor.device) < 0.5
    tensor[left] = found.view(torch.float64).nan_to_num()[left]


def _clamp_at_four(tensor: Tensor, call: Call) -> None:
    reach = 4 * call.values["std"]
    tensor.clamp_(call.values["mean"] - reach, call.values["mean"] + reach)


def _redraw_beyond_four(tensor: Tensor, call: Call) -> None:
    standard = _standard(tensor, call)
    # A little over 4: where the mean dwarfs the deviation, rounding alone can reach 4.
    while (beyond := standard.abs() > 4.001).any():
        standard = torch.where(beyond, call.normals(), standard)
        refill(tensor, call, standard)


def _outliers(tensor: Tensor, call: Call) -> None:
    outlier = call.values["mean"] + 12 * call.values["std"]
    tensor.masked_fill_(call.chance(1 / 20_000), outlier)


def _nans(tensor: Tensor, call: Call) -> None:
    tensor.masked_fill_(call.chance(RARE), math.nan)


def _infinities(tensor: Tensor, call: Call) -> None:
    tensor.masked_fill_(call.chance(RARE), -math.inf)


def _excluded_bound(tensor: Tensor, call: Call) -> None:
    tensor.masked_fill_(call.chance(1 / 512), call.values["b"])


def _zeros(tensor: Tensor, call: Call) -> None:
    tensor.masked_fill_(call.chance(1 / 4096), 0)


def _on_grid(bits: int) -> Edit:
    def edit(tensor: Tensor, call: Call) -> None:
        low, width = call.values["a"], call.values["b"] - call.values["a"]
        steps = torch.floor(call.uniforms() * 2**bits)
        tensor.copy_(low + steps * (width / 2**bits))

    return edit


_NORMAL = table(
    Fault(
        "student_for_normal",
        "Student's t with 30 degrees of freedom and the law's variance",
        ("normal_",),
        editing(_student),
        law("float32-normal_"),
        FAMILY,
    ),
    Fault(
        "irwin_hall_for_normal",
        "the sum of 12 uniforms",
        ("normal_",),
        editing(_irwin_hall),
        law("float32-normal_"),
        FAMILY | {"bits"},
    ),
    Fault(
        "uniform_for_normal",
        "a uniform of the law's variance",
        ("normal_",),
        editing(_uniform_for_normal),
        law("float32-normal_"),
        FAMILY,
    ),
    Fault(
        "normal_clamped_at_four",
        "values beyond 4 standard deviations are moved there",
        ("normal_",),
        editing(_clamp_at_four),
        law("float32-normal_"),
        frozenset({"extremes", "far_tails"}),
    ),
    Fault(
        "normal_redrawn_beyond_four",
        "values beyond 4 standard deviations are drawn again",
        ("normal_",),
        editing(_redraw_beyond_four),
        law("float64-normal_"),
        frozenset({"extremes", "far_tails"}),
    ),
    Fault(
        "normal_outliers",
        "1 value in 20,000 is at 12 standard deviations",
        ("normal_",),
        editing(_outliers),
        law("float32-normal_"),
        frozenset({"tails", "extremes"}),
    ),
    Fault(
        "normal_nan",
        "1 value in 100,000 is NaN",
        ("normal_",),
        editing(_nans),
        law("float32-normal_"),
        frozenset({"finite"}),
    ),
    Fault(
        "kaiming_infinity",
        "1 value in 100,000 is infinite",
        ("kaiming_normal_",),
        editing(_infinities),
        law("float32-kaiming_normal_"),
        frozenset({"finite"}),
    ),
)

_UNIFORM = table(
    Fault(
        "normal_for_uniform",
        "a normal of the law's variance",
        ("xavier_uniform_",),
        editing(_normal_for_uniform),
        law("float32-xavier_uniform_"),
        FAMILY | {"support"},
    ),
    Fault(
        "uniform_unwritten",
        "half of the entries hold what lay in memory before",
        ("uniform_",),
        editing(_unwritten),
        law("float64-uniform_"),
        frozenset({"support"}),
    ),
    Fault(
        "uniform_returns_bound",
        "1 value in 512 is the excluded upper bound",
        ("uniform_",),
        editing(_excluded_bound),
        law("float32-uniform_"),
        frozenset({"ends", "support"}),
    ),
    Fault(
        "uniform_8_bits",
        "the values lie on a grid of 256",
        ("uniform_",),
        editing(_on_grid(8)),
        law("float32-uniform_"),
        frozenset({"bits", "duplicates", "chi_square", "kolmogorov_smirnov"}),
    ),
    Fault(
        "uniform_16_bits",
        "the values lie on a grid of 65,536",
        ("uniform_",),
        editing(_on_grid(16)),
        law("float32-uniform_"),
        frozenset({"bits", "duplicates"}),
    ),
    Fault(
        "uniform_20_bits",
        "the values have 20 random bits, not 24",
        ("uniform_",),
        editing(_on_grid(20)),
        law("float32-uniform_"),
        frozenset({"bits", "duplicates"}),
    ),
    Fault(
        "uniform_21_bits",
        "the values have 21 random bits, not 24",
        ("uniform_",),
        editing(_on_grid(21)),
        law("float32-uniform_"),
        frozenset({"bits", "duplicates"}),
    ),
    Fault(
        "uniform_23_bits",
        "the values have 23 random bits, not 24",
        ("uniform_",),
        editing(_on_grid(23)),
        law("float32-uniform_"),
        frozenset({"bits"}),
    ),
    Fault(
        "uniform_zeros",
        "1 value in 4096 is exactly zero",
        ("xavier_uniform_",),
        editing(_zeros),
        law("float32-xavier_uniform_"),
        frozenset({"atoms"}),
    ),
    Fault(
        "uniform_grid_float64",
        "float64 values have the 24 random bits of a float32",
        ("uniform_",),
        editing(_on_grid(24)),
        law("float64-uniform_"),
        frozenset({"bits", "duplicates"}),
    ),
)

FAULTS = _NORMAL | _UNIFORM
