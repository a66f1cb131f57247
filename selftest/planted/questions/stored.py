"""Models that loading fills wrongly: in part, by assignment, from mapped files, checkpoints."""

from __future__ import annotations

import functools
import mmap

import torch
from torch import nn

from selftest.planted.fault import calling, table
from selftest.planted.module import question


def clearing_missing(original, self, *args, **kwargs):
    told = original(self, *args, **kwargs)
    for name in told.missing_keys:
        self.state_dict()[name].zero_()
    return told


def silent(original, self, *args, **kwargs):
    told = original(self, *args, **kwargs)
    told.missing_keys.clear()
    return told


def keeping_dtypes(original, self, state, *args, assign=False, **kwargs):
    held = self.state_dict()
    cast = {n: t.to(held[n].dtype) if n in held else t for n, t in state.items()}
    return original(self, cast if assign else state, *args, assign=assign, **kwargs)


def thawing(original, self, state, *args, assign=False, **kwargs):
    told = original(self, state, *args, assign=assign, **kwargs)
    for parameter in self.parameters() if assign else ():
        parameter.requires_grad_(True)
    return told


def forgetting_buffers(original, self, state, *args, assign=False, **kwargs):
    kept = {name: buffer.clone() for name, buffer in self.named_buffers()}
    told = original(self, state, *args, assign=assign, **kwargs)
    for name, buffer in self.named_buffers() if not assign else ():
        buffer.copy_(kept[name])
    return told


def forgetting_a_bias(original, self, state, *args, **kwargs):
    kept = self.bias.detach().clone()
    told = original(self, state, *args, **kwargs)
    if not kept.is_meta:
        self.bias.data.copy_(kept)
    return told


def written_back(original, *args, **kwargs):
    if not kwargs.get("mmap"):
        return original(*args, **kwargs)
    with torch.serialization.set_default_mmap_options(mmap.MAP_SHARED):
        return original(*args, **kwargs)


def drawing(original, *args, **kwargs):
    made = original(*args, **kwargs)
    torch.rand(())
    return made


def skipping_a_key(original, state, *args, **kwargs):
    _first, *others = state
    return original({name: state[name] for name in others}, *args, **kwargs)


def untying(original, model, *args, **kwargs):
    told = original(model, *args, **kwargs)
    model[1].weight = nn.Parameter(model[1].weight.detach().clone())
    return told


row = functools.partial(question, "loading", "loading")
CHECKPOINT = "torch.distributed.checkpoint"
LOAD = "Module.load_state_dict"

FAULTS = table(
    row("a missing key cleared", "float32-Linear", LOAD, calling(clearing_missing),
        "what a state that lacks a tensor does: weight by copy"),
    row("a missing key untold", "float32-BatchNorm1d", LOAD, calling(silent),
        "what a state that lacks a tensor does: the keys that are told by copy"),
    row("assigning keeps dtypes", "float32-Linear", LOAD, calling(keeping_dtypes),
        "what assigning a state changes: bias, weight"),
    row("assigning thaws", "float32-Linear", LOAD, calling(thawing),
        "what assigning a state changes: weight.requires_grad"),
    row("loading forgets buffers", "float32-BatchNorm1d", LOAD, calling(forgetting_buffers),
        "what loading leaves unwritten: num_batches_tracked by copy, running_mean by copy"),
    row("loading forgets a bias", "float32-Linear", LOAD, calling(forgetting_a_bias),
        "what loading leaves unwritten: bias by copy"),
    row("a mapped file written back", "float32-Linear", "torch.load", calling(written_back),
        "what a mapped file changes: bias in the file, weight in the file"),
    row("skipping draws", "float32-Linear", "torch.nn.utils.skip_init", calling(drawing),
        "what skipping the initialization does: the global stream"),
    row("a checkpoint skips a key", "float32-Linear", f"{CHECKPOINT}.load",
        calling(skipping_a_key), "what a checkpoint loses: weight"),
    row("a checkpoint draws", "float32-BatchNorm1d", f"{CHECKPOINT}.save", calling(drawing),
        "what a checkpoint loses: the global stream"),
    row("safetensors drop a tie", "float32-Linear", "safetensors.torch.load_model",
        calling(untying), "what safetensors lose: the tie of weight"),
)  # fmt: skip
