"""What several recipes are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn

from strategies import Arguments, Visit
from verify import torch_api
from verify.subjects.case import ModuleCase

_A = TypeVar("_A", bound=Arguments)

TRANSFORMERS = "transformers"
"""The package whose models are verified; imported when first used, which takes seconds."""


_BUILD = 1 << 20
"""What building such a model costs besides its values: as much as drawing so many."""


def effort_of_building(numel: int) -> float:
    """Cost of a value of a model with so many entries, relative to a plain draw."""
    return 1 + _BUILD / numel


def arguments_of(case: ModuleCase, kind: type[_A]) -> _A:
    """What a case is built from.

    Raises
    ------
    TypeError
        For a case of another row.
    """
    if not isinstance(case.arguments, kind):
        raise TypeError(f"{case!r} is no {kind.__name__}")
    return case.arguments


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """A default dtype that is restored afterwards."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def fill(name: str, tensor: Tensor, *arguments: float) -> None:
    """Call the initializer of that name, which draws from the global stream."""
    torch_api.initializer(name)(tensor, *arguments)


def _apply(model: nn.Module, rule: Callable[[nn.Module], None]) -> None:
    model.apply(rule)


def _loop(model: nn.Module, rule: Callable[[nn.Module], None]) -> None:
    for module in model.modules():
        rule(module)


VISITORS: Mapping[Visit, Callable[[nn.Module, Callable[[nn.Module], None]], None]] = {
    "apply": _apply,
    "modules": _loop,
}
"""How a rule for one module comes to all of them."""
