"""Tensors with more entries than 31 bits can number, where narrow indices turn negative.

A call fills 2^31 entries and some more. Those are its sample: they follow the law, none is left
as it was, and they are no copy of what narrower indices take them for.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from hypothesis import strategies as st
from torch import Tensor

from verify import laws, torch_api
from verify.subjects.case import TensorCase
from verify.subjects.fills import Target
from verify.subjects.subject import Operation
from verify.subjects.unlawful import Unlawful

FIRST = 1 << 31
"""The first place that 31 bits do not number."""

_BEYOND = TensorCase((1 << 20,))
_UNFILLED = 7
_PIECE = 1 << 26

Fill = Callable[[Tensor, torch.Generator | None], object]


class Repeated(Unlawful):
    """Entries beyond are those of the beginning."""

    check = "repeats"


class Unfilled(Unlawful):
    """Entries are as they were before the call."""

    check = "finite"


def _beyond(fill: Fill, *, sevens: bool) -> Callable[[TensorCase, Target], Tensor]:
    """Fill a long vector of sevens, and return its end.

    Parameters
    ----------
    fill : callable
    sevens : bool
        Whether the law has sevens of its own.
    """

    def drawn(case: TensorCase, target: Target) -> Tensor:
        beyond = math.prod(case.shape)
        whole = torch.full((FIRST + beyond,), _UNFILLED, **target.factory)
        fill(whole, target.generator)
        left = sum(int((piece == _UNFILLED).sum()) for piece in torch.split(whole, _PIECE))
        if left and not sevens:
            raise Unfilled(f"{left} of {whole.numel()} entries are left as they were")
        end = whole[FIRST:]
        if any(torch.equal(end, whole[at:][:beyond]) for at in (0, FIRST - beyond)):
            raise Repeated(f"the {beyond} entries from 2^31 on repeat {beyond} before them")
        return end.clone().view(case.shape)

    return drawn


def _row(
    name: str,
    fill: Fill,
    law: Callable[[TensorCase], laws.Law],
    words: str,
    formula: str,
    *,
    page: str = "torch.Tensor",
    dtype: str = "bfloat16",
    sevens: bool = False,
) -> Operation[TensorCase]:
    return Operation(
        name=f"{name} beyond 2^31",
        cases=lambda _size: st.just(_BEYOND),
        call=_beyond(fill, sevens=sevens),
        law=law,
        dtypes=(dtype,),
        words=words,
        formula=formula,
        source=f"PyTorch documentation, {page}.{name}",
        anchors=(_BEYOND,),
        pools=0.0,
        form_of=name,
        vast=True,
    )


VAST: tuple[Operation, ...] = (
    _row(
        "uniform_",
        lambda whole, stream: torch_api.filler("uniform_", {}, stream)(whole),
        lambda case: laws.Uniform(0.0, 1.0),
        "uniform between zero and one, in entries that 31 bits do not number",
        "U[0, 1)",
        page="torch.nn.init",
    ),
    _row(
        "normal_",
        lambda whole, stream: torch_api.filler("normal_", {}, stream)(whole),
        lambda case: laws.Normal(0.0, 1.0),
        "standard normal, in entries that 31 bits do not number",
        "N(0, 1)",
        page="torch.nn.init",
    ),
    _row(
        "bernoulli_",
        lambda whole, stream: whole.bernoulli_(0.5, generator=stream),
        lambda case: laws.Bernoulli(0.5),
        "a fair coin, in entries that 31 bits do not number",
        "P(x = 1) = 1/2",
        dtype="uint8",
    ),
    _row(
        "random_",
        lambda whole, stream: whole.random_(0, 256, generator=stream),
        lambda case: laws.DiscreteUniform(0, 256),
        "every byte alike, in entries that 31 bits do not number",
        "P(x = k) = 1/256",
        dtype="uint8",
        sevens=True,
    ),
)
"""One row for each kernel that draws entry by entry."""
