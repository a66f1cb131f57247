"""A recipe of the user's own: a function that builds a model, and a file of laws."""

from __future__ import annotations

import contextlib
import functools
import glob
import math
import runpy
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from hypothesis import strategies as st
from torch import nn

from verify import torch_api
from verify.command_line.options import BadOption, is_file
from verify.laws import LATTICES
from verify.plan import containment, trial, watchdog
from verify.plan.named import NotThere, named
from verify.quoting import said, shown
from verify.subjects.case import Case
from verify.subjects.recipes.claims import Claim, Claims, buffers
from verify.subjects.recipes.known import Written
from verify.subjects.recipes.parts import default_dtype
from verify.subjects.recipes.possible import impossible, is_claim, spelled
from verify.subjects.recipes.recipe import HOST, Recipe, built_aside

UNSEEN = ("pytest.PytestUnhandledThreadExceptionWarning", "pytest.PytestUnraisableExceptionWarning")
"""What threads and finalisers of a model raise is seen by nobody who builds it, here neither."""

_SHOWN = 8
"""Buffers without a law that are named; all are counted."""


class BuildEnded(Exception):
    """A build raised what is no Exception, to end the program: its text is what that said."""


@dataclass(frozen=True, repr=False)
class Build(Case):
    """The one case of a user's recipe: its call."""

    call: str

    def __repr__(self) -> str:
        """The call as it is written."""
        return f"{self.call}()"


def survived(recipe: str | None, laws: str | None, seconds: float) -> None:
    """Choose the recipe in a process of its own first, which it may end; parameters as `chosen`.

    Raises
    ------
    verify.command_line.options.BadOption
        What `chosen` raises, and for a model or laws that end the process.
    """
    if recipe is not None and laws is not None:
        trial.survived(f"--recipe {recipe!r}", lambda: chosen(recipe, laws, seconds), BadOption)


def chosen(
    recipe: str | None, laws: str | None, seconds: float = watchdog.DEFAULT
) -> Recipe | None:
    """The recipe that the command line names, if it names one.

    Parameters
    ----------
    recipe : str or None
        ``package.module:function``: what builds an initialised model, without arguments.
    laws : str or None
        A Python file that defines ``LAWS``, from pattern to law.
    seconds : float
        The time limit of one call.

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
    longer = max(seconds, watchdog.IMPORT)
    with _refusing(f"the laws in {laws!r}", "cannot be used:"), watchdog.limit(longer):
        claims = _claims(laws)
        formula = "; ".join(f"{pattern}: {spelled(claim)}" for pattern, claim in claims.items())
    # What is dropped on the way may speak too.
    with containment.contained(), _refusing(f"--recipe {recipe!r}", "raises"):
        with watchdog.limit(longer):
            build = _build(recipe)
        with watchdog.limit(seconds):
            dtype, without = _looked_at(recipe, build, claims)
    # A pattern may hold what a name does: brackets.
    every = {**claims, **{glob.escape(name): Written() for name in without}}
    case = Build(recipe.partition(":")[2])
    return Recipe(
        name=recipe,
        cases=lambda _size: st.just(case),
        anchors=(case,),
        dtypes=(dtype,),
        words=f"every parameter follows the law that {laws} gives it{_unnamed(without)}",
        formula=formula,
        source=laws,
        make=lambda _case, target: cast(nn.Module, build(target.device)),
        claims=lambda _case: every,
    )


def _unnamed(buffers: list[str]) -> str:
    """What is said of buffers without a law."""
    if not buffers:
        return ""
    more = [f"{len(buffers) - _SHOWN} more"] if len(buffers) > _SHOWN else []
    return (
        f"; of the buffers without a law there, {', '.join([*buffers[:_SHOWN], *more])}, it is "
        "only asked that they are written and the same in every build"
    )


@contextmanager
def _refusing(what: str, raises: str) -> Iterator[None]:
    """Code of the user's: all that it raises is refused, but for an interrupt of the run."""
    try:
        yield
    except (BadOption, KeyboardInterrupt):
        raise
    except NotThere as problem:
        raise BadOption(str(problem)) from None
    except watchdog.TimedOut as error:
        advice = "mend that, or give it longer with --time-limit"
        raise BadOption(f"{what} timed out, {error}: {advice}.") from error
    except BuildEnded as error:
        raise BadOption(f"{what} {raises} {error}.") from error
    except BaseException as error:
        raise BadOption(f"{what} {raises} {said(error)}.") from error


