"""Fill methods of tensors that several processes hold together.

On a CPU every rank draws from its own stream (PyTorch documentation,
torch.distributed.tensor: random operators are synchronised on "cuda/cuda-like devices" only). So
the ranks get seeds: those that hold the same entries the same one, all others different ones. On
other devices, which are like CUDA's, all get one seed, and each goes on to its own part.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from verify.ranks.group import ask
from verify.ranks.placements import (
    PLACED,
    WORLD,
    Placed,
    assembled,
    bits,
    digest,
    fitting,
    replicas,
)
from verify.subjects.fills import Fill, Target
from verify.subjects.unlawful import Unlawful

_AT_ONCE = 64
"""Calls that ranks make before they hand over what they hold, at most."""

_VALUES = 1 << 18
"""Values that they hand over at once, unless one call fills more."""

_WHOLE = ("orthogonal_", "sparse_")
"""Initializers whose entries hang together: ranks must draw the same whole, from one seed, which
on a CPU leaves shards alike. They are asked of replicas."""

FULLY_SHARDED = tuple(placed for placed in PLACED if placed.axes in ((0,), (None, 0)))
"""How `fully_shard` divides parameters: along the first axis, perhaps with replicas."""

Parts = Mapping[str, tuple[Tensor, bytes]]
Ask = Callable[[Placed, Sequence[int], int], Sequence[Parts]]


_refused: dict[str, str] = {}


def forget() -> None:
    """Forget what was refused."""
    _refused.clear()


def refused() -> str:
    """Which placements were refused since `forget`, and why the first was; or nothing."""
    if not _refused:
        return ""
    first = next(iter(_refused.values())).partition("\n")[0]
    return f"{', '.join(_refused)}: {first}"


class Divided(Unlawful):
    """What ranks hold is no tensor, or not the one that PyTorch makes of it."""

    check = "shards"


def fill(
    name: str, arguments: Mapping[str, object], shape: tuple[int, ...], target: Target
) -> Fill:
    """Fill a sharded tensor by an initializer."""
    every = [placed for placed in fitting(len(shape)) if placed.is_whole or name not in _WHOLE]

    def asked(placed: Placed, seeds: Sequence[int], calls: int) -> Sequence[Parts]:
        from verify.ranks import tasks

        given = (placed, name, dict(arguments), shape, target.dtype, seeds, calls)
        return _held(ask(tasks.fill, *given, ranks=placed.ranks, kind=target.device.type))

    return _one_by_one(every, {"": shape}, asked, target, {""})


def materialise(on_meta: nn.Module, shapes: Mapping[str, tuple[int, ...]], target: Target) -> Fill:
    """Shard a module of the meta device by `fully_shard`, and reset it; buffers are replicas."""
    divided = {name for name, _ in on_meta.named_parameters(remove_duplicate=False)}

    def asked(placed: Placed, seeds: Sequence[int], calls: int) -> Sequence[Parts]:
        from verify.ranks import tasks

        given = (placed, on_meta, seeds, calls)
        return _held(ask(tasks.materialise, *given, ranks=placed.ranks, kind=target.device.type))

    return _one_by_one(FULLY_SHARDED, shapes, asked, target, divided)


def _held(answers: Iterable[Parts | None]) -> list[Parts]:
    return [parts for parts in answers if parts is not None]


def seeds_of(placed: Placed, target: Target) -> list[int]:
    """A seed for each rank: ranks that hold the same entries have the same, the others another.

    Where random operators are synchronised, every rank must be seeded alike (PyTorch
    documentation, torch.distributed.tensor).
    """
    stream = target.generator or torch.default_generator
    drawn = torch.randint(1 << 31, (WORLD,), generator=stream, device=stream.device).cpu()
    if target.device.type != "cpu":
        return [int(drawn[0])] * WORLD
    first: dict[tuple[int, ...], int] = {}
    owners = (first.setdefault(placed.shard(rank), rank) for rank in range(placed.ranks))
    seeds = [int(drawn[owner]) for owner in owners]
    return seeds + [0] * (WORLD - placed.ranks)


def _one_by_one(
    every: Sequence[Placed],
    shapes: Mapping[str, tuple[int, ...]],
    ask: Ask,
    target: Target,
    divided: Collection[str],
) -> Fill:
    """Calls one by one, of which ranks make ever more at once, every time divided otherwise.

    What PyTorch says it cannot divide so is divided otherwise only.

    Raises
    ------
    NotImplementedError
        By the function returned, where it cannot be divided at all.
    """

    def calls() -> Iterator[Mapping[str, Tensor]]:
        most = max(1, _VALUES // max(1, sum(map(math.prod, shapes.values()))))
        waiting, turn = deque(every), 0
        while waiting:
            placed = waiting.popleft()
            count = min(1 << turn, _AT_ONCE, most)
            try:
                held = ask(placed, seeds_of(placed, target), count)
            except NotImplementedError as reason:
                _refused[placed.name] = f"{reason}"
                if not waiting:
                    raise
                continue
            waiting.append(placed)
            turn += 1
            ways = {n: placed if n in divided else placed.undivided() for n in shapes}
            wholes = {name: _whole(ways[name], shape, name, held) for name, shape in shapes.items()}
            for call in range(count):
                yield {name: whole[call] for name, whole in wholes.items()}

    return calls().__next__


def _whole(placed: Placed, shape: tuple[int, ...], name: str, held: Sequence[Parts]) -> Tensor:
    """The tensor of that name, one call a row.

    Raises
    ------
    Divided
        If a part has another shape than its rank must hold, replicas differ, or PyTorch makes
        another tensor of the parts.
    """
    of = f"{name}, {placed.name}" if name else placed.name
    parts = [parts[name][0] for parts in held]
    try:
        whole = assembled(placed, shape, parts)
    except ValueError as reason:
        raise Divided(f"{name} {reason}".strip()) from reason
    for one, other in replicas(placed, parts):
        if not torch.equal(bits(parts[one]), bits(parts[other])):
            raise Divided(f"{of}: ranks {one} and {other} hold replicas that differ")
    own = digest(whole[-1])
    wrong = [rank for rank, parts in enumerate(held) if parts[name][1] != own]
    if wrong:
        raise Divided(f"{of}: full_tensor on rank {wrong[0]} is not what the ranks hold")
    return whole
