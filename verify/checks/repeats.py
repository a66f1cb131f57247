"""Slices of a tensor that are there twice, bit for bit, wherever they lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from verify.checks.ordering import ascending
from verify.checks.statistics import Rare

_BLOCK = 16
"""Values that a vectorised loop fills at a time."""

_RARE = 1e-3
"""Slices that would be equal by chance more often than this say nothing."""

_INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def repeats(
    values: Tensor, shape: tuple[int, ...], point_mass: float, host: np.random.Generator
) -> Rare:
    """Count slices that equal another: rows, columns, and aligned blocks of 16 values.

    The slices of one cut share no value. Given those before it, one of ``m`` independent slices
    of ``k`` values equals any of them with probability at most ``m · point_mass^k``.

    Parameters
    ----------
    values : Tensor
        Shape ``(calls, numel)``, floating point, contiguous: consecutive calls.
    shape : tuple of int
        The shape of the tensor that each call filled.
    point_mass : float
        Bound on the probability of any one value.
    host : numpy.random.Generator
        Chooses the weights by which slices are hashed; equal hashes are verified.
    """
    cuts = _cuts(_bits(values), shape)
    return _most(((cut, point_mass ** cut.shape[1]) for cut in cuts), host)


def repeated_calls(values: Tensor, mass: float, host: np.random.Generator) -> Rare:
    """Count calls that fill the whole tensor as an earlier one did, bit for bit.

    Parameters
    ----------
    values, host
        As in `repeats`.
    mass : float
        Bound on the probability of any one tensor.
    """
    return _most([(_bits(values)[..., None], mass)], host)


def _bits(values: Tensor) -> Tensor:
    return values.view(_INTEGERS[values.element_size()])


def _most(cuts: Iterable[tuple[Tensor, float]], host: np.random.Generator) -> Rare:
    """The largest count of any cut, each into slices of which none is likelier than a bound.

    A repeated row of 32 values is two repeated blocks of 16 as well, so the counts ``W_c`` of
    several cuts do not add up: one event would be counted three times. Their largest, with the sum
    ``Λ`` of the rates ``λ_c``, obeys the bound of `count_bounds.rare`. For t > 0 each cut has
    ``E e^{tW_c} ≤ x_c := exp(λ_c(e^t − 1)) ≥ 1`` (Freedman 1975), so

    ``E e^{t·max W_c} ≤ 1 + Σ (E e^{tW_c} − 1) ≤ 1 + Σ (x_c − 1) ≤ Π x_c = exp(Λ(e^t − 1))``,

    the moment generating function of a Poisson count of rate Λ, from which Chernoff's bound
    follows. It multiplies over independent samples: largest counts and rates may be added up.
    """
    most, rate, n = 0, 0.0, 0
    for cut, mass in cuts:
        m = len(cut) * cut.shape[2]
        expected = m * (m - 1) / 2 * mass
        if m > 1 and expected < _RARE:
            most, rate, n = max(most, _equal(cut, host)), rate + expected, n + m
    return Rare(most, rate, n)


def _cuts(bits: Tensor, shape: tuple[int, ...]) -> Iterator[Tensor]:
    """Every way to cut the calls into slices: views of shape ``(…, length of a slice, lanes)``."""
    flat = bits.reshape(-1)
    yield flat[: flat.numel() // _BLOCK * _BLOCK].view(-1, _BLOCK, 1)
    if len(shape) > 1:
        yield flat.view(len(bits) * shape[0], -1, 1)
        yield flat.view(len(bits), -1, shape[-1])


def _equal(cut: Tensor, host: np.random.Generator) -> int:
    """How many slices equal the one before them in the order of their hashes."""
    hashes = _hashes(cut, host)
    ordered = ascending(hashes)
    if not bool((ordered[1:] == ordered[:-1]).any()):
        return 0
    ordered, order = torch.sort(hashes)
    same = (ordered[1:] == ordered[:-1]).nonzero().flatten()
    slices, lanes = cut.transpose(1, 2), cut.shape[2]
    one, other = (slices[order[at] // lanes, order[at] % lanes] for at in (same, same + 1))
    return int((one == other).all(1).sum())


def _hashes(cut: Tensor, host: np.random.Generator) -> Tensor:
    """One word for each slice: a sum of its bits, word by word where the words have no gaps."""
    size, begin = cut.shape[1] * cut.element_size(), cut.storage_offset() * cut.element_size()
    if cut.shape[2] == 1 and size % 8 == begin % 8 == 0:
        cut = cut.squeeze(2).view(torch.int64).unsqueeze(2)
    weights = host.integers(-(1 << 63), 1 << 63, cut.shape[1], dtype=np.int64)
    weighted = cut * torch.from_numpy(weights).to(cut.device)[:, None]
    return weighted.sum(1).reshape(-1)
