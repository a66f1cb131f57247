"""What a tensor of one build is summed up by: numbers in its own units, and a histogram."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from initlaws.audits.glances import strided

Floats = npt.NDArray[np.float64]

_PARTS = 8
"""Into how many parts an axis is cut."""

_AXES = 4
"""Axes that are looked along."""

_LOWEST, _HIGHEST, _STEPS = -40, 24, 4
"""Octaves of the histogram, and bins of an octave."""

_STRETCHES, _LONG = 64, 4096
"""Stretches of a large tensor whose values are counted, and how long each is."""

_ASIDE = 1.0905
"""By what the edges are off the powers of two: where many laws put values, and rounding scatters
them to both sides."""


def wide(tensor: Tensor) -> Tensor:
    """The values in double precision; of complex ones the parts, along a last axis."""
    plain = strided(tensor)
    plain = torch.view_as_real(plain) if plain.is_complex() else plain
    return plain.double()


def summary(tensor: Tensor) -> dict[str, float]:
    """What the values show, each in words: what a reader wants to hear of first stands first.

    Parameters
    ----------
    tensor : Tensor
        Of one build, as `wide` gives it, not empty.

    Notes
    -----
    Any function of one build is as good for a rank sum. These see scale, location, shape and
    tails; rows and columns that are longer or shorter than others (a padding row; rows of an
    orthogonal matrix are of one length); laws that hang on the position; neighbours alike.
    """
    finite = tensor.isfinite()
    share = finite.double().mean()
    values = torch.where(finite, tensor, 0.0)
    mean = values.mean()
    centred = values - mean
    second = centred.square().mean()
    scale = second.sqrt()
    normed = centred / scale if scale > 0 else centred
    found = {
        "share of values that are not finite": 1 - share,
        "share of zeros": (tensor == 0).double().mean(),
        "standard deviation": scale,
        "mean": mean,
        "mean absolute value": values.abs().mean(),
        "kurtosis": normed.square().square().mean(),
        "skewness": (normed.square() * normed).mean(),
        "smallest value": values.min(),
        "largest value": values.max(),
    }
    for axis in range(min(_AXES, values.ndim)):
        if values.shape[axis] > 1:
            found |= dict(_along(values, normed, axis))
    return dict(zip(found, torch.stack([*found.values()]).nan_to_num().numpy(), strict=True))


def _along(values: Tensor, normed: Tensor, axis: int) -> Iterator[tuple[str, Tensor]]:
    """What the slices of one axis show."""
    rows, centred = (t.movedim(axis, 0).reshape(t.shape[axis], -1) for t in (values, normed))
    where = f"slices along axis {axis}"
    means, squares = rows.mean(dim=1), rows.square().mean(dim=1)
    sizes = squares.sqrt()
    yield f"spread of the sizes of {where}", sizes.std(correction=0)
    yield f"smallest size of {where}", sizes.min()
    yield f"largest size of {where}", sizes.max()
    yield f"spread of the means of {where}", means.std(correction=0)
    index = torch.linspace(-1, 1, len(means), dtype=torch.float64)
    yield f"trend of the {where}", (means * index).mean() / index.square().mean()
    yield (
        f"correlation of neighbours along axis {axis}",
        (centred[1:] * centred[:-1]).mean(),
    )
    products = (rows[1:] * rows[:-1]).mean(dim=1)
    cosines = products / (sizes[1:] * sizes[:-1]).clamp_min(torch.finfo(torch.float64).tiny)
    yield f"likeness of neighbouring {where}", cosines.square().mean().sqrt()
    for end, at in (("first", 0), ("last", -1)):
        yield f"size of the {end} of the {where}", sizes[at]
        yield f"mean of the {end} of the {where}", means[at]
    if len(means) > _PARTS:
        for i, (m, s) in enumerate(
            zip(means.tensor_split(_PARTS), squares.tensor_split(_PARTS), strict=True), start=1
        ):
            yield f"size of part {i} of {_PARTS} along axis {axis}", s.mean().sqrt()
            yield f"mean of part {i} of {_PARTS} along axis {axis}", m.mean()


def histogram(tensor: Tensor) -> Floats:
    """The share of values in bins that are fixed in advance: sign, octave and quarter of it.

    Any two histograms can be compared, of any dtype, whenever they were made. What is not finite
    is in none. Of a large tensor some stretches are counted.
    """
    looked_at = _thinned(tensor.reshape(-1))
    values = looked_at[looked_at.isfinite()]
    fraction, exponent = torch.frexp(values / _ASIDE)
    step = ((fraction.abs() - 0.5) * 2 * _STEPS).long()
    octave = exponent.long().clamp(_LOWEST, _HIGHEST) - _LOWEST
    index = (octave * _STEPS + step + 1) * fraction.sign().long()
    counts = torch.bincount(index + _SIDE, minlength=2 * _SIDE + 1)
    shares: Floats = (counts.double() / max(1, looked_at.numel())).numpy()
    return shares


def _thinned(flat: Tensor) -> Tensor:
    """All values, or as many stretches of them, evenly apart, as are enough to count."""
    if flat.numel() <= _STRETCHES * _LONG:
        return flat
    length = flat.numel() // _STRETCHES
    return flat[: length * _STRETCHES].reshape(_STRETCHES, length)[:, :_LONG].reshape(-1)


_SIDE = (_HIGHEST - _LOWEST + 1) * _STEPS
"""Bins of one sign; that of zero lies between them."""


def edges() -> Floats:
    """Where each bin of `histogram` ends, but the last: the next begins there."""
    index = np.arange(_SIDE)
    upper = _ASIDE * 2.0 ** (index // _STEPS + _LOWEST - 1) * (1 + index % _STEPS / _STEPS)
    return np.concatenate([-upper[::-1], upper])
