"""How much a run looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Extent:
    """How much a run looks at in each cell of one family of subjects.

    Attributes
    ----------
    examples : int
        Cases that Hypothesis draws for each cell.
    case_values : int
        Values drawn for a case, in repeated calls where the tensors are smaller.
    case_calls : int
        Calls at most for a case.
    pool_values : int
        Values pooled for each random tensor, or kind of tensors.
    max_numel : int
        Entries of the largest case that is drawn.
    stratum_values : int
        Values pooled for each stratum.
    largest : int
        Cost of the dearest written case of a stratum, in values drawn.
    """

    examples: int
    case_values: int
    case_calls: int
    pool_values: int
    max_numel: int
    stratum_values: int
    largest: int

    def lean(self) -> Extent:
        """The same for a question that needs no large sample."""
        return replace(
            self,
            examples=-(-self.examples // 4),
            case_values=self.case_values // 4,
            case_calls=self.case_calls // 4,
            max_numel=self.max_numel // 8,
        )

    def within(self, bearable: Callable[[int], int]) -> Extent:
        """The same with cases of as many entries as a backend bears."""
        return replace(self, max_numel=bearable(self.max_numel), largest=bearable(self.largest))


_SINGLE = ("initializer", "operation")
"""Families whose subjects fill one tensor of the drawn size."""


@dataclass(frozen=True)
class Profile:
    """Sizes of a run, by family of subjects.

    A module's fills are those of the initializers, so fewer of its values say as much; what
    modules get wrong is which fill, with which bound, into which tensor.
    """

    name: str
    initializer: Extent
    module: Extent
    every_dtype: bool = True
    """Whether everything is asked in every dtype, not the laws of single fills alone."""
    vast: bool = False
    """Whether tensors of gigabytes are filled."""

    def of(self, family: str) -> Extent:
        """The extent of a family of subjects."""
        return self.initializer if family in _SINGLE else self.module


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            "smoke",
            initializer=Extent(10, 1 << 13, 64, 1 << 20, 1 << 18, 1 << 13, 1 << 18),
            module=Extent(4, 1 << 13, 32, 1 << 17, 1 << 14, 1 << 13, 1 << 20),
            every_dtype=False,
        ),
        Profile(
            "standard",
            initializer=Extent(16, 1 << 15, 128, 1 << 24, 1 << 22, 1 << 18, 1 << 26),
            module=Extent(6, 1 << 15, 64, 1 << 19, 1 << 17, 1 << 15, 1 << 23),
        ),
        Profile(
            # The same cases with larger samples: each decision costs 1e-12 of the run's 1e-6, and
            # the CPU beside an accelerator makes two of each.
            "deep",
            initializer=Extent(30, 1 << 18, 8192, 1 << 28, 1 << 24, 1 << 22, 1 << 28),
            module=Extent(10, 1 << 18, 2048, 1 << 24, 1 << 20, 1 << 20, 1 << 26),
            vast=True,
        ),
    )
}
"""On two backends each makes fewer than 10⁶ decisions: by Bonferroni's bound a run at α = 1e-12 of
each is red on a correct PyTorch with probability below 1e-6."""
