"""The promises whose comparisons known defects can name, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from verify.behaviour import (
    batch_norm,
    bounded_time,
    construction,
    contracts,
    embeddings,
    errors,
    generators,
    lazy,
    parameters,
    parametrizations,
    streams,
    symmetry,
    tied_gradients,
    ties,
    transforms,
)
from verify.behaviour.promise import Promise, Wording
from verify.defects.known_defects import KnownDefect

PROMISES: Mapping[str, Promise[Wording]] = {
    module.PROMISE.name: module.PROMISE
    for module in (
        batch_norm,
        bounded_time,
        construction,
        contracts,
        embeddings,
        errors,
        generators,
        lazy,
        parameters,
        parametrizations,
        streams,
        symmetry,
        tied_gradients,
        ties,
        transforms,
    )
}


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
