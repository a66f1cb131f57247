"""Wrappers for faults of the modules in ``torch.nn``: what a method fills, or fails to."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from selftest.planted.fault import Fault, Function, Plant
from verify.outcome.promises import ASKED

ModuleEdit = Callable[[Any], object]
TensorEdit = Callable[[Tensor, Any], object]

NARROW = ("extremes", "legendre", "chi_square", "kolmogorov_smirnov")
"""The checks that may name values which do not fill the law's range, or fill it unevenly."""

WIDE = ("support", *NARROW)
"""The checks that may name values of another range."""

ZERO = ("atoms", *NARROW)
"""The checks that may name zeros where values should be random."""

REPEATS = ("duplicates", "correlation")
UNFILLED = ("finite", "exact")


def fault(
    name: str,
    description: str,
    target: str | tuple[str, ...],
    plant: Plant,
    node: str,
    *checks: str,
    **more: Any,
) -> Fault:
    """Shorthand for the row of one target."""
    targets = (target,) if isinstance(target, str) else target
    return Fault(name, description, targets, plant, node, frozenset(checks), **more)


def question(
    file: str, check: str, name: str, cell: str, target: str, plant: Plant, says: str
) -> Fault:
    """Shorthand for a fault that one question of a promise must name.

    Parameters
    ----------
    file, cell
        As in `behaviour`.
    says
        How the answer begins, with the question's words.
    """
    node = behaviour(file, cell)
    return fault(name, name, target, plant, node, check, says=says)


def default(cell: str) -> str:
    """Return the node id of the test that constructs modules.

    Parameters
    ----------
    cell
        ``dtype-subject``: ``float32-Linear``.
    """
    return f"verify/test_defaults.py::test_default[cpu-{cell}]"


def reset(cell: str) -> str:
    """Return the node id of the test that resets modules in place."""
    return f"verify/test_resets.py::test_reset[cpu-{cell}]"


def materialisation(cell: str) -> str:
    """Return the node id of the test that resets modules moved from the meta device."""
    return f"verify/test_resets.py::test_materialisation[cpu-{cell}]"


def behaviour(file: str, cell: str) -> str:
    """Return the node id of a test of behaviour: the one that is named like its file.

    Parameters
    ----------
    file
        What its file is named after, in the plural where the test is in the singular: ``ties`` for
        ``test_tie`` of ``test_ties.py``.
    cell
        ``dtype-subject``: ``float32-Linear``.

    Raises
    ------
    ValueError
        For a file without such a test in the table of promises.
    """
    start = f"test_{file}.py::"
    tests = [test.removeprefix(start) for test in ASKED if test.startswith(start)]
    named = [test for test in tests if f"test_{file}".startswith(test)]
    if len(named) != 1:
        raise ValueError(
            f"{start}test_{file}, or its singular, is no row of ASKED in "
            "verify/outcome/promises.py: add it, or name the file of another test"
        )
    return f"verify/{start}{named[0]}[cpu-{cell}]"


def after(edit: ModuleEdit) -> Plant:
    """Run the original method, then edit its module.

    Parameters
    ----------
    edit
        Called with the module, under no_grad.
    """

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
            result = original(self, *args, **kwargs)
            with torch.no_grad():
                edit(self)
            return result

        return faulty

    return plant


def each(names: str, edit: TensorEdit) -> Plant:
    """Like `after`, for every parameter and buffer whose name matches.

    Parameters
    ----------
    names
        A shell pattern of names in the module, or several with ``|`` between them.
    edit
        Called with the tensor and the module; never with a parameter that has no size yet.
    """

    def edit_each(module: nn.Module) -> None:
        for _, tensor in matching(module, names):
            edit(tensor, module)

    return after(edit_each)


def times(names: str, factor: float | Callable[[Any], float]) -> Plant:
    """Like `each`, multiplying by a number, which may depend on the module."""
    if callable(factor):
        return each(names, lambda tensor, module: tensor.mul_(factor(module)))
    return each(names, lambda tensor, _: tensor.mul_(factor))


def filled(names: str, value: float) -> Plant:
    """Like `each`, with one value everywhere."""
    return each(names, lambda tensor, _: tensor.fill_(value))


def matching(module: nn.Module, names: str) -> Iterator[tuple[str, Tensor]]:
    """Yield the parameters and buffers whose name matches, as `each` understands it."""
    patterns = names.split("|")
    for name, tensor in itertools.chain(module.named_parameters(), module.named_buffers()):
        if not is_lazy(tensor) and any(fnmatchcase(name, pattern) for pattern in patterns):
            yield name, tensor


def forgetting(names: str, since: int = 2) -> Plant:
    """Make a method leave some tensors as they were.

    Parameters
    ----------
    names
        As in `each`.
    since
        From which call on; the first one of a module is its constructor's.
    """

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(self: nn.Module) -> None:
            call = self.__dict__["_planted_calls"] = self.__dict__.get("_planted_calls", 0) + 1
            before = {name: tensor.detach().clone() for name, tensor in matching(self, names)}
            original(self)
            if call >= since:
                with torch.no_grad():
                    for name, tensor in matching(self, names):
                        tensor.copy_(before[name])

        return faulty

    return plant
