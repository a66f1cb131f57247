"""Modules with complex parameters: which casts leave them, and what `to` makes of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from verify.behaviour.conversions.dtypes import CASTS, possible
from verify.behaviour.conversions.holder import asked, gradients, tensors
from verify.behaviour.promise import Question, Trial
from verify.behaviour.tensors import differing, doubled

_REAL = ("half()", "bfloat16()", "double()", "float()")
"""“Casts all floating point parameters and buffers”: no complex ones."""


class _Phases(nn.Module):
    """A complex parameter with a gradient, a complex buffer, and a real parameter."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.phase = nn.Parameter(values.clone())
        self.phase.grad = values.flip(0)
        self.register_buffer("turn", values.square(), persistent=False)
        self.weight = nn.Parameter(values.real.clone())


def _held(trial: Trial) -> tuple[_Phases, dict[str, Tensor]]:
    """The module, and copies of its tensors."""
    parts = (trial.normals(5, of=part).float() for part in ("real", "imaginary"))
    module = _Phases(torch.complex(*parts))
    return module, _complex(module)


def _complex(module: _Phases) -> dict[str, Tensor]:
    """Copies of the tensors and gradients that are complex."""
    every = {**tensors(module), **{f"{n}.grad": g for n, g in gradients(module).items()}}
    return {n: each.detach().clone() for n, each in every.items() if each.is_complex()}


def cast_though_complex(trial: Trial) -> list[str]:
    """Methods that are named after a real dtype leave complex numbers as they are."""
    found = list[str]()
    for by, cast in possible(trial, {by: CASTS[by] for by in _REAL}).items():
        module, before = _held(trial)
        cast.call(module, trial)
        found += [f"{name} by {by}" for name in differing(before, _complex(module))]
    return found


def wrong_when_complex(trial: Trial) -> list[str]:
    """`to` a wider complex dtype keeps both parts; what was real gets an imaginary part of 0."""
    module, before = _held(trial)
    wide = torch.complex128 if trial.cell.has(torch.complex128) else torch.complex64
    weight = module.weight.detach().clone()
    numbers = {name: _wide(each.real, each.imag) for name, each in before.items()}
    numbers["weight"] = _wide(weight, torch.zeros_like(weight))
    expected = {name: each.to(wide).to(trial.device) for name, each in numbers.items()}
    objects = dict(module.named_parameters())
    returned = module.to(wide)
    found = differing(expected, _complex(module)) + [
        f"{name} is another" for name, p in module.named_parameters() if objects[name] is not p
    ]
    return found if returned is module else [*found, "what is returned"]


def _wide(real: Tensor, imaginary: Tensor) -> Tensor:
    return torch.complex(doubled(real), doubled(imaginary))


QUESTIONS = {
    "cast-though-complex": Question(
        "complex numbers that are cast as real ones", cast_though_complex, asked
    ),
    "wrong-when-complex": Question(
        "what a cast to complex numbers makes otherwise", wrong_when_complex, asked
    ),
}
