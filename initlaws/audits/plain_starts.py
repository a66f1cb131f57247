"""Normalisations and biases that do not start at one and zero: lawful, and worth a look."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from torch import Tensor, nn

from initlaws.audits.found import Found
from initlaws.audits.glances import listed
from initlaws.audits.seen import Seen
from initlaws.builds import Place

_NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)

_NEUTRAL = {"weight": 1.0, "gamma": 1.0, "scale": 1.0, "bias": 0.0, "beta": 0.0}
"""What a normalisation does nothing with, by the name within its module."""

_RUNNING = {"running_mean": 0.0, "running_var": 1.0}
"""The same of its buffers."""

_PATTERNS = 6
"""Patterns that have a sentence each; more have one together."""


def neutral(seen: Seen) -> Found:
    """Name the normalisations that do not start at weight 1 and bias 0, and other biases not 0."""
    groups: dict[tuple[str, float], list[Place]] = defaultdict(list)
    for place in seen.builds.places:
        expected = _expected(place)
        if expected is not None and _is_off(place.tensor, expected):
            groups[re.sub(r"\d+", "*", place.name), expected].append(place)
    return Found((), tuple(_sentences(groups)))


def _expected(place: Place) -> float | None:
    if place.tensor.is_complex() or not place.tensor.is_floating_point():
        return None
    if isinstance(place.module, _NORMS) or "Norm" in type(place.module).__name__:
        return (_RUNNING if place.is_buffer else _NEUTRAL).get(place.attribute)
    return 0.0 if "bias" in place.attribute and not place.is_buffer else None


def _is_off(tensor: Tensor, expected: float) -> bool:
    return bool((tensor.detach().double() != expected).any())


def _sentences(groups: dict[tuple[str, float], list[Place]]) -> Iterator[str]:
    """A sentence for each pattern; for all that should start alike, where they are many."""
    alike: dict[float, dict[str, list[Place]]] = defaultdict(dict)
    for (pattern, expected), members in groups.items():
        name = members[0].name if len(members) == 1 else f"{pattern} ({len(members)} tensors)"
        alike[expected][name] = members
    for expected, named in alike.items():
        if len(named) > _PATTERNS:
            every = [place for members in named.values() for place in members]
            yield f"{listed([*named])}: start at {_ends(every)}, not at {expected:g}"
            continue
        for name, members in named.items():
            yield f"{name}: starts at {_ends(members)}, not at {expected:g}"


def _ends(places: Sequence[Place]) -> str:
    """Between which values tensors lie."""
    low = min(float(place.tensor.detach().min()) for place in places)
    high = max(float(place.tensor.detach().max()) for place in places)
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
