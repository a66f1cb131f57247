"""Reduce samples of orthogonal matrices to statistics of Haar measure."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from verify.checks import independent, spectrum
from verify.checks.independent import lattice_of
from verify.checks.repeats import repeated_calls
from verify.checks.statistics import (
    BINS,
    TAIL,
    Deviations,
    Exact,
    Histogram,
    Largest,
    Statistic,
    Tally,
)
from verify.checks.words import CORNER
from verify.laws import Haar, Normal

Statistics = dict[str, Statistic]

_BATCH = 1 << 20  # Entries completed to Gaussian at a time.
# Of matrices up to this side singular values are taken, of as many as this work suffices for.
_MOST_SIDE, _EIGEN_WORK = 256, 1 << 20
# An entry of QᵀQ − I beyond it says all that can be said: memory that nobody filled holds such
# values, and sums of their squares overflow.
_HUGE = 1e100


def reduce(
    values: Tensor, shape: tuple[int, ...], law: Haar, host: np.random.Generator, *, sort: bool
) -> Statistics:
    """Summarise `values`, shape ``(calls, numel)``, as `law`'s orthogonal matrices.

    Each matrix is completed by an independent random triangle (`Haar.triangle`), drawn
    from `host`, to a matrix of independent standard normals; the evidence of
    `independent.reduce_derived` on those sees every departure from Haar measure that reaches the
    entries' joint law. The completed matrix's first column is the matrix's own times one number,
    so that equal entries and exact zeros survive: what counts those is asked of the matrix itself,
    as a whole. Signs, determinant and trace are watched besides, because a missing sign fix touches
    only a few entries of each matrix.
    """
    if values.numel() == 0:
        return {}
    if not bool(torch.isfinite(values).all()):
        return {"finite": Exact(values.numel(), int((~torch.isfinite(values)).sum()))}
    tall = _tall(values, shape, law) / law.gain
    n, k = tall.shape[1:]
    epsilon, draw_step = torch.finfo(values.dtype).eps, lattice_of(values.dtype).draw_step
    error = tall.mH @ tall - torch.eye(k, dtype=tall.dtype, device=tall.device)
    largest = float(error.abs().max())
    orthogonality = Largest(len(tall), largest / law.tolerance(n, k, epsilon))
    found: Statistics = {"finite": Exact(values.numel(), 0), "orthogonality": orthogonality}
    if not largest <= _HUGE:
        return found
    gaussian = _completed(tall, law, host).reshape(values.shape)
    error_of_column = law.column_error(n, k, epsilon)
    ordered = independent.first_in_order(gaussian, sort=sort)
    found |= independent.reduce_derived(
        gaussian, _axes(shape, law), Normal(0.0, 1.0), error_of_column, draw_step, ordered
    )
    found["haar_sign"] = _signs(tall)
    found["haar_trace"] = _trace(tall)
    if sort:
        if k <= _MOST_SIDE:
            found["singular_values"] = _singular_values(error, error_of_column)
        found["repeats"] = repeated_calls(values, law.mass(n, k, epsilon), host)
    if n == k:
        found["haar_determinant"] = _determinant(tall)
    if k > 1:
        found["haar_entry"] = _entries(tall, law, law.resolution(n, k, epsilon, draw_step))
    return found


def _tall(values: Tensor, shape: tuple[int, ...], law: Haar) -> Tensor:
    """The matrices in doubles with orthonormal columns: shape ``(calls, n, k)``, n ≥ k."""
    rows = shape[0]
    numbers = values.double()
    if law.PARTS > 1:
        numbers = torch.view_as_complex(numbers.reshape(len(values), -1, law.PARTS).contiguous())
    matrices = numbers.reshape(len(values), rows, -1)
    return matrices.mH if rows < matrices.shape[2] else matrices


def _axes(shape: tuple[int, ...], law: Haar) -> tuple[int, ...]:
    """Those of the values: the parts of an entry are a last one."""
    return shape if law.PARTS == 1 else (*shape, law.PARTS)


def _completed(tall: Tensor, law: Haar, rng: np.random.Generator) -> Tensor:
    """Independent standard normals, the parts of an entry side by side."""
    calls, n, k = tall.shape
    batch = max(1, _BATCH // (n * k))
    blocks = (tall[start : start + batch] for start in range(0, calls, batch))
    parts = [
        block @ torch.from_numpy(law.triangle(n, k, len(block), rng)).to(tall.device)
        for block in blocks
    ]
    made = torch.cat(parts)
    return torch.view_as_real(made) if made.is_complex() else made


def _singular_values(error: Tensor, rounding: float) -> Tally:
    """Singular values of the first matrices, relative to the gain, in the bins of `spectrum`.

    Those of Q are ``σ = √(1 + e)`` for the eigenvalues e of ``QᵀQ − I``: near to 1 no digit of
    ``σ − 1`` is lost.
    """
    kept = error[: max(1, _EIGEN_WORK // error.shape[1] ** 3)].cpu().numpy()
    eigenvalues = np.linalg.eigvalsh(kept).clip(-1.0)
    off = eigenvalues / (1 + np.sqrt(1 + eigenvalues))
    return Tally(spectrum.counted(off, rounding).astype(np.float64))


def _signs(tall: Tensor) -> Deviations:
    """Mean sign of the (real parts of) entries in the leading corner: ±1 with probability ½."""
    corner = torch.sign(tall[:, :CORNER, :CORNER].real).sum(0).cpu().numpy()
    totals, counts = np.zeros((CORNER, CORNER)), np.zeros((CORNER, CORNER), dtype=np.int64)
    totals[: corner.shape[0], : corner.shape[1]] = corner
    counts[: corner.shape[0], : corner.shape[1]] = len(tall)
    return Deviations(totals.ravel(), counts.ravel(), np.ones(CORNER**2))


def _trace(tall: Tensor) -> Deviations:
    """Mean trace of the leading square block, with the proxy 1 (or less).

    For Haar on O(n) the even moments of the trace never exceed those of N(0, 1) (Diaconis &
    Shahshahani 1994; Rains 1998), so its moment generating function stays below
    ``e^{t²/2}``. The trace of an n×k Haar matrix is the average of that of a
    square one over the sign flips of its last columns, so the same bound holds. On U(n) it is
    that of the real part, whose moments are those of N(0, 1/2) at most (Diaconis & Shahshahani
    1994; Rains 1998).
    """
    trace = tall.diagonal(dim1=1, dim2=2).real.sum()
    return Deviations(np.array([float(trace)]), np.array([len(tall)]), np.ones(1))


def _determinant(tall: Tensor) -> Deviations:
    """Mean determinant: ±1 on O(n), on U(n) the real part of a uniform phase."""
    total = float(torch.linalg.slogdet(tall).sign.real.sum())
    return Deviations(np.array([total]), np.array([len(tall)]), np.ones(1))


def _entries(tall: Tensor, law: Haar, resolution: float) -> Histogram:
    """One fixed rotation of each matrix, through the law of an entry.

    For fixed unit vectors v and w, ``Qw`` is a random direction and ``vᵀQw`` has the law of any
    entry: invariance under rotation. Here v and w are constant, so every entry takes part. A
    direction in n complex dimensions is one in 2n real ones.
    """
    _, n, k = tall.shape
    direction = tall.sum(dim=2) / math.sqrt(k)
    along = direction.sum(dim=1).real / math.sqrt(n)
    across = (direction - along[:, None] / math.sqrt(n)).norm(dim=1)
    uniforms = Haar.direction_cdf(along.cpu().numpy(), across.cpu().numpy(), law.PARTS * n)
    bins = np.clip((uniforms * BINS).astype(np.int64), 0, BINS - 1)
    tails = np.array([(uniforms < TAIL).sum(), (uniforms > 1 - TAIL).sum()])
    return Histogram(np.bincount(bins, minlength=BINS), tails, resolution)
