"""What ranks do with a module that they store together, and load in another number or alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed import ProcessGroup
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    set_model_state_dict,
)
from torch.distributed.fsdp import fully_shard

from verify.ranks.placements import Placed
from verify.ranks.resharding import UNEVEN, Held, held, load, local, poisoned, store, values
from verify.ranks.tasks import mesh_of, together

KEPT = "cache"
"""A buffer that no state has: loading leaves it alone."""

_LACKING = "norm.bias"
_ADDED = "added"
"""What a state lacks, and what a checkpoint lacks."""


class Tied(nn.Module):
    """A tied weight, parameters of a part that is divided by itself, and buffers."""

    def __init__(self, device: str = "cpu") -> None:
        super().__init__()
        rows, columns = UNEVEN
        self.embedding = nn.Embedding(rows, columns, device=device)
        self.norm = nn.BatchNorm1d(columns, device=device)
        self.head = nn.Linear(columns, rows, device=device)
        self.head.weight = self.embedding.weight
        table = torch.empty(3, columns, dtype=torch.float64, device=device)
        self.register_buffer("table", table)
        self.register_buffer(KEPT, torch.empty(4, device=device), persistent=False)


def _tensors(of: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer, each use of what is tied."""
    parameters = dict[str, Tensor](of.named_parameters(remove_duplicate=False))
    return parameters | dict(of.named_buffers(remove_duplicate=False))


@dataclass(frozen=True)
class Stored:
    """A tensor of the module.

    Attributes
    ----------
    whole : Tensor
        What it is saved with.
    is_divided : bool
        Whether each rank holds rows of it, as of a parameter under `fully_shard`.
    """

    whole: Tensor
    is_divided: bool

    def part(self, ranks: int, rank: int) -> Tensor:
        """What one of so many ranks holds."""
        rows = Placed("rows", (ranks,), (0,)) if self.is_divided else Placed("", (ranks,), (None,))
        return self.whole[rows.slices(rank, self.whole.shape)]


@cache
def stored() -> Mapping[str, Stored]:
    """Every tensor of the module by name; what is tied is there twice."""
    tensors = _tensors(Tied("meta"))
    numbers = {id(tensor): number for number, tensor in enumerate(tensors.values(), start=100)}
    return {
        name: Stored(values(numbers[id(t)], t.shape, t.dtype), isinstance(t, nn.Parameter))
        for name, t in tensors.items()
    }


def _divided(ranks: int) -> Tied:
    with torch.random.fork_rng():
        module = Tied()
    for part in (module.norm, module):
        fully_shard(part, mesh=mesh_of((ranks,)))
    return module


def _write(of: Tied, wanted: Callable[[str, Tensor], Tensor]) -> Tied:
    for name, tensor in _tensors(of).items():
        local(tensor).copy_(wanted(name, local(tensor)))
    return of


def _blank(of: Tied) -> Tied:
    """The same in memory that nobody has written to, but for what no state has."""
    kept = stored()[KEPT].whole
    return _write(of, lambda name, tensor: kept if name == KEPT else poisoned(tensor))


def _written(ranks: int) -> Tied:
    """The module under `fully_shard`, as it is stored."""
    rank = distributed.get_rank()
    return _write(_divided(ranks), lambda name, _: stored()[name].part(ranks, rank))


def _save(ranks: int, folder: str) -> Held | None:
    if distributed.get_rank() >= ranks:
        return None
    module = _written(ranks)
    stream = torch.get_rng_state()
    store({"module": module}, folder, mesh_of((ranks,)).get_group())
    return held(_tensors(module), stream)


_Load = Callable[[Tied, str, ProcessGroup], object]


def _as_it_is(of: Tied, folder: str, group: ProcessGroup) -> None:
    load({"module": of}, folder, group)


def _by_its_state(of: Tied, folder: str, group: ProcessGroup) -> None:
    state = get_model_state_dict(of)
    load({"module": state}, folder, group)
    set_model_state_dict(of, state)


