"""A recipe of the user's own: a function that builds a model, and a file of laws."""

from __future__ import annotations

import functools
import importlib
import runpy
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from hypothesis import strategies as st
from torch import nn

from verify.command_line.options import BadOption
from verify.laws import LATTICES
from verify.subjects.recipes.claims import Claim, Claims
from verify.subjects.recipes.possible import impossible, is_claim, said, spelled
from verify.subjects.recipes.recipe import HOST, Recipe, built_aside
from verify.subjects.subject import Case

_BROKEN = (Exception, SystemExit)
"""What code of the user's may raise."""


@dataclass(frozen=True, repr=False)
class Build(Case):
    """The one case of a user's recipe: its call."""

    call: str

    def __repr__(self) -> str:
        """The call as it is written."""
        return f"{self.call}()"


def chosen(recipe: str | None, laws: str | None) -> Recipe | None:
    """The recipe that the command line names, if it names one.

    Parameters
    ----------
    recipe : str or None
        ``package.module:function``: what builds an initialised model, without arguments.
    laws : str or None
        A Python file that defines ``LAWS``, from pattern to law.

    Raises
    ------
    verify.command_line.options.BadOption
        For whatever cannot be used, in one sentence.
    """
    if recipe is None and laws is None:
        return None
    if recipe is None:
        raise BadOption("--laws says what a recipe must keep: name what builds it with --recipe.")
    if laws is None:
        raise BadOption("--recipe needs the laws that it must keep: name their file with --laws.")
    claims = _claims(laws)
    build = _build(recipe)
    case = Build(recipe.partition(":")[2])
    dtype = _dtype(recipe, build, claims)
    return Recipe(
        name=recipe,
        cases=lambda _size: st.just(case),
        anchors=(case,),
        dtypes=(dtype,),
        words=f"every parameter follows the law that {laws} gives it",
        formula="; ".join(f"{pattern}: {spelled(claim)}" for pattern, claim in claims.items()),
        source=laws,
        make=lambda _case, place: build(place.device),
        claims=lambda _case: claims,
    )


def _claims(text: str) -> Claims:
    """What a file says in its ``LAWS``."""
    if not Path(text).is_file():
        raise BadOption(f"--laws {text!r} is no file.")
    with _importing():
        try:
            found = runpy.run_path(text).get("LAWS")
        except _BROKEN as error:
            raise BadOption(f"the laws in {text!r} cannot be read: {said(error)}.") from error
    if not isinstance(found, dict) or not found:
        raise BadOption(f"{text!r} defines no LAWS = {{pattern: law, …}} with a law in it.")
    for pattern, claim in found.items():
        if not isinstance(pattern, str) or not is_claim(claim):
            raise BadOption(
                f"{text!r} gives {pattern!r} the law {_short(claim)}, which is none: choose from "
                "verify.recipes, for example Normal(0.0, 0.02), or a function of the shape."
            )
    return dict[str, Claim](found)


def _short(value: object) -> str:
    return value.__qualname__ if isinstance(value, type) else repr(value)


def _build(recipe: str) -> Callable[[torch.device], Any]:
    """What builds the model on a device, under the default dtype that its module chooses."""
    module, _, attribute = recipe.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *attribute.split("."))):
        raise BadOption(f"--recipe {recipe!r} is not of the form package.module:function.")
    with _importing():
        found = _found(recipe, module, attribute)
        dtype = torch.get_default_dtype()
    if isinstance(found, nn.Module) or not callable(found):
        raise BadOption(
            f"--recipe {recipe!r} is {type(found).__name__}, nothing to call: "
            "name a function or a class that builds the model."
        )
    return functools.partial(_built, found, dtype)


def _found(recipe: str, module: str, attribute: str) -> Any:
    try:
        imported = importlib.import_module(module)
    except _BROKEN as error:
        if isinstance(error, ModuleNotFoundError) and _leads_to(error.name, module):
            raise BadOption(
                f"there is no module {module!r} in {str(Path.cwd())!r} or installed here: "
                f"check --recipe {recipe!r}."
            ) from None
        raise BadOption(f"the module {module!r} raises {said(error)}.") from error
    try:
        return functools.reduce(getattr, attribute.split("."), imported)
    except AttributeError:
        raise BadOption(
            f"the module {module!r} has no {attribute!r}: check --recipe {recipe!r}."
        ) from None


def _leads_to(missing: str | None, module: str) -> bool:
    """Whether a module that is not found is the one asked for, or a package around it."""
    return missing is not None and f"{module}.".startswith(f"{missing}.")


@contextmanager
def _importing() -> Iterator[None]:
    """The current directory is importable, and a default dtype that is set there stays there."""
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # The suite's own packages come first.
    with _own_dtype(torch.get_default_dtype()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _own_dtype(dtype: torch.dtype) -> Iterator[None]:
    """A default dtype that is restored afterwards."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _built(build: Callable[[], Any], dtype: torch.dtype, device: torch.device) -> Any:
    with _own_dtype(dtype), device:
        return build()


def _dtype(recipe: str, build: Callable[[torch.device], Any], claims: Claims) -> str:
    """The name of the one dtype of a model that can be verified; it is built to find out."""
    try:
        model = built_aside(lambda: build(HOST.device), HOST.device)
    except _BROKEN as error:
        raise BadOption(f"--recipe {recipe!r} raises {said(error)}.") from error
    if not isinstance(model, nn.Module):
        raise BadOption(f"--recipe {recipe!r} gives {type(model).__name__}, no torch.nn.Module.")
    dtype = _common_dtype(recipe, model)
    wrong = next(impossible(model, claims, LATTICES[dtype]), "")
    if wrong:
        raise BadOption(f"a law of --recipe {recipe!r} cannot be verified: {wrong}.")
    return dtype


def _common_dtype(recipe: str, model: nn.Module) -> str:
    parameters = dict(model.named_parameters())
    if away := [name for name, tensor in parameters.items() if tensor.device != HOST.device]:
        raise BadOption(
            f"--recipe {recipe!r} puts {away[0]} on {parameters[away[0]].device}: it must leave "
            "the choice of the device to torch.device."
        )
    dtypes = {str(tensor.dtype).removeprefix("torch."): n for n, tensor in parameters.items()}
    if not dtypes:
        raise BadOption(f"--recipe {recipe!r} gives a model without parameters.")
    if len(dtypes) > 1 or not dtypes.keys() <= LATTICES.keys():
        found = ", ".join(f"{dtype} ({name})" for dtype, name in dtypes.items())
        raise BadOption(
            f"--recipe {recipe!r} gives parameters of {found}: all must be of one dtype among "
            f"{', '.join(LATTICES)}."
        )
    return next(iter(dtypes))
