"""Truncated normal values by other algorithms, in double precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from selftest.lawful.alternative import Alternative, Control, Declined, Stream, editing_plain
from selftest.lawful.normals import polar
from selftest.planted.contracts import contract
from selftest.planted.fault import Call, law, table
from selftest.planted.streams import streams

TRUNCATED = "trunc_normal_"
SPAN = 40.0  # Standard deviations beyond which nothing is left of a window.

Window = Callable[[int, float, float, Stream], Tensor]
"""Draws standard normals within a window that leans to the left: how many, α, β, where from."""


def inverse_cdf(n: int, alpha: float, beta: float, stream: Stream) -> Tensor:
    """Invert the distribution function within the window."""
    # Not torch.special.ndtr, which loses its digits in the tail.
    ends = torch.tensor([alpha, beta], dtype=torch.float64)
    bottom, top = torch.special.erfc(-ends * math.sqrt(0.5)) / 2
    return torch.special.ndtri(bottom + (top - bottom) * stream.inner(n))


def exponential_rejection(n: int, alpha: float, beta: float, stream: Stream) -> Tensor:
    """Propose from a shifted exponential in the tail, from the uniform or the normal elsewhere."""
    low, high = -beta, -alpha  # Robert's tail is the right one.

    def propose(wanted: int) -> Tensor:
        u, v = stream.inner(2 * wanted).view(2, -1)
        if low > 0 and high - low > 1 / low:
            rate = (low + math.sqrt(low**2 + 4)) / 2
            z = low - u.log() / rate
            accepted = (v.log() <= -((z - rate) ** 2) / 2) & (z <= high)
        elif high - low < 4:
            z = low + (high - low) * u
            accepted = v.log() <= (max(low, 0.0) ** 2 - z**2) / 2
        else:
            z = torch.special.ndtri(u)
            accepted = (low <= z) & (z <= high)
        return -z[accepted]

    kept: list[Tensor] = []
    while sum(map(len, kept)) < n:
        kept.append(propose(n))
    return torch.cat(kept)[:n]


def within(draw: Window, std: float = 1.0) -> Callable[[Tensor, Call], None]:
    """Scale what is drawn, round it, and bring what rounding moved outside back to the bound."""

    def edit(tensor: Tensor, call: Call) -> None:
        mean, scale, a, b = (float(call.values[name]) for name in ("mean", "std", "a", "b"))
        alpha, beta = (max(-SPAN, min(SPAN, (x - mean) / scale / std)) for x in (a, b))
        mirrored = alpha + beta > 0
        window = (-beta, -alpha) if mirrored else (alpha, beta)
        z = draw(tensor.numel(), *window, Stream(call.generator)) * (-std if mirrored else std)
        values = (mean + scale * z).clamp(a, b).to(tensor.dtype)
        tensor.copy_(values.view(tensor.shape))

    return edit


def strictly(draw: Window) -> Callable[[Tensor, Call], None]:
    """Draw again what rounding moved outside; where nothing stays inside, leave it to `within`."""

    def edit(tensor: Tensor, call: Call) -> None:
        a, b = float(call.values["a"]), float(call.values["b"])
        again = within(draw)
        again(tensor, call)
        part = torch.empty_like(tensor)
        for _ in range(100):
            outside = (tensor.double() < a) | (tensor.double() > b)
            if not bool(outside.any()):
                break
            again(part, call)
            tensor.copy_(torch.where(outside, part, tensor))

    return edit


def _tail_of_rayleigh(tensor: Tensor, call: Call) -> None:
    """Redraw normals where a window reaches the middle; in a tail propose √(a² − 2·log u).

    The proposal x, of Rayleigh's law beyond a, is accepted with chance a/x: Marsaglia 1964.
    """
    mean, std, a, b = (float(call.values[name]) for name in ("mean", "std", "a", "b"))
    alpha, beta = (a - mean) / std, (b - mean) / std
    sign = 1.0 if alpha + beta > 0 else -1.0
    low, high = (alpha, beta) if sign > 0 else (-beta, -alpha)
    stream, n = Stream(call.generator), tensor.numel()
    root = math.sqrt(0.5)
    mass = (math.erfc(low * root) - math.erfc(high * root)) / 2
    kept = [torch.empty(0, dtype=torch.float64)]
    if low < 1:
        if mass < 0.01:
            raise Declined
        while sum(map(len, kept)) < n:
            z = polar(n, stream)
            kept.append(z[(z >= low) & (z <= high)])
    else:
        if high - low < 1 / low:
            raise Declined
        while sum(map(len, kept)) < n:
            u, v = stream.inner(2 * n).view(2, -1)
            z = (low**2 - 2 * u.log()).sqrt()
            kept.append(z[(v * z <= low) & (z <= high)])
    values = (mean + std * sign * torch.cat(kept)[:n]).clamp(a, b)
    tensor.copy_(values.view(tensor.shape))


def _redrawn_in_dtype(tensor: Tensor, call: Call) -> None:
    """Draw values again that are outside once rounded, as the documentation says to the letter."""
    mean, std, a, b = (float(call.values[name]) for name in ("mean", "std", "a", "b"))
    root = math.sqrt(0.5) / std
    if (math.erfc((a - mean) * root) - math.erfc((b - mean) * root)) / 2 < 0.3:
        raise Declined
    values = torch.empty(tensor.numel(), dtype=tensor.dtype)
    values.copy_(mean + std * polar(len(values), Stream(call.generator)))
    while bool((outside := (values.double() < a) | (values.double() > b)).any()):
        again = mean + std * polar(int(outside.sum()), Stream(call.generator))
        values[outside] = again.to(values.dtype)
    tensor.copy_(values.view(tensor.shape))


_NODES = (
    law("float32-trunc_normal_"),
    law("float64-trunc_normal_"),
    streams("float32-trunc_normal_"),
    contract("float32-trunc_normal_"),
)


def _row(
    name: str, description: str, draw: Window, source: str, nodes: tuple[str, ...], **more: Any
) -> Alternative:
    plant = editing_plain(within(draw))
    return Alternative(name, description, (TRUNCATED,), plant, nodes=nodes, source=source, **more)


ALTERNATIVES = table(
    _row(
        "truncated_inverse_cdf", "truncated normals by the inverse distribution function",
        inverse_cdf, "Devroye 1986, sec. II.2", _NODES,
    ),
    _row(
        "truncated_exponential_rejection", "truncated normals by rejection from an exponential",
        exponential_rejection, "Robert 1995", _NODES,
    ),
    _row(
        "bfloat16_truncated_inverse_cdf", "truncated normals in bfloat16, rounded from float64",
        inverse_cdf, "Devroye 1986, sec. II.2", (law("bfloat16-trunc_normal_"),),
    ),
    _row(
        "float16_truncated_inverse_cdf", "truncated normals in float16, rounded from float64",
        inverse_cdf, "Devroye 1986, sec. II.2", (law("float16-trunc_normal_"),),
    ),
    Alternative(
        "half_truncated_strictly", "half-precision values drawn again where they round outwards",
        (TRUNCATED,), editing_plain(strictly(inverse_cdf)),
        nodes=(law("bfloat16-trunc_normal_"), law("float16-trunc_normal_")),
        source="PyTorch documentation, trunc_normal_: redrawn until they are within the bounds",
    ),
    Alternative(
        "truncated_of_rayleigh", "truncated normals by Marsaglia's tail",
        (TRUNCATED,), editing_plain(_tail_of_rayleigh), nodes=_NODES[:3],
        source="Marsaglia 1964; Chopin 2011",
    ),
    Alternative(
        "truncated_to_the_letter", "values outside the window drawn again, in the dtype",
        (TRUNCATED,), editing_plain(_redrawn_in_dtype),
        nodes=(_NODES[0], law("bfloat16-trunc_normal_"), law("float16-trunc_normal_")),
        source="PyTorch documentation, trunc_normal_",
    ),
)  # fmt: skip

CONTROLS = table(
    Control(
        "truncated_inverse_cdf_too_wide", "truncated normals of a standard deviation 3 % too wide",
        (TRUNCATED,), editing_plain(within(inverse_cdf, std=1.03)),
        law("float32-trunc_normal_"),
        frozenset({"contract", "extremes", "legendre", "chi_square", "kolmogorov_smirnov"}),
    ),
)  # fmt: skip
