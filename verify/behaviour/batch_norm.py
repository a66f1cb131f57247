"""Normalisation layers that track statistics: how they start, learn, are reset and converted."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.promise import Promise, Question, Trial
from verify.behaviour.tensors import copied, differing, doubled, identical, off
from verify.laws import Constant

_NORMS = (
    *(f"BatchNorm{dims}d" for dims in (1, 2, 3)),
    "SyncBatchNorm",
    *(f"InstanceNorm{dims}d" for dims in (1, 2, 3)),
)
_Norm = nn.modules.batchnorm._NormBase
_SIDES = (3, 2, 2)
_BATCHES = (4, 2, 5)
_TRACKED = ("running_mean", "running_var", "num_batches_tracked")
_LEARNED = ("weight", "bias")
_SETTINGS = ("num_features", "eps", "momentum", "affine", "track_running_stats", "training")


def _tracking(trial: Trial) -> bool:
    return bool(trial.arguments.track_running_stats)


def _affine(trial: Trial) -> bool:
    return bool(trial.arguments.affine)


def _training(trial: Trial) -> bool:
    """Whether the module can be trained here: a synchronised one needs GPUs and processes."""
    return trial.row.name != "SyncBatchNorm"


def _learning(trial: Trial) -> bool:
    return _tracking(trial) and _training(trial)


def _is_batch_norm(trial: Trial) -> bool:
    return "BatchNorm" in trial.row.name


def _start(trial: Trial) -> dict[str, Tensor]:
    """Every tensor as documented."""
    laws = {t.name: (t.shape, t.law) for t in trial.row.tensors(trial.case)}
    return {
        name: torch.full(
            shape,
            law.background,
            dtype=torch.int64 if name == "num_batches_tracked" else trial.dtype,
            device=trial.device,
        )
        for name, (shape, law) in laws.items()
        if isinstance(law, Constant)
    }


def _inputs(trial: Trial) -> list[Tensor]:
    """Batches of unequal sizes, with neither mean 0 nor variance 1."""
    features, dims = trial.arguments.num_features, int(trial.row.name[-2])
    sides = _SIDES[:dims]
    return [1 + 2 * trial.normals(n, features, *sides, of=f"batch {n}") for n in _BATCHES]


def _trained(trial: Trial) -> nn.Module:
    module = trial.build()
    for batch in _inputs(trial):
        module(batch)
    return module


def _used(trial: Trial) -> nn.Module:
    """A module whose every tensor is away from its start; trained where that is possible."""
    module = _trained(trial) if _learning(trial) else trial.build()
    for name, tensor in torch_api.state(module).items():
        if not tensor.is_floating_point():
            tensor.fill_(7)
        elif name in _LEARNED or not _learning(trial):
            tensor.copy_(trial.normals(*tensor.shape, of=name).abs() + 2)
    return module


def _wrong_start(trial: Trial) -> list[str]:
    return differing(_start(trial), torch_api.state(trial.build()))


def _not_absent(trial: Trial) -> list[str]:
    """What is left out must be None, not missing."""
    arguments, module = trial.arguments, trial.build()
    absent = [] if _tracking(trial) else [*_TRACKED]
    absent += [] if _affine(trial) else [*_LEARNED]
    absent += [] if arguments.bias else ["bias"]
    return [name for name in absent if getattr(module, name, 0) is not None]


def _touched_by_training(trial: Trial) -> list[str]:
    before, after = torch_api.state(trial.build()), torch_api.state(_trained(trial))
    return [name for name in differing(before, after) if name not in _TRACKED]


def _untouched_by_training(trial: Trial) -> list[str]:
    before, after = torch_api.state(trial.build()), torch_api.state(_trained(trial))
    return [name for name in _TRACKED[:2] if name not in differing(before, after)]


def _miscounted(trial: Trial) -> list[str]:
    count = torch_api.state(_trained(trial))["num_batches_tracked"]
    expected = torch.tensor(len(_BATCHES), device=trial.device)
    return [] if identical(count, expected) else [f"{count} after {len(_BATCHES)} batches"]


def _touched_by_evaluation(trial: Trial) -> list[str]:
    module = _used(trial).eval()
    before = copied(torch_api.state(module))
    for batch in _inputs(trial):
        module(batch)
    return differing(before, torch_api.state(module))


def _wrong_after_statistics_reset(trial: Trial) -> list[str]:
    module = cast(_Norm, _used(trial))
    expected = copied(torch_api.state(module))
    expected |= {name: value for name, value in _start(trial).items() if name in _TRACKED}
    module.reset_running_stats()
    return differing(expected, torch_api.state(module))


def _wrong_after_reset(trial: Trial) -> list[str]:
    module = cast(_Norm, _used(trial))
    module.reset_parameters()
    return differing(_start(trial), torch_api.state(module))


def _wrong_after_reset_of_nan(trial: Trial) -> list[str]:
    module = cast(_Norm, trial.build())
    torch_api.poison(module)
    module.reset_parameters()
    return differing(_start(trial), torch_api.state(module))


def _off_average(trial: Trial) -> list[str]:
    """Running statistics that are off the documented average by more than rounding."""
    state = torch_api.state(_trained(trial))
    momentum = trial.arguments.momentum
    found = list[str]()
    for name, statistic in (("running_mean", _mean), ("running_var", _variance)):
        observed = [statistic(batch, trial) for batch in _inputs(trial)]
        average, bound = _averaged(float(name == "running_var"), observed, momentum, trial.dtype)
        found += off(name, state[name], average, bound)
    return found


Bounded = tuple[Tensor, Tensor]
"""Values in float64, and how far those of a module may be from them."""


def _averaged(
    start: float, observed: list[Bounded], momentum: float | None, dtype: torch.dtype
) -> Bounded:
    """The exponential average; without momentum the mean of all batches.

    With r the average before, b what is new and m its share, r + m·(b − r) is off by at most
    (3m)·b + (1 + m)·r roundings, and by m·(b + r) more for an m that is rounded; (1 − m)·r + m·b by
    no more. That is below four roundings of r and of m·b. Errors made before shrink as what they
    belong to (Higham 2002, section 3.1).
    """
    roundoff = torch.finfo(dtype).eps / 2
    average = torch.full_like(observed[0][0], start)
    error = torch.zeros_like(average)
    for t, (value, bound) in enumerate(observed, start=1):
        new = 1 / t if momentum is None else momentum
        terms = (average.abs(), new * value.abs())
        error = (1 - new) * error + new * bound + 4 * roundoff * (terms[0] + terms[1])
        average = (1 - new) * average + new * value
    if momentum is None:
        average = torch.stack([value for value, _ in observed]).mean(0)
    # Twice: the reference is computed in float64, with the same bound there.
    return average, 2 * error


def _groups(batch: Tensor, trial: Trial) -> Tensor:
    """In float64, of shape (averaged groups, features, values of a statistic)."""
    values = doubled(batch).flatten(2)
    return values if not _is_batch_norm(trial) else values.transpose(0, 1).flatten(1)[None]


def _mean(batch: Tensor, trial: Trial) -> Bounded:
    """The mean; summing N values in any order is off by (N + 1) roundings of their sizes."""
    values, roundoff = _groups(batch, trial), torch.finfo(trial.dtype).eps / 2
    groups, _, n = values.shape
    allowed = (n + groups + 2) * roundoff * values.abs().mean((0, 2))
    return values.mean((0, 2)), allowed


def _variance(batch: Tensor, trial: Trial) -> Bounded:
    """The unbiased variance, by whatever way: Chan, Golub & LeVeque 1983, table 3.1.

    Its relative error is N·κ² roundings for the mean of squares less the squared mean, which one
    pass needs, N·κ for updating formulas and less for two passes, where κ² = 1 + mean²/variance;
    the table leaves out a small constant factor.
    """
    values, roundoff = _groups(batch, trial), torch.finfo(trial.dtype).eps / 2
    groups, _, n = values.shape
    variance = values.var(-1, correction=1)
    condition = 1 + values.mean(-1).square() / values.var(-1, correction=0)
    allowed = (4 * (n + 2) * condition + groups + 2) * roundoff * variance
    return variance.mean(0), allowed.mean(0)


def _nested(module: nn.Module) -> nn.Module:
    """The module, and in containers of containers a copy that is not in training mode."""
    inner = copy.deepcopy(module).eval()
    return nn.Sequential(module, nn.ModuleDict({"in": nn.ModuleList([nn.Sequential(inner)])}))


def _kept(of: nn.Module) -> dict[str, object]:
    """The settings of every norm inside."""
    return {
        f"{path}.{name}": getattr(part, name)
        for path, part in of.named_modules()
        if hasattr(part, "num_features")
        for name in _SETTINGS
    }


def _lost_in_conversion(trial: Trial) -> list[str]:
    tree = _nested(_used(trial))
    before, settings = copied(torch_api.state(tree)), _kept(tree)
    converted = torch_api.synchronised(tree)
    kept = _kept(converted)
    return [
        *differing(before, torch_api.state(converted)),
        *(name for name in settings if kept.get(name, math.nan) != settings[name]),
        *_wrong_classes(converted, trial),
    ]


def _wrong_classes(converted: nn.Module, trial: Trial) -> Iterator[str]:
    """Batch norms must be synchronised afterwards, other norms remain what they are."""
    expected = torch_api.module("SyncBatchNorm" if _is_batch_norm(trial) else trial.row.name)
    for path, part in converted.named_modules():
        if hasattr(part, "num_features") and type(part) is not expected:
            yield f"{path} is a {type(part).__name__}"


PROMISE = Promise(
    name="batch norm",
    check="batch_norm",
    questions={
        "starts-otherwise": Question("tensors that start otherwise than documented", _wrong_start),
        "not-none": Question("what should be None", _not_absent),
        "training-touches-others": Question(
            "tensors that training should not touch", _touched_by_training, _training
        ),
        "training-leaves-statistics": Question(
            "statistics that training does not touch", _untouched_by_training, _learning
        ),
        "batches-not-counted": Question("batches that are not counted", _miscounted, _learning),
        "off-the-average": Question(
            "running statistics off their average", _off_average, _learning
        ),
        "eval-touches": Question(
            "tensors that eval mode touches", _touched_by_evaluation, _training
        ),
        "wrong-after-statistics-reset": Question(
            "tensors wrong after reset_running_stats", _wrong_after_statistics_reset
        ),
        "wrong-after-reset": Question("tensors wrong after reset_parameters", _wrong_after_reset),
        "wrong-after-nan-and-reset": Question(
            "tensors wrong after NaN and reset_parameters", _wrong_after_reset_of_nan
        ),
        "lost-by-synchronising": Question(
            "what convert_sync_batchnorm does not keep", _lost_in_conversion
        ),
    },
    words="statistics start as those of a standard input, follow the batches and are restored",
    formula="running ← (1 − m)·running + m·batch, m = 1/k after k batches without momentum",
    source="PyTorch documentation, torch.nn.BatchNorm2d, torch.nn.SyncBatchNorm; "
    "Ioffe & Szegedy 2015",
    subjects=_NORMS,
    dtypes=("float32", "float64"),
)
