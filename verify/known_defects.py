"""Defects of PyTorch that are documented, witnessed, and left out of their cells."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from verify import torch_api
from verify.run import Cell
from verify.subjects.subject import Case

_FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class KnownDefect:
    """One documented fault of a released PyTorch.

    Attributes
    ----------
    id : str
    subjects : tuple of str
        What it spoils.
    backends, dtypes : tuple of str
        Where it lives; empty means everywhere.
    promises : tuple of str
        Which promises it breaks.
    since, until : tuple of int
        First version that has it, and first that has not.
    symptom, link : str
        What happens, with its size, and where it is reported.
    check : str
        The check that sees it.
    region : mapping
        Feature of a case → ``[least, most]``: the cases that it spoils.
    witness : mapping
        The minimal case, field by field.
    calls : tuple of str
        In place of region and witness: the exact comparisons that it breaks, by their texts.
    deviation : bool
        Whether only the contract is broken while the backend's own law holds exactly: then the
        cases stay verified, and nothing but `check` is forgiven.
    seed : int or None
        The stream on which the witness shows, for defects that need luck to be seen.
    """

    id: str
    subjects: tuple[str, ...]
    backends: tuple[str, ...]
    dtypes: tuple[str, ...]
    since: tuple[int, int]
    until: tuple[int, int]
    symptom: str
    link: str
    check: str
    region: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    witness: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[str, ...] = ()
    seed: int | None = None
    promises: tuple[str, ...] = ("law",)
    deviation: bool = False

    def touches(self, subject: str, backend: str, dtype: str) -> bool:
        """Whether the defect lives in that cell of the PyTorch under test."""
        return (
            subject in self.subjects
            and (not self.backends or backend in self.backends)
            and (not self.dtypes or dtype in self.dtypes)
            and self.since <= torch_api.version() < self.until
        )


def spoiling(case: Case, defects: tuple[KnownDefect, ...]) -> KnownDefect | None:
    """The first of `defects` whose region holds `case`.

    Raises
    ------
    ValueError
        For a region that speaks of a feature which the case does not have.
    """
    spoilers = [defect for defect in defects if not defect.deviation]
    return _holding(case, spoilers)


def deviating(case: Case, defects: tuple[KnownDefect, ...]) -> tuple[KnownDefect, ...]:
    """Those of `defects` that are known deviations and whose region holds `case`."""
    known = [defect for defect in defects if defect.deviation]
    return tuple(defect for defect in known if _holding(case, [defect]))


def _holding(case: Case, defects: Sequence[KnownDefect]) -> KnownDefect | None:
    """The first whose region holds `case`."""
    if not defects:
        return None
    features = case.features()
    for defect in defects:
        if unknown := defect.region.keys() - features.keys():
            raise ValueError(
                f"known defect {defect.id!r}: a {type(case).__name__} has no feature "
                f"{', '.join(sorted(unknown))}; choose among {', '.join(sorted(features))}"
            )
        if all(low <= features[name] <= high for name, (low, high) in defect.region.items()):
            return defect
    return None


def of_cell(cell: Cell, promise: str = "") -> tuple[KnownDefect, ...]:
    """The defects of `cell` with a region, of one promise or of all.

    What breaks the law of an initializer breaks it in every layout.
    """
    defects = _of_place(cell.subject.name, cell.backend.name, cell.dtype_name)
    known = {promise, "law"} if cell.subject.family == "initializer" else {promise}
    return tuple(d for d in defects if not d.calls and (not promise or known & {*d.promises}))


def of_promise(promise: str, subject: str, backend: str, dtype: str) -> tuple[KnownDefect, ...]:
    """The defects that break exact comparisons of a promise."""
    defects = _of_place(subject, backend, dtype)
    return tuple(d for d in defects if d.calls and promise in d.promises)


def _of_place(subject: str, backend: str, dtype: str) -> tuple[KnownDefect, ...]:
    """The defects that live there with the PyTorch under test."""
    return tuple(defect for defect in load() if defect.touches(subject, backend, dtype))


@cache
def load(path: Path = _FILE) -> tuple[KnownDefect, ...]:
    """Read the known defects.

    Raises
    ------
    ValueError
        For an entry with a missing, unknown or malformed field.
    """
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("defect", [])
    return tuple(_entry(dict(entry)) for entry in entries)


def _entry(entry: dict[str, Any]) -> KnownDefect:
    identity = entry.get("id", "without id")
    try:
        return KnownDefect(
            id=entry.pop("id"),
            subjects=_names(entry.pop("subjects")),
            backends=_names(entry.pop("backends", [])),
            dtypes=_names(entry.pop("dtypes", [])),
            since=_version(entry.pop("since", "0.0")),
            until=_version(entry.pop("until", "999.0")),
            symptom=entry.pop("symptom"),
            link=entry.pop("link", ""),
            check=entry.pop("check"),
            promises=_names(entry.pop("promises", ["law"])),
            **_extent(entry),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ValueError(f"known defect {identity!r}: {problem!r}; see the README") from problem


def _extent(entry: dict[str, Any]) -> dict[str, Any]:
    """What it spoils: either calls, or a region with its witness and the witness's seed."""
    if "calls" in entry:
        calls = _names(entry.pop("calls"))
        if entry or not calls:
            raise ValueError(f"calls stand alone and are not empty: {calls}, {[*entry]}")
        return {"calls": calls}
    region = {name: (low, high) for name, (low, high) in entry.pop("region").items()}
    return {"region": region, "witness": entry.pop("witness"), **entry}


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise TypeError(f"{value!r} is not a list of names")
    return tuple(value)


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)
