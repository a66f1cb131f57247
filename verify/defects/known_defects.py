"""Defects of PyTorch that are documented, witnessed, and left out of their cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from packaging.specifiers import SpecifierSet

from verify import torch_api
from verify.checks.finding import Raised
from verify.defects import file as defect_file
from verify.plan.run import Cell
from verify.subjects.case import Case

_ALWAYS = ((0, 0), (999, 0))

END = "end the entry {!r} with `until`, or remove it"
"""What to do about an entry, of that id, whose defect is gone."""

_UNSAID = ("cpu",)
"""The backends of an entry that names none: every machine has this one."""


@dataclass(frozen=True)
class KnownDefect:
    """One documented fault of a released PyTorch.

    Attributes
    ----------
    id : str
    subjects : tuple of str
        Those that have it.
    backends : tuple of str
        Those on which its witness was seen; empty means that the file does not say.
    dtypes : tuple of str
        In which it lives; empty means all.
    promises : tuple of str
        Which promises it breaks.
    since, until : tuple of int
        First version that has it, and first that has not.
    packages : mapping
        By name of a package other than PyTorch, its versions that have it.
    symptom, link : str
        What happens, with its size, and where it is reported.
    check : str
        The check that sees it.
    region : mapping
        Feature of a case → ``[least, most]``: the cases that it leaves out.
    witness : mapping
        The minimal case, field by field.
    calls : tuple of str
        In place of region and witness: the questions that it answers wrongly, by their ids, or by
        their words.
    in_some_cases : bool
        Whether these questions are answered rightly in other cases: then no run can tell that it is
        mended, and it expires.
    deviation : bool
        Whether only the contract is broken while the backend's own law holds exactly: then the
        cases stay verified, and nothing but `check` and what it explains is forgiven.
    explains : tuple of str
        Further checks that see a deviation, or see it in larger samples.
    after : mapping
        A case that is called before the witness, for what one call leaves behind for the next.
    seed : int or None
        The stream on which the witness shows, for defects that need luck to be seen.
    expires : datetime.date or None
        The last day of the entry: it must be looked at again afterwards.
    """

    id: str
    symptom: str
    check: str
    subjects: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    since: tuple[int, int] = _ALWAYS[0]
    until: tuple[int, int] = _ALWAYS[1]
    packages: Mapping[str, SpecifierSet] = field(default_factory=dict)
    link: str = ""
    region: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    witness: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)
    calls: tuple[str, ...] = ()
    in_some_cases: bool = False
    seed: int | None = None
    promises: tuple[str, ...] = ("law",)
    deviation: bool = False
    explains: tuple[str, ...] = ()
    expires: date | None = None

    @property
    def seen_on(self) -> tuple[str, ...]:
        """The backends of which it speaks: whether another one has the fault, nobody has tried."""
        return self.backends or _UNSAID

    @property
    def unsaid(self) -> str:
        """How to mend an entry that names no backends; nothing for one that does."""
        if self.backends:
            return ""
        return (
            f"the known defect {self.id!r} names no backends, so it speaks of "
            f"{', '.join(_UNSAID)} alone: write those on which its witness was seen, "
            f'like backends = ["{_UNSAID[0]}"]'
        )

    @property
    def is_current(self) -> bool:
        """Whether PyTorch, and each package that it names, is one of the versions that have it."""
        return self.since <= torch_api.version() < self.until and all(
            (found := torch_api.installed(name)) and versions.contains(found, prereleases=True)
            for name, versions in self.packages.items()
        )

    @property
    def forgiven(self) -> tuple[str, ...]:
        """The checks that a deviation may fail."""
        return (self.check, *self.explains)

    def summary(self) -> dict[str, str | list[str]]:
        """The entry for readers: versions, symptom, link and backends."""
        since, until = (".".join(map(str, version)) for version in (self.since, self.until))
        ends = [f"from {since}"] if self.since > _ALWAYS[0] else []
        ends += [f"before {until}"] if self.until < _ALWAYS[1] else []
        ends += [f"{name} {versions}" for name, versions in self.packages.items()]
        ends += ["in some cases"] if self.in_some_cases else []
        symptom = " ".join(self.symptom.split())
        versions = ", ".join(ends) or "all versions"
        return {
            "versions": versions,
            "symptom": symptom,
            "link": self.link,
            "backends": [*self.seen_on],
        }

    def touches(self, subject: str, backend: str, dtype: str) -> bool:
        """Whether the defect lives in that cell of the PyTorch under test."""
        return backend in self.seen_on and self._is_of(subject, dtype)

    def may_touch(self, subject: str, backend: str, dtype: str) -> bool:
        """Whether it lives in such a cell of other backends, and nobody has seen it in this one."""
        return backend not in self.seen_on and self._is_of(subject, dtype)

    def _is_of(self, subject: str, dtype: str) -> bool:
        return (
            (not self.subjects or subject in self.subjects)
            and (not self.dtypes or dtype in self.dtypes)
            and self.is_current
        )

    def speaks_of(self, raised: Raised | None) -> bool:
        """Whether a wrong answer may be its: an exception has to be named in the symptom."""
        return raised is None or raised.type in self.symptom

    def holds(self, case: Case) -> bool:
        """Whether the region holds a case.

        Raises
        ------
        ValueError
            For a region that speaks of a feature which the case does not have.
        """
        features = case.features()
        if unknown := self.region.keys() - features.keys():
            raise ValueError(
                f"known defect {self.id!r}: a {type(case).__name__} has no feature "
                f"{', '.join(sorted(unknown))}; choose among {', '.join(sorted(features))}"
            )
        return all(low <= features[name] <= high for name, (low, high) in self.region.items())


def excluding(case: Case, defects: tuple[KnownDefect, ...]) -> KnownDefect | None:
    """The first of `defects` whose region holds `case`, and that is no known deviation."""
    excluded = (defect for defect in defects if not defect.deviation and defect.holds(case))
    return next(excluded, None)


def tolerating(case: Case, defects: tuple[KnownDefect, ...]) -> tuple[KnownDefect, ...]:
    """Those of `defects` that are known deviations and whose region holds `case`."""
    return tuple(defect for defect in defects if defect.deviation and defect.holds(case))


def for_cell(cell: Cell, promise: str = "") -> tuple[KnownDefect, ...]:
    """The defects of `cell` with a region, of one promise or of all.

    What breaks the law of an initializer breaks it in every layout.
    """
    return _of_cases(_defects_named(*cell.names), cell, promise)


def for_cell_elsewhere(cell: Cell, promise: str) -> tuple[KnownDefect, ...]:
    """The same of such a cell of other backends, where nobody has seen them in this one."""
    return _of_cases(_defects_elsewhere(*cell.names), cell, promise)


def _of_cases(
    defects: tuple[KnownDefect, ...], cell: Cell, promise: str
) -> tuple[KnownDefect, ...]:
    known = {promise, "law"} if cell.subject.family == "initializer" else {promise}
    return tuple(d for d in defects if not d.calls and (not promise or known & {*d.promises}))


def for_promise(promise: str, subject: str, backend: str, dtype: str) -> tuple[KnownDefect, ...]:
    """The defects that break exact comparisons of a promise."""
    return _of_questions(_defects_named(subject, backend, dtype), promise)


def for_promise_elsewhere(
    promise: str, subject: str, backend: str, dtype: str
) -> tuple[KnownDefect, ...]:
    """The same on other backends, where nobody has seen them on this one."""
    return _of_questions(_defects_elsewhere(subject, backend, dtype), promise)


def _of_questions(defects: tuple[KnownDefect, ...], promise: str) -> tuple[KnownDefect, ...]:
    return tuple(d for d in defects if d.calls and promise in d.promises)


def _defects_named(subject: str, backend: str, dtype: str) -> tuple[KnownDefect, ...]:
    """The defects that live there with the PyTorch under test."""
    return tuple(defect for defect in in_force() if defect.touches(subject, backend, dtype))


def _defects_elsewhere(subject: str, backend: str, dtype: str) -> tuple[KnownDefect, ...]:
    """The defects that live in such a cell of other backends, and of which this one is not."""
    return tuple(defect for defect in in_force() if defect.may_touch(subject, backend, dtype))


@cache
def load(path: Path = defect_file.DEFAULT) -> tuple[KnownDefect, ...]:
    """Read a file of known defects; by default the suite's own.

    Raises
    ------
    verify.defects.file.BadFile
        For a file that cannot be used, with a sentence that says how to mend it.
    """
    make: Callable[..., KnownDefect] = KnownDefect  # Every field has been checked.
    return tuple(make(**fields) for fields in defect_file.read(path))


_chosen: tuple[KnownDefect, ...] | None = None


def choose(defects: tuple[KnownDefect, ...] | None) -> None:
    """Decide which known defects this process knows of; none stands for the suite's own."""
    global _chosen
    _chosen = defects


def in_force() -> tuple[KnownDefect, ...]:
    """The known defects that this process knows of."""
    return load() if _chosen is None else _chosen
