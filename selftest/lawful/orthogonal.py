"""Haar matrices by other factorizations."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from selftest.lawful.alternative import Alternative, Control, Stream, editing_plain
from selftest.lawful.normals import polar
from selftest.planted.contracts import contract
from selftest.planted.fault import Call, Function, Plant, law, table
from selftest.planted.streams import streams

ORTHOGONAL = "orthogonal_"

Haar = Callable[[int, int, Stream], Tensor]
"""Draws a matrix of orthonormal columns in float64: rows, no fewer than columns, where from."""


def _normals(rows: int, columns: int, stream: Stream) -> Tensor:
    return polar(rows * columns, stream).view(rows, columns)


def reflections(rows: int, columns: int, stream: Stream) -> Tensor:
    """Apply reflections to ever more of the last coordinates, the last one first."""
    q = torch.eye(rows, columns, dtype=torch.float64)
    for k in reversed(range(columns)):
        x = polar(rows - k, stream)
        sign = math.copysign(1.0, float(x[0]))
        v = x.clone()
        v[0] += sign * x.norm()
        part = q[k:, k:]
        part -= torch.outer(v, 2 * (v @ part) / (v @ v))
        part.mul_(-sign)  # H·x = −sign·‖x‖·e₁: without the sign the measure is not Haar.
    return q


def gram_schmidt(rows: int, columns: int, stream: Stream) -> Tensor:
    """Orthogonalize each column against those before, twice."""
    q = _normals(rows, columns, stream)
    for k in range(columns):
        for _ in range(2):
            q[:, k] -= q[:, :k] @ (q[:, :k].t() @ q[:, k])
        q[:, k] /= q[:, k].norm()
    return q


def triangular(rows: int, columns: int, stream: Stream) -> Tensor:
    """Factorize in float64, the triangle's diagonal made positive."""
    q, r = torch.linalg.qr(_normals(rows, columns, stream))
    return q * r.diagonal().sign()


def polar_factor(rows: int, columns: int, stream: Stream) -> Tensor:
    """Take the nearest matrix of orthonormal columns."""
    u, _, v = torch.linalg.svd(_normals(rows, columns, stream), full_matrices=False)
    return u @ v


def singular_vectors(rows: int, columns: int, stream: Stream) -> Tensor:
    """Take left singular vectors, each with a random sign."""
    u, _, _ = torch.linalg.svd(_normals(rows, columns, stream), full_matrices=False)
    return u * (2 * stream.integers(columns, 1).double() - 1)


def newton_schulz(rows: int, columns: int, stream: Stream) -> Tensor:
    """Take the polar factor by Newton and Schulz's iteration: products of matrices alone."""
    x = polar(rows * columns, stream).view(rows, columns)
    x = x / x.norm()
    identity = torch.eye(columns, dtype=x.dtype)
    for _ in range(200):
        gram = x.t() @ x
        if float((gram - identity).abs().max()) < 1e-14 * max(rows, 8):
            break
        x = 1.5 * x - 0.5 * (x @ gram)
    return x


def from_the_end(rows: int, columns: int, stream: Stream) -> Tensor:
    """Factorize with the columns reversed, the last one first, signs corrected."""
    q, r = torch.linalg.qr(polar(rows * columns, stream).view(rows, columns).flip(1))
    return (q * r.diagonal().sign()).flip(1)


def rotations(rows: int, columns: int, stream: Stream) -> Tensor:
    """Annihilate by plane rotations, and make the diagonal of the triangle positive.

    Large matrices, for which rotation by rotation takes too long, are left to `from_the_end`.
    """
    if rows * columns > 1 << 10:
        return from_the_end(rows, columns, stream)
    r = polar(rows * columns, stream).view(rows, columns).numpy().copy()
    q = torch.eye(rows, dtype=torch.float64).numpy().copy()
    below = ((j, i) for j in range(columns) for i in range(rows - 1, j, -1))
    for j, i in below:
        c, s = r[i - 1, j], r[i, j]
        length = math.hypot(c, s)
        c, s = c / length, s / length
        upper, lower = r[i - 1].copy(), r[i].copy()
        r[i - 1], r[i] = c * upper + s * lower, c * lower - s * upper
        upper, lower = q[i - 1].copy(), q[i].copy()
        q[i - 1], q[i] = c * upper + s * lower, c * lower - s * upper
    found = torch.from_numpy(q[:columns].T.copy())
    return found * torch.from_numpy(r).diagonal().sign()


def cholesky(rows: int, columns: int, stream: Stream) -> Tensor:
    """Divide by Cholesky's factor of the Gram matrix, twice."""
    q = polar(rows * columns, stream).view(rows, columns)
    if rows < 2 * columns:
        return from_the_end(rows, columns, stream)
    for _ in range(2):
        lower = torch.linalg.cholesky(q.t() @ q)
        q = torch.linalg.solve_triangular(lower.t(), q, upper=True, left=False)
    return q


def unsigned(rows: int, columns: int, stream: Stream) -> Tensor:
    """Leave the signs to the factorization: not Haar."""
    return torch.linalg.qr(_normals(rows, columns, stream))[0]


def scaled(draw: Haar) -> Callable[[Tensor, Call], None]:
    """Draw tall, transpose what is wide, scale in float64, and round."""

    def edit(tensor: Tensor, call: Call) -> None:
        rows = tensor.shape[0]
        columns = tensor.numel() // rows
        q = draw(max(rows, columns), min(rows, columns), Stream(call.generator))
        q = call.values["gain"] * (q.t() if rows < columns else q)
        tensor.copy_(q.reshape(tensor.shape))

    return edit


