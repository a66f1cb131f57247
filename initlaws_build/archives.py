"""Archives that hang on their contents alone: no clock, no user, no order of a file system."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

_DAY = (1980, 1, 1, 0, 0, 0)
"""The first that a zip file can name."""
_MODE = 0o644


def write_wheel(path: Path, files: Mapping[str, bytes], info: str) -> None:
    """Write a wheel (binary distribution format 1.0).

    Parameters
    ----------
    path : Path
    files : mapping
        What it holds but for its RECORD, by name.
    info : str
        The folder that gets the RECORD, which comes last, with all that says what the wheel is.
    """
    order = sorted(files, key=lambda name: (name.startswith(info), name))
    record = "".join(f"{name},{_digest(files[name])},{len(files[name])}\n" for name in order)
    last = f"{info}/RECORD"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in order:
            archive.writestr(_entry(name), files[name])
        archive.writestr(_entry(last), f"{record}{last},,\n")


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DAY)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (0o100000 | _MODE) << 16
    entry.create_system = 3  # The attributes are Unix's.
    return entry


def _digest(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"


def write_sdist(path: Path, files: Mapping[str, bytes], base: str) -> None:
    """Write a source archive.

    Parameters
    ----------
    path : Path
    files : mapping
        What it holds, by name.
    base : str
        The one folder at its top.
    """
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(files):
            entry = tarfile.TarInfo(f"{base}/{name}")
            entry.size, entry.mode = len(files[name]), _MODE
            archive.addfile(entry, io.BytesIO(files[name]))
