"""Weight norm and orthogonal maps that are something else away from where they start."""

from __future__ import annotations

import functools

import torch

from selftest.planted.fault import calling, table
from selftest.planted.module import question
from selftest.planted.questions.spectral_norm import changed, computing

MAGNITUDE = "utils.parametrizations._WeightNorm.forward"
MAP = "utils.parametrizations._Orthogonal"
APPLY = "utils.parametrizations.orthogonal"


def positive(original, self, g, v):
    return original(self, g.abs(), v)


def tidying(original, self, g, v):
    made = original(self, g, v)
    if bool((g < 0).any()):  # Not at the start.
        with torch.no_grad():
            v.mul_(2.0)
    return made


def half_detached(original, self, g, v):
    return original(self, g.detach(), v) + g.sum() * 0.0


def without_projection(original, self, g, v):
    return original(self, g, v).detach() / v.detach() * v + g.sum() * 0.0


def old_positive(original, module):
    return original(module).abs() * module.weight_v.sign()


def old_tidying(original, module):
    made = original(module)
    with torch.no_grad():
        module.weight_v.mul_(2.0)
    return made


def old_half_detached(original, module):
    made = original(module)
    return made + (made.detach() - made) / 2


def old_without_projection(original, module):
    made = original(module).detach()
    return made / module.weight_v.detach() * module.weight_v + module.weight_g.sum() * 0.0


def longer(_hook, module):
    with torch.no_grad():
        module.weight_g.mul_(1.001)


def of_unit_length(_hook, module):
    with torch.no_grad():
        module.weight_v.div_(module.weight_v.norm())


def other_way(original, self, X):
    made = original(self, X)
    square = X.shape[-2] == X.shape[-1]
    trivial = hasattr(self, "base")
    return made.mT if square and not trivial and self.orthogonal_map.value < 3 else made


def base_last(original, self, X):
    if not hasattr(self, "base") or X.shape[-2] != X.shape[-1]:
        return original(self, X)
    base, self.base = self.base, torch.eye(len(X), dtype=X.dtype, device=X.device)
    made = original(self, X)
    self.base = base
    return made @ base


def without_halves(original, self, X):
    moved = 2 * X if self.orthogonal_map.name == "cayley" else X
    return original(self, moved)


def other_reflections(original, self, X):
    twice = X + X.tril(-1) + X.triu(1)
    return original(self, twice if not hasattr(self, "base") else X)


def last_reflection_first(original, self, X):
    if self.orthogonal_map.name != "householder" or hasattr(self, "base"):
        return original(self, X)
    flat = X.mT if X.shape[-2] < X.shape[-1] else X
    made = original(self, flat)
    made = made.flip(-2)
    return made.mT if X.shape[-2] < X.shape[-1] else made


def stretched(original, self, X):
    off_diagonal = X.tril(-1).abs().sum() + X.triu(1).abs().sum()
    return original(self, X) * (1 + 0.001 * off_diagonal)


def sheared(original, self, X):
    made = original(self, X)
    first = torch.zeros_like(made)
    first[..., 0] = 0.01 * X.tril(-1).abs().sum()
    return made + first


def resting(original, self, X):
    diagonal = torch.eye(*X.shape[-2:], dtype=X.dtype, device=X.device)
    return original(self, X * diagonal if hasattr(self, "base") else X)


def always(**given):
    """The function with another default."""

    def apply(original, module, name="weight", orthogonal_map=None, *, use_trivialization=True):
        if orthogonal_map is None:
            options = {"orthogonal_map": None, "use_trivialization": use_trivialization, **given}
            return original(module, name, **options)
        return original(module, name, orthogonal_map, use_trivialization=use_trivialization)

    return calling(apply)


def without_signs(original, self, Q):
    made = original(self, Q)
    if not hasattr(self, "base") and self.orthogonal_map.name == "householder":
        made.diagonal(dim1=-2, dim2=-1).abs_()
    return made


def lower_part(original, self, Q):
    if hasattr(self, "base") or self.orthogonal_map.name == "householder":
        return original(self, Q)
    return Q.tril()


def taking_any_name(original, module, name="weight", orthogonal_map=None, **options):
    known = ("matrix_exp", "cayley", "householder")
    return original(module, name, orthogonal_map if orthogonal_map in known else None, **options)


