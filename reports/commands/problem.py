"""What a command cannot work with."""

from __future__ import annotations


class Problem(Exception):
    """One clause for the user, without a full stop: what is wrong, and how to mend it."""
