"""A truncated normal is drawn in bounded time, inside its window, however far out that lies."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch.overrides import TorchFunctionMode

import strategies
from strategies import Truncation
from strategies.truncation import TRUNCATION_KINDS
from verify import torch_api
from verify.behaviour.exact import Comparison, Example, compare
from verify.behaviour.promise import Promise, Wording, supported
from verify.behaviour.tensors import doubled
from verify.defects import known_defects
from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.plan import watchdog
from verify.plan.drawing import smallest_failure
from verify.plan.run import Cell, Run, derive
from verify.subjects.initializer_cases import TruncatedCase
from verify.subjects.refusals.refusal import REFUSED

_ENTRIES = 16
_MOST_WORK = 64_000
"""Operations on tensors that one call may use. Inversion needs some ten; rejection that fits
needs a few for each of its rounds, and is not through after so many with a probability below
1e-13 if a value is accepted with probability 1/200."""


@dataclass(frozen=True)
class _Window(Wording):
    """Mean, standard deviation and bounds of a call; the bounds may be one point."""

    mean: float
    std: float
    a: float
    b: float
    halves: bool = True  # Half precision ends by luck: the law's own defects speak of it.


_WINDOWS: Mapping[str, _Window] = {
    "everywhere": _Window("everywhere", 0.0, 1.0, -math.inf, math.inf),
    "within-60000": _Window("within 60,000", 0.0, 1.0, -6e4, 6e4),
    "from-0": _Window("from 0 on", 0.0, 1.0, 0.0, math.inf),
    "from-0-to-60000": _Window("from 0 to 60,000", 0.0, 1.0, 0.0, 6e4),
    "near-5": _Window("from 5 to 5.1", 0.0, 1.0, 5.0, 5.1),
    "near-minus-6": _Window("from -6.1 to -6", 0.0, 1.0, -6.1, -6.0),
    "near-30": _Window("from 30 to 31", 0.0, 1.0, 30.0, 31.0),
    "from-1e3-to-1e6": _Window("from 1,000 to 1,000,000", 0.0, 1.0, 1e3, 1e6, halves=False),
    "from-1-to-1e30": _Window("from 1 to 1e30", 0.0, 1.0, 1.0, 1e30, halves=False),
    "from-minus-1e30-to-minus-1": _Window("from -1e30 to -1", 0.0, 1.0, -1e30, -1.0, halves=False),
    "from-10": _Window("from 10 on", 0.0, 1.0, 10.0, math.inf),
    "up-to-minus-10": _Window("up to -10", 0.0, 1.0, -math.inf, -10.0),
    "from-300": _Window("from 300 on", 0.0, 1.0, 300.0, math.inf),
    "narrow-at-a-half": _Window("of width 1e-6 at 0.5", 0.0, 1.0, 0.5, 0.5 + 1e-6),
    "narrow-at-0": _Window("of width 1e-6 at 0", 0.0, 1.0, -1e-6, 0.0),
    "between-float16-values": _Window("between two values of float16", 12.34, 0.01, 11.871, 11.872),
    "one-point": _Window("of one point", 0.0, 1.0, 1.0, 1.0),
}
"""Windows by their ids, each with what is said of it, in standard deviations."""

_DRAWN = "drawn"

PROMISE = Promise(
    name="bounded time",
    check="time_limit",
    questions={**_WINDOWS, "drawn": Wording(_DRAWN)},
    words="every window is filled after a bounded number of operations, by values inside",
    formula="a ≤ w ≤ b",
    source="PyTorch documentation, torch.nn.init.trunc_normal_; Robert 1995, sec. 2",
    subjects=("trunc_normal_",),
    dtypes=("bfloat16", "float16", "float32", "float64"),
)


class _Work(TorchFunctionMode):
    """Counts operations on tensors, and stops the call that needs too many, without a clock.

    What it does not see is stopped by the watchdog.
    """

    def __init__(self) -> None:
        super().__init__()
        self.done = 0

    def __torch_function__(
        self,
        operation: Callable[..., object],
        types: Iterable[type],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        self.done += 1
        if self.done == _MOST_WORK + 1:  # Once: what the call then cleans up must get through.
            raise watchdog.TimedOut(f"one call used more than {_MOST_WORK:,} operations")
        return operation(*args, **(kwargs or {}))


@dataclass
class _Calls:
    """The calls of a cell, and those among them that did not end."""

    cell: Cell
    run: Run
    restart: Callable[[], None]
    late: set[str] = field(default_factory=set)

    def comparisons(self) -> Iterator[Comparison]:
        """One for each window, and one for all that are drawn."""
        for window in _WINDOWS.values():
            if window.halves or self.cell.is_wide:
                yield self._comparison(window.words, partial(self._wrong, window))
        yield self._comparison(_DRAWN, self._smallest_wrong)

    @staticmethod
    def _comparison(name: str, wrong: Callable[[], list[str]]) -> Comparison:
        gap = (NotImplementedError,)
        return Comparison(name, wrong, [], name, unanswered=gap, question=PROMISE.ids[name])

    def _wrong(self, window: _Window) -> list[str]:
        """What is wrong with one call."""
        self.restart()
        device = self.cell.backend.device(self.run.worker)
        generator = self.cell.backend.generator(
            device, derive(self.run.seed, self.cell.id, window.words)
        )
        arguments = {"mean": window.mean, "std": window.std, "a": window.a, "b": window.b}
        fill = torch_api.filler(self.cell.subject.name, arguments, generator)
        tensor = torch.full((_ENTRIES,), torch.nan, dtype=self.cell.dtype, device=device)
        try:
            with _Work():
                supported(lambda: fill(tensor))
        except watchdog.TimedOut as reason:
            self.late.add(window.words)
            return [str(reason)]
        except REFUSED:
            if window.a == window.b:  # Whether one point is a window is nowhere said.
                return []
            raise
        outside = self._outside(doubled(tensor), window)
        return [f"{outside} of {_ENTRIES} values outside the window"] if outside else []

    def _outside(self, values: torch.Tensor, window: _Window) -> int:
        """Values that are not finite, or more than a lattice step outside the window."""
        lattice = self.cell.lattice
        low, _ = lattice.beside(lattice.round(window.a))
        _, high = lattice.beside(lattice.round(window.b))
        inside = (values >= low) & (values <= high) & values.isfinite()
        return int((~inside).sum())

    def _asked(self, case: TruncatedCase) -> bool:
        """Whether the dtype has room, and the law's own defects leave no half precision to luck."""
        known = known_defects.for_cell(self.cell, "law")
        lucky = not self.cell.is_wide and known_defects.excluding(case, known)
        return self.cell.holds(case) and not lucky

    def _smallest_wrong(self) -> list[str]:
        def wrong(window: Truncation) -> list[str]:
            if not self._asked(TruncatedCase((_ENTRIES,), window)):
                return []
            found = self._wrong(_Window(_DRAWN, window.mean, window.std, window.a, window.b))
            return [*found, Example(window)] if found else []

        kinds = [kind for kind in TRUNCATION_KINDS if kind != "one_sided_tail"]
        return smallest_failure(
            strategies.truncations(kinds=kinds),
            wrong,
            seed=derive(self.run.seed, self.cell.id, "bounded time"),
            examples=self.run.profile.initializer.examples,
        )


def verify_bounded_time(cell: Cell, run: Run) -> Outcome:
    """Call with fixed windows, and with drawn ones of every kind that is not known to be refused.

    A call that needs too many operations, or is stopped by the watchdog, has timed out.
    """
    known = PROMISE.known_in(cell), PROMISE.known_elsewhere(cell)
    with watchdog.limit(run.time_limit) as restart, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of windows in the tail.
        calls = _Calls(cell, run, restart)
        asked = PROMISE.asked_of(cell)
        try:
            outcome = compare(asked, calls.comparisons(), PROMISE.check, *known)
        except NotImplementedError as reason:
            return replace(asked, verdict=Verdict.UNSUPPORTED, reason=f"{reason}")
    late = calls.late & {finding.case for finding in outcome.failures}
    return replace(outcome, verdict=Verdict.TIMED_OUT) if late else outcome
