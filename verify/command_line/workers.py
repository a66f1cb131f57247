"""How many workers the memory of devices has room for."""

from __future__ import annotations

from collections.abc import Collection

from verify import backends, torch_api

NEEDED = {"smoke": 2 << 30, "standard": 4 << 30, "deep": 24 << 30}
"""Bytes that a worker may need on its device, by profile: what a process takes for itself, and some
copies of its largest tensors. In deep these have more than 2³¹ entries."""


def room(names: Collection[str], profile: str) -> int | None:
    """How many workers the devices have room for; None where no device says what memory it has.

    Parameters
    ----------
    names : collection of str
        Of the backends that are verified.
    profile : str
    """
    told = [sum(torch_api.memories(name, count)) for name, count in _devices(names)]
    needed = NEEDED.get(profile, max(NEEDED.values()))
    rooms = [max(1, memory // needed) for memory in told if memory]
    return min(rooms, default=None)


def _devices(names: Collection[str]) -> list[tuple[str, int]]:
    known = backends.known()
    return [(name, known[name].count()) for name in names if name != "cpu"]
