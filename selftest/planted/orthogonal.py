"""Faults of `orthogonal_`: matrices that are not orthogonal, or orthogonal but not Haar."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from selftest.planted.fault import Call, Edit, Fault, Function, Plant, editing, law, table

HAAR = frozenset({"haar_entry", "haar_sign", "haar_determinant", "haar_trace"})
# The suite completes Q to a Gaussian matrix and holds that against the normal law.
JOINT = frozenset({"chi_square", "kolmogorov_smirnov", "legendre", "scale"})


def _matrix(draw: Callable[[Tensor, Call], Tensor]) -> Edit:
    """Make an edit of a function that returns a tall matrix with orthonormal columns.

    Parameters
    ----------
    draw
        Called with an empty tall matrix; it is transposed afterwards where need be.
    """

    def edit(tensor: Tensor, call: Call) -> None:
        if tensor.numel() == 1:
            # A 1 x 1 matrix is a sign: a fault of that alone would shadow the one meant.
            return
        rows = tensor.size(0)
        columns = tensor.numel() // rows
        tall = tensor.new_empty((max(rows, columns), min(rows, columns)))
        drawn = draw(tall, call)
        drawn = drawn if rows >= columns else drawn.mT
        tensor.copy_(drawn.reshape(tensor.shape) * call.values["gain"])

    return edit


def _qr(matrix: Tensor) -> tuple[Tensor, Tensor]:
    q, r = torch.linalg.qr(matrix)
    return q, r


def _fix_signs(matrix: Tensor) -> Tensor:
    q, r = _qr(matrix)
    return q * r.diagonal().sign()


def _no_sign_fix(tall: Tensor, call: Call) -> Tensor:
    return _qr(tall.normal_(generator=call.generator))[0]


def _uniform_source(tall: Tensor, call: Call) -> Tensor:
    return _fix_signs(tall.uniform_(-1, 1, generator=call.generator))


def _special(tall: Tensor, call: Call) -> Tensor:
    q = _fix_signs(tall.normal_(generator=call.generator))
    if q.size(0) == q.size(1):
        q[:, 0] *= torch.linalg.slogdet(q).sign
    return q


def _reflection(tall: Tensor, call: Call) -> Tensor:
    vector = tall.new_empty(tall.size(0), 1).normal_(generator=call.generator)
    vector /= vector.norm()
    return torch.eye(*tall.shape, dtype=tall.dtype) - 2 * vector @ vector[: tall.size(1)].T


def _permutation(tall: Tensor, call: Call) -> Tensor:
    order = torch.randperm(tall.size(0), generator=call.generator)
    return torch.eye(*tall.shape, dtype=tall.dtype)[order]


def _normalized_columns(tall: Tensor, call: Call) -> Tensor:
    tall.normal_(generator=call.generator)
    return torch.nn.functional.normalize(tall, dim=0)


def _in_float32(tall: Tensor, call: Call) -> Tensor:
    return _fix_signs(tall.normal_(generator=call.generator).float()).to(tall.dtype)


def _once_per_shape(original: Function) -> Function:
    kept: dict[tuple[torch.Size, torch.dtype], Tensor] = {}

    def edit(tensor: Tensor, call: Call) -> None:
        key = tensor.shape, tensor.dtype
        unit = kept.setdefault(key, tensor / (call.values["gain"] or 1.0))
        tensor.copy_(unit * call.values["gain"])

    return editing(edit)(original)


def _fault(
    name: str,
    description: str,
    plant: Plant,
    checks: frozenset[str],
    dtype: str = "float32",
) -> Fault:
    cell = law(f"{dtype}-orthogonal_")
    return Fault(name, description, ("orthogonal_",), plant, cell, checks)


FAULTS = table(
    _fault(
        "orthogonal_no_sign_fix",
        "Q of the QR decomposition is taken as it comes",
        editing(_matrix(_no_sign_fix)),
        HAAR - {"haar_entry"},
    ),
    _fault(
        "orthogonal_special",
        "the determinant of a square matrix is always +1",
        editing(_matrix(_special)),
        frozenset({"haar_determinant"}),
    ),
    _fault(
        "orthogonal_one_reflection",
        "the matrix is a single Householder reflection",
        editing(_matrix(_reflection)),
        HAAR | JOINT,
    ),
    _fault(
        "orthogonal_permutation",
        "the matrix is a permutation",
        editing(_matrix(_permutation)),
        JOINT | {"haar_entry"},
    ),
    _fault(
        "orthogonal_uniform_source",
        "the matrix that is decomposed is uniform, not normal",
        editing(_matrix(_uniform_source)),
        JOINT | {"haar_entry"},
    ),
    _fault(
        "orthogonal_once_per_shape",
        "every matrix of a shape is the first one of that shape",
        _once_per_shape,
        HAAR | {"correlation", "position", "repeats"},
    ),
    _fault(
        "orthogonal_normalized_only",
        "the columns have length one and any angle",
        editing(_matrix(_normalized_columns)),
        frozenset({"orthogonality"}),
    ),
    _fault(
        "orthogonal_in_float32",
        "a float64 matrix is decomposed in float32",
        editing(_matrix(_in_float32)),
        frozenset({"orthogonality"}),
        dtype="float64",
    ),
)
