"""Where tensors are filled, and the ways in which a subject comes to fill them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypedDict

import torch
from torch import Tensor

from verify.subjects.case import C


class Factory(TypedDict, total=False):
    """The keywords by which PyTorch is told where to make a tensor or a module."""

    device: torch.device
    dtype: torch.dtype


@dataclass(frozen=True)
class Target:
    """Where a subject fills tensors: device and dtype, and its stream."""

    device: torch.device
    dtype: torch.dtype
    generator: torch.Generator | None = None

    @property
    def factory(self) -> Factory:
        """Device and dtype as keywords."""
        return {"device": self.device, "dtype": self.dtype}

    def restart(self, seed: int) -> None:
        """Let what it draws from begin anew, and all other streams elsewhere."""
        torch.manual_seed(~seed)
        if self.generator is not None:
            self.generator.manual_seed(seed)
        elif self.device.type == "cpu":
            torch.default_generator.manual_seed(seed)
        else:
            torch.get_device_module(self.device).manual_seed(seed)


Fill = Callable[[], Mapping[str, Tensor]]
"""Every call fills tensors anew, by name."""

FillMethod = Callable[[C, Target], Fill]
"""A way in which a subject comes to fill tensors."""


def neighbouring(fill_method: FillMethod[C]) -> FillMethod[C]:
    """The same fill method, each call on streams of its own, with neighbouring seeds."""

    def start(case: C, target: Target) -> Fill:
        fill = fill_method(case, target)
        seeds = itertools.count((target.generator or torch.default_generator).initial_seed())

        def filled() -> Mapping[str, Tensor]:
            target.restart(next(seeds))
            return fill()

        return filled

    return start


def nan(dtype: torch.dtype) -> complex:
    """What poisons every part of a value."""
    return complex(torch.nan, torch.nan) if dtype.is_complex else torch.nan
