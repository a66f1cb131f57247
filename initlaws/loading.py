"""What a command line names: the function that builds a model, and a file of laws."""

from __future__ import annotations

import contextlib
import inspect
import runpy
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from initlaws.builds import Builds, Make, Unusable
from initlaws.claims import Laws
from verify.plan import containment, watchdog
from verify.plan.named import NotThere, named
from verify.plan.trial import survived
from verify.quoting import said
from verify.subjects.recipes.parts import default_dtype


def builds(text: str, seed: int, device: str, seconds: float) -> Builds:
    """The builds of the model that a text names.

    Parameters
    ----------
    text : str
        ``package.module:function``, which builds an initialised model without arguments.
    seed : int
    device : str
        Under which `torch.device` it is built.
    seconds : float
        The time limit of one build.

    Raises
    ------
    Unusable
        For whatever cannot be used, in one sentence; on Linux also for a build that ends the
        process.
    """

    def found() -> Builds:
        return Builds(_make(text, seconds), seed, device, seconds)

    if _device(device) == "cpu":  # Others cannot be used on both sides of a fork.
        survived(repr(text), lambda: found().places, Unusable)
    return found()


def laws(text: str, seconds: float = watchdog.DEFAULT) -> Laws:
    """What a Python file says in its ``LAWS``.

    Parameters
    ----------
    text : str
        The path of the file.
    seconds : float
        The time limit for its imports, if they may take longer than usual.

    Raises
    ------
    Unusable
        If there is no such file, it cannot be run, or it defines no laws.
    """
    if not _is_file(text):
        raise Unusable(f"--laws {text!r} is no file: name a Python file that defines LAWS.")
    with _running(f"the laws in {text!r} cannot be read:", seconds), _importing():
        found = runpy.run_path(str(Path(text).absolute())).get("LAWS")
    if isinstance(found, Mapping) and found:
        return found
    if isinstance(found, Sequence) and found and all(map(_is_pair, found)):
        return found
    raise Unusable(f"{text!r} defines no LAWS = {{pattern: law, …}} with a law in it.")


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # What no path can be.
        return False


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2


def _device(text: str) -> str:
    """The type of a device."""
    try:
        kind = torch.device(text).type
    except RuntimeError:
        raise Unusable(
            f"--device {text!r} is none: say cpu, cuda, cuda:1 or another that PyTorch knows."
        ) from None
    if kind == "meta":
        raise Unusable("--device meta holds no values: materialise the model in the build.")
    return kind


def _make(text: str, seconds: float) -> Make:
    """What builds the model, under the default dtype that its module chooses."""
    module = text.partition(":")[0]
    with _running(f"the module {module!r} raises", seconds), _importing():
        found = named(text, repr(text))
        dtype = torch.get_default_dtype()
    if isinstance(found, nn.Module) or not callable(found):
        raise Unusable(
            f"{text!r} is {type(found).__name__}, nothing to call: name a function or a class "
            "that builds the model."
        )
    if needed := _needed(found):
        raise Unusable(
            f"{text!r} needs {', '.join(needed)}: name a function without arguments that "
            "calls it with them."
        )

    def make() -> nn.Module:
        with default_dtype(dtype):
            return found()  # type: ignore[no-any-return]

    make.__qualname__ = text
    return make


def _needed(found: Callable[..., object]) -> list[str]:
    """The arguments that a call must give."""
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):  # Not every function of C's says what it takes.
        return []
    free = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.default is p.empty and p.kind not in free]


@contextmanager
def _running(what: str, seconds: float) -> Iterator[None]:
    """Run code of the user's: it prints nowhere, and all that it raises is one sentence."""
    longer = max(seconds, watchdog.IMPORT)
    try:
        with containment.contained(), watchdog.limit(longer), watchdog.staying(everywhere=True):
            yield
    except (Unusable, KeyboardInterrupt):
        raise
    except NotThere as problem:
        raise Unusable(str(problem)) from None
    except watchdog.TimedOut as late:
        raise Unusable(
            f"{what} nothing in time, {late}: mend that, or give it longer with --time-limit."
        ) from None
    except BaseException as error:
        raise Unusable(f"{what} {said(error)}.") from error


@contextmanager
def _importing() -> Iterator[None]:
    """The current directory is importable, and first; defaults and the directory stay."""
    here = str(Path.cwd())
    if here not in sys.path[:1]:
        sys.path.insert(0, here)
    with (
        default_dtype(torch.get_default_dtype()),
        contextlib.chdir(here),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
