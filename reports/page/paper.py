"""What of a matrix is printed: as much as a few sheets of paper hold, the worst first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from reports.page.matrix import Group, Row

# Three columns of so many lines take four pages of A4.
MOST_ROWS = 800
# With several backends beside each other there is one column of lines.
MOST_WIDE_ROWS = 250


@dataclass(frozen=True)
class Paper:
    """The rows that are printed, each by the node id of its first cell."""

    rows: Collection[str]

    def has(self, row: Row) -> bool:
        """Whether a row is printed."""
        return _key(row) in self.rows

    def omitted(self, group: Group) -> int:
        """How many rows of a group are not printed."""
        return sum(not self.has(row) for row in group.rows)


def printed(groups: Iterable[Group], most: int) -> Paper:
    """Return all rows if they are few; else what needs attention, and of that the first."""
    rows = [row for group in groups for row in group.rows]
    if len(rows) > most:
        rows = [row for row in rows if not row.calm][:most]
    return Paper(frozenset(map(_key, rows)))


def _key(row: Row) -> str:
    return row.cells[0].cell.nodeid
