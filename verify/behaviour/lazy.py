"""Lazy modules hold nothing before the first input, and are their counterparts after it."""

from __future__ import annotations

from dataclasses import asdict

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.calls import alike
from verify.behaviour.promise import Promise, Question, Trial
from verify.behaviour.tensors import copied, differing
from verify.subjects import MODULES

_LAZY = tuple(module.name for module in MODULES if module.name.startswith("Lazy"))
_INFERRED = ("in_features", "in_channels", "num_features")
_BATCH = 2


def _counterpart(trial: Trial) -> str:
    return trial.row.name.removeprefix("Lazy")


def _arguments(trial: Trial) -> dict[str, object]:
    """Every argument that the counterpart takes, the defaults too.

    What lazy modules make of arguments that are left out is a promise of its own, "default".
    """
    drawn = asdict(trial.arguments)
    return {k: v for k, v in drawn.items() if torch_api.accepts(_counterpart(trial), k)}


def _inferred(trial: Trial) -> str:
    """The argument that is inferred from the first input."""
    return next(name for name in _INFERRED if hasattr(trial.arguments, name))


def _made(trial: Trial, name: str, arguments: dict[str, object]) -> nn.Module:
    """A module in eval mode, where running statistics stay what they are."""
    target = trial.target()
    made = torch_api.module(name)(**arguments, device=target.device, dtype=target.dtype)
    return made.eval()


def _lazy(trial: Trial) -> nn.Module:
    """The module before its first input."""
    known = _arguments(trial)
    del known[_inferred(trial)]
    return _made(trial, trial.row.name, known)


def _eager(trial: Trial) -> nn.Module:
    """The counterpart, which is told its size."""
    return _made(trial, _counterpart(trial), _arguments(trial))


def _input(trial: Trial, of: str) -> Tensor:
    """An input of the smallest size that any kernel fits into."""
    eager = _eager(trial)
    size = getattr(eager, _inferred(trial))
    if isinstance(eager, nn.Linear):
        return trial.normals(_BATCH, size, of=of)
    dims = int(trial.row.name[-2])
    kernel = getattr(eager, "kernel_size", (2,) * dims)
    dilation = getattr(eager, "dilation", (1,) * dims)
    extents = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    return trial.normals(_BATCH, size, *extents, of=of)


