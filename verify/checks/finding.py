"""What a check returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from verify.checks.words import WORDS


class Kind(StrEnum):
    """How a finding was come by, and what it says beside passed or failed."""

    P_VALUE = "p-value"
    """Decided by a p-value or a bound of it."""
    COMPARISON = "comparison"
    """Decided exactly."""
    TIME_LIMIT = "time limit"
    """A call did not end in time."""
    ERROR = "error"
    """A call raised."""
    STILL_THERE = "still there"
    """The witness of a known defect shows it."""
    FIXED_UPSTREAM = "fixed upstream"
    """A known defect is gone."""


_SAID = 150
"""Characters that are shown of what an exception says."""

BROKEN = {"time_limit": Kind.TIME_LIMIT, "raises": Kind.ERROR}
"""The kind of a call that did not return, by check; of any other it is a comparison."""


@dataclass(frozen=True)
class Effect:
    """An estimate in natural units with its 99.9 % interval."""

    name: str
    estimate: float
    low: float
    high: float
    unit: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Effect:
        """Read what `Finding.to_json` wrote."""
        return cls(
            name=str(data["name"]),
            estimate=float(data["estimate"]),
            low=float(data["low"]),
            high=float(data["high"]),
            unit=str(data.get("unit", "")),
        )


@dataclass(frozen=True)
class Detectable:
    """The smallest error that a check finds with power 0.999 at level α.

    Attributes
    ----------
    of : int or None
        Of how many values the size is a count; None where it is none.
    """

    name: str
    size: float
    unit: str = ""
    of: int | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Detectable:
        """Read what `Finding.to_json` wrote."""
        of = None if data.get("of") is None else int(data["of"])
        return cls(str(data["name"]), float(data["size"]), str(data.get("unit", "")), of)


@dataclass(frozen=True)
class Raised:
    """An exception that ended a call.

    Attributes
    ----------
    type : str
        The name of its class.
    said : str
        How it begins what it says: a line at most.
    """

    type: str
    said: str = ""

    @classmethod
    def by(cls, error: BaseException) -> Raised:
        """What is shown of an exception; never raises itself."""
        try:
            said = str(error)
        except BaseException:  # It may even end the process.
            said = ""
        return cls(type(error).__name__, said.partition("\n")[0][:_SAID])

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Raised:
        """Read what `Finding.to_json` wrote."""
        return cls(str(data["type"]), str(data.get("said", "")))


@dataclass(frozen=True)
class Finding:
    """One decision: a statistic of a sample against a law, or an exact comparison.

    Attributes
    ----------
    check : str
        Name of the check.
    passed : bool
        The verdict at level α.
    p_value : float or None
        None for an exact comparison.
    n : int
        Number of values (or calls, or pairs) behind the decision.
    message : str
        Plain-language sentence; for a failure the diagnosis. For readers only: what follows
        from a finding follows from the other attributes.
    effect, detectable
        Size of the deviation, and the smallest one that would have been found.
    scope : str
        ``"case"`` or ``"cell"``.
    tensor : str
        Which tensor of a module, or which kind of tensors for the pool; empty for the whole.
    case : str or None
        The drawn configuration, for a case-scope finding.
    confirmation : float or None
        The p-value of the same check on fresh draws with four times the sample.
    exact : bool
        Whether the p-value is uniform under the law; a bound is larger.
    kind : Kind
        With a p-value it is the kind of that.
    question : str
        The id by which known defects name what was asked; empty where its words name it.
    asked : str
        What was asked, in words.
    under : str
        Under what it was asked: questions that differ in it alone are one.
    answer : str
        What is wrong, in words; empty where a value was compared with another.
    raised : Raised or None
        The exception that ended the call.
    place : str
        Of a check that looks at several places, components, ends or lags: the worst.
    rounding : float or None
        How many times its bound on rounding a comparison saw, to three digits.
    elsewhere : str
        The known defect that explains it, by its id, if its entry spoke of this backend.
    """

    check: str
    passed: bool
    p_value: float | None
    n: int
    message: str
    effect: Effect | None = None
    detectable: Detectable | None = None
    scope: str = "cell"
    case: str | None = None
    confirmation: float | None = None
    tensor: str = ""
    exact: bool = False
    kind: Kind = Kind.COMPARISON
    question: str = ""
    asked: str = ""
    under: str = ""
    answer: str = ""
    raised: Raised | None = None
    place: str = ""
    rounding: float | None = None
    elsewhere: str = ""

    def __post_init__(self) -> None:
        """With a p-value, be of its kind."""
        if self.p_value is not None:
            object.__setattr__(self, "kind", Kind.P_VALUE)

    @classmethod
    def broken(
        cls, check: str, reason: object, case: object = None, error: BaseException | None = None
    ) -> Finding:
        """The finding of a call that did not return, or not what it should.

        Parameters
        ----------
        check : str
        reason : object
            What was wrong, an exception or a text.
        case : object, optional
            The drawn configuration.
        error : BaseException, optional
            What the call raised.
        """
        message = f"{WORDS[check].broken}: {reason}"
        label = None if case is None else repr(case)
        kind = BROKEN.get(check, Kind.COMPARISON)
        raised = None if error is None else Raised.by(error)
        return cls(
            *(check, False, None, 1, message),
            scope="case",
            case=label,
            kind=kind,
            answer=str(reason),
            raised=raised,
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the kind, and every other attribute that is not at its default."""
        written = asdict(self)
        told = {f.name: written[f.name] for f in fields(self) if written[f.name] != f.default}
        return {**told, "kind": self.kind}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """Read what `to_json` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            For a missing or malformed field.
        """
        effect, detectable, raised = (data.get(n) for n in ("effect", "detectable", "raised"))
        return cls(
            check=str(data["check"]),
            scope=str(data.get("scope", "cell")),
            passed=bool(data["passed"]),
            p_value=_number(data.get("p_value")),
            n=int(data.get("n", 0)),
            effect=None if effect is None else Effect.from_json(effect),
            detectable=None if detectable is None else Detectable.from_json(detectable),
            message=str(data.get("message", "")),
            case=None if data.get("case") is None else str(data["case"]),
            confirmation=_number(data.get("confirmation")),
            tensor=str(data.get("tensor") or ""),
            exact=bool(data.get("exact", False)),
            kind=Kind(data.get("kind") or Kind.COMPARISON),
            **{name: str(data.get(name) or "") for name in _TEXTS},
            raised=None if raised is None else Raised.from_json(raised),
            rounding=_number(data.get("rounding")),
        )


_TEXTS = ("question", "asked", "under", "answer", "place", "elsewhere")


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
