"""What the rows of the tables draw is what they say that they draw."""

import pytest

from selftest.behaviour.support import RUN
from verify.plan.drawing import for_each_case
from verify.subjects import INITIALIZERS

FANNED = [row for row in INITIALIZERS if min(row.dims) > 1]


@pytest.mark.parametrize("row", FANNED, ids=lambda row: row.name)
def test_cases_have_as_many_dimensions_as_the_row_wants(row):
    """Of fewer than two there is no fan, and every cell of the row would be an error."""

    def look(case):
        assert len(case.shape) >= min(row.dims), (
            f"{row.name} draws {case!r} and says dims={row.dims}: draw `cases` by a strategy of "
            "such shapes, like strategies.fan_shapes(max_numel=size)"
        )

    for_each_case(row.cases(1 << 10), look, seed=RUN.seed, examples=100)
    for anchor in row.anchors:
        look(anchor)
