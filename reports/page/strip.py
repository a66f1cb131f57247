"""The overview of a run: each cell a point, each promise a patch, all on one grid of points."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from reports.page.matrix import Group

# Points side by side; a patch of more subjects goes on below.
MOST_COLUMNS = 100
# In points: a letter of a title is so wide, a title so high, and so much is left free.
LETTER, TITLE, SPACE = 1.0, 3, 3


@dataclass(frozen=True)
class Patch:
    """The place that a promise takes: so many points wide and high, its title and margin too."""

    group: Group
    width: int
    height: int


def patches(groups: Iterable[Group]) -> list[Patch]:
    """Return what the overview shows of each promise: a column of points for each subject."""
    return [_patch(group) for group in groups]


def _patch(group: Group) -> Patch:
    wide = min(len(group.rows), MOST_COLUMNS)
    lines = math.ceil(len(group.rows) / MOST_COLUMNS)
    title = min(MOST_COLUMNS, math.ceil(LETTER * len(group.title)))
    return Patch(group, max(wide, title) + SPACE, lines * (len(group.columns) + 1) + TITLE)
