"""Parametrised weights: what they start as, and what writes to them reach."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.promise import Promise, Question, Trial
from verify.behaviour.tensors import copied, differing, identical, off

_WEIGHTS = {"RNN": ("weight_ih_l0", "weight_hh_l0")}
_MAPS = ("matrix_exp", "cayley", "householder")
_DIMS = (0, 1, None)
_LARGEST = 64
"""Side of the largest orthogonal weight: each is completed to a square matrix."""

_LEAST_SPECTRAL = math.sqrt(0.1)
"""What the 15 first iterations of the power method find at least of the largest singular value.

They fall short of a share 1 - ε of its square with probability at most
0.354 / √(14 ε) · √n · (1 - ε)^14.5, whatever the matrix (Kuczyński & Woźniakowski 1992,
theorem 4.1): below 10⁻¹² for ε = 0.9 and up to ten million columns."""

Apply = Callable[[nn.Module, str], nn.Module]


def _names(trial: Trial) -> tuple[str, ...]:
    return _WEIGHTS.get(trial.row.name, ("weight",))


def _applied(trial: Trial, apply: Apply) -> nn.Module:
    """A module with parametrised weights, in eval mode, where no access changes them."""
    module = trial.build()
    for name in _names(trial):
        module = apply(module, name)
    return module.eval()


def _parametrized(kind: str, **options: object) -> Apply:
    return lambda module, name: torch_api.parametrize(module, kind, name, **options)


def _renormalized(kind: str) -> Apply:
    return lambda module, name: torch_api.renormalize(module, kind, name)


def _weight(module: nn.Module, name: str) -> Tensor:
    weight: Tensor = getattr(module, name)
    return weight.detach().clone()


def _original(module: nn.Module, name: str, number: object = "") -> Tensor:
    return torch_api.state(module)[f"parametrizations.{name}.original{number}"]


def _roundoff(tensor: Tensor) -> float:
    """What one rounding changes at most; twice, for the reference in float64 has its own."""
    return torch.finfo(tensor.dtype).eps


def _norms(weight: Tensor, dim: int | None) -> Tensor:
    """In float64, over all dimensions but one; over all without."""
    axes = [axis for axis in range(weight.dim()) if axis != dim]
    norms: Tensor = torch.linalg.vector_norm(weight.double(), dim=axes, keepdim=dim is not None)
    return norms


def _wrong_weight_norm(trial: Trial) -> list[str]:
    """Magnitude and direction: Salimans & Kingma 2016, eq. 2."""
    found = []
    for dim in _DIMS:
        plain = copied(torch_api.state(trial.build()))
        module = _applied(trial, _parametrized("weight_norm", dim=dim))
        for name in _names(trial):
            found += _wrong_magnitude(module, name, plain[name], dim)
            if not identical(_original(module, name, 1), plain[name]):
                found.append(f"direction of {name} for dim={dim}")
    return found


def _wrong_magnitude(module: nn.Module, name: str, weight: Tensor, dim: int | None) -> list[str]:
    """Sums of n squares are off by n + 1 roundings, norms by half of that and one more."""
    label, norms = f"{name} for dim={dim}", _norms(weight, dim)
    magnitude, roundoff = _original(module, name, 0), _roundoff(weight)
    if magnitude.shape != norms.shape:
        return [f"magnitude of {label} has the shape {tuple(magnitude.shape)}"]
    n = weight.numel() / norms.numel()
    return [
        *off(f"magnitude of {label}", magnitude, norms, (n / 2 + 2) * roundoff * norms),
        *_off_weight(module, name, weight, dim),
    ]


def _off_weight(module: nn.Module, name: str, weight: Tensor, dim: int | None = 0) -> list[str]:
    """What normalising and scaling back changes by more than two norms and four roundings."""
    n = weight.numel() / _norms(weight, dim).numel()
    bound = (n + 8) * _roundoff(weight) * weight.double().abs()
    return off(name, _weight(module, name), weight.double(), bound)


def _drawn_weights(trial: Trial, module: nn.Module) -> dict[str, Tensor]:
    shapes = {name: _weight(module, name).shape for name in _names(trial)}
    return {name: trial.normals(*shape, of=name) for name, shape in shapes.items()}


def _off_assigned_weight_norm(trial: Trial) -> list[str]:
    """Assigning to a parametrised weight sets what it is computed from."""
    module, found = _applied(trial, _parametrized("weight_norm")), list[str]()
    for name, weight in _drawn_weights(trial, module).items():
        setattr(module, name, weight)
        found += _off_weight(module, name, weight)
    return found


def _off_initialized_weight_norm(trial: Trial) -> list[str]:
    module, found = _applied(trial, _parametrized("weight_norm")), list[str]()
    for name in _names(trial):
        torch_api.initializer("constant_")(getattr(module, name), 0.5)
        found += _off_weight(module, name, torch.full_like(_weight(module, name), 0.5))
    return found


def _off_reset_weight_norm(trial: Trial) -> list[str]:
    """A reset must leave the weight that it leaves without the parametrization."""
    plain, module = trial.build(), _applied(trial, _parametrized("weight_norm"))
    for each in (plain, module):
        trial.target(of="reset")  # For its effect: other streams than those of the construction.
        torch_api.reset(each)
    expected = torch_api.state(plain)
    return [text for name in _names(trial) for text in _off_weight(module, name, expected[name])]


def _kept(apply: Apply, write: Callable[[nn.Module, str], object], trial: Trial) -> list[str]:
    """Weights that are computed from the same tensors as before, whatever was written."""
    module = _applied(trial, apply)
    before = copied(torch_api.state(module))
    for name in _names(trial):
        write(module, name)
    changed = differing(before, torch_api.state(module))
    return [n for n in _names(trial) if not any(_belongs(c, n) for c in changed)]


def _belongs(tensor: str, weight: str) -> bool:
    """Whether a tensor is one that the weight is computed from."""
    return tensor.startswith((f"parametrizations.{weight}.", f"{weight}_"))


def _reset(module: nn.Module, _name: str) -> None:
    torch_api.reset(module)


def _initialize(module: nn.Module, name: str) -> None:
    torch_api.initializer("normal_")(getattr(module, name), 0.0, 7.0)


def _matrix(weight: Tensor) -> Tensor:
    return weight.double().flatten(1)


def _wrong_spectral_norm(trial: Trial) -> list[str]:
    """The weight over its norm, which unit vectors estimate: Miyato et al. 2018, sec. 2.1.

    Of the vectors of the power method ``uᵀ·W·v`` is an estimate, and so are ``‖W·v‖`` and
    ``‖Wᵀ·u‖``: each lies between the first and the largest singular value.
    """
    plain = copied(torch_api.state(trial.build()))["weight"]
    module = _applied(trial, _parametrized("spectral_norm"))
    u, v = (torch_api.state(module)[f"parametrizations.weight.0._{side}"] for side in "uv")
    matrix, roundoff = _matrix(plain), _roundoff(plain)
    terms = sum(matrix.shape) + 4
    least = u.double() @ matrix @ v.double()
    largest = torch.linalg.matrix_norm(matrix, 2)
    # What the sums of products in uᵀ·W·v are off by; those of a norm by no more.
    slack = terms * roundoff * (u.double().abs() @ matrix.abs() @ v.double().abs())
    weight = _weight(module, "weight")
    sigma = matrix.square().sum() / (matrix * _matrix(weight)).sum()
    lawful = least - slack <= sigma <= largest + slack and sigma >= _LEAST_SPECTRAL * largest
    expected = plain.double() / sigma
    return [
        *([] if identical(_original(module, "weight"), plain) else ["the original"]),
        *_not_unit(u=u, v=v),
        *off("weight", weight, expected, 4 * roundoff * expected.abs()),
        *([] if lawful else
          [f"sigma is {float(sigma / largest):.3g} of the largest singular value"]),
    ]  # fmt: skip


def _not_unit(**vectors: Tensor) -> list[str]:
    one = torch.ones((), dtype=torch.float64)
    return [
        text
        for name, vector in vectors.items()
        for text in off(
            f"length of {name}",
            vector.double().norm().cpu(),
            one,
            (vector.numel() / 2 + 4) * _roundoff(vector),
        )
    ]


def _off_assigned_spectral_norm(trial: Trial) -> list[str]:
    module = _applied(trial, _parametrized("spectral_norm"))
    (weight,) = _drawn_weights(trial, module).values()
    module.weight = weight
    return [] if identical(_original(module, "weight"), weight) else ["the original"]


def _tall(weight: Tensor) -> Tensor:
    """In float64, transposed if wide."""
    double = weight.double()
    return double if weight.shape[-2] >= weight.shape[-1] else double.mT


def _wrong_orthogonal(orthogonal_map: str, trial: Trial) -> list[str]:
    """Orthonormal columns or rows, from the QR decomposition of the weight before."""
    plain = copied(torch_api.state(trial.build()))["weight"]
    module = _applied(trial, _parametrized("orthogonal", orthogonal_map=orthogonal_map))
    q, before = _tall(_weight(module, "weight")), _tall(plain)
    return [
        *_not_orthonormal(q, _roundoff(plain)),
        *off("QᵀW", (q.mT @ before).tril(-1), torch.zeros_like(before.mT @ before),
             _decomposition_error(q, _roundoff(plain)) * before.norm()),
    ]  # fmt: skip


def _not_orthonormal(q: Tensor, roundoff: float) -> list[str]:
    """A product of n reflections of length m, twice: of two orthogonal matrices.

    It is off by n steps of c·m roundings at worst (Higham 2002, lemma 19.3). Roundings whose errors
    are no trend add up like the root of their number: to more than λ·√(mn) with probability below
    2·exp(−λ²/2), which is 3·10⁻¹⁴ for λ = 8 (Higham & Mary 2019, theorem 2.4).
    """
    identity = torch.eye(q.shape[-1], dtype=q.dtype, device=q.device)
    allowed = 8 * math.sqrt(q.shape[-2] * q.shape[-1]) * roundoff
    return off("QᵀQ", q.mT @ q, identity, allowed)


def _decomposition_error(q: Tensor, roundoff: float) -> float:
    """Relative error of a Householder QR decomposition: Higham 2002, theorem 19.4."""
    return 4 * q.shape[-2] * q.shape[-1] * roundoff


def _off_assigned_orthogonal(orthogonal_map: str, trial: Trial) -> list[str]:
    """An orthogonal matrix stays what it is."""
    module = _applied(trial, _parametrized("orthogonal", orthogonal_map=orthogonal_map))
    (normals,) = _drawn_weights(trial, module).values()
    q, _ = torch.linalg.qr(_tall(normals))
    wide = normals.shape[-2] < normals.shape[-1]
    module.weight = (q.mT if wide else q).to(normals.dtype)
    bound = _decomposition_error(q, _roundoff(normals)) * math.sqrt(q.shape[-1])
    return off("weight", _tall(_weight(module, "weight")), q, bound)


def _has_one_weight(trial: Trial) -> bool:
    return trial.row.name not in _WEIGHTS


def _decomposable(trial: Trial) -> bool:
    """Whether the QR decomposition of a weight is cheap."""
    shape = next(t.shape for t in trial.row.tensors(trial.case) if t.name.startswith("weight"))
    return _has_one_weight(trial) and max(shape[-2:]) <= _LARGEST


_WEIGHT_NORM = {
    "start-of-weight-norm": Question("what weight_norm starts as", _wrong_weight_norm),
    "assignment-lost-under-weight-norm": Question(
        "weights off what was assigned under weight_norm",
        _off_assigned_weight_norm,
        under="weight_norm",
    ),
    "initializer-lost-under-weight-norm": Question(
        "weights off the initializer's under weight_norm",
        _off_initialized_weight_norm,
        under="weight_norm",
    ),
    "reset-lost-under-weight-norm": Question(
        "weights off the plain module's after a reset under weight_norm",
        _off_reset_weight_norm,
        under="weight_norm",
    ),
}

_SPECTRAL_NORM = {
    "start-of-spectral-norm": Question(
        "what spectral_norm starts as", _wrong_spectral_norm, _has_one_weight
    ),
    "assignment-lost-under-spectral-norm": Question(
        "weights off what was assigned under spectral_norm",
        _off_assigned_spectral_norm,
        _has_one_weight,
        under="spectral_norm",
    ),
}

_ORTHOGONAL = {
    f"{id}-orthogonal-{orthogonal_map.replace('_', '-')}": Question(
        f"{what} under orthogonal, {orthogonal_map}",
        partial(wrong, orthogonal_map),
        _decomposable,
        under=f"orthogonal, {orthogonal_map}",
    )
    for orthogonal_map in _MAPS
    for id, what, wrong in (
        ("start-of", "what weights start as", _wrong_orthogonal),
        ("assignment-lost-under", "weights off what was assigned", _off_assigned_orthogonal),
    )
}

_OTHERS: dict[str, tuple[str, Apply, Callable[[Trial], bool]]] = {
    "spectral-norm": ("spectral_norm", _parametrized("spectral_norm"), _has_one_weight),
    **{
        f"orthogonal-{each.replace('_', '-')}": (
            f"orthogonal, {each}",
            _parametrized("orthogonal", orthogonal_map=each),
            _decomposable,
        )
        for each in _MAPS
    },
    "old-weight-norm": ("the old weight_norm", _renormalized("weight_norm"), _has_one_weight),
    "old-spectral-norm": ("the old spectral_norm", _renormalized("spectral_norm"), _has_one_weight),
}
"""By id: the parametrization in words, how it is applied, and which trials can have it."""

_WRITES = {
    f"{writer}-lost-under-{id}": Question(
        f"weights that {what} does not reach under {name}",
        partial(_kept, apply, write),
        arises,
        under=name,
    )
    for id, (name, apply, arises) in _OTHERS.items()
    for writer, what, write in (
        ("initializer", "an initializer", _initialize),
        ("reset", "a reset", _reset),
    )
}

PROMISE = Promise(
    name="parametrization",
    check="parametrization",
    questions={**_WEIGHT_NORM, **_SPECTRAL_NORM, **_ORTHOGONAL, **_WRITES},
    words="weight_norm keeps the weight, spectral_norm divides it by its norm, orthogonal takes "
    "its Q; assignments, initializers and resets reach what the weight is computed from",
    formula="w = g·v/‖v‖, g = ‖w₀‖, v = w₀; w = w₀ / uᵀw₀v; wᵀw = I",
    source="PyTorch documentation, torch.nn.utils.parametrizations, torch.nn.utils.parametrize; "
    "Salimans & Kingma 2016; Miyato et al. 2018",
    subjects=("Linear", "Conv2d", "RNN"),
    dtypes=("float32", "float64"),
)
