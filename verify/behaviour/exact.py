"""Exact comparisons: a value or an exception for each of many calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, TypeGuard

from verify.checks.finding import Finding, Kind, Raised
from verify.checks.statistics import Exact
from verify.defects.known_defects import END, KnownDefect
from verify.outcome.evidence import Evidence
from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.torch_api import memory_for

_SHOWN = 10
"""Problems that are shown; all are counted."""

_ROUNDINGS = 8
"""Roundings by which two ways to compute a number in double precision may differ.

Each operation of IEEE 754 and each square root is off by one rounding, 2⁻⁵³ of its result, at most.
The longest formula compared, √(2 / (1 + a²)), has four of them, and √2 / √(1 + a²) has five; half
of what is made below a root is left of it."""


class Excess(str):
    """A complaint about rounding, which keeps its number whatever is said after it.

    Attributes
    ----------
    times : float
        How many times its bound was seen, to three digits.
    """

    times: float

    def __new__(cls, name: str, times: float) -> Self:
        """Complain of what has that name."""
        shown = f"{times:.3g}"
        return cls._saying(f"{name} by {shown} times the rounding", float(shown))

    @classmethod
    def _saying(cls, text: str, times: float) -> Self:
        made = super().__new__(cls, text)
        made.times = times
        return made

    def __add__(self, more: str) -> Self:
        """The same, and where it was seen."""
        return self._saying(str.__add__(self, more), self.times)


class Example(str):
    """The drawn call that some complaints are about: told with them, and no part of the answer."""

    def __new__(cls, call: object) -> Self:
        """Tell of a call."""
        return super().__new__(cls, f"by {call}")


@dataclass(frozen=True)
class Comparison:
    """A call and what it must give: a value, or the exception it must raise.

    Attributes
    ----------
    call : str
        What is compared, in words; the text by which a known defect names it.
    actual : callable
        Makes the call.
    expected : object
        The value, or the classes of exceptions of which one must be raised. A float may differ
        by what another order of the same operations would change.
    case : str
        The drawn configuration, where there is one.
    unanswered : tuple of exception classes
        Exceptions that are no answer, and passed on.
    question : str
        The id of the question, where it has one.
    under : str
        What the words say last, behind the word "under": questions that differ in it are one.
    raising : KnownDefect, optional
        A known defect of other backends by which the case may raise.
    """

    call: str
    actual: Callable[[], object]
    expected: object
    case: str = ""
    unanswered: tuple[type[Exception], ...] = ()
    question: str = ""
    under: str = ""
    raising: KnownDefect | None = None

    def problem(self) -> str:
        """What is wrong, or nothing."""
        found = self.finding("exact")
        return found.message if found else ""

    def finding(self, check: str) -> Finding | None:
        """Make the call; what is wrong under a check, or nothing."""
        raised = None
        try:
            with memory_for(self.case or self.call):
                actual = self.actual()
            shown = _text(actual)
        except self.unanswered:
            raise
        except Exception as error:
            actual, raised = type(error), Raised.by(error)
            shown = f"{raised.type} ({raised.said})" if raised.said else raised.type
        if _agree(actual, self.expected):
            return None
        if self.expected != []:
            message = f"{self.call} gives {shown}, not {_text(self.expected)}"
            return self.told(check, message, raised=raised)
        if not isinstance(actual, list):
            return self.told(check, f"{self.call}: {shown}", shown, raised=raised)
        message = f"{self.call}: {', '.join(map(str, actual)) or shown}"
        answer = ", ".join(str(each) for each in actual if not isinstance(each, Example))
        times = (each.times for each in actual if isinstance(each, Excess))
        return self.told(check, message, answer, rounding=max(times, default=None))

    def told(
        self,
        check: str,
        message: str,
        answer: str = "",
        *,
        kind: Kind = Kind.COMPARISON,
        raised: Raised | None = None,
        rounding: float | None = None,
    ) -> Finding:
        """A finding that says so of it."""
        return Finding(
            check,
            passed=False,
            p_value=None,
            n=1,
            message=message,
            scope="case",
            case=self.case or self.call,
            kind=kind,
            question=self.question,
            asked=self.call.removesuffix(f" under {self.under}") if self.under else self.call,
            under=self.under,
            answer=answer,
            raised=raised,
            rounding=rounding,
        )


def _agree(actual: object, expected: object) -> bool:
    if isinstance(expected, float):
        bound = _ROUNDINGS * 2.0**-53
        return isinstance(actual, (int, float)) and math.isclose(actual, expected, rel_tol=bound)
    if _is_error(expected):
        return isinstance(actual, type) and issubclass(actual, expected)
    return bool(actual == expected)


def _is_error(expected: object) -> TypeGuard[type[Exception] | tuple[type[Exception], ...]]:
    """Whether one of some exceptions is expected."""
    every = expected if isinstance(expected, tuple) and expected else (expected,)
    return all(isinstance(each, type) and issubclass(each, Exception) for each in every)


def _text(value: object) -> str:
    if _is_error(value) and isinstance(value, tuple):
        return " or ".join(map(_text, value))
    return value.__name__ if isinstance(value, type) else repr(value)


def problem(check: str, asked: str, answer: str, case: str, message: str = "") -> Finding:
    """The finding of something that was asked in a case, and is answered wrongly."""
    message = message or f"{asked}: {answer}"
    return Finding(
        check, False, None, 1, message, scope="case", case=case, asked=asked, answer=answer
    )


@dataclass
class Judge:
    """Makes comparisons, and tells what is wrong from what is known to be wrong.

    Attributes
    ----------
    check : str
        The check under which everything is decided.
    defects : tuple of KnownDefect
        The known defects of the cell: the comparisons that they name must fail.
    elsewhere : tuple of KnownDefect
        Those of other backends: what they explain is wrong, and kept apart from the problems.
    """

    check: str = "exact"
    defects: tuple[KnownDefect, ...] = ()
    elsewhere: tuple[KnownDefect, ...] = ()
    asked: int = 0
    problems: list[Finding] = field(default_factory=list)
    _explained: dict[str, Finding] = field(default_factory=dict)
    _excused: int = 0
    _met: set[str] = field(default_factory=set)
    _made: set[str] = field(default_factory=set)

    def judge(self, comparison: Comparison) -> None:
        """Make a comparison, and keep what is wrong and not known to be."""
        self._made.add(comparison.call)  # Without an answer it is made all the same.
        found = comparison.finding(self.check)
        self.asked += 1
        known = [defect for defect in self.defects if comparison.call in defect.calls]
        if known and (found or not known[0].in_some_cases):
            self._met.add(known[0].id)
            self._excused += found is not None
            found = None if found else self._fixed(known[0], comparison)
        elif found and (defect := self._explaining(comparison, found)):
            self._explained.setdefault(comparison.call, replace(found, elsewhere=defect.id))
            return
        if found:
            self.problems.append(found)

    def _explaining(self, comparison: Comparison, found: Finding) -> KnownDefect | None:
        """The first known defect of other backends that explains a wrong answer."""
        named = [defect for defect in self.elsewhere if comparison.call in defect.calls]
        named += [comparison.raising] if comparison.raising and found.raised else []
        return next((defect for defect in named if defect.speaks_of(found.raised)), None)

    def _fixed(self, defect: KnownDefect, comparison: Comparison) -> Finding:
        expected = comparison.expected
        found = ": nothing is wrong" if expected == [] else f" gives {_text(expected)}"
        answer = f"{comparison.call}{found}; {END.format(defect.id)}"
        message = f"{Kind.FIXED_UPSTREAM}: {answer}"
        return comparison.told(self.check, message, answer, kind=Kind.FIXED_UPSTREAM)

    @property
    def unmade(self) -> dict[str, KnownDefect]:
        """Comparisons that known defects name and nobody has made."""
        named = {call: defect for defect in self.defects for call in defect.calls}
        return {call: defect for call, defect in named.items() if call not in self._made}

    def outcome(self, asked: Outcome) -> Outcome:
        """What the comparisons decide, and those not made."""
        problems = self.problems or [
            problem(
                self.check,
                f"the entry {defect.id!r} matches nothing",
                f"{call!r} is never asked here",
                call,
            )
            for call, defect in self.unmade.items()
        ]
        explained = [*self._explained.values()]
        found = counted(asked, self.asked - self._excused, problems, self.check, explained)
        found = replace(found, excluded=tuple(sorted(self._met)))
        if self._excused and self._excused == self.asked and not (problems or explained):
            reason = "every comparison is a known defect"
            return replace(found, verdict=Verdict.KNOWN_DEFECT, reason=reason)
        return found


def refuse_idle(defects: Iterable[KnownDefect], calls: Collection[str], check: str) -> None:
    """Refuse known defects of comparisons that nobody makes.

    Parameters
    ----------
    defects : iterable of KnownDefect
    calls : collection of str
        The texts of the comparisons that may be made.
    check : str
        The check under which they are decided.

    Raises
    ------
    ValueError
        For a known defect of another comparison, or of another check.
    """
    for defect in defects:
        idle = [call for call in defect.calls if call not in calls or defect.check != check]
        if idle:
            raise ValueError(
                f"known defect {defect.id!r}: {idle[0]!r} is no comparison of the check {check!r} "
                f"here; choose among {', '.join(map(repr, sorted(set(calls))))}"
            )


def compare(
    asked: Outcome,
    comparisons: Iterable[Comparison],
    check: str = "exact",
    defects: tuple[KnownDefect, ...] = (),
    elsewhere: tuple[KnownDefect, ...] = (),
) -> Outcome:
    """Make every comparison, and conclude.

    Parameters
    ----------
    asked : Outcome
        Without findings.
    comparisons : iterable of Comparison
    check : str
        The check under which they are decided.
    defects : tuple of KnownDefect
        Known defects whose comparisons must fail, and are left out of the verdict.
    elsewhere : tuple of KnownDefect
        Known defects of other backends, which are left out of nothing.

    Raises
    ------
    ValueError
        For a known defect of a comparison that is not among them.
    """
    made = list(comparisons)
    refuse_idle(defects, {comparison.call for comparison in made}, check)
    judge = Judge(check, defects, elsewhere)
    for comparison in made:
        judge.judge(comparison)
    return judge.outcome(asked)


def counted(
    asked: Outcome,
    n: int,
    problems: Sequence[Finding],
    check: str,
    explained: Sequence[Finding] = (),
    shown: int = _SHOWN,
) -> Outcome:
    """Conclude from so many questions and the problems that they found.

    Parameters
    ----------
    asked : Outcome
        Without findings.
    n : int
    problems : sequence of Finding
        What is wrong, each in a case.
    check : str
    explained : sequence of Finding
        What is wrong besides, and explained by known defects of other backends.
    shown : int
        How many problems get a finding of their own.
    """
    evidence = Evidence({check: Exact(n, len(problems) + len(explained))})
    findings = [*evidence.findings("cell"), *problems[:shown], *explained]
    return replace(
        asked, findings=tuple(findings), evidence=evidence, n=n, cases=n, calls=n, decisions=n
    )
