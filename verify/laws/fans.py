"""Fan-in and fan-out of a weight."""

from __future__ import annotations

import math
from collections.abc import Sequence


def fan_in_and_fan_out(shape: Sequence[int]) -> tuple[int, int]:
    """Fan-in and fan-out of a weight of shape ``(out, in, *receptive field)``.

    Parameters
    ----------
    shape : sequence of int
        At least two dimensions.

    Returns
    -------
    tuple of int
        ``(in × receptive field, out × receptive field)``.

    Raises
    ------
    ValueError
        With fewer than two dimensions: a fan is undefined.

    Notes
    -----
    He et al. 2015, sec. 2.2: a response has ``n = k²c`` connections into it (kernel k,
    c input channels) and ``k²d`` out of it (d filters); Glorot & Bengio 2010 is the case
    k = 1.
    """
    if len(shape) < 2:
        raise ValueError(f"a fan needs two dimensions or more, not the shape {tuple(shape)}")
    out, inputs, *kernel = shape
    receptive_field = math.prod(kernel)
    return inputs * receptive_field, out * receptive_field


def fan(shape: Sequence[int], mode: str) -> int:
    """The fan that `mode` names (``fan_in`` or ``fan_out``, in any letter case)."""
    fan_in, fan_out = fan_in_and_fan_out(shape)
    return {"fan_in": fan_in, "fan_out": fan_out}[mode.lower()]
