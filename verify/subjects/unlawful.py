"""What a fill method finds by itself, before there are any statistics."""

from __future__ import annotations

from typing import ClassVar


class Unlawful(Exception):
    """What was filled breaks the promise, whatever its values look like; the text says why.

    Attributes
    ----------
    check : str
        The check that has found it.
    """

    check: ClassVar[str] = "state"
