"""Gradients to clip, and how far lawful roundings may move their norm.

Entries are ±1 and ±2, or these times a power of two, so the sum of their squares is exact in
whatever order it is made. Gradients in half precision are summed in float32 or finer, for sums in
half precision are what a user must ask for (`verify.behaviour.rounding`); what is stored in between
is rounded to the dtype of the gradients.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from verify.behaviour.draws import usual
from verify.behaviour.parameters.networks import owned
from verify.behaviour.promise import Trial
from verify.behaviour.rounding import gamma
from verify.behaviour.tensors import doubled

SPACER = 1e-6
"""What is documented to be added to the norm before the limit is divided by it."""

_SHAPES = ((64, 64), (33,), (1, 3))
"""Of the gradients of a mixture: so many that a sum in half precision would stand still."""

_UNITS = (2.0**-10, 2.0**-7, 2.0**-5)
"""Size of the smallest entries of each: none weighs little in a norm, or lifts it over float16."""

_ROUNDINGS = 8
"""Of what is stored: the norms, their powers and roots, the factor, the products."""

_LAST_PLACES = 32
"""Of roots and powers by a vector library, generously counted."""


@dataclass(frozen=True)
class Learner:
    """Parameters, and the gradients that they are given before each call."""

    parameters: tuple[Tensor, ...]
    gradients: tuple[Tensor, ...]

    @classmethod
    def of(cls, trial: Trial) -> Learner:
        """The module of the case, with gradients of ±1 and ±2."""
        every = owned(trial, trial.build())
        drawn = (trial.normals(*p.shape, of=name) for name, p in every.items())
        return cls(tuple(every.values()), tuple(map(_whole, drawn)))

    @classmethod
    def of_dtypes(cls, trial: Trial, dtypes: Iterable[torch.dtype]) -> Learner:
        """One parameter of each dtype, with gradients of ±1 and ±2 in a unit of its own."""
        gradients = tuple(
            (_whole(trial.normals(*shape, of=f"{shape}")) * unit).to(dtype)
            for shape, unit, dtype in zip(_SHAPES, _UNITS, dtypes, strict=True)
        )
        return cls(tuple(nn.Parameter(torch.ones_like(g)) for g in gradients), gradients)

    def given(self) -> tuple[Tensor, ...]:
        """The parameters with their gradients anew."""
        for parameter, gradient in zip(self.parameters, self.gradients, strict=True):
            parameter.grad = gradient.clone()
        return self.parameters

    def joined(self) -> Tensor:
        """The gradients that were given, as one vector."""
        return joined(self.gradients)

    def left(self) -> Tensor:
        """The gradients that the parameters have now, as one vector."""
        return joined(p.grad for p in self.parameters if p.grad is not None)

    def slack(self, order: float) -> float:
        """The largest relative error of their norm and of what it is multiplied to.

        A sum of n powers is off by γₙ relatively in any order (Higham 2002, sec. 4.2), and its root
        by that over p, as is a root of less than the first over its order.
        """
        dtypes = {gradient.dtype for gradient in self.gradients}
        coarsest = max(dtypes, key=lambda dtype: torch.finfo(dtype).eps)
        summed = torch.promote_types(coarsest, torch.float32)
        entries = sum(gradient.numel() for gradient in self.gradients)
        stored = gamma(len(self.gradients) + _ROUNDINGS, coarsest)
        return (stored + gamma(entries + _LAST_PLACES, summed)) * max(1.0, 1 / order)


def once(trial: Trial) -> bool:
    """One module is as good as another, and one case."""
    return trial.row.name == "Linear" and usual(trial)


def mixtures(trial: Trial) -> Mapping[str, Learner]:
    """Gradients of half precision, of the dtype of the cell, and of all of these at once."""
    half, short, own = torch.float16, torch.bfloat16, trial.dtype
    dtypes = {
        "float16": (half,) * 3,
        "bfloat16": (short,) * 3,
        "one dtype": (own,) * 3,
        "mixed dtypes": (half, short, own),
    }
    return {name: Learner.of_dtypes(trial, each) for name, each in dtypes.items()}


def paths(trial: Trial) -> tuple[bool | None, ...]:
    """Of `foreach`: the default, the plain loop, and the other where it is documented to be."""
    return (None, False, True) if trial.device.type in ("cpu", "cuda") else (None, False)


def joined(tensors: Iterable[Tensor]) -> Tensor:
    """Tensors as one vector, of the finest dtype among them, on the host."""
    return torch.cat([tensor.cpu().flatten() for tensor in tensors])


def norm(vector: Tensor, order: float) -> float:
    """The p-norm in float64."""
    return float(torch.linalg.vector_norm(doubled(vector), ord=order))


def _whole(drawn: Tensor) -> Tensor:
    """Numbers of ±1 and ±2 from standard normals."""
    signs = torch.where(drawn < 0, -1.0, 1.0).to(drawn)
    return signs * (1 + (drawn.abs() > 1).to(drawn))
