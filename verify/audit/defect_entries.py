"""What an entry of the known defects speaks of: it must not name what does not exist."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from verify import backends
from verify.behaviour.exact import counted, problem
from verify.behaviour.promises import PROMISES, renamed
from verify.defects.known_defects import KnownDefect
from verify.engine.witness import build, shown_on
from verify.outcome.outcome import Outcome
from verify.plan.run import Run, cells
from verify.subjects import SUBJECTS


def judge(defect: KnownDefect, run: Run) -> Outcome:
    """Whether an entry has expired, or matches nothing in the suite.

    What the machine, the selection or the version lacks is no matter: names are looked up in
    the tables, and an entry of other versions is not looked at. An entry may expire on any
    machine, by the day on which the run began; that is the only use of a clock, and no draw
    depends on it.
    """
    problems = [*_expired(defect, run)]
    if defect.is_current:
        problems += [("matches nothing", found) for found in itertools.islice(_idle(defect), 1)]
    asked = Outcome(
        promise="entry",
        subject=defect.id,
        backend="host",
        dtype="any",
        words=" ".join(defect.symptom.split()),
        formula="",
        source=defect.link,
        reason="; ".join(filter(None, (defect.unsaid, renamed(defect)))),
    )
    found = [problem("entry", *said, defect.id) for said in problems]
    return counted(asked, 2, found, "entry")


def _expired(defect: KnownDefect, run: Run) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry that has expired, and what to do."""
    if defect.expires is not None and run.day > defect.expires:
        yield f"expired on {defect.expires}", "look again and renew or remove the entry"


def _idle(defect: KnownDefect) -> Iterator[str]:
    """What an entry names in vain."""
    places = _places()
    yield from _unknown("subject", defect.subjects, (subject for subject, _, _ in places))
    yield from _unknown("backend", defect.backends, {**backends.known(), **backends.problems()})
    yield from _unknown("dtype", defect.dtypes, (dtype for _, _, dtype in places))
    yield from _unlived(defect, places)
    yield from _unasked(defect) if defect.calls else _outside(defect)


def _unknown(what: str, names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    choices = sorted(set(known))
    for name in names:
        if name not in choices:
            parts = [choice for choice in choices if name in choice]
            near = parts or get_close_matches(name, choices, n=3) or choices
            yield f"there is no {what} {name!r}; correct it, for example to {', '.join(near[:3])}"


@functools.cache
def _places() -> frozenset[tuple[str, str, str]]:
    """Subject, backend and dtype of every cell that there could be, on any machine."""
    every = cells(backends.known())
    return frozenset((cell.subject.name, cell.backend.name, cell.dtype_name) for cell in every)


def _unlived(defect: KnownDefect, places: Collection[tuple[str, str, str]]) -> Iterator[str]:
    """Subjects, and dtypes, of which no cell is an entry's."""
    lived = [place for place in places if defect.touches(*place)]
    for what, names, position in (
        ("subject", defect.subjects, 0), ("backend", defect.backends, 1),
        ("dtype", defect.dtypes, 2),
    ):  # fmt: skip
        for name in names:
            if name not in {place[position] for place in lived} | {*backends.problems()}:
                yield f"no cell of the {what} {name!r} is among those that it names; take it away"


def _outside(defect: KnownDefect) -> Iterator[str]:
    """What is wrong with the promises, the region and the witness of an entry."""
    for name in defect.subjects:
        subject = SUBJECTS[name]
        yield from _unknown("feature", defect.region, subject.anchors[0].features())
        if not {*defect.promises} & {*subject.fill_methods}:
            yield f"{name} promises none of {', '.join(defect.promises)}; take it away"
    every = set[str]().union(*(SUBJECTS[name].fill_methods for name in defect.subjects))
    yield from _unknown("promise of these subjects", defect.promises, every)
    for name in shown_on(defect):
        try:
            case = build(SUBJECTS[name].anchors[0], defect.witness)
            if defect.after:
                build(case, defect.after)
        except ValueError as reason:
            yield f"the witness is no case: {reason}"
        else:
            if not defect.holds(case):
                where = "its witness lies outside its region"
                yield f"{where}: widen `region`, or change `witness`, which is {case!r}"


def _unasked(defect: KnownDefect) -> Iterator[str]:
    """What is wrong with the promises and the comparisons of an entry."""
    yield from _unknown("promise of exact comparisons", defect.promises, PROMISES)
    for promise in (PROMISES[name] for name in defect.promises):
        if defect.check != promise.check:
            yield f"the check is {promise.check!r}, not {defect.check!r}; correct it"
        asked = [place for place in _places() if promise.is_asked_in(*place)]
        yield from _unknown("subject of this promise", defect.subjects, (s for s, _, _ in asked))
        yield from _unknown("dtype of this promise", defect.dtypes, (d for _, _, d in asked))
        yield from _unknown("question", promise.by_id(defect).calls, promise.questions)
