"""What `SyncBatchNorm.convert_sync_batchnorm` reaches, and what it hands on.

That values and settings are kept is asked of every norm under "batch norm".
"""

from __future__ import annotations

import itertools

from torch import nn

from verify.behaviour.conversions.dtypes import changed, flags
from verify.behaviour.parameters.networks import scrambled
from verify.behaviour.promise import Question, Trial
from verify.behaviour.tensors import copied, differing
from verify.torch_api import state, synchronised

_SETTINGS = ("num_features", "eps", "momentum", "affine", "track_running_stats", "training")


def _is_norm(trial: Trial) -> bool:
    return trial.row.name == "BatchNorm1d"


def _freeze(norm: nn.Module) -> nn.Module:
    """The norm in evaluation mode; of its parameters every other one is frozen."""
    for parameter in list(norm.parameters())[::2]:
        parameter.requires_grad_(False)
    return norm.eval()


def changed_by_synchronising(trial: Trial) -> list[str]:
    """In containers of containers norms are converted, and nothing else is touched."""
    norm, frozen, other = scrambled(trial), _freeze(scrambled(trial, "other")), nn.Linear(1, 2)
    inner = nn.ModuleDict({"other": other, "again": norm, "list": nn.ModuleList([frozen])})
    network = nn.Sequential(norm, inner)
    before, names, group = flags(network), [*state(network)], object()
    saved = copied(state(network))
    converted = synchronised(network, group)
    found = changed(before, flags(converted)) + differing(saved, state(converted))
    found += [] if [*state(converted)] == names else ["the order of names"]
    places = dict(converted.named_modules(remove_duplicate=False))
    for path in ("0", "1.again", "1.list.0"):
        found += _unlike(path, places[path], group)
    kept = {"": network, "1": inner, "1.other": other, "1.list": inner["list"]}
    found += [
        f"{path or 'the root'} is another" for path, m in kept.items() if places[path] is not m
    ]
    ties = dict(places["1.again"].named_parameters())
    first = dict(places["0"].named_parameters())
    return found + [f"{name} is untied" for name, p in ties.items() if first[name] is not p]


def _unlike(path: str, norm: nn.Module, group: object) -> list[str]:
    """What a synchronised norm is not."""
    if type(norm) is not nn.SyncBatchNorm:
        return [f"{path} is a {type(norm).__name__}"]
    return [] if norm.process_group is group else [f"the process group of {path}"]


def wrong_alone(_trial: Trial) -> list[str]:
    """A norm by itself stays what it is, and a new one is returned, whatever it has."""
    options = itertools.product((True, False), (True, False), (0.3, None))
    return [
        f"{each} with affine={affine}, track_running_stats={tracked}, momentum={momentum}"
        for affine, tracked, momentum in options
        for each in _wrong_alone(nn.BatchNorm1d(2, 0.5, momentum, affine, tracked))
    ]


def _wrong_alone(norm: nn.Module) -> list[str]:
    group, norm = object(), _freeze(norm)
    before, saved = flags(norm), copied(state(norm))
    settings = {name: getattr(norm, name) for name in _SETTINGS}
    made = synchronised(norm, group)
    found = _unlike("what is returned", made, group)
    found += ["the norm itself is returned"] if made is norm else []
    found += [f"the norm is a {type(norm).__name__}"] if type(norm) is not nn.BatchNorm1d else []
    found += changed(before, flags(made)) + differing(saved, state(made))
    found += [n for n, each in settings.items() if getattr(made, n, None) != each]
    return found + [f"{name} of the norm" for name in differing(saved, state(norm))]


def left_by_synchronising(trial: Trial) -> list[str]:
    """A norm that stands at two places of one container is converted at both."""
    norm = trial.build()
    network = synchronised(nn.Sequential(norm, nn.ReLU(), norm))
    places = dict(network.named_modules(remove_duplicate=False))
    return [
        f"{path} is a {type(places[path]).__name__}"
        for path in ("0", "2")
        if type(places[path]) is not nn.SyncBatchNorm
    ]


QUESTIONS = {
    "changed-by-synchronising": Question(
        "what convert_sync_batchnorm leaves or changes", changed_by_synchronising, _is_norm
    ),
    "wrong-alone": Question(
        "what convert_sync_batchnorm makes of a norm by itself", wrong_alone, _is_norm
    ),
    "left-by-synchronising": Question(
        "norms that convert_sync_batchnorm leaves where they are repeated",
        left_by_synchronising,
        _is_norm,
    ),
}
