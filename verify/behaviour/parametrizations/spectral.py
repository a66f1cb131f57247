"""The power method of spectral norm: what each iteration makes, and what it may not touch.

All weights and vectors are positive here. A sum of positive numbers is off by no larger share than
its terms, and by γₙ for its n roundings (Higham 2002, sec. 3.1 and lemma 3.3): so every entry of a
vector is known to a share of γ, however it is summed, and after however many iterations.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from verify.behaviour.parametrizations.applying import tensor_of
from verify.behaviour.parametrizations.ways import Form, Way, built, forms
from verify.behaviour.promise import Trial
from verify.behaviour.rounding import gamma
from verify.behaviour.tensors import copied, differing, doubled, off

_ACCESSES = 2


@dataclass(frozen=True)
class _Setting:
    """Options, and a factor of the weight that may not matter under them."""

    iterations: int = 1
    eps: float = 1e-12
    factor: float = 1.0


_SETTINGS = (_Setting(), _Setting(iterations=2), _Setting(3, eps=2.0**-100, factor=2.0**-60))
"""The squares of a weight of 2⁻⁶⁰ are normal numbers of float32; its norm is below 10⁻¹²."""

_LARGE = 2.0**20
"""More than any norm here."""


def matrix_of(weight: Tensor, outputs: int) -> Tensor:
    """In float64, a row for each output, a column for each of the others in their order."""
    return doubled(weight.detach()).movedim(outputs, 0).flatten(1)


def positive(trial: Trial, *shape: int, of: str) -> Tensor:
    """Numbers from 1/2 on."""
    return trial.normals(*shape, of=of).abs() + 0.5


def unit(vector: Tensor) -> Tensor:
    """The vector of that direction, of length 1."""
    length: Tensor = vector.norm()
    return vector / length


def roundings(matrix: Tensor) -> int:
    """Of an iteration, at most: two products, two norms of half as many, two quotients.

    Twice, for a float64 reference is rounded itself.
    """
    return 2 * (3 * sum(matrix.shape) // 2 + 8)


def _outputs(form: Form, options: Mapping[str, object]) -> int:
    """The dimension of outputs, where an option says or the form does."""
    return int(str(options.get("dim", form.outputs)))


def prepared(
    trial: Trial, way: Way, form: Form, options: Mapping[str, object], factor: float = 1.0
) -> nn.Module:
    """A module of a positive weight, normalised, whose vectors are far from the singular ones.

    The first row of the weight is the longest, and the first entry of ``u`` the smallest; ``v`` is
    what half an iteration makes of ``u``: so either vector may begin.
    """
    module = built(trial, form)
    outputs = _outputs(form, options)
    with torch.no_grad():
        weight = positive(trial, *tensor_of(module).shape, of="weight")
        rows = weight.movedim(outputs, 0)
        rows[0].mul_(4)
        tensor_of(module).copy_(weight * factor)
    module = way.on(module, **options)
    u, v = way.vectors_of(module)
    if (len(u), len(v)) == matrix_of(weight, outputs).shape:
        start = positive(trial, len(u), of="u").cpu()
        start[1:].mul_(8)
        u.copy_(unit(start))
        v.copy_(unit(matrix_of(weight, outputs).mT @ doubled(u)))
    return module


def _asked(trial: Trial) -> Iterator[tuple[Form, dict[str, object], _Setting]]:
    """Each form by default, the first one by every dimension too; settings take turns."""
    first = forms(trial)[0]
    dims = range(tensor_of(built(trial, first)).dim())
    asked: list[tuple[Form, dict[str, object]]] = [(first, {"dim": dim}) for dim in dims]
    asked += [(form, {}) for form in forms(trial)]
    for (form, dim), setting in zip(asked, itertools.cycle(_SETTINGS), strict=False):
        options = {"n_power_iterations": setting.iterations, "eps": setting.eps, **dim}
        yield form, options, setting


def wrong_iteration(way: Way, trial: Trial) -> list[str]:
    """Algorithm 1 of Miyato et al. 2018: ``u ← W·Wᵀ·u / ‖·‖``, so many times for each access.

    The paper begins with ``v ← Wᵀ·u``; a start with ``u ← W·v`` makes the same ``u``, and a ``v``
    that is half an iteration further.
    """
    found = []
    for form, options, setting in _asked(trial):
        name = type(built(trial, form)).__name__
        module = prepared(trial, way, form, options, setting.factor)
        wrong = _off_method(way, module, _outputs(form, options), setting)
        found += [f"{text} of {name} with {options}" for text in wrong]
    return found


def _off_method(way: Way, module: nn.Module, outputs: int, setting: _Setting) -> list[str]:
    (original,), (u, v) = way.originals_of(module), way.vectors_of(module)
    matrix = matrix_of(original, outputs)
    if (len(u), len(v)) != matrix.shape:
        return [f"vectors of {len(u)} and {len(v)} entries"]
    found = []
    for access in range(_ACCESSES):
        before = doubled(u.clone())
        weight = way.update(module)
        u, v = way.vectors_of(module)
        found += _off_iterations(matrix, before, (u, v), setting.iterations)
        found += off_quotient(matrix, (u, v), matrix_of(weight, outputs), original.dtype)
        if found:
            return [f"{text} at access {access + 1}" for text in found]
    return found


def _off_iterations(
    matrix: Tensor, before: Tensor, vectors: tuple[Tensor, Tensor], n: int
) -> list[str]:
    """The vectors against those of the method, begun with either."""
    u, v = vectors
    path = [before]
    for _ in range(n):
        path.append(unit(matrix @ unit(matrix.mT @ path[-1])))
    share = gamma((n + 1) * roundings(matrix), u.dtype)
    either = [off("v", v, w, share * w) for w in (unit(matrix.mT @ each) for each in path[-2:])]
    return [*off("u", u, path[-1], share * path[-1]), *sorted(either, key=len)[0]]


def off_quotient(
    matrix: Tensor, vectors: tuple[Tensor, Tensor], made: Tensor, dtype: torch.dtype
) -> list[str]:
    """A weight that is not the matrix over an estimate by the vectors of its largest singular one.

    Of unit vectors ``uᵀ·W·v`` is an estimate, and so are ``‖W·v‖`` and ``‖Wᵀ·u‖``, which are as
    large at least.
    """
    u, v = (doubled(vector) for vector in vectors)
    share = gamma(2 * roundings(matrix), dtype)
    estimate = u @ matrix @ v
    most = torch.maximum((matrix @ v).norm(), (matrix.mT @ u).norm())
    sigma = matrix.square().sum() / (matrix * made).sum()
    lawful = estimate * (1 - share) <= sigma <= most * (1 + share)
    expected = matrix / sigma
    return [
        *off("weight", made, expected, gamma(8, dtype) * expected.abs()),
        *([] if lawful else [f"sigma is {float(sigma / estimate):.7g} of uᵀ·W·v"]),
    ]


def changed_in_eval(way: Way, trial: Trial) -> list[str]:
    """Vectors are updated with the module in training mode, and the weight follows them."""
    found = []
    for form in forms(trial)[:1]:
        module = prepared(trial, way, form, {})
        way.update(module)
        module.eval()
        before = copied(module.state_dict())
        one = way.update(module).detach().clone()
        other = way.update(module)
        (original,), vectors = way.originals_of(module), way.vectors_of(module)
        matrix = matrix_of(original, form.outputs)
        found += differing(before, module.state_dict())
        found += differing({"weight": one}, {"weight": other.detach()})
        made = matrix_of(other, form.outputs)
        found += off_quotient(matrix, (vectors[0], vectors[1]), made, original.dtype)
    return found


def without_eps(way: Way, trial: Trial) -> list[str]:
    """Norms are at least about eps, however small a vector: none is divided by zero.

    Under an eps beyond every norm, vectors are shorter than half.
    """
    found = []
    for form in forms(trial)[:1]:
        large = prepared(trial, way, form, {"eps": _LARGE})
        way.update(large)
        lengths = [doubled(vector).norm() for vector in way.vectors_of(large)]
        found += ["a large eps shortens nothing"] * (not max(lengths) < 0.5)
        zero = prepared(trial, way, form, {}, factor=0.0)
        way.update(zero)
        finite = all(bool(vector.cpu().isfinite().all()) for vector in way.vectors_of(zero))
        found += [] if finite else ["vectors of a zero weight are not finite"]
    return found


def off_slope(way: Way, trial: Trial) -> list[str]:
    """``(G − ⟨G, W/σ⟩·u·vᵀ) / σ``: Miyato et al. 2018, eq. 10, with the vectors held constant.

    Of ``‖W·v‖`` and ``‖Wᵀ·u‖`` one vector is the product over its length.
    """
    found = []
    for form in forms(trial)[-2:]:
        module = prepared(trial, way, form, {})
        parameter = dict(module.named_parameters())[way.originals[0]]
        for mode in (True, False):
            weight = way.update(module.train(mode))
            above = positive(trial, *weight.shape, of="gradient")
            (slope,) = torch.autograd.grad((weight * above).sum(), parameter)
            matrix, given, made = (
                matrix_of(each, form.outputs) for each in (parameter, above, slope)
            )
            u, v = (doubled(vector) for vector in way.vectors_of(module))
            pairs = ((u, v), (unit(matrix @ v), v), (u, unit(matrix.mT @ u)))
            answers = [_off_formula(matrix, given, made, pair, weight.dtype) for pair in pairs]
            found += sorted(answers, key=len)[0]
    return found


def _off_formula(
    matrix: Tensor, above: Tensor, slope: Tensor, pair: tuple[Tensor, Tensor], dtype: torch.dtype
) -> list[str]:
    u, v = pair
    sigma = u @ matrix @ v
    direct, through = above / sigma, (above * matrix).sum() / sigma**2 * torch.outer(u, v)
    share = gamma(4 * roundings(matrix) + 2 * matrix.numel(), dtype)
    return off("gradient", slope, direct - through, share * (direct + through))


def not_normalised(trial: Trial) -> list[str]:
    """Of a vector the spectral norm is its length, in either mode."""
    found = []
    for n, mode in ((7, True), (4, False)):
        module = nn.Linear(3, n, device=trial.device, dtype=trial.dtype)
        start = trial.normals(n, of="bias")
        with torch.no_grad():
            tensor_of(module, "bias").copy_(start)
        nn.utils.parametrizations.spectral_norm(module, "bias").train(mode)
        expected = unit(doubled(start))
        bound = gamma(2 * (n + 4), trial.dtype) * expected.abs()
        found += off("bias", tensor_of(module, "bias").detach(), expected, bound)
    return found
