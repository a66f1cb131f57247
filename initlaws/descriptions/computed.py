"""Tensors that others give: the norms by which weight normalisation begins."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from initlaws.builds import Place
from initlaws.descriptions.formulas import Formula
from initlaws.descriptions.gathering import has_laws

_DIRECTIONS = {"original0": "original1", "weight_g": "weight_v"}
"""Where weight_norm keeps norms, today and of old, and what they are the norms of."""

_ROUNDING = 16.0
"""By how many units of the machine epsilon a norm may be off: as `Computed` allows."""


def norms(place: Place, every: Mapping[str, Place]) -> Formula | None:
    """What a tensor of norms is; nothing if it is none.

    Parameters
    ----------
    place : Place
    every : mapping
        All parameters and buffers, by name.
    """
    folder = place.name.removesuffix(place.attribute)
    other = every.get(folder + _DIRECTIONS.get(place.attribute, ""))
    if other is None or not (has_laws(place) and has_laws(other)) or place.tensor.is_complex():
        return None
    axes = _axes(place.tensor, other.tensor)
    if axes is None or not _agrees(place.tensor, other.tensor, axes):
        return None
    called = f"dim={axes[0] if len(axes) == 1 else axes}, keepdim=True" if axes else ""
    code = f'Computed(lambda v: v.norm({called}), ("{other.name}",))'
    return Formula(code, f"the norms of {other.name}")


def _axes(norms: Tensor, values: Tensor) -> tuple[int, ...] | None:
    """The axes along which norms of their shape are taken: none for all; None if there are none."""
    if not norms.dim():
        return ()
    kept, shape = tuple(norms.shape), tuple(values.shape)
    axes = tuple(i for i, size in enumerate(shape) if kept[i : i + 1] != (size,))
    expected = tuple(1 if i in axes else size for i, size in enumerate(shape))
    return axes if axes and kept == expected else None


def _agrees(norms: Tensor, values: Tensor, axes: tuple[int, ...]) -> bool:
    wide = values.detach().double()
    exact = wide.norm(dim=axes, keepdim=True) if axes else wide.norm()
    allowed = _ROUNDING * torch.finfo(norms.dtype).eps
    return torch.allclose(norms.detach().double(), exact, rtol=allowed, atol=0.0)
