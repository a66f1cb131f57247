"""Steps of optimizers whose formula is rearranged."""

from __future__ import annotations

import functools
import math
from typing import Any

import torch

from selftest.lawful.alternative import Control, Declined, swap
from selftest.planted.fault import Function, table
from selftest.planted.gradients import gradient


def _adam(original: Function) -> Function:
    """The first step, its rate corrected in place of the moments: Kingma & Ba 2015, sec. 2."""

    @functools.wraps(original)
    def step(self: Any, *args: Any) -> Any:
        plain = all(not (g["weight_decay"] or g["amsgrad"]) for g in self.param_groups)
        if args or not plain or self.state:
            raise Declined
        with torch.no_grad():
            for group in self.param_groups:
                (one, two), rate = group["betas"], group["lr"]
                root = math.sqrt(1 - two)
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    first, second = p.grad * (1 - one), p.grad.square() * (1 - two)
                    divisor = second.sqrt() + group["eps"] * root
                    p.sub_((rate * root / (1 - one)) * first / divisor)
        return None

    return step


def _sgd(original: Function, factor: float = 1.0) -> Function:
    """All parameters of a group as one vector, from which one product is taken."""

    @functools.wraps(original)
    def step(self: Any, *args: Any) -> Any:
        plain = all(
            not (g["momentum"] or g["weight_decay"] or g["maximize"]) for g in self.param_groups
        )
        if args or not plain:
            raise Declined
        with torch.no_grad():
            for group in self.param_groups:
                learning = [p for p in group["params"] if p.grad is not None]
                if not learning:
                    continue
                vector = torch.cat([p.flatten() for p in learning])
                slope = torch.cat([p.grad.flatten() for p in learning])
                parts = (vector - factor * group["lr"] * slope).split([p.numel() for p in learning])
                for p, part in zip(learning, parts, strict=True):
                    p.copy_(part.view(p.shape))
        return None

    return step


ALTERNATIVES = table(
    swap("adam_of_a_corrected_rate", "Adam corrects its rate, not its moments",
         "torch.optim.Adam.step", _adam, "Kingma & Ba 2015, sec. 2",
         gradient("float32-tied Linear"), gradient("float64-tied LSTM"),
         gradient("bfloat16-tied Linear")),
    swap("sgd_of_one_vector", "SGD moves one vector of all parameters", "torch.optim.SGD.step",
         _sgd, "PyTorch documentation, torch.optim.SGD", gradient("float32-tied Linear"),
         gradient("bfloat16-tied block"),
         "verify/test_symmetry.py::test_symmetry[cpu-float32-Xavier and a constant]"),
)  # fmt: skip

CONTROLS = table(
    Control("sgd_of_one_vector_too_far", "SGD moves one vector by 1 % too much",
            ("torch.optim.SGD.step",), functools.partial(_sgd, factor=1.01),
            gradient("float32-tied Linear"), frozenset({"tied_gradient"}),
            says="steps of SGD off the closed form"),
)  # fmt: skip