def _claims(text: str) -> Claims:
    """What a file says in its ``LAWS``."""
    if not is_file(text):
        raise BadOption(f"--laws {text!r} is no file.")
    with _importing(), _refusing(f"the laws in {text!r}", "cannot be read:"):
        found = runpy.run_path(text).get("LAWS")
    if not isinstance(found, dict) or not found:
        raise BadOption(f"{text!r} defines no LAWS = {{pattern: law, …}} with a law in it.")
    for pattern, claim in found.items():
        if not isinstance(pattern, str) or not is_claim(claim):
            raise BadOption(
                f"{text!r} gives {shown(pattern)} the law {shown(claim)}, which is none: choose "
                "from verify.recipes, for example Normal(0.0, 0.02), or a function of the shape."
            )
    return dict[str, Claim](found)


def _build(recipe: str) -> Callable[[torch.device], object]:
    """What builds the model on a device, under the default dtype that its module chooses."""
    module = recipe.partition(":")[0]
    with _importing(), _refusing(f"the module {module!r}", "raises"):
        found = named(recipe, f"--recipe {recipe!r}")
        dtype = torch.get_default_dtype()
    if isinstance(found, nn.Module) or not callable(found):
        raise BadOption(
            f"--recipe {recipe!r} is {type(found).__name__}, nothing to call: "
            "name a function or a class that builds the model."
        )
    return functools.partial(_built, found, dtype)


@contextmanager
def _importing() -> Iterator[None]:
    """The current directory is importable, and a default that is set there stays there."""
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # The suite's own packages come first.
    with (
        default_dtype(torch.get_default_dtype()),
        contextlib.chdir(Path.cwd()),
        warnings.catch_warnings(),
        containment.contained(),
    ):
        warnings.simplefilter("ignore")
        yield


def _built(build: Callable[[], object], dtype: torch.dtype, device: torch.device) -> object:
    with default_dtype(dtype), device, containment.contained():
        try:
            return build()
        except (KeyboardInterrupt, watchdog.TimedOut):
            raise
        except BaseException as error:
            # Only an Exception is the model's fault to whoever calls, who asks what it says.
            if isinstance(error, Exception) and _speaks(error):
                raise
            raise BuildEnded(said(error)) from None


def _speaks(error: Exception) -> bool:
    """Whether an exception can say what is wrong."""
    try:
        str(error)
    except BaseException:
        return False
    return True


def _looked_at(
    recipe: str, build: Callable[[torch.device], object], claims: Claims
) -> tuple[str, list[str]]:
    """The name of the one dtype of a model that can be verified, and its buffers without a law.

    It is built to find out.
    """
    model = built_aside(lambda: build(HOST.device), HOST.device)
    if not isinstance(model, nn.Module):
        raise BadOption(f"--recipe {recipe!r} gives {type(model).__name__}, no torch.nn.Module.")
    dtype = _common_dtype(recipe, model)
    wrong = next(impossible(model, claims, LATTICES[dtype]), "")
    if wrong:
        raise BadOption(f"a law of --recipe {recipe!r} cannot be verified: {wrong}.")
    return dtype, [each.name for each in buffers(model, claims) if not each.patterns]


def _holds_values(parameter: torch.Tensor) -> bool:
    return torch_api.uninitialised(parameter) or math.prod(parameter.shape) > 0


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
    if not any(map(_holds_values, parameters.values())):
        raise BadOption(f"--recipe {recipe!r} gives a model whose parameters have no entries.")
    if len(dtypes) > 1 or not dtypes.keys() <= LATTICES.keys():
        found = ", ".join(f"{dtype} ({name})" for dtype, name in dtypes.items())
        raise BadOption(
            f"--recipe {recipe!r} gives parameters of {found}: all must be of one dtype among "
            f"{', '.join(LATTICES)}."
        )
    return next(iter(dtypes))
