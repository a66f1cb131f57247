"""Where lines may break inside commands and long names, and nowhere else."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from markupsafe import Markup

# Letters of a word that fits into a column of a table, and on the line of a telephone.
COLUMN = 20
LINE = 36
_WORDS = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\]|['"\\])+""")
_PLACES = re.compile(r"::|[/\[\]-]")
_PUNCTUATION = re.compile(r"[._:/(=,\[{+@]+(?=.)|(?<=[a-z])(?=[A-Z])")
_SPACED = re.compile(r"\S+")


def command(text: str) -> Markup:
    """Return a command in which only a word that is longer than a line breaks.

    Words are those of a shell: what is quoted is one. An option and its short value stay
    together; a node id may break at ``::``, ``/``, ``-`` and brackets. What is copied from it is
    the command.
    """
    parts: list[str] = []
    end = 0
    for start, stop in _together(text):
        word = _opened(text[start:stop], LINE, _PLACES)
        parts += (_escaped(text[end:start]), f"<i>{word}</i>")
        end = stop
    return Markup("".join((*parts, _escaped(text[end:]))))


def breakable(text: str, longest: int = COLUMN) -> Markup:
    """Return text whose longer words may break after punctuation and before a capital."""
    return Markup(_SPACED.sub(lambda word: _opened(word[0], longest, _PUNCTUATION), text))


def _together(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each word starts and ends; an option takes its short value along."""
    words = [match.span() for match in _WORDS.finditer(text)]
    while words:
        start, stop = words.pop(0)
        if words and text[start] == "-" and "=" not in text[start:stop]:
            follows, end = words[0]
            if text[follows] != "-" and end - start <= LINE:
                stop = end
                words.pop(0)
        yield start, stop


def _opened(word: str, longest: int, places: re.Pattern[str]) -> str:
    """Return a word with places to break, if it has more letters than `longest`."""
    parts, end = [], 0
    for place in places.finditer(word) if len(word) > longest else ():
        parts.append(_escaped(word[end : place.end()]))
        end = place.end()
    # The slash keeps readers content that know no void elements.
    return "<wbr/>".join((*parts, _escaped(word[end:])))


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)
