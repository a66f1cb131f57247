"""What becomes of a model that is copied, stored, loaded or converted, or built on meta."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from initlaws.audits.found import Found
from initlaws.audits.glances import digests, listed, named, tied
from initlaws.audits.seen import Seen, called
from initlaws.builds import Builds, Unusable

_DROPPED = 4
"""Keys that are left out of a state, one at a time."""


def deepcopied(seen: Seen) -> Found:
    """`copy.deepcopy` keeps every value and tie."""
    first = seen.builds.first
    twin = called(seen.builds, "copy.deepcopy", lambda: copy.deepcopy(first)).model(1)
    return Found(tuple(_unlike("copy.deepcopy", first, twin)))


def pickled(seen: Seen) -> Found:
    """`torch.save` and `torch.load` of the whole model keep every value and tie."""
    first = seen.builds.first

    def stored() -> nn.Module:
        file = io.BytesIO()
        torch.save(first, file)
        file.seek(0)
        model: nn.Module = torch.load(file, weights_only=False)
        return model

    twin = called(seen.builds, "pickle", stored).model(1)
    return Found(tuple(_unlike("pickle", first, twin)))


def widened(seen: Seen) -> Found:
    """`Module.to` with another dtype keeps ties of parameters: it changes them in place."""

    def make() -> nn.Module:
        return seen.builds.make().to(torch.float64)

    twin = called(seen.builds, "to(torch.float64)", make).model(0)
    before, after = (
        dict(model.named_parameters(remove_duplicate=False)) for model in (seen.builds.first, twin)
    )
    return Found(tuple(_untied("to(torch.float64)", before, after)))


def materialised(seen: Seen) -> Found:
    """A model built on the meta device has the same names, and ties where it makes them itself.

    `Module.to_empty` gives each name a parameter of its own (PyTorch 2.6 to 2.13 do), so that a
    tie is to be made anew: no fault of the model, and a trap of everyone who uses it.
    """

    def on_meta() -> nn.Module:
        with torch.device("meta"):
            return seen.builds.make()

    on = called(seen.builds, "the build on the meta device", on_meta).model(0)
    before, between = named(seen.builds.first), named(on)
    wrong = [*_untied("the build on the meta device", before, between)]
    if other := sorted(before.keys() ^ between.keys()):
        wrong.append(f"on the meta device the model has other tensors: {listed(other)}")
    twin = called(seen.builds, "to_empty", lambda: on.to_empty(device="cpu")).model(0)
    lost = [*_untied("to_empty from the meta device", between, named(twin))]
    return Found(tuple(wrong), tuple(f"{each}; tie them anew after it" for each in lost))


def loaded(seen: Seen) -> Found:
    """A state is loaded in full by another build, and its ties survive."""
    return Found(tuple(_loaded(seen, "load_state_dict", assign=False)))


def assigned(seen: Seen) -> Found:
    """As `loaded`, with ``assign=True``: what was one tensor then lies in one place."""
    return Found(tuple(_loaded(seen, "load_state_dict(assign=True)", assign=True)))


def _loaded(seen: Seen, how: str, *, assign: bool) -> Iterator[str]:
    state, before = _state(seen.builds.first), named(seen.builds.first)
    try:
        twin = called(
            seen.builds, how, _loading(seen.builds, copy.deepcopy(state), assign=assign)
        ).model(1)
    except Unusable as refused:
        yield str(refused).rstrip(".")
        return
    yield from _unkept(how, state, _state(twin))
    yield from _untied(how, before, named(twin), memory=assign)


def loaded_in_part(seen: Seen) -> Found:
    """A state without one key, loaded with ``strict=False``, leaves that one as it was."""
    state = _state(seen.builds.first)
    groups = [p.names for p in seen.builds.places if not p.is_buffer and p.name in state]
    step = max(1, len(groups) // _DROPPED)
    wrong: list[str] = []
    for names in groups[::step][:_DROPPED]:
        left = {key: tensor for key, tensor in state.items() if key not in names}
        before: dict[str, Tensor] = {}
        make = _loading(seen.builds, left, assign=False, before=before)
        twin = called(seen.builds, "load_state_dict(strict=False)", make).model(1)
        after = named(twin)
        how = f"load_state_dict(strict=False) without {names[0]}"
        wrong += _unkept(how, {names[0]: before[names[0]]}, after, "leaves otherwise")
        wrong += _unkept(how, left, _state(twin))
    return Found(tuple(wrong))


def _state(model: nn.Module) -> dict[str, Tensor]:
    """The tensors of a model's state."""
    return {k: v for k, v in model.state_dict().items() if isinstance(v, Tensor)}


def _loading(
    builds: Builds,
    state: Mapping[str, Tensor],
    *,
    assign: bool,
    before: dict[str, Tensor] | None = None,
) -> Callable[[], nn.Module]:
    """A build that loads a state at its end; of a part of a state, what it held `before`."""

    def make() -> nn.Module:
        model = builds.make()
        if before is not None:
            before.update((n, t.detach().clone()) for n, t in named(model).items())
        whole = builds.first.state_dict()  # With the versions of its modules, which stay in it.
        for key in [k for k, v in whole.items() if isinstance(v, Tensor) and k not in state]:
            del whole[key]
        whole.update(state)
        model.load_state_dict(whole, strict=before is None, assign=assign)
        return model

    return make


def _unlike(how: str, before: nn.Module, after: nn.Module) -> Iterator[str]:
    """What is otherwise of a copy."""
    one, two = named(before), named(after)
    if other := sorted(one.keys() ^ two.keys()):
        yield f"{how}: {listed(other)} is in the model or in its copy alone"
        return
    yield from _unkept(how, one, two)
    yield from _untied(how, one, two)


def _unkept(
    how: str, before: Mapping[str, Tensor], after: Mapping[str, Tensor], does: str = "changes"
) -> Iterator[str]:
    """Which tensors do not hold the same bits, or are not there."""
    one, two = digests(before), digests(after)
    if other := [name for name in one if two.get(name) != one[name]]:
        yield f"{how} {does} {listed(other)}"


def _untied(
    how: str, before: Mapping[str, Tensor], after: Mapping[str, Tensor], *, memory: bool = False
) -> Iterator[str]:
    """Which names of one tensor are names of several, or the other way round."""
    one, two = (tied(tensors, memory=memory) for tensors in (before, after))
    for names in dict.fromkeys(one.values()):
        if any(two.get(name, frozenset()) < names for name in names):
            yield f"{how} unties {listed(sorted(names))}"
    if more := sorted(n for n in two if n in before and not two[n] <= one.get(n, frozenset())):
        yield f"{how} ties {listed(more)}"
