"""Markup that a page unpacks when it is asked for: many pieces, compressed together."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence

# What a part of the pieces takes is estimated, and then somewhat less is tried.
CAUTION = 0.95


def pack(pieces: Mapping[str, Sequence[str]]) -> str:
    """Return pieces by name as base64 text; a script of the page reads it back.

    A piece comes in sections. The first sections of all stand together, then the second, and so
    on: what is alike compresses better side by side. An empty section is left out.
    """
    columns: list[dict[str, str]] = [{} for _ in range(max(map(len, pieces.values()), default=0))]
    for name, sections in pieces.items():
        for column, section in zip(columns, sections, strict=False):
            if section:
                column[name] = section
    text = json.dumps(columns, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")


def fitting(pieces: Mapping[str, Sequence[str]], room: int) -> tuple[str, int]:
    """Pack as many pieces as fit, the first of them first.

    Returns
    -------
    str, int
        The packed pieces, at most `room` letters unless there are none, and how many they are.

    """
    kept = dict(pieces)
    while len(packed := pack(kept)) > room and kept:
        amount = min(len(kept) - 1, int(CAUTION * len(kept) * max(0, room) / len(packed)))
        kept = dict(list(kept.items())[:amount])
    return packed, len(kept)
