"""Normal values by other algorithms."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from selftest.lawful.alternative import Alternative, Control, Draw, Stream, normally
from selftest.planted.contracts import contract
from selftest.planted.fault import law, table
from selftest.planted.module import behaviour, default
from selftest.planted.precision import layout
from selftest.planted.streams import streams

NORMAL = "torch.Tensor.normal_"


def box_muller(n: int, stream: Stream, turn: float = 2 * math.pi) -> Tensor:
    """Draw pairs from the radius and the angle."""
    half = -(-n // 2)
    radius = (-2 * (1 - stream.doubles(half)).log()).sqrt()
    angle = turn * stream.doubles(half)
    return torch.cat([radius * angle.cos(), radius * angle.sin()])[:n]


def inverse_cdf(n: int, stream: Stream) -> Tensor:
    """Invert the distribution function."""
    return torch.special.ndtri(stream.inner(n))


def _accepted(n: int, propose: Draw, stream: Stream) -> Tensor:
    """The first n of what rejection leaves; it is marked by NaN."""
    kept: list[Tensor] = []
    while sum(map(len, kept)) < n:
        values = propose(n, stream)
        kept.append(values[~values.isnan()])
    return torch.cat(kept)[:n]


def polar(n: int, stream: Stream) -> Tensor:
    """Accept points in the unit disc, and use both of their coordinates."""

    def propose(wanted: int, words: Stream) -> Tensor:
        points = 2 * words.doubles(2 * wanted).view(2, -1) - 1
        square = points.square().sum(0)
        inside = (square > 0) & (square < 1)
        factor = torch.where(inside, (-2 * square.log() / square).sqrt(), torch.nan)
        return (points * factor).t().reshape(-1)

    return _accepted(n, propose, stream)


def ratio_of_uniforms(n: int, stream: Stream) -> Tensor:
    """Accept v/u where (u, v) lies in the region u² ≤ exp(−(v/u)²/2)."""

    def propose(wanted: int, words: Stream) -> Tensor:
        u, v = words.inner(2 * wanted).view(2, -1)
        x = math.sqrt(8 / math.e) * (v - 0.5) / u
        return torch.where(x.square() <= -4 * u.log(), x, torch.nan)

    return _accepted(n, propose, stream)


def ziggurat(n: int, stream: Stream) -> Tensor:
    """Let NumPy draw, from a seed that the generator draws."""
    host = np.random.Generator(np.random.PCG64(stream.key()))
    return torch.from_numpy(host.standard_normal(n))


def polar_in_single(n: int, stream: Stream) -> Tensor:
    """The polar method, every operation in float32."""

    def propose(wanted: int, words: Stream) -> Tensor:
        points = (words.integers(2 * wanted, 24).float() * 2.0**-23 - 1).view(2, -1)
        square = points.square().sum(0)
        inside = (square > 0) & (square < 1)
        factor = torch.where(inside, (-2 * square.log() / square).sqrt(), torch.nan)
        return (points * factor).t().reshape(-1)

    return _accepted(n, propose, stream).double()


def erfinv_in_single(n: int, stream: Stream) -> Tensor:
    """√2 · erfinv of 24-bit uniforms on (−1, 1), in float32."""
    wide = stream.integers(n, 24).float() * 2.0**-23 - 1
    inner = torch.where(wide == -1, -1 + 2.0**-24, wide)
    return (torch.erfinv(inner) * math.sqrt(2)).double()


def laplace(n: int, stream: Stream) -> Tensor:
    """Accept from a two-sided exponential in proportion to the ratio of the densities."""
    kept = [torch.empty(0, dtype=torch.float64)]
    while sum(map(len, kept)) < n:
        u, v = stream.inner(2 * n).view(2, -1)
        x = -u.log()
        signs = 2 * stream.integers(n, 1).double() - 1
        kept.append((signs * x)[v.log() <= -((x - 1) ** 2) / 2])
    return torch.cat(kept)[:n]


def on_spheres(n: int, stream: Stream) -> Tensor:
    """Draw four at a time: a point on the sphere, times a radius whose square is gamma."""
    quarter = -(-n // 4)

    def discs() -> Tensor:
        angle, u = stream.inner(2 * quarter).view(2, -1)
        return u.sqrt() * torch.stack([angle.mul(2 * math.pi).cos(), angle.mul(2 * math.pi).sin()])

    one, other = discs(), discs()
    first, second = one.square().sum(0), other.square().sum(0)
    points = torch.cat([one, other * ((1 - first) / second).sqrt()])
    u, v = stream.inner(2 * quarter).view(2, -1)
    return (points * (-2 * (u * v).log()).sqrt()).t().flatten()[:n]


def rotated(n: int, stream: Stream) -> Tensor:
    """Turn four at a time by a Hadamard matrix over 2, which is orthogonal."""
    quarter = -(-n // 4)
    a, b, c, d = polar(4 * quarter, stream).view(4, -1)
    turned = torch.stack([a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d])
    return (turned / 2).t().flatten()[:n]


def in_single_first(n: int, stream: Stream) -> Tensor:
    """Draw in float64 and round to float32, so that half precision rounds twice."""
    return polar(n, stream).float().double()


_DOUBLE = law("float64-normal_")

_NODES = (
    law("float32-normal_"),
    law("bfloat16-normal_"),
    law("float16-xavier_normal_"),
    law("complex64-kaiming_normal_"),
    streams("float32-normal_"),
    contract("float64-normal_"),
)


_LAG = "verify/test_independence.py::test_independence[cpu-float32-kaiming_normal_ at a lag]"
_ALL_KINDS = (
    law("float32-normal_"),
    law("bfloat16-normal_"),
    law("float16-kaiming_normal_"),
    law("complex64-xavier_normal_"),
    streams("float32-normal_"),
)


def _row(
    name: str, description: str, draw: Draw, source: str, *nodes: str, **more: Any
) -> Alternative:
    plant = normally(draw)
    return Alternative(name, description, (NORMAL,), plant, nodes=nodes, source=source, **more)


ALTERNATIVES = table(
    _row(
        "normal_box_muller", "normals from radius and angle in float64, whatever the dtype",
        box_muller, "Box & Muller 1958", *_NODES, _DOUBLE, default("float32-Embedding"),
        behaviour("layouts", "float32-normal_")
        .replace("normal_]", "normal_-strided]"),
    ),
    _row(
        "normal_inverse_cdf", "normals by the inverse distribution function of 52-bit uniforms",
        inverse_cdf, "Devroye 1986, sec. II.2", *_NODES,
        law("float32-trunc_normal_"),
    ),
    _row(
        "normal_inverse_cdf_in_float64", "float64 normals by the inverse distribution function",
        inverse_cdf, "Devroye 1986, sec. II.2; Moshier 1989, Cephes: ndtri", _DOUBLE,
    ),
    _row(
        "normal_polar", "normals by the polar method, which rejects",
        polar, "Marsaglia & Bray 1964", *_NODES[:2], _DOUBLE, law("float32-orthogonal_"),
    ),
    _row(
        "normal_polar_in_single", "normals by the polar method in float32",
        polar_in_single, "Marsaglia & Bray 1964", *_NODES[:2],
    ),
    _row(
        "normal_erfinv_in_single", "normals by the inverse error function in float32",
        erfinv_in_single, "Giles 2010, Approximating the erfinv function", *_NODES[:2],
    ),
    _row(
        "normal_ratio_of_uniforms", "normals by the ratio of uniforms, which rejects",
        ratio_of_uniforms, "Kinderman & Monahan 1977", *_NODES[:1], _DOUBLE, law("float32-sparse_"),
    ),
    _row(
        "normal_ziggurat", "normals by the ziggurat of another library, seeded by each call",
        ziggurat, "Marsaglia & Tsang 2000", *_NODES, _DOUBLE, law("float64-trunc_normal_"),
    ),
    _row(
        "normal_of_laplace", "normals by rejection from a two-sided exponential",
        laplace, "Devroye 1986, sec. II.3", *_ALL_KINDS[:3], _DOUBLE,
    ),
    _row(
        "normal_on_spheres", "normals four at a time, of a sphere and a radius",
        on_spheres, "Marsaglia 1972, Choosing a point from the surface of a sphere",
        *_ALL_KINDS, _DOUBLE, _LAG,
    ),
    _row(
        "normal_rotated", "normals turned four at a time by a Hadamard matrix",
        rotated, "Wallace 1996, Fast pseudorandom generators for normal variates",
        *_ALL_KINDS, _LAG,
    ),
    _row(
        "normal_rounded_twice", "half-precision normals rounded to float32 before",
        in_single_first, "IEEE 754-2019, sec. 4.3.1", *_ALL_KINDS[:3],
        layout("bfloat16-normal_", "strided"),
    ),
)  # fmt: skip

CONTROLS = table(
    Control(
        "normal_box_muller_of_half_a_turn", "Box-Muller with angles on a half circle",
        (NORMAL,), normally(functools.partial(box_muller, turn=math.pi)),
        law("float32-normal_"), frozenset({"normal_mean", "mean", "legendre", "moments"}),
    ),
)  # fmt: skip
