"""Backends: one module each, found by being here; or out of tree, by a file or an entry point.

A module of this package that defines ``BACKEND`` is a backend; nothing else needs editing. So is
a file that `choose` names, and what an installed package declares in the entry-point group `GROUP`.
Of the accelerator that PyTorch names and nobody describes, what it says itself must do.
One that cannot be used is left out with a sentence that names its place, and the others are used.
"""

from __future__ import annotations

import importlib.util
import pkgutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from types import ModuleType

import torch

from verify import torch_api
from verify.backends.base import Backend, named_by_pytorch
from verify.quoting import said, shown

GROUP = "verify_initializers.backends"
"""The entry-point group by which installed packages declare backends."""

_MEND = "mend the file, or take it away"
_DESCRIBE = "describe it in a file that --backend-file names"


class _Unusable(Exception):
    """What is wrong with a backend, in words that follow the name of its file."""


@dataclass(frozen=True)
class _Source:
    """Where a backend may come from.

    Attributes
    ----------
    name : str
        Of the backend, as long as it has told none.
    place : str
        Where to look for it, in words.
    load : callable
        Gives the module that defines ``BACKEND``, or the backend itself.
    advice : str
        What to do where it cannot be used.
    """

    name: str
    place: str
    load: Callable[[], object]
    advice: str = _MEND


@dataclass(frozen=True)
class _File:
    """What a source holds.

    Attributes
    ----------
    place : str
    name : str
        Under which it is asked for: that of the source where it has told none.
    backend : Backend or None
        None where nothing can be said of its cells.
    devices : int
    problem : str
        Why it cannot be used, in one sentence; or nothing.
    """

    place: str
    name: str
    backend: Backend | None = None
    devices: int = 0
    problem: str = ""


_chosen: list[str] = []
"""The file outside this package, where one is named."""


def choose(path: str | None) -> None:
    """Look into a file outside this package too, or into none.

    Parameters
    ----------
    path : str or None
    """
    paths = [] if path is None else [path]
    if paths != _chosen:  # What is loaded stays: a file may not like to be run twice.
        _chosen[:] = paths
        _by_name.cache_clear()
        _files.cache_clear()


def chosen() -> tuple[str, str]:
    """The name that the file outside has, and why it cannot be used; nothing without one."""
    every = [file for files in _by_name().values() for file in files]
    return next(((f.name, f.problem) for f in every if f.place in _chosen), ("", ""))


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
    return tuple(sorted(found, key=lambda file: (file.name, file.place)))


@cache
def _by_name() -> Mapping[str, list[_File]]:
    found = defaultdict(list)
    for source in _sources():
        file = _looked_into(source)
        found[file.name].append(file)
    if (kind := torch_api.accelerator()) and kind not in found:
        undescribed = _Source(kind, "torch.accelerator", partial(named_by_pytorch, kind), _DESCRIBE)
        found[kind].append(_looked_into(undescribed))
    for name, files in found.items():
        if len(files) > 1:
            places = " and ".join(sorted(file.place for file in files))
            problem = f"{places} are both the backend {name!r}: rename or take away one of them."
            found[name] = [replace(file, problem=problem) for file in files]
    return found


def _sources() -> Iterator[_Source]:
    for module in pkgutil.iter_modules(__path__):
        if module.name != "base":
            place = f"{__name__.replace('.', '/')}/{module.name}.py"
            load = partial(importlib.import_module, f"{__name__}.{module.name}")
            yield _Source(module.name, place, load)
    for path in _chosen:
        yield _Source(Path(path).stem, path, partial(_executed, path))
    for entry in sorted({*metadata.entry_points(group=GROUP)}):
        place = f"the entry point {entry.name} = {entry.value!r}"
        yield _Source(entry.name, place, entry.load, "mend its package, or uninstall it")


def _executed(path: str) -> object:
    """The module that a file outside this package is."""
    spec = importlib.util.spec_from_file_location("verify_backend_file", path)
    if spec is None or spec.loader is None:
        raise _Unusable("its name does not end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Frozen dataclasses look themselves up there.
    spec.loader.exec_module(module)
    return module


def _looked_into(source: _Source) -> _File:
    """What a source holds. Its code may do anything but interrupt the run."""
    file = _File(source.place, source.name)
    try:
        backend = _loaded(source)
        file = replace(file, name=backend.name, backend=backend)
        return _asked(file, backend)
    except KeyboardInterrupt:
        raise
    except _Unusable as problem:
        words = str(problem)
    except BaseException as error:
        words = f"it raises {said(error)}"
    problem_of = f"the backend of {source.place} cannot be used, {words}: {source.advice}."
    return replace(file, problem=problem_of)


def _loaded(source: _Source) -> Backend:
    """The backend that a source defines, of which every field is what it must be."""
    missing = object()
    found = source.load()
    backend = getattr(found, "BACKEND", missing) if isinstance(found, ModuleType) else found
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
        if backend.module is not None and not hasattr(torch, backend.name):
            torch._register_device_module(backend.name, backend.module)  # type: ignore[no-untyped-call]
    told = dict(described)
    known = replace(backend, count=lambda: count, describe=lambda: told)
    return replace(file, backend=known, devices=count)


__all__ = ["GROUP", "Backend", "choose", "chosen", "clashes", "known", "present", "problems"]
