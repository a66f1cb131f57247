"""Normalisations and biases that do not start at one and zero: lawful, and worth a look."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from torch import Tensor, nn

from initlaws.audits.found import Found
from initlaws.audits.seen import Seen
from initlaws.builds import Place

_NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)

_NEUTRAL = {"weight": 1.0, "gamma": 1.0, "scale": 1.0, "bias": 0.0, "beta": 0.0}
"""What a normalisation does nothing with, by the name within its module."""


def neutral(seen: Seen) -> Found:
    """Name the normalisations that do not start at weight 1 and bias 0, and other biases not 0."""
    groups: dict[tuple[str, float], list[Place]] = defaultdict(list)
    for place in seen.builds.places:
        expected = _expected(place)
        if expected is not None and _is_off(place.tensor, expected):
            groups[re.sub(r"\d+", "*", place.name), expected].append(place)
    return Found((), tuple(_sentences(groups)))


def _expected(place: Place) -> float | None:
    if place.is_buffer or place.tensor.is_complex() or not place.tensor.is_floating_point():
        return None
    if isinstance(place.module, _NORMS) or "Norm" in type(place.module).__name__:
        return _NEUTRAL.get(place.attribute)
    return 0.0 if "bias" in place.attribute else None


def _is_off(tensor: Tensor, expected: float) -> bool:
    return bool((tensor.detach().double() != expected).any())


def _sentences(groups: dict[tuple[str, float], list[Place]]) -> Iterator[str]:
    for (pattern, expected), members in groups.items():
        ends = [(float(p.tensor.detach().min()), float(p.tensor.detach().max())) for p in members]
        low, high = min(low for low, _ in ends), max(high for _, high in ends)
        name = members[0].name if len(members) == 1 else f"{pattern} ({len(members)} tensors)"
        holds = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        yield f"{name}: starts at {holds}, not at {expected:g}"
