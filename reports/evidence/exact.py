"""One exact p-value for each cell, chosen by a rule that never looks at the values.

Bounds are too large, and checks of one cell share its values; exact p-values of different cells
are independent and uniform, for every cell draws from streams of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from reports.evidence.records import CellRecord, Finding

ORDER = ("chi_square", "mean")
"""The checks by preference: the one that looks at the whole law first."""


def exact_finding(cell: CellRecord) -> Finding | None:
    """Return the finding that speaks for a cell: the first check of `ORDER` on the largest pool.

    Of pools of one size the first by name. Sizes are fixed by the profile and the cases; neither
    they nor names depend on the values.
    """
    found = [
        finding
        for finding in cell.findings
        if finding.exact
        and finding.scope == "cell"
        and finding.p_value is not None
        and finding.check in ORDER
    ]
    return min(found, key=lambda f: (ORDER.index(f.check), -f.n, f.tensor), default=None)


def exact_p_values(cells: Iterable[CellRecord]) -> dict[str, float]:
    """Return the exact p-value of each cell that has one, by node id; of NaN, which fails, 0."""
    found = {cell.nodeid: exact_finding(cell) for cell in cells}
    return {
        nodeid: 0.0 if math.isnan(finding.p_value) else finding.p_value
        for nodeid, finding in sorted(found.items())
        if finding is not None and finding.p_value is not None
    }
