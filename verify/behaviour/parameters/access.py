"""By which accessors tensors and modules are found, in which order, and how often."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import cast

from torch import Tensor, nn

from verify.behaviour.parameters.networks import Blocks, owned, parameters
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import is_over

# Everything here is a question of identity or of names: no number is computed, and no address is
# compared but by `is_over`.


def same(one: Iterable[object], other: Iterable[object]) -> bool:
    """Whether two sequences are of the same objects."""
    return [*map(id, one)] == [*map(id, other)]


def alike(one: Iterable[object], other: Iterable[object]) -> bool:
    """Whether the same objects are there, each as often, in whatever order."""
    return sorted(map(id, one)) == sorted(map(id, other))


def others(accessor: str, found: Mapping[str, object], expected: Mapping[str, object]) -> list[str]:
    """Names that an accessor lacks, has besides, or leads from to something else."""
    return [
        f"{name} by {accessor}"
        for name in dict.fromkeys([*expected, *found])
        if name not in found or name not in expected or found[name] is not expected[name]
    ]


def other_tensors(trial: Trial) -> list[str]:
    """Attributes, generators, look-ups by name and the state lead to the very same tensors."""
    blocks = Blocks.apart(trial)
    network, every = blocks.network, blocks.tensors(trial)
    trained = parameters(every)
    kept = {name: tensor for name, tensor in every.items() if name not in trained}
    prefixed = dict(network.named_parameters(prefix="net"))
    return [
        *others("named_parameters", dict(network.named_parameters()), trained),
        *others("named_buffers", dict(network.named_buffers()), kept),
        *others("get_parameter", {n: network.get_parameter(n) for n in trained}, trained),
        *others("get_buffer", {n: network.get_buffer(n) for n in kept}, kept),
        *others("state_dict(keep_vars=True)", network.state_dict(keep_vars=True), every),
        *others("a prefix", prefixed, {f"net.{n}": p for n, p in trained.items()}),
        *others("recurse=False", dict(network.named_parameters(recurse=False)), {}),
        *_detached_otherwise(network.state_dict(), every),
    ]


def _detached_otherwise(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[str]:
    """A state refers to the memory of the parameters, and is no part of what autograd records."""
    same = {
        name
        for name, tensor in found.items()
        if name in expected and is_over(tensor, expected[name]) and not tensor.requires_grad
    }
    return [
        f"{name} by state_dict"
        for name in sorted(found.keys() | expected.keys())
        if name not in same
    ]


def out_of_order(trial: Trial) -> list[str]:
    """Block by block; with names or without; and the same in every network of the kind."""
    network, again = Blocks.apart(trial).network, Blocks.apart(trial).network
    named = [*network.named_parameters()]
    by_block = [p for block in network for p in block.parameters()]
    listed = {
        "parameters()": same(network.parameters(), (p for _, p in named)),
        "the blocks": same(network.parameters(), by_block),
        "buffers()": same(network.buffers(), (b for _, b in network.named_buffers())),
        "another network": [n for n, _ in named] == [n for n, _ in again.named_parameters()],
    }
    return [what for what, holds in listed.items() if not holds]


def other_modules(trial: Trial) -> list[str]:
    """By index, slice, name, and from the containers."""
    blocks = Blocks.apart(trial)
    first, second, third = blocks.leaves.values()
    network = blocks.network
    inner: nn.Module = getattr(network, "1")
    by_name = {"0": first, "1": inner, "1.0": second, "1.1": third}
    named = {name: m for name, m in network.named_modules() if name in by_name}
    row = nn.ModuleList([second, third])
    held = nn.ModuleDict({"a": first, "b": row})
    contained = {
        f"{path}.{name}": parameter
        for path, leaf in zip(("a", "b.0", "b.1"), blocks.leaves.values(), strict=True)
        for name, parameter in owned(trial, leaf).items()
    }
    block = cast(nn.Sequential, network[1])
    indexed = [network[0], network[-1], block[0], block[-1]]
    listed = {
        "index": same(indexed, [first, inner, second, third]),
        "slice": same(cast(nn.Sequential, network[1:]), [inner]),
        "iteration": same(network, [first, inner]),
        "children": same(network.children(), [first, inner]),
        "modules": same(
            network.modules(),
            [network, *first.modules(), inner, *second.modules(), *third.modules()],
        ),
        "ModuleDict": same(held.values(), [first, row]),
        "ModuleList": same(row, [second, third]),
    }
    return [
        *(accessor for accessor, holds in listed.items() if not holds),
        *others("named_modules", named, by_name),
        *others("named_children", dict(network.named_children()), {"0": first, "1": inner}),
        *others("get_submodule", {n: network.get_submodule(n) for n in by_name}, by_name),
        *others("containers", dict(held.named_parameters()), contained),
    ]


Refusal = type[Exception] | tuple[type[Exception], ...]


def refuses(call: Callable[[], object], refusal: Refusal = AttributeError) -> bool:
    """Whether a call raises what it should."""
    try:
        call()
    except refusal:
        return True
    return False


def not_refused(trial: Trial) -> list[str]:
    """Names of nothing, or of something else than was asked for."""
    blocks = Blocks.apart(trial)
    network, every = blocks.network, blocks.tensors(trial)
    trained = parameters(every)
    wrong = {
        "get_parameter": ["0.nothing", "2.weight", "1", *(n for n in every if n not in trained)],
        "get_buffer": ["0.nothing", "2.weight", "1", *trained],
        "get_submodule": ["2", "0.nothing", *every],
    }
    return [
        f"{name} by {accessor}"
        for accessor, asked in wrong.items()
        for name in asked
        if not refuses(partial(getattr(network, accessor), name))
    ]


def counted_again(trial: Trial) -> list[str]:
    """What is there under several names is listed once, under the first, unless asked otherwise."""
    blocks = Blocks.shared(trial)
    network, (one, other) = blocks.network, (blocks.leaves["0"], blocks.leaves["1.0"])
    every = blocks.tensors(trial)
    once = {n: t for n, t in every.items() if n.partition(".")[0] == "0" or n.startswith("1.0.")}
    first, all_of_them = parameters(once), parameters(every)
    kept = {name: t for name, t in once.items() if name not in first}
    by_name = dict(network.named_modules(remove_duplicate=False))
    leaves = {path: by_name.get(path) for path in blocks.leaves}
    objects = [*one.modules(), *other.modules(), network, network[1]]
    listed = {
        "parameters()": alike(network.parameters(), first.values()),
        "buffers()": alike(network.buffers(), kept.values()),
        "modules()": alike(network.modules(), objects),
        "named_modules()": alike((m for _, m in network.named_modules()), objects),
    }
    return [
        *(what for what, holds in listed.items() if not holds),
        *others("named_parameters", dict(network.named_parameters()), first),
        *others(
            "named_parameters(remove_duplicate=False)",
            dict(network.named_parameters(remove_duplicate=False)),
            all_of_them,
        ),
        *others("named_modules(remove_duplicate=False)", leaves, blocks.leaves),
        *others("state_dict(keep_vars=True)", network.state_dict(keep_vars=True), every),
    ]
