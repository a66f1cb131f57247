"""What can be planted, what a fault is, and the wrappers that most of them are made with."""

from __future__ import annotations

import functools
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn import init

Function = Callable[..., Any]
Plant = Callable[[Function], Function]


@dataclass(frozen=True)
class Planted:
    """What takes the place of a part of PyTorch for one run.

    Attributes
    ----------
    name
        The value of ``PLANTED`` that plants it.
    description
        What is otherwise, in one clause.
    targets
        What to replace: names in ``torch.nn.init``, helpers with an underscore included, and
        dotted names below ``torch.nn``, such as ``Linear.reset_parameters``, or from ``torch.``,
        ``safetensors.``, ``transformers.`` or, for a recipe's own step, ``verify.`` on. A method
        that a class inherits is replaced for that class and those below it.
    plant
        Makes the replacement from the original function; called once for each target.
    arguments
        Further command-line arguments of the run.
    adds
        Whether the targets are added; otherwise they must exist.
    environment
        Variables of the run.
    setting
        Changes a global setting of PyTorch, once the suite has made its own.
    in_process
        Whether the self-test may plant it in its own process, which takes a tenth of the time.
        Not where something holds what is replaced from its import on. By hand it is planted in a
        run of the command, as every other.
    """

    name: str
    description: str
    targets: tuple[str, ...]
    plant: Plant
    arguments: tuple[str, ...] = field(default=(), kw_only=True)
    adds: bool = field(default=False, kw_only=True)
    environment: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    setting: Callable[[], object] | None = field(default=None, kw_only=True)
    in_process: bool = field(default=True, kw_only=True)

    def replacement(self, target: str, original: Function) -> Function:
        """Return what takes the place of a target."""
        return self.plant(original)

    def start(self) -> None:
        """Change the setting."""
        if self.setting:
            self.setting()

    def effect(self) -> str:
        """Return what shows, at the end of a run, that the change took effect."""
        return ""


@dataclass(frozen=True)
class Fault(Planted):
    """One fault, and which check must name it.

    Attributes
    ----------
    node
        The pytest node id that must fail, relative to the repository's root.
    checks
        The checks meant for the fault: at least one of them must report it.
    says
        What the report of one of these checks must hold besides: the tensor at fault, or the
        words by which a question is known.
    verdict
        The verdict that the cell must get.
    exit_code
        The exit code that the run must end with.
    blind
        Why the suite cannot see the fault yet; empty where it must. A fault listed as unseen
        is a strict expected failure: the suite that learns to see it says so.
    """

    node: str
    checks: frozenset[str]
    says: str = ""
    verdict: str = "fail"
    exit_code: int = 1
    blind: str = ""


Row = TypeVar("Row", bound=Planted)


def law(cell: str) -> str:
    """Return the node id of the test that holds a cell against its law.

    Parameters
    ----------
    cell
        ``backend-dtype-subject``, the backend left out where it is the CPU:
        ``float32-normal_``.
    """
    return f"verify/test_laws.py::test_law[cpu-{cell}]"


def modules(package: ModuleType, *without: str) -> list[ModuleType]:
    """Import every module that holds rows in a package, those in its packages too.

    Parameters
    ----------
    without
        Modules that hold none.
    """
    prefix = f"{package.__name__}."
    found = pkgutil.walk_packages(package.__path__, prefix)
    names = (each.name for each in found if not each.ispkg)
    return [import_module(name) for name in names if name.removeprefix(prefix) not in without]


def table(*rows: Row) -> dict[str, Row]:
    """Key rows by name, and refuse two of one name.

    Raises
    ------
    ValueError
        If a name is used twice: one of the two would silently never be planted.
    """
    keyed: dict[str, Row] = {}
    for row in rows:
        if keyed.setdefault(row.name, row) is not row:
            raise ValueError(f"two planted rows share the name {row.name!r}")
    return keyed