def _alone(of: Tied, folder: str, _group: ProcessGroup) -> None:
    load({"module": of}, folder)


def _from_wholes(of: Tied, _folder: str, _group: ProcessGroup) -> None:
    whole: dict[str, Any] = {
        name: each.whole.clone() for name, each in stored().items() if name != KEPT
    }
    set_model_state_dict(of, whole, options=StateDictOptions(full_state_dict=True))


def _gathered(of: Tied, _folder: str, group: ProcessGroup) -> None:
    options, module = StateDictOptions(full_state_dict=True), _written(group.size())
    of.load_state_dict(get_model_state_dict(module, options=options))


def _for_more(of: Tied, folder: str, group: ProcessGroup, *, partly: bool = True) -> None:
    """Ask a checkpoint for more than it has."""
    state = {**of.state_dict(), _ADDED: torch.full((2,), torch.nan)}
    load({"module": state}, folder, group, partly=partly)
    del state[_ADDED]
    of.load_state_dict(state)


def _lacking(of: Tied, *, strict: bool) -> list[str]:
    """Set a state that lacks a tensor; what is said to be missing."""
    state = {name: tensor for name, tensor in of.state_dict().items() if name != _LACKING}
    told = set_model_state_dict(of, state, options=StateDictOptions(strict=strict))
    return [*told.missing_keys, *told.unexpected_keys]


DIVIDED: Mapping[str, _Load] = {
    "under fully_shard": _as_it_is,
    "under fully_shard by its state": _by_its_state,
    "under fully_shard from a whole state": _from_wholes,
    "under fully_shard with a tensor more, where that is allowed": _for_more,
}
WHOLE: Mapping[str, _Load] = {
    "whole": _as_it_is,
    "whole by each rank alone": _alone,
    "whole from the state of ranks": _gathered,
}
"""How a module is loaded, of which each rank holds its rows, or everything."""


@dataclass(frozen=True)
class Reloaded:
    """What a rank found out about a module that is stored and loaded.

    Attributes
    ----------
    saved : Held or None
        What it held once the module was stored; None where it took no part.
    loaded : mapping
        What it held afterwards, by the way in which the module was loaded.
    parted : tuple of str
        Ways in which a tie was lost.
    silent : tuple of str
        What was missing without a word.
    """

    saved: Held | None
    loaded: Mapping[str, Held]
    parted: tuple[str, ...]
    silent: tuple[str, ...]


def _is_refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except RuntimeError:
        return True
    return False


def _silent(ranks: int, folder: str) -> list[str]:
    """What is missing without a word."""
    module, group = _blank(_divided(ranks)), mesh_of((ranks,)).get_group()
    is_told = {
        "a tensor that the checkpoint lacks": _is_refused(
            lambda: _for_more(module, folder, group, partly=False)
        ),
        "a tensor that the state lacks": _is_refused(lambda: _lacking(module, strict=True)),
        "a tensor that the state may lack": _lacking(module, strict=False) == [_LACKING],
    }
    return [missing for missing, told in is_told.items() if not told]


def reload(saving: int, loading: int, folder: str) -> Reloaded:
    """Store a module on the first ranks, and load it on others in every way."""
    meshes = [mesh_of((ranks,)) for ranks in (saving, loading)]
    takes_part = distributed.get_rank() < loading
    made, parted = dict[str, Held](), list[str]()

    def loaded(way: str, call: _Load) -> None:
        module = _blank(_divided(loading) if way in DIVIDED else Tied())
        stream = torch.get_rng_state()
        call(module, folder, meshes[1].get_group())
        made[way] = held(_tensors(module), stream)
        parted.extend([way] if module.head.weight is not module.embedding.weight else [])

    saved = together(lambda: _save(saving, folder))
    for way, call in (*DIVIDED.items(), *WHOLE.items()):
        together(partial(loaded, way, call) if takes_part else lambda: None)
    silent = together(lambda: _silent(loading, folder) if takes_part else [])
    return Reloaded(saved, made, tuple(parted), tuple(silent))
