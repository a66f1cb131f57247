"""What is tied is one tensor under several names, and stays so wherever the network goes."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from verify.behaviour.promise import Promise, Question, Trial
from verify.behaviour.tensors import copied, differing, is_over, through_file
from verify.behaviour.tied.reference import (
    apart,
    backward,
    groups,
    has_shared_tensors,
    off_sums,
    tied,
)
from verify.subjects import NETWORKS
from verify.torch_api import state


def _untied(trial: Trial, network: nn.Module) -> list[str]:
    """Names that should be those of one parameter, and are not."""
    named = dict(network.named_parameters(remove_duplicate=False))
    return [
        f"{name} is not {first}"
        for first, *others in groups(trial)
        for name in others
        if named.get(name) is not named.get(first)
    ]


def _misnamed(trial: Trial) -> list[str]:
    """Each tensor once, under the first of its names; all names where duplicates are asked for.

    A state is a dictionary, of which no order is documented.
    """
    network, every = tied(trial), [name for name, _ in apart(trial).named_parameters()]
    later = {name for _, *others in groups(trial) for name in others}
    once = [name for name in every if name not in later]
    parameters = [id(parameter) for parameter in network.parameters()]
    listed = {
        "named_parameters": ([name for name, _ in network.named_parameters()], once),
        "remove_duplicate=False": (
            [*dict(network.named_parameters(remove_duplicate=False))],
            every,
        ),
        "state_dict": (sorted(network.state_dict()), sorted(every)),
    }
    return [
        *_untied(trial, network),
        *(f"{where} has {found}" for where, (found, names) in listed.items() if found != names),
        *([] if len({*parameters}) == len(parameters) == len(once) else ["parameters()"]),
    ]


def _lost_by_deepcopy(trial: Trial) -> list[str]:
    """A copy has ties of its own, and shares nothing with its original."""
    network = tied(trial)
    before = copied(state(network))
    twin = copy.deepcopy(network)
    wrong = [*_untied(trial, twin), *differing(before, state(twin))]
    backward(trial, twin)
    wrong += off_sums(trial, twin)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.add_(1)
    wrong += [f"the original's {name}" for name in differing(before, state(network))]
    graded = [name for name, p in network.named_parameters() if p.grad is not None]
    return wrong + [f"the original's {name}.grad" for name in graded]


def _lost_by_dtype(trial: Trial) -> list[str]:
    """To a wider dtype and back, which is exact."""
    network = tied(trial).to(torch.float64).to(trial.dtype)
    backward(trial, network)
    return [*_untied(trial, network), *off_sums(trial, network)]


def _has_doubles(trial: Trial) -> bool:
    """Whether there is a dtype wider than that of the cell."""
    return trial.cell.has(torch.float64)


def _lost_by_move(trial: Trial) -> list[str]:
    """To the host and back."""
    network = tied(trial).to("cpu").to(trial.device)
    backward(trial, network)
    return [*_untied(trial, network), *off_sums(trial, network)]


def _lost_on_meta(trial: Trial) -> list[str]:
    return _untied(trial, tied(trial).to("meta"))


def _lost_by_state(trial: Trial) -> list[str]:
    """A state has every name; loading it fills what is tied, and leaves it tied."""
    network, other = tied(trial), tied(trial, "other values")
    kept = copied(state(network))
    saved = network.state_dict()
    wrong = [f"{name} in the state" for name in differing(kept, saved)]
    wrong += [f"{name} after loading" for name in _loaded(other, saved, kept)]
    wrong += _untied(trial, other)
    backward(trial, other)
    return wrong + off_sums(trial, other)


def _loaded(
    network: nn.Module, saved: Mapping[str, Tensor], expected: Mapping[str, Tensor]
) -> list[str]:
    missing, unexpected = network.load_state_dict(saved)
    return [*missing, *unexpected, *differing(expected, state(network))]


def _lost_by_files(trial: Trial) -> list[str]:
    """Tensors that share memory share it again when they are loaded; so do modules."""
    network = tied(trial)
    loaded = through_file(network.state_dict(), weights_only=True)
    wrong = [f"{name} of a loaded state" for name in differing(state(network), loaded)]
    wrong += [
        f"{name} of a loaded state is not {first}"
        for first, *others in groups(trial)
        for name in others
        if not is_over(loaded[name], loaded[first])
    ]
    whole = through_file(network, weights_only=False)
    wrong += [f"{name} of a loaded network" for name in differing(state(network), state(whole))]
    return wrong + _untied(trial, whole)


PROMISE = Promise(
    name="tie",
    check="tie",
    questions={
        "misnamed": Question("names of tied tensors", _misnamed),
        "lost-by-deepcopy": Question("what a deepcopy loses", _lost_by_deepcopy),
        "lost-by-dtype": Question("what a change of dtype loses", _lost_by_dtype, _has_doubles),
        "lost-by-move": Question("what a move to the host and back loses", _lost_by_move),
        "lost-on-meta": Question("ties lost on the meta device", _lost_on_meta, has_shared_tensors),
        "lost-by-state": Question("what a state dict loses", _lost_by_state),
        "lost-by-file": Question("what a file loses", _lost_by_files),
    },
    words="what is tied is one parameter, listed once; it stays one in copies, on other devices, "
    "in other dtypes, and through state dicts and files",
    formula="b.weight = a.weight ⇒ b.weight is a.weight",
    source="PyTorch documentation, torch.nn.Module, “Serialization semantics”",
    subjects=tuple(network.name for network in NETWORKS),
    dtypes=("float32",),
)
