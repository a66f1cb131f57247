"""What is distributed among ranks, made by them, and drawn by them."""

from __future__ import annotations

import torch
from torch import Tensor

from verify.behaviour.distributed import on_ranks
from verify.behaviour.exact import Comparison, compare
from verify.outcome.outcome import Outcome
from verify.ranks.group import ask
from verify.ranks.placements import PLACED, WORLD, Placed, assembled, bits, digest, replicas

_SHAPE = (7, 5)
"""No axis is a multiple of a number of ranks."""

_DRAWN = (61, 37)
_CALLS = 3
_SHARED = 8
"""Values of float64 that parts, or calls, may have in common: two of 27,084 normals agree for some
pair with a probability below 2⁻²⁰, eight pairs with one below 10⁻⁴⁰."""

_FILLED: dict[str, tuple[float, ...]] = {"zeros": (), "ones": (), "full": (2.5,), "empty": ()}
_RANDOM = ("rand", "randn")
_VALUES = {"zeros": 0.0, "ones": 1.0, "full": 2.5}


def _off(placed: Placed, whole: Tensor, held: list[tuple[Tensor, bytes]]) -> list[str]:
    """What is wrong with the parts of a tensor."""
    for rank, (part, _) in enumerate(held):
        expected = whole[placed.slices(rank, whole.shape)]
        if part[0].shape != expected.shape or not torch.equal(bits(part[0]), bits(expected)):
            return [f"rank {rank} of {placed.name}"]
    own = digest(whole)
    wrong = [rank for rank, (_, made) in enumerate(held) if made != own]
    return [f"full_tensor on rank {rank} of {placed.name}" for rank in wrong[:1]]


def _off_distributed() -> list[str]:
    """The tensor of the first rank is distributed, whatever the others hold."""
    from verify.ranks import tasks

    source = torch.arange(35, dtype=torch.float64).view(_SHAPE)
    found = []
    for placed in PLACED:
        answers = ask(tasks.distributed_parts, placed, source, ranks=placed.ranks)
        found += _off(placed, source, [each for each in answers if each is not None])
    return found


def _off_factories() -> list[str]:
    from verify.ranks import tasks

    found = []
    for name, arguments in _FILLED.items():
        for placed in PLACED:
            answers = ask(tasks.factory, placed, name, _SHAPE, *arguments, ranks=placed.ranks)
            held = [each for each in answers if each is not None]
            if name == "empty":
                parts = [part for part, _ in held]
                shapes = [tuple(assembled(placed, _SHAPE, parts).shape[1:])]
                found += [name] if shapes != [_SHAPE] else []
                continue
            whole = torch.full(_SHAPE, _VALUES[name], dtype=held[0][0].dtype)
            found += [f"{name}: {each}" for each in _off(placed, whole, held)]
    return found


def _silently_alike() -> list[str]:
    """From one seed: PyTorch documentation, torch.distributed.tensor, warns of other devices."""
    from verify.ranks import tasks

    answers = ask(tasks.silent, "normal_", (4 * WORLD, 16), 7)
    parts = [part for part, _ in answers]
    alike = any(torch.equal(parts[0], part) for part in parts[1:])
    return ["normal_"] if alike and not any(warned for _, warned in answers) else []


def _random_alike() -> list[str]:
    """A factory that has no synchronised stream refuses; one that draws makes no part twice."""
    from verify.ranks import tasks
    from verify.ranks.group import RankRaised

    found = []
    for name in _RANDOM:
        for placed in PLACED[:1]:
            try:
                answers = ask(tasks.factory, placed, name, _DRAWN, ranks=placed.ranks)
            except (RankRaised, NotImplementedError):
                continue
            parts = [each[0] for each in answers if each is not None]
            if _shared(parts) > _DRAWN[0] * _DRAWN[1] // 8:
                found.append(name)
    return found


def _drawn(placed: Placed) -> list[Tensor]:
    from verify.ranks import tasks
    from verify.subjects.fills import Target
    from verify.subjects.sharded import seeds_of

    stream = torch.Generator().manual_seed(11)
    seeds = seeds_of(placed, Target(torch.device("cpu"), torch.float64, stream))
    arguments: dict[str, object] = {}
    given = (placed, "normal_", arguments, _DRAWN, torch.float64, seeds, _CALLS)
    answers = ask(tasks.fill, *given, ranks=placed.ranks)
    return [each[""][0] for each in answers if each is not None]


def _shared(parts: list[Tensor]) -> int:
    """How many values are there more than once."""
    values = torch.cat([part.reshape(-1) for part in parts])
    return len(values) - len(torch.unique(values))


def _sharing() -> list[str]:
    """Parts that are no replicas, and consecutive calls, have values in common at any place."""
    found = []
    for placed in PLACED:
        parts = _drawn(placed)
        others = {rank for _, rank in replicas(placed, parts)}
        if _shared([part for rank, part in enumerate(parts) if rank not in others]) >= _SHARED:
            found.append(placed.name)
    return found


def _differing() -> list[str]:
    return [
        f"ranks {one} and {other} of {placed.name}"
        for placed in PLACED
        for parts in [_drawn(placed)]
        for one, other in replicas(placed, parts)
        if not torch.equal(bits(parts[one]), bits(parts[other]))
    ]


def _unwritten() -> list[str]:
    return [
        f"rank {rank} of {placed.name}"
        for placed in PLACED
        for rank, part in enumerate(_drawn(placed))
        if part.isnan().any()
    ]


_COMPARISONS = [
    Comparison("parts that distribute_tensor gets wrong", _off_distributed, []),
    Comparison("parts that zeros, ones, full and empty get wrong", _off_factories, []),
    Comparison("parts that are alike without a warning", _silently_alike, []),
    Comparison("random factories that repeat values", _random_alike, []),
    Comparison("parts or calls that share values", _sharing, []),
    Comparison("replicas that differ", _differing, []),
    Comparison("parts that are not written", _unwritten, []),
]


def verify_shards(host: str) -> Outcome:
    """Distribute, make and draw tensors in every placement."""
    asked = Outcome(
        promise="shards",
        subject=host,
        backend="host",
        dtype="float64",
        words="each rank holds its part of the tensor and no other, replicas agree in every bit, "
        "and what ranks draw from seeds of their own they draw once",
        formula="torch.chunk along each axis that is sharded; x(r) = x(r′) for replicas alone",
        source="PyTorch documentation, torch.distributed.tensor",
    )
    return on_ranks(asked, lambda: compare(asked, _COMPARISONS, "shards"))
