"""Whether an architecture starts in one version of its package as in another."""

from __future__ import annotations

import math
from pathlib import Path

from initlaws.builds import Builds, Unusable
from initlaws.comparing import compare_sketches
from initlaws.comparisons.sketches import Sketch, sketch
from zoo.architecture import Architecture
from zoo.looking import Look

AS_BEFORE = "as it was sketched before"

_BUILDS = 32
_SEEDS = {"before": 1, "now": 2}
"""Two samples of one law, which must not be one sample."""


def sketched(architecture: Architecture, folder: Path) -> Look | str:
    """Keep what a later version is compared with; or say why it cannot be built."""
    try:
        kept = sketch(Builds(architecture.build, _SEEDS["before"]), _BUILDS)
    except Unusable as refused:
        return str(refused)
    _file(architecture, folder).write_text(kept.to_json(), encoding="utf-8")
    return _look(architecture, kept, ())


def compared(architecture: Architecture, folder: Path) -> Look | str:
    """Hold an architecture against what was kept of it; or say why that cannot be."""
    file = _file(architecture, folder)
    if not file.is_file():
        return f"there is no {str(file)!r}: write it with --sketch in the other environment."
    try:
        before = Sketch.from_json(file.read_text(encoding="utf-8"))
        now = sketch(Builds(architecture.build, _SEEDS["now"]), _BUILDS)
        found = compare_sketches(before, now)
    except Unusable as refused:
        return str(refused)
    return _look(architecture, now, found.wrong)


def _file(architecture: Architecture, folder: Path) -> Path:
    return folder / f"{architecture.package}-{architecture.name}.json"


def _look(architecture: Architecture, kept: Sketch, wrong: tuple[str, ...]) -> Look:
    numel = sum(math.prod(tensor.shape) for tensor in kept.tensors)
    found = {AS_BEFORE: wrong}
    return Look(architecture.package, architecture.name, len(kept.tensors), numel, found)
