"""Faults of what ranks store and load in another number: they are planted in every rank."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, distributed, nn

from selftest.planted.fault import Fault, Function, Plant, calling, table
from selftest.planted.module import fault

RESHARDING = "verify/test_sharded.py::test_resharding[host-any-checkpoints]"

EVERYTHING = ("--profile", "standard")
"""Asks for what smoke leaves out: tensors."""

_CHECKPOINT = "torch.distributed.checkpoint"
_LOAD, _STORE = f"{_CHECKPOINT}.load", f"{_CHECKPOINT}.save"
PLANS = f"{_CHECKPOINT}.default_planner.DefaultLoadPlanner.create_local_plan"
_STATE = f"{_CHECKPOINT}.state_dict"

Edit = Callable[[Tensor, Any], object]
"""Changes what a rank holds of a tensor that is loaded."""


def _tensors(state: Mapping[str, Any]) -> Iterator[Tensor]:
    """Every tensor of a state, or of a module in its place."""
    for value in state.values():
        if isinstance(value, nn.Module):
            yield from value.state_dict().values()
        elif isinstance(value, Mapping):
            yield from _tensors(value)
        else:
            yield value


def _local(tensor: Any) -> Tensor:
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


def _loaded(edit: Edit) -> Plant:
    """Load, then change what this rank holds."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(state: Any, *args: Any, **kwargs: Any) -> None:
            original(state, *args, **kwargs)
            with torch.no_grad():
                for tensor in _tensors(state):
                    edit(_local(tensor), tensor)

        return faulty

    return plant


def _of_another(part: Tensor, whole: Any) -> None:
    """Give a rank the part of the last but so many, where all parts are of one size."""
    placements = getattr(whole, "placements", ())
    if len(placements) != 1 or not placements[0].is_shard():
        return
    axis, ranks = placements[0].dim, whole.device_mesh.size()
    if whole.shape[axis] % ranks == 0:
        parts = whole.full_tensor().chunk(ranks, axis)
        part.copy_(parts[ranks - 1 - whole.device_mesh.get_local_rank()])


def _apart(part: Tensor, whole: Any) -> None:
    """Change replicas on one rank."""
    is_sharded = any(each.is_shard() for each in getattr(whole, "placements", ()))
    if distributed.get_rank() == 1 and not is_sharded:
        part.add_(1)


def _narrow(part: Tensor, _whole: Any) -> None:
    if part.is_floating_point():
        part.copy_(part.float())
    else:
        part.copy_(part.double())


def _positive(part: Tensor, _whole: Any) -> None:
    """Lose the sign of zero."""
    if part.is_floating_point():
        part.add_(0.0)


def _drawing(original: Function, *args: Any, **kwargs: Any) -> Any:
    torch.rand(1)
    return original(*args, **kwargs)


def _storing_in_place(original: Function, state: Any, *args: Any, **kwargs: Any) -> Any:
    """Round to half the bits what is stored, where it lies."""
    with torch.no_grad():
        for tensor in _tensors(state):
            if tensor.is_floating_point():
                _local(tensor).copy_(_local(tensor).bfloat16())
    return original(state, *args, **kwargs)


Change = Callable[[list[Any], Any], list[Any]]
"""Makes other pieces to read of those planned; the second argument is the planner."""


