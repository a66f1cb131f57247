"""What foreign code says and holds, in one line: the words of an exception, the look of a value."""

from __future__ import annotations

_LONGEST = 300
"""Characters that are quoted; what is longer is cut."""


def said(error: BaseException) -> str:
    """An exception by its name, and how it begins what it says; never raises itself."""
    name = type(error).__name__
    try:
        text = str(error)
    except BaseException:  # It may even end the process.
        text = ""
    lines = [line for line in text.splitlines() if line.strip()]
    first = _line(lines[0]).rstrip(".") if lines else ""
    return f"{name}: {first}" if first else name


def shown(value: object) -> str:
    """A value as it is written, a class by its name; never raises itself."""
    if isinstance(value, type):
        return value.__qualname__
    try:
        return _line(repr(value))
    except BaseException as error:
        return f"{_article(type(value).__name__)} whose repr raises {type(error).__name__}"


def _article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def _line(text: str) -> str:
    """One line that any encoding can print: others' control characters are escaped."""
    line = " ".join(text.split())
    cut = line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)
