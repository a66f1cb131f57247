"""The maps onto orthogonal matrices, on originals whose images are known.

A rotation by an angle a in a plane is the exponential of the skew-symmetric matrix that holds −a
and a; its Cayley transform is the rotation by 2·atan(a/2) (Cayley 1846). Of several planes that
share no axis it is so for each of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import product

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.parametrizations.applying import (
    MAPS,
    listed,
    original,
    tall,
    tensor_of,
    weight_of,
)
from verify.behaviour.promise import Trial
from verify.behaviour.rounding import gamma
from verify.behaviour.tensors import doubled, identical, off

_SIZE = 7
_PLANES = ((0, 4), (5, 1), (2, 6))
"""Pairs of axes; one axis stays."""

_ANGLES = (0.5, 1.25, 2.5)
_ROUNDINGS = 64 * _SIZE
"""Of a weight of at most `_SIZE` rows. Elimination of a well-conditioned matrix of n rows is off by
some n²·u (Higham 2002, sec. 9.4); an exponential by scaling and squaring by some n·u for each of
its few products, times two for each squaring (Higham 2005, theorem 2.1), and norms below 8 take
three; reflections by some n·u each (Higham 2002, lemma 19.2)."""

_TURNS: dict[str, Callable[[float], float]] = {
    "matrix_exp": lambda angle: angle,
    "cayley": lambda angle: 2 * math.atan(angle / 2),
}
_SHAPES = ((4, 4), (6, 3), (3, 5))


def _linear(trial: Trial, outputs: int, inputs: int, of: str = "") -> nn.Linear:
    trial.target(of)  # For its effect: the streams.
    return nn.Linear(inputs, outputs, device=trial.device, dtype=trial.dtype)


def _orthogonal(module: nn.Module, **options: object) -> nn.Module:
    return torch_api.parametrize(module, "orthogonal", "weight", **options)


def _planes(off_diagonal: Callable[[float], tuple[float, float]]) -> Tensor:
    """A matrix of one block for each plane, without what lies outside of them, on the host."""
    made = torch.zeros(_SIZE, _SIZE, dtype=torch.float64)
    for (i, j), angle in zip(_PLANES, _ANGLES, strict=True):
        diagonal, beside = off_diagonal(angle)
        made[i, i] = made[j, j] = diagonal
        made[j, i], made[i, j] = beside, -beside
    return made


def _rotation(turn: Callable[[float], float]) -> Tensor:
    made = _planes(lambda angle: (math.cos(turn(angle)), math.sin(turn(angle))))
    made[3, 3] = 1.0
    return made


def off_the_map(trial: Trial) -> list[str]:
    """A skew-symmetric original is its own skew-symmetric part: ``Q = B·map(A)``.

    Without trivialization B is the identity; with it, it is kept as ``base``.
    """
    found = []
    for (name, turn), trivial in ((turn, b) for turn in _TURNS.items() for b in (True, False)):
        module = _orthogonal(
            _linear(trial, _SIZE, _SIZE), orthogonal_map=name, use_trivialization=trivial
        )
        base = getattr(listed(module)[0], "base", None)
        said = f"for {name}, use_trivialization={trivial}"
        if (base is not None) != trivial:
            found += [f"base {said}"]
            continue
        held = original(module, "weight")
        held.copy_(_planes(lambda angle: (0.0, angle)).to(held.dtype))
        expected = _rotation(turn)
        expected = expected if base is None else doubled(base) @ expected
        bound = gamma(_ROUNDINGS, trial.dtype)
        found += off(f"weight {said}", weight_of(module, "weight"), expected, bound)
    return found


def off_the_reflections(trial: Trial) -> list[str]:
    """A product of reflections: of one below the diagonal, ``I − 2·v·vᵀ/‖v‖²`` with ``v₀ = 1``.

    The other columns reflect one axis each, and nobody documents the signs of columns.
    """
    found = []
    for rows, columns in _SHAPES:
        module = _orthogonal(
            _linear(trial, rows, columns), orthogonal_map="householder", use_trivialization=False
        )
        held = original(module, "weight")
        high, wide = max(rows, columns), min(rows, columns)
        one = torch.eye(high, wide, dtype=torch.float64)
        start = one.clone()
        start[1:, 0] = doubled(trial.normals(high - 1, of="reflection"))
        held.copy_((start if rows >= columns else start.mT).to(held.dtype))
        v = start[:, :1]
        expected = one - 2 * v @ v[:wide].mT / v.square().sum()
        made = tall(weight_of(module, "weight"))
        made = made * (made * expected).sum(dim=0).sign()
        bound = gamma(64 * high, trial.dtype)
        found += [f"{text} of {rows} × {columns}" for text in off("weight", made, expected, bound)]
    return found


def _shaped(trial: Trial, names: Iterable[str]) -> Iterator[tuple[str, nn.Module]]:
    """Modules of each shape under some maps."""
    for (rows, columns), name, trivial in product(_SHAPES, names, (True, False)):
        module = _orthogonal(
            _linear(trial, rows, columns), orthogonal_map=name, use_trivialization=trivial
        )
        yield f"{name}, {rows} × {columns}, use_trivialization={trivial}", module


def _not_orthonormal(weight: Tensor) -> list[str]:
    q = tall(weight)
    identity = torch.eye(q.shape[-1], dtype=q.dtype, device=q.device)
    return off("QᵀQ", q.mT @ q, identity, gamma(_ROUNDINGS, weight.dtype))


def not_orthogonal(trial: Trial) -> list[str]:
    """Whatever the original, the weight is orthogonal, and another one for another original."""
    found = []
    for said, module in _shaped(trial, MAPS):
        before, held = weight_of(module, "weight"), original(module, "weight")
        # The diagonal of "householder" holds signs, which no gradient moves.
        step = trial.normals(*held.shape, of="step") / 2
        held.add_(step.tril(-1) + step.triu(1))
        after = weight_of(module, "weight")
        found += [f"{text} for {said}" for text in _not_orthonormal(after)]
        found += [f"the same for {said}"] * identical(before, after)
    return found


def not_orthogonal_after_decay(name: str, trial: Trial) -> list[str]:
    """An original that decays, as under every optimizer with weight decay, stays lawful."""
    found = []
    for said, module in _shaped(trial, (name,)):
        original(module, "weight").mul_(0.99)
        after = weight_of(module, "weight")
        found += [f"{text} for {said}" for text in _not_orthonormal(after)]
    return found


def not_by_default(trial: Trial) -> list[str]:
    """``matrix_exp`` of a square matrix, ``householder`` otherwise, with trivialization."""
    found = []
    for rows, columns in _SHAPES:
        name = "matrix_exp" if rows == columns else "householder"
        step = trial.normals(rows, columns, of="step")
        step.fill_diagonal_(0.0)
        made = []
        for options in ({}, {"orthogonal_map": name, "use_trivialization": True}):
            module = _orthogonal(_linear(trial, rows, columns), **options)
            original(module, "weight").add_(step)
            made.append(weight_of(module, "weight"))
        found += [f"{rows} × {columns}"] * (not identical(*made))
    return found


def wrong_initial(trial: Trial) -> list[str]:
    """What is orthogonal stays; without trivialization two maps are applied to what there was."""
    found = []
    for rows, columns in _SHAPES:
        normals = trial.normals(max(rows, columns), min(rows, columns), of="start")
        q, _ = torch.linalg.qr(doubled(normals))
        q = q.to(trial.dtype)
        q = q if rows >= columns else q.mT.contiguous()
        for name, trivial in (*((name, True) for name in MAPS), ("householder", False)):
            linear = _linear(trial, rows, columns)
            with torch.no_grad():
                tensor_of(linear).copy_(q)
            module = _orthogonal(linear, orthogonal_map=name, use_trivialization=trivial)
            said = f"weight of {rows} × {columns} for {name}, use_trivialization={trivial}"
            bound = gamma(64 * rows * columns, trial.dtype)
            found += off(said, weight_of(module, "weight"), q, bound)
        for name in _TURNS:
            linear = _linear(trial, rows, columns)
            start = tensor_of(linear).detach().clone()
            module = _orthogonal(linear, orthogonal_map=name, use_trivialization=False)
            kept = identical(original(module, "weight"), start)
            found += [f"the original of {rows} × {columns} for {name}"] * (not kept)
    return found


def not_refused(trial: Trial) -> list[str]:
    """Maps of other names, and vectors, which are no matrices."""
    attempts: dict[str, Callable[[], object]] = {
        "another map": lambda: _orthogonal(_linear(trial, 3, 3), orthogonal_map="givens"),
        "a vector": lambda: torch_api.parametrize(_linear(trial, 3, 3), "orthogonal", "bias"),
    }
    found = []
    for said, attempt in attempts.items():
        try:
            attempt()
        except (ValueError, RuntimeError):
            continue
        found.append(said)
    return found
