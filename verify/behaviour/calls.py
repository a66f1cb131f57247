"""Calls of an initializer in a trial, what they may leave to chance, and what they change."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from verify.behaviour.promise import Trial
from verify.behaviour.tensors import bits, doubled
from verify.defects import known_defects
from verify.laws import Haar, Law, Structure
from verify.torch_api import Filler

_BITS = 200.0
"""Two independent draws that leave so much to chance never agree in every bit."""

FACTS: Mapping[str, Callable[[Tensor], object]] = {
    "class": type,
    "dtype": lambda tensor: tensor.dtype,
    "device": lambda tensor: tensor.device,
    "shape": lambda tensor: tensor.shape,
    "strides": lambda tensor: tensor.stride(),
    "storage offset": lambda tensor: tensor.storage_offset(),
    "requires_grad": lambda tensor: tensor.requires_grad,
    "is_leaf": lambda tensor: tensor.is_leaf,
}
"""What an in-place call leaves as it is, of every tensor."""


def blank(trial: Trial, *batch: int) -> Tensor:
    """A tensor of the case full of NaN; or a batch of them."""
    shape = (*batch, *trial.case.shape)
    return torch.full(shape, torch.nan, dtype=trial.dtype, device=trial.device)


def seeded(trial: Trial, stream: str = "") -> Filler:
    """The call, drawing from a global stream of that name, which starts anew here."""
    trial.target(stream)
    return trial.filler()


def filled_values(
    trial: Trial,
    prepare: Callable[[Tensor], Tensor] = lambda tensor: tensor,
    within: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Tensor:
    """What the call fills, from the same streams every time.

    Parameters
    ----------
    trial : Trial
    prepare : callable
        Makes the tensor that is filled from a blank one.
    within : callable
        The context in which the tensor is made and filled.
    """
    generator = trial.target().generator
    with within():
        tensor = prepare(blank(trial))
        trial.filler(generator)(tensor)
    return tensor


def changed(tensor: Tensor, fill: Filler, *, placed: bool = True) -> list[str]:
    """Fill a tensor; the facts that the call changes, and whether something else is returned.

    Whether it still has its address is seen through a view of its memory, which must show what is
    written to it (PyTorch documentation, "Tensor Views"): not every device tells where a tensor
    lies.

    Parameters
    ----------
    tensor : Tensor
    fill : callable
    placed : bool
        Whether the tensor has memory.
    """
    view = tensor.detach()
    before = {name: fact(tensor) for name, fact in FACTS.items()}
    result: object = fill(tensor)
    found = [name for name, fact in FACTS.items() if fact(tensor) != before[name]]
    if placed and not _shows(view, tensor):
        found.append("address")
    if result is tensor:
        return found
    if not isinstance(result, Tensor):
        return [*found, f"{type(result).__name__} is returned"]
    others = [name for name, fact in FACTS.items() if fact(result) != before[name]]
    return [*found, f"another tensor is returned, of another {', '.join(others) or 'identity'}"]


def _shows(view: Tensor, tensor: Tensor) -> bool:
    """Whether what is written to a tensor shows in a view; its values are restored."""
    values = tensor.detach().clone()
    tensor.detach().fill_(torch.nan)
    shown = bool(view.cpu().isnan().all())
    tensor.detach().copy_(values)
    return shown


def same(one: Tensor, other: Tensor) -> bool:
    """Whether two draws agree in every bit, be they NaN.

    Asked of one program that runs twice from one seed: the note "Reproducibility" of PyTorch's
    documentation promises the same bits on the same release, platform and device.
    """
    return torch.equal(bits(one), bits(other))


def agree(trial: Trial, one: Tensor, other: Tensor) -> bool:
    """Whether two fills from one seed by different ways are the same but for rounding.

    A mode, a wrapper, a batch or another number of threads may take another kernel, with other
    vectors, contractions and orders of summation: the note "Numerical accuracy" of PyTorch's
    documentation promises no bits across them, while the stream that the seed starts is the same.
    What is drawn may then differ by a few roundings. The inverse of a distribution function
    magnifies those of its argument by one over the density, which within 4 standard deviations
    stays below the root of one over the machine epsilon in float32. So half of the digits must be
    the same, relative to the largest value of the smaller one, so that what is huge or infinite in
    one alone allows for nothing: another draw, sign or scale shows in any of them.

    Of an orthogonal matrix the first vector is looked at, a normalised draw: those after it are
    as sensitive as the drawn matrix is ill-conditioned.
    """
    if same(one, other):
        return True
    if one.shape != other.shape or not (one.is_floating_point() or one.is_complex()):
        return False
    if isinstance(law(trial), Haar):
        return _close(*(each.cpu().reshape(trial.case.shape) for each in (one, other)))
    eps, one, other = torch.finfo(one.dtype).eps, doubled(one), doubled(other)
    largest = torch.minimum(one.abs().max(), other.abs().max())
    return bool(((one - other).abs() <= math.sqrt(eps) * largest).all())


def _close(one: Tensor, other: Tensor) -> bool:
    """Whether the first of the orthonormal vectors is the same but for rounding."""
    rows, numel = len(one), one.numel()
    tall = rows >= numel // rows
    first, second = (m.reshape(rows, -1)[:, 0] if tall else m[0].reshape(-1) for m in (one, other))
    length = torch.minimum(*map(torch.linalg.vector_norm, (first, second)))
    excess = torch.linalg.vector_norm(first - second)
    return bool(excess <= length * Haar.tolerance(rows, numel // rows, torch.finfo(one.dtype).eps))


def alike(one: Iterable[Tensor], other: Iterable[Tensor]) -> bool:
    """Whether the states of some streams are those of others."""
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def filled(trial: Trial) -> bool:
    """Whether the call has an entry to fill."""
    return trial.cell.subject.numel(trial.case) > 0


def law(trial: Trial) -> Law:
    """The law of the tensor that the call fills."""
    (tensor,) = trial.cell.subject.tensors(trial.case)
    return tensor.law


def fixed(trial: Trial) -> bool:
    """Whether nothing is left to chance."""
    return isinstance(law(trial), Structure)


def random(trial: Trial) -> bool:
    """Whether something is left to chance."""
    return law(trial).is_random(trial.case.shape)


def definite(trial: Trial) -> bool:
    """Whether the call draws, or does not, whatever the initializer."""
    return random(trial) or fixed(trial)


def diffuse(trial: Trial) -> bool:
    """Whether independent draws differ for certain, on the dtype's lattice too.

    A known defect may leave few values. A known deviation moves one value onto another: each may
    be twice as likely.
    """
    known = known_defects.for_cell(trial.cell, "law")
    if not random(trial) or known_defects.excluding(trial.case, known):
        return False
    left = law(trial).entropy(trial.case.shape, trial.cell.lattice)
    if known_defects.tolerating(trial.case, known):
        left -= math.prod(trial.case.shape)
    return left > _BITS
