"""Rows longer than max_norm shrink to it in place when they are looked up, and no others do."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from verify.behaviour.embeddings.lookup import look_up
from verify.behaviour.embeddings.tables import is_bag, with_options
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import doubled, identical, off

_RENORM_EPS = 1e-7
"""Added to a norm before something is divided by it."""

_NORM_TYPES = (1.0, 2.0, 3.0, float("inf"))


def _padding(trial: Trial) -> set[int]:
    arguments = trial.arguments
    index = arguments.padding_idx
    return set() if index is None else {index % arguments.num_embeddings}


def _looked_up(trial: Trial) -> Tensor:
    """Every other row, backwards, and the padding row; on the host."""
    rows = set(range(0, trial.arguments.num_embeddings, 2)) | _padding(trial)
    return torch.tensor(sorted(rows, reverse=True))


def differentiable(trial: Trial) -> bool:
    """Sparse gradients that are scaled by frequency are documented as not implemented."""
    arguments = trial.arguments
    return not (arguments.sparse and arguments.scale_grad_by_freq)


def wrong_gradients(trial: Trial) -> list[str]:
    """Rows that learn and must not, or the other way round."""
    module, rows = trial.build(), _looked_up(trial)
    vectors = look_up(module, rows.to(trial.device))
    weight = module.get_parameter("weight")
    (gradient,) = torch.autograd.grad(
        vectors, weight, trial.normals(*vectors.shape, of="gradients")
    )
    dense = gradient.to_dense().cpu()
    learns = dense.ne(0).any(dim=1)
    expected = torch.zeros_like(learns)
    expected[rows] = True
    expected[sorted(_padding(trial))] = False
    wrong = (learns != expected).nonzero().flatten()
    return [] if dense.isfinite().all() and not len(wrong) else [_named(wrong)]


def _named(rows: Tensor) -> str:
    shown = ", ".join(str(int(row)) for row in rows[:5])
    return f"{len(rows)} rows: {shown}{', …' if len(rows) > 5 else ''}"


def shortened_at_construction(trial: Trial) -> list[str]:
    """Rows that a largest norm changes before they are looked up."""
    bounded, free = (
        with_options(trial, max_norm=norm).build().get_parameter("weight").cpu()
        for norm in (0.5, None)
    )
    rows = (bounded != free).any(dim=1)
    return [_named(rows.nonzero().flatten())] if rows.any() else []


def wrongly_shortened(trial: Trial) -> list[str]:
    """Only rows that are looked up and too long shrink, to the largest norm, however often."""
    found = list[str]()
    for order in _NORM_TYPES:
        largest = _median_norm(trial, order)
        bounded = with_options(trial, max_norm=largest, norm_type=order)
        found += (f"{said} with norm_type={order}" for said in _shortened(bounded, largest))
    return found


def _shortened(trial: Trial, largest: float) -> Iterator[str]:
    module, rows = trial.build(), _looked_up(trial)
    weight = module.get_parameter("weight")
    before = weight.detach().clone().cpu()
    vectors = look_up(module, rows.repeat(3).to(trial.device)).detach().cpu()
    after, expected = weight.detach().cpu(), doubled(before)
    norms = _norms(before, trial.arguments.norm_type)
    shrunk = expected * (largest / norms.clamp(min=largest))
    # A sum of powers in any order, a root, a quotient and a product, with powers off by 16 units in
    # the last place at most (OpenCL specification, "Relative error as ULPs").
    roundings = (before.shape[1] + 16) * torch.finfo(trial.dtype).eps
    slack = (roundings + 2 * _RENORM_EPS / norms.clamp(min=largest)) * shrunk.abs()
    yield from off("looked-up rows", after[rows], shrunk[rows], slack[rows] + _tiny(trial))
    untouched = torch.ones(len(before), dtype=torch.bool)
    untouched[rows] = False
    # What is far enough below the largest norm is not above it by any rounding.
    untouched |= (norms < largest * (1 - 2 * roundings)).flatten()
    if not identical(after[untouched], before[untouched]):
        yield "rows not looked up or short enough"
    if not is_bag(trial) and not identical(vectors, after[rows.repeat(3)]):
        yield "vectors of rows that are shortened"


def _tiny(trial: Trial) -> float:
    return torch.finfo(trial.dtype).tiny


def _norms(weight: Tensor, order: float) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(doubled(weight), ord=order, dim=1, keepdim=True)
    return norms


def _median_norm(trial: Trial, order: float) -> float:
    """A largest norm that some rows exceed and others do not."""
    norms = _norms(trial.build().get_parameter("weight").detach(), order)
    return max(0.5, float(norms.median()) * 0.9)


def unnoticed(trial: Trial) -> list[str]:
    """Backward passes through a table that a look-up has changed since, and a copy's that fail.

    The table must be cloned first, "since tensors needed for gradient computations cannot be
    modified in-place".
    """
    bounded = with_options(trial, max_norm=1e-3, sparse=False, scale_grad_by_freq=False)
    rows = _looked_up(trial).to(trial.device)
    found = list[str]()
    for cloned in (False, True):
        module = bounded.build()
        weight = module.get_parameter("weight")
        used = weight.clone() if cloned else weight
        loss = used.square().sum() + look_up(module, rows).sum()
        try:
            torch.autograd.backward(loss)
        except RuntimeError:
            if cloned:
                found.append("an error for a clone")
        else:
            if not cloned:
                found.append("no error without a clone")
    return found
