"""How much a run looks at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """Sizes of a run.

    Attributes
    ----------
    examples : int
        Cases that Hypothesis draws for each cell.
    case_values : int
        Values drawn for a case, in repeated calls where the tensor is smaller.
    case_calls : int
        Calls at most for a case.
    pool_values : int
        Values pooled in each random cell.
    max_numel : int
        Entries of the largest tensor.
    """

    name: str
    examples: int
    case_values: int
    case_calls: int
    pool_values: int
    max_numel: int


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("smoke", 15, 1 << 13, 256, 1 << 20, 1 << 18),
        Profile("standard", 50, 1 << 15, 1024, 1 << 24, 1 << 22),
        Profile("deep", 400, 1 << 16, 2048, 1 << 28, 1 << 24),
    )
}
