"""States and files that are named, hooked, loaded or written wrongly."""

from __future__ import annotations

import functools

import torch

from selftest.planted.fault import calling, table
from selftest.planted.module import after, question


def without_dot(original, self, *args, prefix="", **kwargs):
    return original(self, *args, prefix=prefix.rstrip("."), **kwargs)


def attached(original, self, *args, **kwargs):
    return original(self, *args, **{**kwargs, "keep_vars": True})


def detached(original, self, *args, **kwargs):
    return original(self, *args, **{**kwargs, "keep_vars": False})


def without_extra(original, self, *args, **kwargs):
    state = original(self, *args, **kwargs)
    return {name: each for name, each in state.items() if "_extra_state" not in name}


def twice(original, self, hook):
    original(self, hook)
    return original(self, hook)


def unregistered(original, self, hook):
    return None


def cleared(module):
    for parameter in module.parameters():
        parameter.grad = None


def thawed(module):
    module.requires_grad_()


def spoilt(original, self, state, *args, **kwargs):
    loaded = original(self, state, *args, **kwargs)
    for tensor in state.values():
        if isinstance(tensor, torch.Tensor):
            tensor.zero_()
    return loaded


def narrowed(original, self, state, *args, **kwargs):
    halves = [each.dtype for each in state.values() if isinstance(each, torch.Tensor)]
    loaded = original(self, state, *args, **kwargs)
    return self.half() and loaded if torch.float16 in halves else loaded


def without_signs(original, *args, **kwargs):
    loaded = original(*args, **kwargs)
    return {n: each + 0.0 for n, each in loaded.items()} if isinstance(loaded, dict) else loaded


def apart(original, *args, **kwargs):
    loaded = original(*args, **kwargs)
    return {n: each.clone() for n, each in loaded.items()} if isinstance(loaded, dict) else loaded


def drawing(_module):
    torch.rand(())


row = functools.partial(question, "loading", "loading")

FAULTS = table(
    row("a prefix without its dot", "float32-Linear", "Module.state_dict", calling(without_dot),
        "names in a state that are wrong: outer.inner."),
    row("a state that is attached", "float32-Linear", "Module.state_dict",
        calling(attached), "names in a state that are wrong: weight is attached"),
    row("a state that keeps nothing", "float32-Linear", "Module.state_dict", calling(detached),
        "names in a state that are wrong: weight is not kept"),
    row("an extra state left out", "float32-BatchNorm1d", "Module.state_dict",
        calling(without_extra), "what an extra state loses: RuntimeError"),
    row("a hook called twice", "float32-Linear", "Module.register_state_dict_pre_hook",
        calling(twice), "hooks of states that are called otherwise: the hook before saving"),
    row("a hook before loading forgotten", "float32-Linear",
        "Module.register_load_state_dict_pre_hook", calling(unregistered),
        "hooks of states that are called otherwise: the hook before loading"),
    row("a hook after loading forgotten", "float32-BatchNorm1d",
        "Module.register_load_state_dict_post_hook", calling(unregistered),
        "hooks of states that are called otherwise: the hook after loading"),
    row("loading clears gradients", "float32-Linear", "Module.load_state_dict", after(cleared),
        "what loading touches besides: weight.grad"),
    row("loading thaws", "float32-BatchNorm1d", "Module.load_state_dict", after(thawed),
        "what loading touches besides: weight.requires_grad"),
    row("loading trains", "float32-Linear", "Module.load_state_dict",
        after(lambda module: module.train()), "what loading touches besides: the mode"),
    row("loading spoils the state", "float32-Linear", "Module.load_state_dict", calling(spoilt),
        "what loading touches besides: bias of the state, weight of the state"),
    row("loading narrows", "float32-Linear", "Module.load_state_dict", calling(narrowed),
        "halves that are loaded otherwise: bias, weight"),
    row("a file loses a sign", "float32-Linear", "torch.load", calling(without_signs),
        "what a file changes: bits"),
    row("a file parts what is shared", "float32-Linear", "torch.load", calling(apart),
        "what a file changes: a shared memory"),
    row("loading draws", "float32-Linear", "Module.load_state_dict", after(drawing),
        "what saving and loading draw from: the global stream"),
)  # fmt: skip