def _materialised(trial: Trial) -> nn.Module:
    """A lazy module after its first input, the streams seeded right before."""
    module, first = _lazy(trial), _input(trial, "first")
    trial.target()  # For its effect: the streams start anew.
    module(first)
    return module


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers, initialised or not."""
    return dict([*module.named_parameters(), *module.named_buffers()])


def _unknown(module: nn.Module) -> set[str]:
    return {name for name, tensor in _tensors(module).items() if torch_api.uninitialised(tensor)}


def _initialised_early(trial: Trial) -> list[str]:
    """Whatever depends on the size, or will be drawn; a counter may count from the start."""
    lazy = _lazy(trial)
    return sorted(_tensors(lazy).keys() - _unknown(lazy) - {"num_batches_tracked"})


def _drawn_early(trial: Trial) -> list[str]:
    trial.target()
    before = torch_api.streams(trial.device)
    torch_api.reset(_lazy(trial))  # On streams that start anew: they must still be there after.
    after = torch_api.streams(trial.device)
    return [] if alike(before, after) else ["the global stream"]


def _reset_early(trial: Trial) -> list[str]:
    module = _lazy(trial)
    before = _unknown(module)
    torch_api.reset(module)
    return sorted(before ^ _unknown(module))


def _unfinished(trial: Trial) -> list[str]:
    module = _materialised(trial)
    found = sorted(_unknown(module))
    if type(module) is not torch_api.module(_counterpart(trial)):
        found.append(f"the class is {type(module).__name__}")
    return found


def _wrong_size(trial: Trial, module: nn.Module) -> list[str]:
    name = _inferred(trial)
    size, expected = getattr(module, name), _arguments(trial)[name]
    return [] if size == expected else [f"{name} is {size}, not {expected}"]


def _size_not_inferred(trial: Trial) -> list[str]:
    return _wrong_size(trial, _materialised(trial))


def _other_than_eager(trial: Trial) -> list[str]:
    """Random tensors may be drawn in another order: their laws are the matter of the defaults."""
    tensors = trial.cell.subject.tensors(trial.case)
    random = {tensor.name for tensor in tensors if tensor.law.is_random(tensor.shape)}
    eager, lazy = (
        {name: torch.zeros_like(each) if name in random else each for name, each in state.items()}
        for state in map(torch_api.state, (_eager(trial), _materialised(trial)))
    )
    return differing(eager, lazy)


def _touched_by_second_input(trial: Trial) -> list[str]:
    module = _materialised(trial)
    before = copied(torch_api.state(module))
    module(_input(trial, "second"))
    return differing(before, torch_api.state(module))


def _restored(trial: Trial) -> tuple[nn.Module, nn.Module]:
    """A lazy module with every tensor away from its start, and another that loads it."""
    module, other = _materialised(trial), _lazy(trial)
    for name, tensor in torch_api.state(module).items():
        values = trial.normals(*tensor.shape, of=name).abs() + 1
        tensor.copy_(values if tensor.is_floating_point() else torch.full_like(tensor, 7))
    other.load_state_dict(module.state_dict())
    return module, other


def _lost_in_loading(trial: Trial) -> list[str]:
    module, other = _restored(trial)
    return differing(torch_api.state(module), torch_api.state(other))


def _lost_after_loading(trial: Trial) -> list[str]:
    module, other = _restored(trial)
    other(_input(trial, "first"))
    lost = differing(torch_api.state(module), torch_api.state(other))
    return lost if type(other) is type(module) else [*lost, f"it is a {type(other).__name__}"]


def _size_not_loaded(trial: Trial) -> list[str]:
    _, other = _restored(trial)
    other(_input(trial, "first"))
    return _wrong_size(trial, other)


def _known_from_unknown(trial: Trial) -> list[str]:
    """A state without sizes is loaded as such."""
    module, other = _lazy(trial), _lazy(trial)
    other.load_state_dict(module.state_dict())
    return sorted(_unknown(module) ^ _unknown(other))


def _refuses(trial: Trial) -> bool:
    """Whether the module compares the input with its own size, and raises."""
    return "InstanceNorm" in trial.row.name and bool(trial.arguments.affine)


def _accepts(trial: Trial) -> bool:
    return not _refuses(trial)


def _has_tensors(trial: Trial) -> bool:
    """Norms may have neither parameters nor statistics."""
    arguments = trial.arguments
    return any(getattr(arguments, each, True) for each in ("affine", "track_running_stats"))


def _has_none(trial: Trial) -> bool:
    return not _has_tensors(trial)


PROMISE = Promise(
    name="lazy",
    check="lazy",
    questions={
        "initialised-early": Question(
            "tensors that are initialised before the first input", _initialised_early
        ),
        "drawn-early": Question("what draws before the first input", _drawn_early),
        "reset-early": Question("what reset_parameters does before the first input", _reset_early),
        "unfinished": Question("what the first input leaves unfinished", _unfinished),
        "size-not-inferred": Question("sizes not inferred", _size_not_inferred, _has_tensors),
        "size-not-inferred-without-tensors": Question(
            "sizes not inferred without tensors", _size_not_inferred, _has_none
        ),
        "other-than-eager": Question("tensors other than the eager module's", _other_than_eager),
        "touched-by-a-second-input": Question(
            "tensors that a second input touches", _touched_by_second_input
        ),
        "lost-in-loading": Question("tensors that load_state_dict does not keep", _lost_in_loading),
        "changed-after-loading": Question(
            "what the first input changes after load_state_dict", _lost_after_loading, _accepts
        ),
        "changed-after-loading-if-affine": Question(
            "what the first input changes after load_state_dict, if affine",
            _lost_after_loading,
            _refuses,
        ),
        "size-not-loaded": Question(
            "sizes not inferred after load_state_dict", _size_not_loaded, _has_tensors
        ),
        "known-from-unknown": Question(
            "what load_state_dict makes of a state without sizes", _known_from_unknown
        ),
    },
    words="nothing is held or drawn before the first input; then it is the counterpart, "
    "with the values that it has whatever the seed, and stays so",
    formula="LazyModule(…)(x) = Module(size(x), …)",
    source="PyTorch documentation, torch.nn.modules.lazy.LazyModuleMixin",
    subjects=_LAZY,
    dtypes=("float32", "float64"),
)