def planned(change: Change) -> Plant:
    """Change what is planned to be read."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def replaced(self: Any) -> Any:
            plan = original(self)
            return dataclasses.replace(plan, items=change(plan.items, self))

        return replaced

    return plant


def _without_last_pieces(items: list[Any], _planner: Any) -> list[Any]:
    """Of what is read in several pieces, leave out the last."""
    names = [item.dest_index.fqn for item in items]
    last = {name: at for at, name in enumerate(names)}
    return [
        item
        for at, (item, name) in enumerate(zip(items, names, strict=True))
        if at != last[name] or names.count(name) == 1
    ]


def _without_buffers(items: list[Any], _planner: Any) -> list[Any]:
    return [item for item in items if "running" not in item.dest_index.fqn]


def _shifted(items: list[Any], _planner: Any) -> list[Any]:
    """Read each piece from where the stored part begins."""
    return [
        dataclasses.replace(item, storage_offsets=torch.Size([0] * len(item.storage_offsets)))
        for item in items
    ]


def _partly(original: Function, self: Any, *args: Any, **kwargs: Any) -> None:
    original(self, *args, **kwargs)
    self.allow_partial_load = True


def _untie(module: nn.Module) -> None:
    for part in module.modules():
        for name, parameter in [*part.named_parameters(recurse=False)]:
            setattr(part, name, nn.Parameter(parameter.detach().clone()))


def _untied_by_loading(original: Function, state: Any, *args: Any, **kwargs: Any) -> None:
    original(state, *args, **kwargs)
    for each in state.values():
        if isinstance(each, nn.Module):
            _untie(each)


def _untied_by_setting(original: Function, module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    told = original(module, *args, **kwargs)
    _untie(module)
    return told


def _without_a_word(original: Function, *args: Any, **kwargs: Any) -> Any:
    return type(original(*args, **kwargs))([], [])


def _ending_in_zeros(original: Function, *args: Any, options: Any = None, **kwargs: Any) -> Any:
    """Gather whole tensors of which the last row is nothing."""
    state = original(*args, options=options, **kwargs)
    for tensor in state.values() if options and options.full_state_dict else ():
        if tensor.ndim == 2:
            tensor[-1] = 0
    return state


def _never_strict(original: Function, module: Any, state: Any, *, options: Any = None) -> Any:
    options = options and dataclasses.replace(options, strict=False)
    return original(module, state, options=options)


_SAVED, _LOADED = "values that storing changes", "values that loading changes"
_UNWRITTEN, _SILENT = "entries that loading leaves unwritten", "what is missing without a word"
_TIES, _STREAMS = "ties that loading parts", "streams that go on, of modules"


def _row(name: str, description: str, target: str, plant: Plant, says: str, **more: Any) -> Fault:
    return fault(name, description, target, plant, RESHARDING, "resharding", says=says, **more)


FAULTS = table(
    _row("reshard_swapped", "ranks that load get the parts of each other",
         _LOAD, _loaded(_of_another), f"{_LOADED}, of tensors", arguments=EVERYTHING),
    _row("reshard_shifted", "every piece is read from where the stored part begins",
         PLANS, planned(_shifted), f"{_LOADED}, of tensors from 2 to 4", arguments=EVERYTHING),
    _row("reshard_without_tail", "of what two stored parts make, the second is not read",
         PLANS, planned(_without_last_pieces), _UNWRITTEN),
    _row("reshard_without_buffers", "running statistics are not read",
         PLANS, planned(_without_buffers), f"{_UNWRITTEN}, of modules"),
    _row("reshard_replicas_apart", "one rank loads another replica",
         _LOAD, _loaded(_apart), f"{_LOADED}, of modules from 4 to 2 ranks: table on rank 1"),
    _row("reshard_narrow", "what is loaded passes through a narrower dtype",
         _LOAD, _loaded(_narrow), f"{_LOADED}, of tensors", arguments=EVERYTHING),
    _row("reshard_positive_zero", "the sign of zero is lost",
         _LOAD, _loaded(_positive), f"{_LOADED}, of tensors", arguments=EVERYTHING),
    _row("reshard_storing_in_place", "tensors are rounded where they lie before they are stored",
         _STORE, calling(_storing_in_place), f"{_SAVED}, of modules"),
    _row("reshard_untied_by_loading", "loading gives each module a parameter of its own",
         _LOAD, calling(_untied_by_loading), f"{_TIES}, of modules from 4 to 2"),
    _row("reshard_untied_by_setting", "setting a state gives each module a parameter of its own",
         f"{_STATE}.set_model_state_dict", calling(_untied_by_setting), _TIES),
    _row("reshard_loading_draws", "loading takes a number from the stream",
         _LOAD, calling(_drawing), _STREAMS),
    _row("reshard_storing_draws", "storing takes a number from the stream",
         _STORE, calling(_drawing), _STREAMS),
    _row("reshard_partly", "what a checkpoint lacks is left as it was, and nobody says so",
         f"{_CHECKPOINT}.DefaultLoadPlanner.__init__", calling(_partly),
         f"{_SILENT}, of modules from 4 to 2 ranks: a tensor that the checkpoint lacks"),
    _row("reshard_never_strict", "what a state lacks is left as it was, and nobody says so",
         f"{_STATE}.set_model_state_dict", calling(_never_strict),
         f"{_SILENT}, of modules from 4 to 2 ranks: a tensor that the state lacks"),
    _row("reshard_gathered", "the whole state of ranks ends in zeros",
         f"{_STATE}.get_model_state_dict", calling(_ending_in_zeros), f"{_LOADED}, of modules"),
    _row("reshard_without_a_word", "what a state may lack is not told",
         f"{_STATE}.set_model_state_dict", calling(_without_a_word),
         f"{_SILENT}, of modules from 4 to 2 ranks: a tensor that the state may lack"),
)  # fmt: skip
