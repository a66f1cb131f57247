"""The promises whose comparisons known defects can name, by their names."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping

from verify import behaviour
from verify.behaviour.promise import Promise, Wording
from verify.defects.known_defects import KnownDefect


def _found() -> Iterator[Promise[Wording]]:
    """The `PROMISE` of each module of questions, which is found by being there."""
    for module in pkgutil.iter_modules(behaviour.__path__, f"{behaviour.__name__}."):
        promise = getattr(importlib.import_module(module.name), "PROMISE", None)
        if isinstance(promise, Promise):
            yield promise


PROMISES: Mapping[str, Promise[Wording]] = {promise.name: promise for promise in _found()}


def renamed(defect: KnownDefect) -> str:
    """How to mend an entry that names questions by their words; nothing for one by ids."""
    promises = [PROMISES[name] for name in defect.promises if name in PROMISES]
    ids = tuple(_id(call, promises) for call in defect.calls)
    if ids == defect.calls:
        return ""
    listed = ", ".join(f'"{id}"' for id in ids)
    return (
        f"the known defect {defect.id!r} names questions by their words, which may change: "
        f"write calls = [{listed}]"
    )


def _id(call: str, promises: Iterable[Promise[Wording]]) -> str:
    return next((p.ids[call] for p in promises if call in p.ids and call not in p.questions), call)
