"""A module is built where and as it is asked to be, whichever way it is asked."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from strategies import ClassWeightArguments
from verify import torch_api
from verify.behaviour import arguments
from verify.behaviour.calls import alike
from verify.behaviour.promise import Promise, Question, Trial
from verify.behaviour.tensors import differing, identical
from verify.subjects import MODULES

_COUNTER = "num_batches_tracked"
"""What counts is an int64, whatever dtype is asked for."""

_NEVER_EQUAL = 4
"""So many values of 23 random bits or more are not drawn twice: one chance in 2⁹²."""

_BUFFERS = ("running_mean", "running_var", _COUNTER)
"""What moves without being trained; so do weights of classes, all others are parameters."""


@contextmanager
def _defaults(trial: Trial) -> Iterator[None]:
    """The trial's device and dtype as those of everything that does not say otherwise."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(trial.dtype)
    try:
        with trial.device:
            yield
    finally:
        torch.set_default_dtype(before)


def _other_by_context(trial: Trial) -> list[str]:
    asked = torch_api.state(trial.build())
    trial.target()  # For its effect: the streams start anew.
    with _defaults(trial):
        by_context = torch_api.state(trial.row.make(trial.arguments))
    return differing(asked, by_context)


def _misplaced(trial: Trial) -> list[str]:
    found = []
    for name, tensor in torch_api.state(trial.build()).items():
        dtype = torch.int64 if name.endswith(_COUNTER) else trial.dtype
        if (tensor.dtype, tensor.device) != (dtype, trial.device):
            found.append(f"{name} is {tensor.dtype} on {tensor.device}")
    return found


def _untrainable(trial: Trial) -> list[str]:
    module = trial.build()
    return [
        *(name for name, parameter in module.named_parameters() if not _trainable(parameter)),
        *(name for name, buffer in module.named_buffers() if buffer.requires_grad),
    ]


def _wrong_kinds(trial: Trial) -> list[str]:
    module, given = trial.build(), isinstance(trial.arguments, ClassWeightArguments)
    buffers = {name for name, _ in module.named_buffers()}
    expected = {n for n in torch_api.state(module) if given or n.rpartition(".")[2] in _BUFFERS}
    return sorted(buffers ^ expected)


def _unsaved(trial: Trial) -> list[str]:
    module = trial.build()
    return sorted(torch_api.state(module).keys() ^ module.state_dict().keys())


def _trainable(parameter: Tensor) -> bool:
    return type(parameter) is nn.Parameter and parameter.requires_grad and parameter.is_leaf


def _shared(*states: Mapping[str, Tensor]) -> list[str]:
    """Pairs of tensors that share memory; every value is lost.

    Each tensor is filled with its number, one after another: what does not hold its own in the end
    was overwritten through the one whose number it shows. No address is looked at, which not every
    device has.
    """
    tensors = [pair for state in states for pair in state.items()]
    for number, (_, tensor) in enumerate(tensors):
        tensor.fill_(number)
    found = {
        tuple(sorted((name, tensors[int(shown)][0])))
        for number, (name, tensor) in enumerate(tensors)
        for shown in torch.unique(tensor.cpu())
        if shown != number
    }
    return [" and ".join(pair) for pair in sorted(found)]


def _sharing(trial: Trial) -> list[str]:
    return _shared(torch_api.state(trial.build()))


def _moved(trial: Trial, build: Callable[[], object]) -> bool:
    """Whether a construction advances a global stream."""
    before = torch_api.streams(trial.device)
    build()
    return not alike(before, torch_api.streams(trial.device))


def _wrong_draws(trial: Trial) -> list[str]:
    """A construction draws if some law is random, and only then.

    Whether values are drawn that nothing keeps, such as those of a padding row, is promised
    nowhere.
    """
    target = trial.target()
    moved = _moved(trial, lambda: trial.row.build(trial.case, target))
    tensors = trial.row.tensors(trial.case)
    if moved and not any(tensor.law.is_random(tensor.shape) for tensor in tensors):
        return ["a construction without randomness draws"]
    if not moved and any(tensor.law.is_random(tensor.lawful_shape) for tensor in tensors):
        return ["nothing is drawn"]
    return []


def _unreached(trial: Trial) -> list[str]:
    """What is drawn from other streams than the global ones is the same on every seed."""
    one = torch_api.state(trial.build())
    other = torch_api.state(trial.row.build(trial.case, trial.target(of="another seed")))
    return [
        tensor.label
        for tensor in trial.row.tensors(trial.case)
        if tensor.law.is_random(tensor.lawful_shape)
        and math.prod(tensor.lawful_shape) >= _NEVER_EQUAL
        and identical(one[tensor.name], other[tensor.name])
    ]


def _skipping(trial: Trial) -> bool:
    """Whether the constructor takes the drawn arguments as they are, a device and a dtype."""
    return torch_api.takes(trial.row.name, trial.arguments.keywords())


