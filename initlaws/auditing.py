"""What must hold of any model's start, whatever its laws: asked of some builds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from initlaws.audits import (
    copying,
    lost_writes,
    moving,
    overlapping,
    plain_starts,
    restarting,
    seeding,
)
from initlaws.audits.found import Found
from initlaws.audits.seen import Seen
from initlaws.builds import Builds, Progress, Unusable, with_threads
from verify.quoting import said

QUESTIONS: Mapping[str, Callable[[Seen], Found]] = {
    "nothing is left unwritten": seeding.written,
    "everything random follows the seed": seeding.follows_the_seed,
    "no random tensor is a copy of another": copying.no_copies,
    "no stretch of random values comes again": overlapping.none_again,
    "no write into a computed weight is lost": lost_writes.none_lost,
    "a deep copy keeps values and ties": moving.deepcopied,
    "a pickled model keeps values and ties": moving.pickled,
    "another dtype keeps ties": moving.widened,
    "the meta device keeps names and ties": moving.materialised,
    "a state is loaded in full": moving.loaded,
    "a state is assigned in full": moving.assigned,
    "a key that a state lacks is left as it was": moving.loaded_in_part,
    "a reset writes all that its module owns": restarting.restored,
    "normalisations and biases start at one and zero": plain_starts.neutral,
}
"""Each question in words, and what answers it."""

_LEAST = 2
"""Builds that tell what is random."""


@dataclass(frozen=True)
class Audit:
    """What was found of a model without laws.

    Attributes
    ----------
    called : str
        What builds it.
    seed, builds : int
        From which seed, and how many numbers were built.
    questions : tuple
        Each question, and what is wrong, a sentence each; or "not asked: " and why.
    remarks : tuple of str
        What is lawful, and worth a look.
    """

    called: str
    seed: int
    builds: int
    questions: tuple[tuple[str, tuple[str, ...] | str], ...]
    remarks: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not any(wrong for _, wrong in self.questions if not isinstance(wrong, str))

    @property
    def wrong(self) -> tuple[str, ...]:
        """Every fault, a sentence each."""
        return tuple(s for _, found in self.questions if not isinstance(found, str) for s in found)

    def table(self) -> str:
        """Each question and its answer, then the remarks."""
        lines = [f"audit of {self.called}: {self.builds} builds, seed {self.seed}"]
        for question, found in self.questions:
            is_asked = not isinstance(found, str)
            mark = ("WRONG" if found else "ok") if is_asked else "-"
            lines.append(f"  {mark:<6} {question}")
            lines += [f"           {each}" for each in ((found,) if not is_asked else found)]
        lines += [f"  remark {each}" for each in self.remarks]
        faults = len(self.wrong)
        end = f"{faults} {'faults' if faults > 1 else 'fault'}" if faults else "nothing is wrong"
        return "\n".join([*lines, f"{'FAIL' if faults else 'PASS'}: {end}."])


@with_threads(1)
def audit(builds: Builds, count: int = 4, progress: Progress | None = None) -> Audit:
    """Ask a model what must hold whatever its laws are.

    Parameters
    ----------
    builds : Builds
    count : int
        Numbers that are built, 2 at least; some are built again for a question of their own.
    progress : callable, optional

    Returns
    -------
    Audit

    Raises
    ------
    initlaws.builds.Unusable
        If the model cannot be built.
    """
    count = max(_LEAST, count)
    steps = count + 2 + len(QUESTIONS)
    done = 0

    def told() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, steps)

    seen = Seen.of(builds, count, told)
    answers: list[tuple[str, tuple[str, ...] | str]] = []
    remarks: list[str] = []
    for question, ask in QUESTIONS.items():
        found = _answer(ask, seen)
        told()
        answers.append((question, found if isinstance(found, str) else found.wrong))
        remarks += [] if isinstance(found, str) else found.remarks
    return Audit(builds.called, builds.seed, count, tuple(answers), tuple(remarks))


def _answer(ask: Callable[[Seen], Found], seen: Seen) -> Found | str:
    """What a question finds; or why it could not be asked."""
    try:
        return ask(seen)
    except Unusable as refused:
        return f"not asked: {str(refused).rstrip('.')}"
    except (Exception, SystemExit) as error:
        return f"not asked: {said(error)}"
