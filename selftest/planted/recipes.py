"""Faults of recipes for layers and names."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from selftest.planted.fault import Call, Function, Plant, editing, table
from selftest.planted.module import NARROW, WIDE, fault

SCALE = ("scale", *NARROW)
EXACT = ("exact",)
ORTHOGONAL = ("orthogonality",)
_OURS = "verify.subjects.recipes"


def recipe(name: str) -> str:
    """Return the node id of the test that holds a recipe against its laws."""
    return f"verify/test_recipes.py::test_recipe[cpu-float32-{name}]"


def symmetry(dtype: str) -> str:
    """Return the node id of the test of symmetry."""
    return f"verify/test_symmetry.py::test_symmetry[cpu-{dtype}-Xavier and a constant]"


def _square_by_square(original: Function) -> Function:
    """Each square of a tall matrix is orthogonal by itself."""

    @functools.wraps(original)
    def orthogonal(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        for square in tensor.detach().chunk(max(1, tensor.shape[0] // tensor.shape[1])):
            original(square, *args, **kwargs)
        return tensor

    return orthogonal


def _all_at_once(original: Function) -> Function:
    """A part of a matrix is filled as a part of one orthogonal matrix."""

    @functools.wraps(original)
    def orthogonal(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        original(tensor if tensor._base is None else tensor._base, *args, **kwargs)
        return tensor

    return orthogonal


def _without_hidden_bias(original: Function) -> Function:
    @functools.wraps(original)
    def names(model: nn.Module) -> list[str]:
        return [name for name in original(model) if name != "bias_hh_l0"]

    return names


def _only_children(original: Function) -> Function:
    """Modules of modules are left out."""

    @functools.wraps(original)
    def apply(self: nn.Module, rule: Callable[[nn.Module], None]) -> nn.Module:
        for module in (*self.children(), self):
            rule(module)
        return self

    return apply


def _only_direct(original: Function) -> Function:
    """The same for a loop."""

    @functools.wraps(original)
    def modules(self: nn.Module) -> Iterator[nn.Module]:
        return iter((self, *self.children()))

    return modules


def _only_zero(original: Function) -> Function:
    """A constant other than zero leaves the tensor as it was, if it is a bias."""

    @functools.wraps(original)
    def constant(tensor: Tensor, val: float) -> Tensor:
        forgotten = val and tensor.dim() == 1
        return tensor if forgotten else original(tensor, val)

    return constant


def _centred(tensor: Tensor, call: Call) -> None:
    tensor.sub_(call.values["mean"])


def _keeping(threshold: float, chance: float = 0.0) -> Plant:
    """Another threshold; and some of the small values stay."""

    def plant(_original: Function) -> Function:
        def kept(weight: Tensor) -> Tensor:
            return (weight.abs() >= threshold) | (torch.rand_like(weight) < chance)

        return kept

    return plant


def _refilled(_original: Function) -> Function:
    """One zero in twenty becomes a large value again."""

    def kept(weight: Tensor) -> Tensor:
        small = weight.abs() < 5
        lucky = small & (torch.rand_like(weight) < 0.05)
        weight.copy_(torch.where(lucky, weight + 5 * weight.sign(), weight))
        return lucky | ~small

    return kept


def _first_entry(tensor: Tensor, _: Call) -> None:
    tensor.view(-1)[0] += 1


FAULTS = table(
    fault(
        "orthogonal_gate_by_gate",
        "each gate of the stacked hidden weights is orthogonal by itself",
        "orthogonal_",
        _square_by_square,
        recipe("orthogonal recurrent weights"),
        *ORTHOGONAL,
        says="weight_hh",
    ),
    fault(
        "orthogonal_gates_stacked",
        "the gates together are orthogonal, and none by itself",
        "orthogonal_",
        _all_at_once,
        recipe("orthogonal recurrent gates"),
        *ORTHOGONAL,
        says="weight_hh",
    ),
    fault(
        "names_miss_one",
        "the list of names misses a bias of the first layer",
        f"{_OURS}.recurrent._names",
        _without_hidden_bias,
        recipe("normal by names"),
        *SCALE,
        says="bias_hh",
    ),
    fault(
        "recipe_bias_forgotten",
        "a bias that should be 0.01 is left at its default",
        "constant_",
        _only_zero,
        recipe("normal by inputs"),
        *EXACT,
        says="bias",
    ),
    fault(
        "apply_misses_nested",
        "apply comes to the children of a module alone",
        "Module.apply",
        _only_children,
        recipe("narrow normal"),
        *SCALE,
        *EXACT,
        "support",
    ),
    fault(
        "apply_misses_nested_bias",
        "apply comes to the children of a module alone, and the default weights are lawful",
        "Module.apply",
        _only_children,
        recipe("uniform by inputs"),
        *EXACT,
        says="bias",
    ),
    fault(
        "modules_misses_nested",
        "modules() lists the children of a module alone",
        "Module.modules",
        _only_direct,
        recipe("normal by inputs"),
        *SCALE,
        *EXACT,
        "support",
    ),
    fault(
        "mask_threshold",
        "values are kept from 4.9 on",
        f"{_OURS}.dense._kept",
        _keeping(4.9),
        recipe("masked uniform"),
        "support",
    ),
    fault(
        "mask_leaks",
        "one small value in ten thousand is kept",
        f"{_OURS}.dense._kept",
        _keeping(5.0, 1e-4),
        recipe("masked uniform"),
        "support",
    ),
    fault(
        "mask_too_few_zeros",
        "of a hundred zeros five are large values",
        f"{_OURS}.dense._kept",
        _refilled,
        recipe("masked uniform"),
        "zero_share",
    ),
    fault(
        "norm_mean_zero",
        "the weights of batch norms are drawn around 0",
        "normal_",
        editing(_centred),
        recipe("batch norm near one"),
        *WIDE,
        "mean",
        says="norm",
    ),
    fault(
        "constant_tears_apart",
        "one entry of a constant weight is another value",
        "constant_",
        editing(_first_entry),
        symmetry("float64"),
        "symmetry",
        says="let differ",
    ),
)
