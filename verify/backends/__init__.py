"""Backends: one module each, found by being here.

A module of this package that defines ``BACKEND`` is a backend; nothing else needs editing.
"""

from __future__ import annotations

import importlib
import pkgutil

from verify.backends.base import Backend


def known() -> dict[str, Backend]:
    """Every backend by name, sorted: the same in every process of a run."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "base")
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return {module.BACKEND.name: module.BACKEND for module in modules}


def present() -> list[str]:
    """Names of the backends that this machine can run."""
    return [name for name, backend in known().items() if backend.count() > 0]


__all__ = ["Backend", "known", "present"]
