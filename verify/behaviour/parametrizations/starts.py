"""What parametrised weights start as, from the weight before."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.parametrizations.applying import (
    applied,
    decomposition_error,
    names,
    norms_of,
    off_weight,
    original,
    parametrized,
    roundoff_of,
    tall,
    weight_of,
)
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import copied, doubled, identical, off

_DIMS = (0, 1, None)
_LEAST_SPECTRAL = math.sqrt(0.1)
"""What the 15 first iterations of the power method find at least of the largest singular value.

They fall short of a share 1 - ε of its square with probability at most
0.354 / √(14 ε) · √n · (1 - ε)^14.5, whatever the matrix (Kuczyński & Woźniakowski 1992,
theorem 4.1): below 10⁻¹² for ε = 0.9 and up to ten million columns."""


def wrong_weight_norm(trial: Trial) -> list[str]:
    """Magnitude and direction: Salimans & Kingma 2016, eq. 2."""
    found = []
    for dim in _DIMS:
        plain = copied(torch_api.state(trial.build()))
        module = applied(trial, parametrized("weight_norm", dim=dim))
        for name in names(trial):
            found += _wrong_magnitude(module, name, plain[name], dim)
            if not identical(original(module, name, 1), plain[name]):
                found.append(f"direction of {name} for dim={dim}")
    return found


def _wrong_magnitude(module: nn.Module, name: str, weight: Tensor, dim: int | None) -> list[str]:
    """Sums of n squares are off by n + 1 roundings, norms by half of that and one more."""
    label, norms = f"{name} for dim={dim}", norms_of(weight, dim)
    magnitude, roundoff = original(module, name, 0), roundoff_of(weight)
    if magnitude.shape != norms.shape:
        return [f"magnitude of {label} has the shape {tuple(magnitude.shape)}"]
    n = weight.numel() / norms.numel()
    return [
        *off(f"magnitude of {label}", magnitude, norms, (n / 2 + 2) * roundoff * norms),
        *off_weight(module, name, weight, dim),
    ]


def matrix_of(weight: Tensor) -> Tensor:
    """In float64, a row for each output."""
    return doubled(weight).flatten(1)


def wrong_spectral_norm(trial: Trial) -> list[str]:
    """The weight over its norm, which unit vectors estimate: Miyato et al. 2018, sec. 2.1.

    Of the vectors of the power method ``uᵀ·W·v`` is an estimate, and so are ``‖W·v‖`` and
    ``‖Wᵀ·u‖``: each lies between the first and the largest singular value.
    """
    plain = copied(torch_api.state(trial.build()))["weight"]
    module = applied(trial, parametrized("spectral_norm"))
    vectors = {side: torch_api.state(module)[f"parametrizations.weight.0._{side}"] for side in "uv"}
    u, v = map(doubled, vectors.values())
    matrix, roundoff = matrix_of(plain), roundoff_of(plain)
    terms = sum(matrix.shape) + 4
    least = u @ matrix @ v
    largest = torch.linalg.matrix_norm(matrix, 2)
    # What the sums of products in uᵀ·W·v are off by; those of a norm by no more.
    slack = terms * roundoff * (u.abs() @ matrix.abs() @ v.abs())
    weight = weight_of(module, "weight")
    sigma = matrix.square().sum() / (matrix * matrix_of(weight)).sum()
    lawful = least - slack <= sigma <= largest + slack and sigma >= _LEAST_SPECTRAL * largest
    expected = doubled(plain) / sigma
    return [
        *([] if identical(original(module, "weight"), plain) else ["the original"]),
        *not_unit(**vectors),
        *off("weight", weight, expected, 4 * roundoff * expected.abs()),
        *([] if lawful else
          [f"sigma is {float(sigma / largest):.3g} of the largest singular value"]),
    ]  # fmt: skip


def not_unit(**vectors: Tensor) -> list[str]:
    """The vectors whose length is not 1."""
    one = torch.ones((), dtype=torch.float64)
    return [
        text
        for name, vector in vectors.items()
        for text in off(
            f"length of {name}",
            doubled(vector).norm(),
            one,
            (vector.numel() / 2 + 4) * roundoff_of(vector),
        )
    ]


def wrong_orthogonal(orthogonal_map: str, trial: Trial) -> list[str]:
    """Orthonormal columns or rows, from the QR decomposition of the weight before."""
    plain = copied(torch_api.state(trial.build()))["weight"]
    module = applied(trial, parametrized("orthogonal", orthogonal_map=orthogonal_map))
    q, before = tall(weight_of(module, "weight")), tall(plain)
    return [
        *not_orthonormal(q, roundoff_of(plain)),
        *off("QᵀW", (q.mT @ before).tril(-1), torch.zeros_like(before.mT @ before),
             decomposition_error(q, roundoff_of(plain)) * before.norm()),
    ]  # fmt: skip


def not_orthonormal(q: Tensor, roundoff: float) -> list[str]:
    """A product of n reflections of length m, twice: of two orthogonal matrices.

    It is off by n steps of c·m roundings at worst (Higham 2002, lemma 19.3). Roundings whose errors
    are no trend add up like the root of their number: to more than λ·√(mn) with probability below
    2·exp(−λ²/2), which is 3·10⁻¹⁴ for λ = 8 (Higham & Mary 2019, theorem 2.4).
    """
    identity = torch.eye(q.shape[-1], dtype=q.dtype, device=q.device)
    allowed = 8 * math.sqrt(q.shape[-2] * q.shape[-1]) * roundoff
    return off("QᵀQ", q.mT @ q, identity, allowed)
