"""The text of a list of known defects, whose entries get more backends."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from typing import Any

_UNSAID = ("cpu",)
"""The backends of an entry that names none."""
_HEAD = re.compile(r"^\[\[defect\]\][^\n]*\n", re.MULTILINE)
_BACKENDS = re.compile(r"^backends\s*=\s*\[", re.MULTILINE)


class NotEditable(ValueError):
    """A list that cannot be edited as text; says which entry is to be edited by hand."""


def adopted(text: str, backends: Mapping[str, Collection[str]]) -> str:
    """Return a list of known defects in which some entries speak of more backends.

    Comments, order and all other entries stay as they are.

    Parameters
    ----------
    text
        The list, in TOML.
    backends
        By the id of an entry, the backends to add to those that it names.

    Raises
    ------
    NotEditable
        For an entry that is not in the list, or is written as none is.
    ValueError
        For a text that is no TOML.

    """
    known = {entry.get("id"): entry for entry in _entries(text)}
    if missing := sorted(backends.keys() - known.keys()):
        raise NotEditable(f"it has no entry {missing[0]!r}")
    starts = [head.start() for head in _HEAD.finditer(text)]
    ends = [*starts[1:], len(text)]
    edited = text[: starts[0]] if starts else text
    for start, end in zip(starts, ends, strict=True):
        edited += _edited(text[start:end], backends)
    found = {entry.get("id"): entry.get("backends", [*_UNSAID]) for entry in _entries(edited)}
    for id, names in backends.items():
        if not {*known[id].get("backends", _UNSAID), *names} == {*found[id]}:
            raise NotEditable(f"the entry {id!r} is written in another way: edit it by hand")
    return edited


def _entries(text: str) -> list[dict[str, Any]]:
    return [each for each in tomllib.loads(text).get("defect") or () if isinstance(each, dict)]


def _edited(block: str, backends: Mapping[str, Collection[str]]) -> str:
    """Return the text of one entry, with the backends that it gets."""
    try:
        (entry,) = _entries(block)
    except ValueError:  # A text over several lines holds what looks like the head of an entry.
        return block
    names = entry.get("backends", [*_UNSAID])
    new = [name for name in backends.get(entry.get("id", ""), ()) if name not in names]
    if not new:
        return block
    if "backends" not in entry:
        head = _HEAD.match(block)
        at = head.end() if head else 0
        return f"{block[:at]}backends = [{_listed([*names, *new])}]\n{block[at:]}"
    written = f"backends = [{_listed(names)}]"
    if written in block:
        return block.replace(written, f"backends = [{_listed([*names, *new])}]", 1)
    # However the array goes on, something may stand before its first value.
    return _BACKENDS.sub(lambda begins: f"{begins[0]}{_listed(new)}, ", block, count=1)


def _listed(names: Collection[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
