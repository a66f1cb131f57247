"""Glorot's and He's initializers with their scale computed or applied in another way."""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor
from torch.nn import init

from selftest.lawful.alternative import Control, Declined, Stream, editing_plain, swap
from selftest.lawful.uniforms import redrawn
from selftest.planted.contracts import contract
from selftest.planted.fault import Call, law, table
from selftest.planted.streams import streams


def _fans(tensor: Tensor) -> tuple[int, int]:
    receptive = tensor[0, 0].numel()
    return tensor.shape[1] * receptive, tensor.shape[0] * receptive


def _xavier(tensor: Tensor, call: Call, factor: float = 1.0) -> None:
    """Scale U[0, 1) to both bounds in float64: Glorot & Bengio 2010."""
    bound = factor * call.values["gain"] * math.sqrt(6 / sum(_fans(tensor)))
    redrawn(lambda n, s: s.doubles(n))(tensor, -bound, bound, Stream(call.generator))


def _xavier_in_single(tensor: Tensor, call: Call) -> None:
    """The bound by way of the standard deviation, every step rounded to float32."""
    fans = torch.tensor(_fans(tensor), dtype=torch.float32)
    bound = float(math.sqrt(3) * (call.values["gain"] * (2 / fans.sum()).sqrt()))
    init.uniform_(tensor, -bound, bound, generator=call.generator)


def _kaiming(tensor: Tensor, call: Call) -> None:
    """Multiply standard normals by the gain, then divide them by √fan: He et al. 2015."""
    values = call.values
    gain = init.calculate_gain(values["nonlinearity"], values["a"])
    fan = _fans(tensor)[values["mode"].lower() == "fan_out"]
    standard = torch.randn(tensor.shape, dtype=tensor.dtype, generator=call.generator)
    tensor.copy_(standard.mul_(gain).div_(math.sqrt(fan)))


def _with_its_bound(tensor: Tensor, call: Call) -> None:
    """He's bound b, and 2b·u − b in float32 from u of 24 bits, which may round to b itself."""
    if tensor.dtype == torch.float64:
        raise Declined
    values = call.values
    fan = _fans(tensor)[values["mode"].lower() == "fan_out"]
    bound = init.calculate_gain(values["nonlinearity"], values["a"]) * math.sqrt(3 / fan)
    unit = Stream(call.generator).integers(tensor.numel(), 24).float() * 2.0**-24
    tensor.copy_((unit.mul(2 * bound) - bound).view(tensor.shape))


ALTERNATIVES = table(
    swap("xavier_of_a_unit_draw", "Glorot's uniform as an affine map of U[0, 1) in float64",
         "xavier_uniform_", editing_plain(_xavier), "Glorot & Bengio 2010, eq. 16",
         law("float32-xavier_uniform_"), law("float64-xavier_uniform_"),
         streams("float32-xavier_uniform_"), contract("float32-xavier_uniform_"),
         "verify/test_propagation.py::test_propagation[cpu-float32-forward xavier_uniform_]"),
    swap("xavier_bound_in_single", "Glorot's bound as √3 times a deviation, in float32",
         "xavier_uniform_", editing_plain(_xavier_in_single), "Glorot & Bengio 2010, eq. 16",
         law("float32-xavier_uniform_"), law("float16-xavier_uniform_")),
    swap("kaiming_of_a_standard_draw", "He's normal as gain / √fan times a standard draw",
         "kaiming_normal_", editing_plain(_kaiming), "He et al. 2015, eq. 10",
         law("float32-kaiming_normal_"), law("float64-kaiming_normal_"),
         streams("float32-kaiming_normal_"), contract("float32-kaiming_normal_"),
         "verify/test_independence.py::test_independence[cpu-float32-kaiming_normal_ then randn]"),
    swap("kaiming_with_its_bound", "He's uniform as 2b·u − b, where b itself may come out",
         "kaiming_uniform_", editing_plain(_with_its_bound),
         "PyTorch documentation, kaiming_uniform_: U(−bound, bound), no end is said to be open",
         law("float32-kaiming_uniform_"), law("bfloat16-kaiming_uniform_"),
         law("float16-kaiming_uniform_"), contract("float32-kaiming_uniform_")),
)  # fmt: skip

CONTROLS = table(
    Control("xavier_of_a_unit_draw_too_wide", "Glorot's uniform on a range that is 1 % too wide",
            ("xavier_uniform_",), editing_plain(functools.partial(_xavier, factor=1.01)),
            law("float32-xavier_uniform_"), frozenset({"support"})),
)  # fmt: skip