def _wrong_when_skipped(trial: Trial) -> list[str]:
    built, target = trial.build(), trial.target()
    skipped = list[nn.Module]()

    def skip() -> None:
        keywords = trial.arguments.keywords()
        factory = {"device": target.device, "dtype": target.dtype}
        skipped.append(torch_api.skip_init(trial.row.name, **keywords, **factory))

    drawn = ["the global stream"] if _moved(trial, skip) else []
    for module in (built, *skipped):
        torch_api.poison(module)  # Memory that is not initialised holds anything.
        trial.target()
        torch_api.reset(module)
    return drawn + differing(torch_api.state(built), torch_api.state(skipped[0]))


def _wrong_copies(trial: Trial) -> list[str]:
    module = trial.build()
    copied = copy.deepcopy(module)
    one, other = torch_api.state(module), torch_api.state(copied)
    untrainable = [name for name, p in copied.named_parameters() if not _trainable(p)]
    return [*differing(one, other), *_shared(one, other), *untrainable]


def _real_on_meta(trial: Trial) -> list[str]:
    """What a construction on the meta device allocates, draws, or makes of another shape."""
    built, target = torch_api.state(trial.build()), trial.target()
    made = list[nn.Module]()

    def build() -> None:
        made.append(trial.row.build(trial.case, replace(target, device=torch.device("meta"))))

    drawn = ["the global stream"] if _moved(trial, build) else []
    state = torch_api.state(made[0])
    real = [name for name, tensor in state.items() if not tensor.is_meta]
    return drawn + real + sorted(_shapes(built) ^ _shapes(state))


def _shapes(state: Mapping[str, Tensor]) -> set[str]:
    return {f"{name} {tuple(tensor.shape)} {tensor.dtype}" for name, tensor in state.items()}


def _moved_otherwise(trial: Trial) -> list[str]:
    """What `to_empty` moves off the meta device: with ``recurse=False`` the module's own alone."""
    module = trial.build().to("meta")
    before = torch_api.state(module)
    module.to_empty(device=trial.device, recurse=False)
    own = {name for name in before if "." not in name}
    found = sorted(own ^ {n for n, tensor in torch_api.state(module).items() if not tensor.is_meta})
    after = torch_api.state(module.to_empty(device=trial.device))
    on_meta = [name for name, tensor in after.items() if tensor.is_meta]
    return found + on_meta + sorted(_shapes(before) ^ _shapes(after))


def _replaced(trial: Trial) -> list[str]:
    """An optimizer knows the parameters of before."""
    module = trial.build()
    before = dict(module.named_parameters())
    torch_api.reset(module)
    after = dict(module.named_parameters())
    return sorted(n for n in before.keys() | after.keys() if before.get(n) is not after.get(n))


PROMISE = Promise(
    name="construction",
    check="construction",
    questions={
        "other-by-default-device-and-dtype": Question(
            "what the default device and dtype change", _other_by_context
        ),
        "misplaced": Question("tensors of another dtype or device than asked", _misplaced),
        "untrainable": Question(
            "parameters that cannot be trained, buffers that can", _untrainable
        ),
        "parameter-or-buffer": Question(
            "parameters that are buffers, buffers that are parameters", _wrong_kinds
        ),
        "unsaved": Question("tensors that the state dict leaves out", _unsaved),
        "shared-memory": Question("tensors that share memory", _sharing),
        "draws-without-need": Question("what the global stream shows", _wrong_draws),
        "unreached-by-the-seed": Question("tensors that the seed does not reach", _unreached),
        "other-by-skip-init": Question(
            "what skip_init does otherwise", _wrong_when_skipped, _skipping
        ),
        "other-by-deepcopy": Question("what deepcopy changes or shares", _wrong_copies),
        "real-on-meta": Question("what is real on the meta device", _real_on_meta),
        "replaced-by-a-reset": Question("parameters that a reset replaces", _replaced),
        "moved-otherwise-by-to-empty": Question(
            "what to_empty moves otherwise", _moved_otherwise, arguments.first
        ),
        "other-shapes": Question(
            "tensors of other names or shapes than the arguments say",
            arguments.other_shapes,
            arguments.first,
        ),
        "other-settings": Question(
            "settings that the module shows otherwise than given",
            arguments.other_settings,
            arguments.first,
        ),
        "other-eps": Question(
            "norms that add another eps to the variance", arguments.other_eps, arguments.normalising
        ),
    },
    words="the asked device and dtype, trainable parameters of their own memory, the same "
    "values whichever way it is asked, and no draw more than the laws need",
    formula="Module(…, device, dtype) = Module(…) under default device and dtype",
    source="PyTorch documentation, torch.nn.Module, torch.nn.utils.skip_init, meta device",
    subjects=tuple(module.name for module in MODULES),
    dtypes=("float32", "float64"),
)
