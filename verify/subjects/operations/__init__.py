"""The random operations of PyTorch, each in every documented form."""

from verify.subjects.operations.entrywise import ENTRYWISE
from verify.subjects.operations.intervals import INTERVALS
from verify.subjects.operations.into import INTO
from verify.subjects.operations.picks import PICKS
from verify.subjects.operations.usual import USUAL
from verify.subjects.operations.vast import VAST
from verify.subjects.operations.whole_numbers import WHOLE_NUMBERS
from verify.subjects.subject import Operation

OPERATIONS: tuple[Operation, ...] = (
    *USUAL,
    *WHOLE_NUMBERS,
    *ENTRYWISE,
    *INTERVALS,
    *PICKS,
    *INTO,
    *VAST,
)
"""One row for each operation, form and group of dtypes."""
