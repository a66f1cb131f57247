"""What `apply` visits, and what registration makes a module hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import torch
from torch import nn

from verify.behaviour.parameters.access import alike, others, refuses, same
from verify.behaviour.parameters.networks import (
    Blocks,
    attribute,
    names,
    other_dtype,
    owned,
)
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import copied, differing
from verify.torch_api import state


def _children_first(module: nn.Module) -> Iterator[nn.Module]:
    for child in module.children():
        yield from _children_first(child)
    yield module


def wrongly_applied(trial: Trial) -> list[str]:
    """Recursively to every child, and then to the module itself, which is returned."""
    found = []
    for kind, blocks in (("apart", Blocks.apart(trial)), ("shared", Blocks.shared(trial))):
        network, visited = blocks.network, list[nn.Module]()
        returned = network.apply(visited.append)
        if not same(visited, _children_first(network)):
            found.append(f"the order of modules that are {kind}")
        reached = visited if kind == "apart" else {*visited}
        if not alike(reached, network.modules()):
            found.append(f"the reach of modules that are {kind}")
        if returned is not network:
            found.append("what is returned")
    return found


def taken_by_apply(trial: Trial) -> list[str]:
    """A bound method, which takes no module, is no function of modules."""
    network = nn.Sequential(trial.build())
    method = cast(Callable[[nn.Module], None], network.eval)
    refused = refuses(partial(network.apply, method), TypeError)
    return [] if refused and network.training else ["a method without arguments"]


def unreached_by_registration(trial: Trial) -> list[str]:
    """Parameters, buffers, lists and dictionaries are reached; plain attributes are not."""
    module = trial.build()
    holder, given = nn.Module(), list(owned(trial, module).values())
    loose = trial.normals(3, of="loose")
    holder.register_parameter("absent", None)
    holder.register_buffer("nowhere", None)
    kept = loose + 1
    holder.register_buffer("kept", kept)
    holder.register_buffer("passing", loose + 2, persistent=False)
    for name, plain in {"plain": loose, "pile": [nn.Parameter(loose)]}.items():
        setattr(holder, name, plain)
    holder.row = nn.ParameterList([*given, loose])
    holder.table = nn.ParameterDict({f"p{i}": p for i, p in enumerate(given)} | {"q": loose})
    holder.assigned = nn.Parameter(loose)
    row = holder.row
    expected = {
        "assigned": holder.assigned,
        **{f"row.{i}": row[i] for i in range(len(given) + 1)},
        **{f"table.p{i}": p for i, p in enumerate(given)},
        "table.q": attribute(holder, "table.q"),
    }
    found = dict(holder.named_parameters(remove_duplicate=False))
    buffers = {"kept": holder.kept, "passing": holder.passing}
    return [
        *others("named_parameters", found, expected),
        *others("named_buffers", dict(holder.named_buffers()), buffers),
        *others("state_dict", holder.state_dict(keep_vars=True), expected | {"kept": holder.kept}),
        *(f"entry {i} of a list" for i, p in enumerate(given) if row[i] is not p),
        *(name for name, p in expected.items() if not isinstance(p, nn.Parameter)),
        *([] if holder.kept is kept else ["the very buffer that is registered"]),
    ]


def wrong_when_passing(trial: Trial) -> list[str]:
    """A buffer that is not persistent: cast with the others, never saved, never loaded."""
    wide = other_dtype(trial)
    module, other = trial.build(), trial.build("other")
    for each, value in ((module, 1.0), (other, 2.0)):
        buffer = torch.full((2,), value, dtype=trial.dtype, device=trial.device)
        each.register_buffer("passing", buffer, persistent=False)
    saved = module.state_dict()
    found = [f"{name} in the state" for name in sorted(saved.keys() ^ {*names(trial)})]
    before = copied({"passing": other.get_buffer("passing")})
    other.load_state_dict(saved)
    after = state(other)
    found += [f"{n} after loading" for n in differing(before, {"passing": after["passing"]})]
    cast = other.to(wide).get_buffer("passing")
    return found if cast.dtype == wide else [*found, "dtype"]