def unitary(rows: int, columns: int, stream: Stream) -> Tensor:
    """Factorize complex normals, the triangle's diagonal made positive."""
    q, r = _factors(rows, columns, stream)
    return q * r.diagonal().sgn()


def unphased(rows: int, columns: int, stream: Stream) -> Tensor:
    """Leave the phases to the factorization: not Haar."""
    return _factors(rows, columns, stream)[0]


def _factors(rows: int, columns: int, stream: Stream) -> tuple[Tensor, Tensor]:
    parts = _normals(rows, 2 * columns, stream).view(rows, columns, 2)
    q, r = torch.linalg.qr(torch.view_as_complex(parts))
    return q, r


def in_complex_numbers(draw: Haar) -> Plant:
    """Fill complex tensors, which PyTorch refuses; others are left to it."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        @torch.no_grad()
        def filled(
            tensor: Tensor, gain: float = 1, generator: torch.Generator | None = None
        ) -> Any:
            if not tensor.is_complex() or tensor.dim() < 2 or not tensor.numel():
                return original(tensor, gain, generator)
            rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
            q = gain * draw(max(rows, columns), min(rows, columns), Stream(generator))
            return tensor.copy_((q.mH if rows < columns else q).reshape(tensor.shape))

        return filled

    return plant


_COMPLEX = (law("complex64-orthogonal_"), law("complex128-orthogonal_"))
_DOUBLE = law("float64-orthogonal_")
_NODES = (
    law("float32-orthogonal_"),
    streams("float32-orthogonal_"),
    contract("float32-orthogonal_"),
)


def _row(
    name: str, description: str, draw: Haar, source: str, *nodes: str, **more: Any
) -> Alternative:
    plant = editing_plain(scaled(draw))
    return Alternative(name, description, (ORTHOGONAL,), plant, nodes=nodes, source=source, **more)


ALTERNATIVES = table(
    _row(
        "haar_reflections", "orthogonal matrices as products of reflections",
        reflections, "Stewart 1980", _NODES[0], _NODES[2],
    ),
    _row(
        "haar_gram_schmidt", "orthogonal matrices by Gram-Schmidt, twice, in float64",
        gram_schmidt, "Giraud et al. 2005; Mezzadri 2007", *_NODES,
        "verify/test_recipes.py::test_recipe[cpu-float32-orthogonal recurrent weights]",
    ),
    _row(
        "haar_qr_in_float64", "orthogonal matrices factorized in float64, then rounded",
        triangular, "Mezzadri 2007", *_NODES, _DOUBLE,
    ),
    _row(
        "haar_polar", "orthogonal matrices as polar factors of normal ones",
        polar_factor, "Chikuse 2003, Statistics on special manifolds, th. 2.4.1", *_NODES,
    ),
    _row(
        "haar_polar_in_float64", "orthogonal float64 matrices as polar factors of normal ones",
        polar_factor, "Chikuse 2003, Statistics on special manifolds, th. 2.4.1", _DOUBLE,
    ),
    _row(
        "haar_singular_vectors", "orthogonal matrices of singular vectors with random signs",
        singular_vectors, "Chikuse 2003, Statistics on special manifolds, sec. 2.4", *_NODES,
    ),
    _row(
        "haar_singular_vectors_in_float64", "float64 singular vectors with random signs",
        singular_vectors, "Chikuse 2003, Statistics on special manifolds, sec. 2.4", _DOUBLE,
    ),
    _row(
        "haar_newton_schulz", "orthogonal matrices by products alone",
        newton_schulz, "Higham 2008, Functions of matrices, ch. 8", _NODES[0], _NODES[2],
    ),
    _row(
        "haar_rotations", "orthogonal matrices by plane rotations",
        rotations, "Golub & Van Loan 2013, sec. 5.2.5", _NODES[0], _DOUBLE, _NODES[2],
    ),
    _row(
        "haar_from_the_end", "orthogonal matrices factorized from the last column",
        from_the_end, "Mezzadri 2007", _NODES[0], _DOUBLE, _NODES[2], _NODES[1],
    ),
    _row(
        "haar_cholesky", "orthogonal matrices by Cholesky's factor, twice",
        cholesky, "Yamamoto et al. 2015", _NODES[0], _NODES[2],
    ),
    Alternative(
        "haar_on_u_n", "complex orthogonal matrices by QR, the phases fixed", (ORTHOGONAL,),
        in_complex_numbers(unitary), nodes=_COMPLEX, source="Mezzadri 2007, sec. 5",
    ),
)  # fmt: skip

CONTROLS = table(
    Control(
        "haar_of_no_sign", "orthogonal matrices with the signs of the factorization",
        (ORTHOGONAL,), editing_plain(scaled(unsigned)), law("float64-orthogonal_"),
        frozenset({"haar_sign", "haar_trace", "haar_determinant", "haar_entry"}),
    ),
    Control(
        "haar_of_no_phase", "complex orthogonal matrices with the phases of the factorization",
        (ORTHOGONAL,), in_complex_numbers(unphased), law("complex128-orthogonal_"),
        frozenset({"haar_sign", "haar_trace", "haar_determinant", "haar_entry"}),
    ),
)  # fmt: skip