@dataclass(frozen=True)
class Call:
    """One call of an initializer with its defaults filled in.

    Attributes
    ----------
    tensor
        The tensor to fill.
    values
        Every argument by name, the tensor included.
    """

    tensor: Tensor
    values: Mapping[str, Any]

    @property
    def generator(self) -> torch.Generator | None:
        """The generator passed by the caller; None stands for the global stream."""
        return self.values.get("generator")

    def normals(self) -> Tensor:
        """Draw a standard normal for each element."""
        return torch.empty_like(self.tensor).normal_(generator=self.generator)

    def uniforms(self) -> Tensor:
        """Draw from U[0, 1) for each element."""
        return torch.empty_like(self.tensor).uniform_(generator=self.generator)

    def chance(self, probability: float) -> Tensor:
        """Draw a mask that is true for each element with the probability."""
        draws = torch.empty(self.tensor.shape, device=self.tensor.device)
        return draws.uniform_(generator=self.generator) < probability


Edit = Callable[[Tensor, Call], None]


def editing(edit: Edit) -> Plant:
    """Run the original, so that its errors and warnings stay, then change what it filled.

    Parameters
    ----------
    edit
        Called under no_grad with the filled tensor, unless it is empty.
    """

    def plant(original: Function) -> Function:
        signature = _signature(original)

        @functools.wraps(original)
        def faulty(*args: Any, **kwargs: Any) -> Any:
            values = _values(signature, args, kwargs)
            call = Call(values["tensor"], values)
            result = original(*args, **kwargs)
            if call.tensor.numel():
                with torch.no_grad():
                    edit(call.tensor, call)
            return result

        return faulty

    return plant


def returning(edit: Callable[[Any, Call], Any]) -> Plant:
    """Run the original, and return something else, or do something else besides.

    Parameters
    ----------
    edit
        Called with what the original returned and the call; gives what is returned instead.
    """

    def plant(original: Function) -> Function:
        signature = _signature(original)

        @functools.wraps(original)
        def faulty(*args: Any, **kwargs: Any) -> Any:
            values = _values(signature, args, kwargs)
            call = Call(values["tensor"], values)
            return edit(original(*args, **kwargs), call)

        return faulty

    return plant


def flat(edit: Edit) -> Plant:
    """Like `editing`, with the values laid out in one row, whatever the shape and strides.

    Parameters
    ----------
    edit
        Called with a contiguous one-dimensional tensor.
    """

    def edit_row(tensor: Tensor, call: Call) -> None:
        row = tensor.reshape(-1)
        edit(row, call)
        # A strided tensor's row is a copy, not a view.
        tensor.copy_(row.view(tensor.shape))

    return editing(edit_row)


def stale(edit: Callable[[Tensor, Tensor], None]) -> Plant:
    """Like `editing`, for faults that leave something of what the tensor held before.

    Parameters
    ----------
    edit
        Called with the filled tensor and a copy of its contents before the call.
    """

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
            before = tensor.detach().clone()
            result = original(tensor, *args, **kwargs)
            if tensor.numel():
                with torch.no_grad():
                    edit(tensor, before)
            return result

        return faulty

    return plant


def arguments(change: Callable[[dict[str, Any]], None]) -> Plant:
    """Change the arguments on their way to the original.

    Parameters
    ----------
    change
        Edits the dictionary of all arguments, defaults filled in.
    """

    def plant(original: Function) -> Function:
        signature = _signature(original)

        @functools.wraps(original)
        def faulty(*args: Any, **kwargs: Any) -> Any:
            values = _values(signature, args, kwargs)
            change(values)
            return original(**values)

        return faulty

    return plant


def always(argument: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Make a change for `arguments` that gives one argument the same value in every call."""

    def change(values: dict[str, Any]) -> None:
        values[argument] = value

    return change


def scaled(factor: float) -> Plant:
    """Multiply what the original filled."""
    return editing(lambda tensor, _: _discard(tensor.mul_(factor)))


def calling(replacement: Function) -> Plant:
    """Call a function with the original and the arguments of the call."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(*args: Any, **kwargs: Any) -> Any:
            return replacement(original, *args, **kwargs)

        return faulty

    return plant


def instead(replacement: Function) -> Plant:
    """Replace the original altogether."""

    def plant(original: Function) -> Function:
        return functools.wraps(original)(replacement)

    return plant


def _discard(_: object) -> None:
    """Turn an in-place operation into a statement, for use in a lambda."""


def _signature(function: Function) -> inspect.Signature:
    # A deprecated alias is declared as (*args, **kwargs): take its successor's signature.
    successor = getattr(init, f"{function.__name__}_", function)
    return inspect.signature(successor)


def _values(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments
