"""What the answer to a question without laws is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """What a question has found.

    Attributes
    ----------
    wrong : tuple of str
        A sentence for each fault.
    remarks : tuple of str
        What is lawful, and worth a look.
    """

    wrong: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
