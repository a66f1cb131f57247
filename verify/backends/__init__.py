"""Backends: one module each, found by being here.

A module of this package that defines ``BACKEND`` is a backend; nothing else needs editing. One
that cannot be used is left out with a sentence that names its file, and the others are used.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import torch

from verify.backends.base import Backend
from verify.quoting import said, shown


class _Unusable(Exception):
    """What is wrong with a backend, in words that follow the name of its file."""


@dataclass(frozen=True)
class _File:
    """What a file of this package holds.

    Attributes
    ----------
    module : str
    name : str
        Under which it is asked for: that of the file where it has told none.
    backend : Backend or None
        None where nothing can be said of its cells.
    devices : int
    problem : str
        Why it cannot be used, in one sentence; or nothing.
    """

    module: str
    name: str
    backend: Backend | None = None
    devices: int = 0
    problem: str = ""


def known() -> dict[str, Backend]:
    """Every backend by name, sorted: the same in every process of a run."""
    return {file.name: file.backend for file in _files() if file.backend}


def present() -> list[str]:
    """Names of the backends that this machine can run."""
    return [file.name for file in _files() if file.devices]


def problems() -> Mapping[str, str]:
    """Backends that cannot be used, by the name under which they are asked for: and why."""
    return {file.name: file.problem for file in _files() if file.problem}


def clashes() -> list[str]:
    """The sentences for names that several files claim: what is meant by them is unknown."""
    return sorted({f.problem for files in _by_name().values() if len(files) > 1 for f in files})


@cache
def _files() -> tuple[_File, ...]:
    """Every file, sorted by name, those of one name without a backend."""
    found = []
    for files in _by_name().values():
        several = len(files) > 1
        found += [replace(f, backend=None, devices=0) if several else f for f in files]
    return tuple(sorted(found, key=lambda file: (file.name, file.module)))


@cache
def _by_name() -> Mapping[str, list[_File]]:
    found = defaultdict(list)
    for module in pkgutil.iter_modules(__path__):
        if module.name != "base":
            file = _looked_into(module.name)
            found[file.name].append(file)
    for name, files in found.items():
        if len(files) > 1:
            paths = " and ".join(sorted(_path(file.module) for file in files))
            problem = f"{paths} are both the backend {name!r}: rename or take away one of them."
            found[name] = [replace(file, problem=problem) for file in files]
    return found


def _looked_into(module: str) -> _File:
    """What a file holds. Its code may do anything but interrupt the run."""
    file = _File(module, module)
    try:
        backend = _loaded(module)
        file = replace(file, name=backend.name, backend=backend)
        return _asked(file, backend)
    except KeyboardInterrupt:
        raise
    except _Unusable as problem:
        words = str(problem)
    except BaseException as error:
        words = f"it raises {said(error)}"
    advice = "mend the file, or take it away"
    return replace(
        file, problem=f"the backend of {_path(module)} cannot be used, {words}: {advice}."
    )


def _path(module: str) -> str:
    return f"{__name__.replace('.', '/')}/{module}.py"


def _loaded(module: str) -> Backend:
    """The backend that a file defines, of which every field is what it must be."""
    missing = object()
    backend = getattr(importlib.import_module(f"{__name__}.{module}"), "BACKEND", missing)
    if backend is missing:
        raise _Unusable("it defines no BACKEND")
    if not isinstance(backend, Backend):
        raise _Unusable(f"its BACKEND is {shown(backend)} and no Backend")
    if problem := backend.problem():
        raise _Unusable(problem)
    return backend


def _asked(file: _File, backend: Backend) -> _File:
    """A file with the answers of its backend, which is asked once: later ones may differ.

    Where there is a device, it is described and known to PyTorch.
    """
    count = backend.count()
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise _Unusable(f"its count() gives {shown(count)} and no number of devices")
    described: Mapping[str, str] = {}
    if count:
        described = backend.describe()
        if not isinstance(described, Mapping):
            raise _Unusable(f"its describe() gives {shown(described)} and no mapping")
        for name, value in described.items():
            if not isinstance(name, str) or not isinstance(value, str):
                raise _Unusable(f"its describe() gives {shown({name: value})}, which is no text")
        torch.device(backend.name)
    told = dict(described)
    known = replace(backend, count=lambda: count, describe=lambda: told)
    return replace(file, backend=known, devices=count)


__all__ = ["Backend", "clashes", "known", "present", "problems"]
