"""Packed markup: it comes back as it was, and as much as fits is kept."""

from __future__ import annotations

import base64
import json
import random
import zlib

from reports.page import packed


def _unpacked(text: str) -> list[dict[str, str]]:
    columns: list[dict[str, str]] = json.loads(zlib.decompress(base64.b64decode(text)))
    return columns


def test_pieces_come_back_section_by_section() -> None:
    text = packed.pack({"c1": ["<table>", "<svg>\u2028"], "c2": ["\ud800 </script>"]})
    assert _unpacked(text) == [{"c1": "<table>", "c2": "\ud800 </script>"}, {"c1": "<svg>\u2028"}]
    assert "<" not in text


def test_as_many_as_fit_are_kept_the_first_first() -> None:
    noise = random.Random(0)
    pieces = {f"c{i}": [noise.randbytes(300).hex()] for i in range(100)}
    whole, amount = packed.fitting(pieces, 10**6)
    assert amount == 100
    text, amount = packed.fitting(pieces, len(whole) // 2)
    assert len(text) <= len(whole) // 2
    assert 40 <= amount <= 50
    assert list(_unpacked(text)[0]) == [f"c{i}" for i in range(amount)]


def test_where_nothing_fits_nothing_is_kept() -> None:
    text, amount = packed.fitting({"c1": ["x"]}, -1)
    assert (amount, _unpacked(text)) == (0, [])