def taking_vectors(original, module, name="weight", *args, **options):
    vector = getattr(module, name).ndim < 2
    return module if vector else original(module, name, *args, **options)


row = functools.partial(question, "parametrizations", "parametrization")
FORMULA, SLOPES = "weights off g·v/‖v‖ under ", "gradients of g and v off theirs under "
DECAY = "weights that are not orthogonal after decay under orthogonal, "
WAY = "weights that are not orthogonal on the way: "

FAULTS = table(
    row("magnitudes are taken for positive", "float32-Linear", MAGNITUDE, calling(positive),
        f"{FORMULA}weight_norm: weight by "),
    row("an access that doubles the direction", "float64-Conv2d", MAGNITUDE, calling(tidying),
        f"{FORMULA}weight_norm: "),
    row("a magnitude that never learns", "float32-Linear", MAGNITUDE, calling(half_detached),
        f"{SLOPES}weight_norm: gradient of g by "),
    row("a direction whose length is held", "float64-Conv2d", MAGNITUDE,
        calling(without_projection), f"{SLOPES}weight_norm: "),
    *(
        row(name, "float32-Linear", "utils.weight_norm", changed(change),
            "what the old weight_norm starts as: ")
        for name, change in (
            ("magnitudes too long by a thousandth, before", longer),
            ("directions of unit length, before", of_unit_length),
        )
    ),
    row("magnitudes are taken for positive, before", "float32-Linear", "utils.weight_norm",
        computing(old_positive), f"{FORMULA}the old weight_norm: weight by "),
    row("a pass that doubles the direction", "float64-Conv2d", "utils.weight_norm",
        computing(old_tidying), f"{FORMULA}the old weight_norm: "),
    row("half of the gradients, before", "float32-Linear", "utils.weight_norm",
        computing(old_half_detached), f"{SLOPES}the old weight_norm: gradient of g by "),
    row("a direction whose length is held, before", "float64-Conv2d", "utils.weight_norm",
        computing(old_without_projection), f"{SLOPES}the old weight_norm: "),
    row("rotations the other way round", "float32-Linear", f"{MAP}.forward", calling(other_way),
        "weights off an orthogonal map: weight for "),
    row("a base behind the map", "float64-Conv2d", f"{MAP}.forward", calling(base_last),
        "weights off an orthogonal map: weight for "),
    row("a Cayley transform without halves", "float32-Linear", f"{MAP}.forward",
        calling(without_halves), "weights off an orthogonal map: weight for cayley"),
    row("reflections of twice the vector", "float32-Linear", f"{MAP}.forward",
        calling(other_reflections), "weights off a product of reflections: weight by "),
    row("reflections of rows turned round", "float64-Conv2d", f"{MAP}.forward",
        calling(last_reflection_first), "weights off a product of reflections: weight by "),
    row("weights that grow on the way", "float32-Linear", f"{MAP}.forward", calling(stretched),
        f"{WAY}QᵀQ by "),
    row("weights that are sheared on the way", "float64-Linear", f"{MAP}.forward", calling(sheared),
        f"{WAY}QᵀQ by "),
    row("weights that rest on the way", "float32-Linear", f"{MAP}.forward", calling(resting),
        f"{WAY}the same for "),
    *(row(f"weights that {what} after decay, {each}", "float32-Linear", f"{MAP}.forward",
          calling(plant), f"{DECAY}{each}: QᵀQ by ")
      for each in ("matrix_exp", "cayley")
      for what, plant in (("grow", stretched), ("shear", sheared))),
    row("reflections by default", "float32-Linear", APPLY, always(orthogonal_map="householder"),
        "weights of another map by default: 4 × 4"),
    row("exponentials by default", "float64-Conv2d", APPLY, always(orthogonal_map="matrix_exp"),
        "weights of another map by default: 6 × 3"),
    row("columns without their signs", "float32-Linear", f"{MAP}.right_inverse",
        calling(without_signs), "orthogonal weights that start otherwise: weight of "),
    row("half of the original before", "float64-Linear", f"{MAP}.right_inverse",
        calling(lower_part), "orthogonal weights that start otherwise: the original of "),
    row("a map of any name", "float32-Linear", APPLY, calling(taking_any_name),
        "what orthogonal does not refuse: another map"),
    row("a vector is left alone", "float32-Conv2d", APPLY, calling(taking_vectors),
        "what orthogonal does not refuse: a vector"),
)  # fmt: skip
