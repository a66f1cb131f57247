"""The verdicts of a cell, from the worst to the best."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What became of a cell; the order of the members is that of a reader's worry.

    The verdict of a newer suite keeps its word: it is read as a verdict that is neither wrong,
    nor a gap, nor sound.
    """

    FAIL = "fail"
    TIMED_OUT = "timed out"
    CRASHED = "crashed"
    LOST = "lost"
    ERROR = "error"
    NOT_RUN = "not run"
    KNOWN_DEFECT = "known defect"
    NOT_TESTED = "not tested"
    UNSUPPORTED = "unsupported"
    PASS = "pass"

    @classmethod
    def _missing_(cls, value: object) -> Verdict:
        unknown = str.__new__(cls, str(value))
        unknown._name_, unknown._value_ = "UNKNOWN", str(value)
        return unknown

    @property
    def rank(self) -> int:
        """Place among all verdicts, the worst first; an unknown one may be as bad as the worst."""
        return list(Verdict).index(self) if self.is_known else 0

    @property
    def is_known(self) -> bool:
        """Whether this version of the suite has the verdict."""
        return self.name in Verdict.__members__

    @property
    def is_wrong(self) -> bool:
        """Whether a promise is broken."""
        return self in (Verdict.FAIL, Verdict.TIMED_OUT)

    @property
    def is_gap(self) -> bool:
        """Whether there is no result: the item handed no evidence over."""
        return self in (Verdict.CRASHED, Verdict.LOST, Verdict.ERROR, Verdict.NOT_RUN)

    @property
    def is_sound(self) -> bool:
        """Whether the item handed the verdict over itself, and it needs nobody's attention."""
        return self.is_known and not self.needs_attention

    @property
    def is_verified(self) -> bool:
        """Whether the cell was really looked at, and is no fault."""
        return self in (Verdict.PASS, Verdict.KNOWN_DEFECT)

    @property
    def needs_attention(self) -> bool:
        """Whether a promise is broken, or there is no result."""
        return self.is_wrong or self.is_gap
