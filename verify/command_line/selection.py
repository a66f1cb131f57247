"""What was selected of a run: the arguments of pytest that leave items of the suite out."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from verify.command_line.options import fills
from verify.outcome.promises import FILLS

SUITE = Path(__file__).resolve().parents[1]

_TEXTS = {"-k": "keyword", "-m": "markexpr"}
_PATHS = {"--deselect": "deselect", "--ignore": "ignore"}
_PATTERNS = {"--ignore-glob": "ignore_glob"}
_FLAGS = {"--last-failed": "lf", "--stepwise": "stepwise"}


def selection(options: Namespace, given: Iterable[str], folder: Path) -> list[str]:
    """Return the arguments that chose items of the suite; none where all of them were wanted.

    Parameters
    ----------
    options : Namespace
        What pytest has parsed; an option of a plugin that is switched off may lack.
    given : iterable of str
        Paths and node ids that were named, or stand in the configuration.
    folder : Path
        Where pytest was called.

    Returns
    -------
    list of str
        Options first, then paths from the root in order of their names.
    """
    return [*_options(options, folder), *_places(given, folder)]


def _options(options: Namespace, folder: Path) -> Iterator[str]:
    for name, entry in _TEXTS.items():
        if value := getattr(options, entry, ""):
            yield from (name, value)
    for name, entry in _PATHS.items():
        places = (_within(place, folder) for place in getattr(options, entry, None) or ())
        for place in sorted({*filter(None, places)}):
            yield from (name, place)
    for name, entry in _PATTERNS.items():
        for pattern in sorted({*(getattr(options, entry, None) or ())}):
            yield from (name, pattern)
    chosen = fills(getattr(options, "fill", None))
    if len(chosen) < len(FILLS):
        yield from ("--fill", ",".join(chosen))
    yield from (name for name, entry in _FLAGS.items() if getattr(options, entry, False))


def _places(given: Iterable[str], folder: Path) -> list[str]:
    """Return what was named in the suite; nothing where that is the whole of it."""
    found = {place for each in given if (place := _within(each, folder)) is not None}
    return [] if "" in found else sorted(found)


def _within(place: str, folder: Path) -> str | None:
    """Return a path or node id from the root; "" for all of the suite, None for none of it."""
    path, _, item = place.partition("::")
    full = (folder / path).resolve()
    if SUITE.is_relative_to(full):
        return ""
    if not full.is_relative_to(SUITE):
        return None
    name = full.relative_to(SUITE.parent).as_posix()
    return f"{name}::{item}" if item else name
