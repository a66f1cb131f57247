"""Gradients of look-ups: repeated indices add up, the padding row rests, frequencies divide."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from verify.behaviour.embeddings.tables import (
    paddings,
    plain,
    rows_of,
    shuffled,
    whole,
    wholly_filled,
    without,
    wrong,
)
from verify.behaviour.promise import Trial

_STEEP = 2
"""The largest gradient of one look-up."""

_OFTEN = {"float16": 8, "bfloat16": 6}
_OFTEN_ELSE = 12
"""The first row is found 2 to this power times; so often that twice as much, twice, has room."""


def repeated(trial: Trial) -> tuple[Tensor, Tensor]:
    """Indices in a random order, and how often each row is among them.

    That is a power of two, so that whole numbers that are divided by it have room in every dtype;
    neighbours differ, and one row in eight is not found at all. The most frequent row alone has
    more indices than a block of some kernels has.
    """
    rows = torch.arange(rows_of(trial))
    powers = (5 * rows + 4) % 7
    powers[0] = _OFTEN.get(trial.cell.dtype_name, _OFTEN_ELSE)
    counts = torch.where(rows % 8 == 7, 0, 2**powers)
    return shuffled(trial, rows.repeat_interleave(counts), "indices"), counts


def _wrong(trial: Trial, *, sparse: bool = False, by_frequency: bool = False) -> list[str]:
    """Gradients of one step, and dense ones of two, the second added to the first."""
    indices, counts = repeated(trial)
    found = list[str]()
    for padding in paddings(trial):
        module = plain(trial, padding_idx=padding, sparse=sparse, scale_grad_by_freq=by_frequency)
        wholly_filled(trial, module)
        slopes = whole(trial, len(indices), _width(module), of="slopes", largest=_STEEP)
        shares = slopes / counts[indices, None] if by_frequency else slopes
        learning = without(indices, padding, len(counts))
        expected = torch.zeros(len(counts), _width(module), dtype=torch.float64)
        expected.index_add_(0, indices[learning], shares[learning])
        found += _compared(trial, module, indices, slopes, expected, f"padding_idx={padding}")
    return found


def _compared(
    trial: Trial, module: nn.Module, indices: Tensor, slopes: Tensor, expected: Tensor, name: str
) -> list[str]:
    weight = module.get_parameter("weight")
    steps = list[str]()
    for step in (1,) if module.sparse else (1, 2):
        module(indices.to(trial.device)).backward(slopes.to(trial.device, trial.dtype))
        gradient = weight.grad
        if gradient is None:
            return [f"no gradient with {name}"]
        if gradient.is_sparse != module.sparse:
            steps.append(f"the layout {gradient.layout} with {name}")
        dense = gradient.to_dense()
        steps += wrong(f"{name} after {step} steps", dense, step * expected, 0.0, trial.dtype)
    return steps


def _width(module: nn.Module) -> int:
    return module.get_parameter("weight").shape[1]


def misadded(trial: Trial) -> list[str]:
    """Dense gradients that are not the sum over all indices but those of padding."""
    return _wrong(trial)


def misadded_sparsely(trial: Trial) -> list[str]:
    """The same of sparse ones, and those that are not sparse."""
    return _wrong(trial, sparse=True)


def misdivided(trial: Trial) -> list[str]:
    """Gradients that are not divided by how often a row is in the mini-batch."""
    return _wrong(trial, by_frequency=True)
