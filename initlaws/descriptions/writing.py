"""A description as a file of laws, and as a table for the eye."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from initlaws import laws as vocabulary

_WIDTH = 100
"""Characters in a line."""

_TRUNCATED = '''

def truncated(mean: float, std: float, cut: float) -> TruncatedNormal:
    """N(mean, std²), cut so many standard deviations from its mean."""
    return TruncatedNormal(mean, std, mean - cut * std, mean + cut * std)

'''

Entry = tuple[str, str, Sequence[str]]
"""A pattern, its claim, and the sentences above it."""


def laws_file(about: str, entries: Iterable[Entry]) -> str:
    """Python source that defines ``LAWS``.

    Parameters
    ----------
    about : str
        What was described, and from what: a sentence.
    entries : iterable of entry
    """
    lines = [line for entry in entries for line in _entry(*entry)]
    body = "\n".join(["LAWS = {", *lines, "}", ""])
    helper = _TRUNCATED if "truncated(" in body else ""
    code = "\n".join(line for line in lines if not line.lstrip().startswith("#")) + helper
    return "\n".join(
        [
            *_docstring(about),
            "",
            *(["import math", ""] if "math." in code else []),
            *_imports(code),
            *([helper] if helper else [""]),
            body,
        ]
    )


def _docstring(about: str) -> Iterator[str]:
    yield '"""Laws that a model\'s values show.'
    yield ""
    yield from textwrap.wrap(about, _WIDTH)
    yield ""
    yield from textwrap.wrap(
        "Each line says what the values show, which need not be what the author meant: review all "
        "of them, above all those marked AMBIGUOUS or REVIEW.",
        _WIDTH,
    )
    yield '"""'


def _imports(code: str) -> list[str]:
    plain = re.sub(r'"(?:\\.|[^"\\])*"', "", code)
    used = [name for name in vocabulary.__all__ if re.search(rf"\b{name}\(?", plain)]
    used = [name for name in used if re.search(rf"\b{name}\b", plain)]
    if not used:
        return []
    line = f"from initlaws.laws import {', '.join(used)}"
    if len(line) <= _WIDTH:
        return [line]
    return ["from initlaws.laws import (", *(f"    {name}," for name in used), ")"]


def _entry(pattern: str, claim: str, sentences: Sequence[str]) -> Iterator[str]:
    for sentence in sentences:
        indent = "    # "
        yield from textwrap.wrap(
            sentence, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  "
        )
    line = f"    {quoted(pattern)}: {claim},"
    head, bracket, inner = line.partition(f"{_called(claim)}(") if "(" in claim else (line, "", "")
    if len(line) <= _WIDTH or not bracket:
        yield line
        return
    yield head + bracket
    yield f"        {inner.removesuffix('),')}"
    yield "    ),"


def _called(claim: str) -> str:
    """The outermost call of a claim."""
    return (
        claim.rpartition(": ")[2].partition("(")[0]
        if claim.startswith("lambda")
        else (claim.partition("(")[0])
    )


def quoted(text: str) -> str:
    """A string as the formatter writes it."""
    plain = repr(text)
    if '"' in text or not plain.startswith("'"):
        return plain
    return '"' + plain[1:-1].replace("\\'", "'") + '"'


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    """Columns of equal width.

    Parameters
    ----------
    heads : sequence of str
    rows : sequence of sequences of str
    left : sequence of int
        The columns that are set from the left.
    """
    every = [heads, *rows]
    widths = [max(len(row[i]) for row in every) for i in range(len(heads))]
    lines = [
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in every
    ]
    return "\n".join(lines) + "\n"
