"""Models that are materialised by loading: in part, by assignment, from mapped files, sharded ones.

Source: PyTorch documentation, `torch.nn.Module.load_state_dict` (strict, assign), `torch.load`
(mmap), `torch.nn.utils.skip_init`, `torch.distributed.checkpoint`; documentation of safetensors,
"Torch shared tensors".
"""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.calls import alike
from verify.behaviour.parameters.networks import owned, scrambled
from verify.behaviour.promise import Question, Trial
from verify.behaviour.tensors import copied, differing
from verify.torch_api import state

_WAYS = {"by copy": False, "by assignment": True}
_SURPLUS = "surplus"
_SAFETENSORS = "safetensors"
_CHECKPOINT = "torch.distributed.checkpoint"


def _partly(trial: Trial) -> list[str]:
    """What is stored is taken, what is missing stays, and both are told."""
    found = []
    for way, assign in _WAYS.items():
        module, saved = scrambled(trial), copied(state(scrambled(trial, "other")))
        lacking, *_ = saved
        kept = copied(state(module))[lacking]
        del saved[lacking]
        given = {**saved, _SURPLUS: kept}
        told = module.load_state_dict(given, strict=False, assign=assign)
        told_right = (told.missing_keys, told.unexpected_keys) == ([lacking], [_SURPLUS])
        found += [] if told_right else [f"the keys that are told {way}"]
        wrong = differing({**saved, lacking: kept}, state(module))
        found += [f"{name} {way}" for name in wrong]
    return found


def _assigned(trial: Trial) -> list[str]:
    """Tensors keep the dtype of the state, and what is frozen in the module stays frozen."""
    module = scrambled(trial).requires_grad_(False)
    wide = torch.float64 if trial.cell.has(torch.float64) else torch.float16
    saved = {n: t.to(wide) if t.is_floating_point() else t for n, t in state(module).items()}
    module.load_state_dict(copied(saved), assign=True)
    frozen = [n for n, p in owned(trial, module).items() if p.requires_grad]
    return differing(saved, state(module)) + [f"{name}.requires_grad" for name in frozen]


def _unwritten(trial: Trial) -> list[str]:
    """Memory that holds anything is filled by a whole state, the buffers too."""
    saved = copied(state(scrambled(trial)))
    module = scrambled(trial, "other").to("meta")
    by_copy = module.to_empty(device=trial.device)
    torch_api.poison(by_copy)
    by_copy.load_state_dict(saved)
    found = [f"{name} by copy" for name in differing(saved, state(by_copy))]
    assigned = scrambled(trial, "other").to("meta")
    assigned.load_state_dict(saved, assign=True)
    # What is left on the meta device has no values that could be compared.
    left = {name for name, tensor in state(assigned).items() if tensor.is_meta}
    written = {name: t for name, t in state(assigned).items() if name not in left}
    return found + [f"{name} by assignment" for name in differing(saved, written)]


def _mapped(trial: Trial) -> list[str]:
    """A mapped file gives every bit, and is private: what is written stays in memory."""
    saved = copied(state(scrambled(trial)))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "state.pt")
        torch.save(saved, path)
        loaded = torch.load(path, mmap=True, weights_only=True)
        found = differing(saved, copied(loaded))
        for tensor in loaded.values():
            tensor.fill_(1)
        del loaded
        again = torch.load(path, weights_only=True)
        return found + [f"{name} in the file" for name in differing(saved, again)]


def _skipped(trial: Trial) -> list[str]:
    """A module that is not initialized draws nothing, and is as large as any."""
    trial.target()  # For its effect: the streams start anew.
    before = torch_api.streams(trial.device)
    skip: Callable[..., nn.Module] = nn.utils.skip_init
    module = skip(nn.Linear, 3, 5, device=trial.device)
    found = [] if alike(before, torch_api.streams(trial.device)) else ["the global stream"]
    shapes = {"weight": (5, 3), "bias": (5,)}
    held = {name: tuple(t.shape) for name, t in state(module).items() if not t.is_meta}
    found += [] if held == shapes else ["the tensors"]
    torch_api.poison(module)
    torch_api.reset(module)
    return found + [name for name, t in state(module).items() if not bool(t.cpu().isfinite().all())]


def _distributed(trial: Trial) -> list[str]:
    """A checkpoint of one process gives every tensor back, and draws nothing."""
    checkpoint: Any = importlib.import_module(_CHECKPOINT)
    saved = copied(state(scrambled(trial)))
    other = scrambled(trial, "other")
    torch_api.poison(other)
    held: dict[str, Tensor] = state(other)
    with tempfile.TemporaryDirectory() as folder:
        trial.target()  # For its effect: the streams start anew.
        before = torch_api.streams(trial.device)
        try:
            checkpoint.save(saved, checkpoint_id=folder, no_dist=True)
            checkpoint.load(held, checkpoint_id=folder, no_dist=True)
        except checkpoint.CheckpointException as reason:
            # No Exception: it would end the item without a verdict.
            raise RuntimeError(f"{reason}") from reason
        drawn = [] if alike(before, torch_api.streams(trial.device)) else ["the global stream"]
    return differing(saved, held) + drawn


def _safely(trial: Trial) -> list[str]:
    """Values are kept bit for bit, and what is tied is stored once and stays tied."""
    safetensors: Any = importlib.import_module(f"{_SAFETENSORS}.torch")
    one, two = scrambled(trial), scrambled(trial)
    for name, parameter in owned(trial, one).items():
        setattr(two, name, parameter)
    network = nn.Sequential(one, two)
    saved = copied(state(network))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "state.safetensors")
        safetensors.save_model(network, path)
        torch_api.poison(network)
        safetensors.load_model(network, path)
    held = owned(trial, two)
    parted = [name for name, p in owned(trial, one).items() if held[name] is not p]
    return differing(saved, state(network)) + [f"the tie of {name}" for name in parted]


def _has(package: str) -> Callable[[Trial], bool]:
    return lambda _: importlib.util.find_spec(package) is not None


def _has_checkpoints(_: Trial) -> bool:
    return torch.distributed.is_available()


QUESTIONS: Mapping[str, Question] = {
    "partly-loaded": Question(
        "what a state that lacks a tensor does", _partly, lambda trial: bool(state(trial.build()))
    ),
    "assigned-otherwise": Question("what assigning a state changes", _assigned),
    "left-unwritten": Question("what loading leaves unwritten", _unwritten),
    "mapped-otherwise": Question("what a mapped file changes", _mapped),
    "skipped-otherwise": Question("what skipping the initialization does", _skipped),
    "lost-by-checkpoint": Question("what a checkpoint loses", _distributed, _has_checkpoints),
    "lost-by-safetensors": Question("what safetensors lose", _safely, _has(_SAFETENSORS)),
}
"""Asked by the promise of states and files, see `verify.behaviour.loading`."""
