"""Arrays of numbers as short JSON: exact, and the same with every library and machine.

An array is written as the offsets of its entries from the least of them, each in as many bits
as the largest needs, most significant first, one after the other, in base64. Floats are packed
by their bit patterns, read as signed 64-bit numbers. Nothing is compressed: what compression
writes depends on the version of its library.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

MOST_ENTRIES = 1 << 24
"""Longer arrays are no evidence: equal entries take no bits, so a line could claim any number."""

Numbers = npt.NDArray[np.int64] | npt.NDArray[np.float64]


def pack(values: Numbers) -> dict[str, object]:
    """A JSON object that `unpack` turns into the very same array.

    Parameters
    ----------
    values : numpy.ndarray
        One axis, at least one entry, of dtype int64 or float64.
    """
    whole = np.ascontiguousarray(values).view(np.int64)
    least = whole.min()
    offsets = (whole - least).view(np.uint64)
    width = int(offsets.max()).bit_length()
    bits = np.unpackbits(offsets.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    return {
        "dtype": values.dtype.name,
        "size": values.size,
        "least": int(least),
        "bits": width,
        "packed": base64.b64encode(np.packbits(bits[:, 64 - width :]).tobytes()).decode("ascii"),
    }


def unpack(document: Mapping[str, object]) -> Numbers:
    """The array that was packed.

    Raises
    ------
    KeyError, TypeError, ValueError
        For what `pack` does not write.
    """
    size, width, least = (_whole(document[name]) for name in ("size", "bits", "least"))
    dtype, text = document["dtype"], document["packed"]
    if dtype not in ("int64", "float64") or not isinstance(text, str):
        raise ValueError(f"a packed array cannot be of {dtype!r}, or not packed in a text")
    if not (0 < size <= MOST_ENTRIES and 0 <= width <= 64):
        raise ValueError(f"a packed array cannot have {size} entries of {width} bits")
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("a packed array is not base64") from None
    if len(data) != -(-size * width // 8):
        raise ValueError(f"a packed array of {size} entries of {width} bits has {len(data)} bytes")
    bits = np.zeros((size, 64), np.uint8)
    packed = np.unpackbits(np.frombuffer(data, np.uint8), count=size * width)
    bits[:, 64 - width :] = packed.reshape(size, width)
    offsets = np.packbits(bits).view(">u8").astype(np.uint64)
    whole: npt.NDArray[np.int64] = offsets.view(np.int64) + np.int64(least)
    return whole if dtype == "int64" else whole.view(np.float64)


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no whole number")
    return value


def array(document: object) -> Numbers:
    """An array from its packed form, or from the plain list of a short or an older one."""
    return unpack(document) if isinstance(document, Mapping) else np.asarray(document)
