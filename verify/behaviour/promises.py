"""The promises whose comparisons known defects can name, by their names."""

from __future__ import annotations

from collections.abc import Mapping

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
from verify.behaviour.promise import Promise

PROMISES: Mapping[str, Promise] = {
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
