"""What is fixed for a whole run, and what it plans to look at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import torch

from verify import backends
from verify.backends import Backend
from verify.laws import LATTICES, Lattice
from verify.plan.profiles import Profile
from verify.subjects import SUBJECTS, Subject
from verify.subjects.case import Case

_PARTS = {
    "complex32": "float16", "complex64": "float32", "complex128": "float64",
    "bool": "float64", "uint8": "bfloat16", "int8": "bfloat16", "int16": "float16",
    "int32": "float64", "int64": "float64",
}  # fmt: skip
"""Formats that hold the parts of complex values, and no more whole numbers than the dtype."""

_WHOLE = ("bool", "uint8", "int8", "int16", "int32", "int64")

_USUAL = "float32"


@dataclass(frozen=True)
class Run:
    """One run of the suite: everything follows from these values.

    Attributes
    ----------
    seed : int
        The run seed.
    profile : Profile
    time_limit : float
        Seconds of processor time that one call of a subject may take.
    worker : int
        Number of this worker process; it chooses the device among several.
    day : datetime.date
        The day on which it began: entries of known defects expire by it, and nothing else.
    """

    seed: int
    profile: Profile
    time_limit: float
    worker: int
    day: date = date.min


@dataclass(frozen=True)
class Cell:
    """Subject × dtype × backend: the unit of the report's matrix."""

    subject: Subject
    backend: Backend
    dtype_name: str

    @property
    def id(self) -> str:
        """``backend-dtype-subject``, the same in every process."""
        return f"{self.backend.name}-{self.dtype_name}-{self.subject.name}"

    @property
    def names(self) -> tuple[str, str, str]:
        """The names of subject, backend and dtype."""
        return self.subject.name, self.backend.name, self.dtype_name

    @property
    def is_usual(self) -> bool:
        """Whether the dtype is the one in which most tensors of the subject start."""
        every = dtypes_of(self.subject, self.backend)
        return self.dtype_name == (_USUAL if _USUAL in every else every[0])

    @property
    def is_wide(self) -> bool:
        """Whether the dtype is one whose draws others round or pair."""
        return self.dtype_name in ("float32", "float64")

    def pooled(self, values: int) -> int:
        """How many values to pool where a wide dtype needs so many: elsewhere an eighth."""
        return values if self.is_wide else values // 8

    def has(self, dtype: torch.dtype) -> bool:
        """Whether the backend has a dtype, be it another than that of the cell."""
        return _is_verified(f"{dtype}".removeprefix("torch."), self.backend)

    @property
    def lattice(self) -> Lattice:
        """The lattice of the dtype, or of its parts."""
        return LATTICES[_PARTS.get(self.dtype_name, self.dtype_name)]

    def holds(self, case: Case) -> bool:
        """Whether the dtype has room for every value, and the backend every dtype, of the case."""
        has_room = all(tensor.law.fits(self.lattice) for tensor in self.subject.tensors(case))
        return has_room and all(_is_verified(dtype, self.backend) for dtype in case.dtypes)

    @property
    def dtype(self) -> torch.dtype:
        """The dtype under its name."""
        dtype: torch.dtype = getattr(torch, self.dtype_name)
        return dtype


def cells(backend_names: Iterable[str], subjects: Iterable[Subject] | None = None) -> list[Cell]:
    """Every cell of the backends, the slowest first: they would otherwise finish a run alone.

    A backend's `dtypes` bind every subject, also one that lists its own.

    Parameters
    ----------
    backend_names : iterable of str
    subjects : iterable of Subject, optional
        By default all of the tables.
    """
    known = backends.known()
    planned = [
        Cell(subject, known[name], dtype)
        for name in sorted(backend_names)
        for subject in (SUBJECTS.values() if subjects is None else subjects)
        for dtype in dtypes_of(subject, known[name])
    ]
    return sorted(planned, key=lambda cell: (-_weight(cell), cell.id))


def dtypes_of(subject: Subject, backend: Backend) -> list[str]:
    """Names of the dtypes in which a subject is verified on a backend."""
    every = subject.dtypes or (*backend.dtypes, *subject.complex_dtypes)
    return [dtype for dtype in every if _is_verified(dtype, backend)]


def _is_verified(dtype: str, backend: Backend) -> bool:
    """Whether a backend lists a dtype, or that of its parts; integers are on every one."""
    return dtype in _WHOLE or _PARTS.get(dtype, dtype) in backend.dtypes


def _weight(cell: Cell) -> float:
    """Rough cost of a cell: its subject's, and doubles before singles."""
    return cell.subject.weight * (2 if cell.dtype_name == "float64" else 1)


def derive(*parts: object) -> int:
    """A 32-bit seed from anything with a canonical repr.

    Cryptographic, so that neighbouring run seeds, cells and cases share nothing; 32 bits,
    because some generators keep no more.
    """
    text = "\x1f".join(map(str, parts)).encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big")
