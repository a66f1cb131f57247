"""Normalised modules that keep, store, copy, or give back something else."""

from __future__ import annotations

import copy
import functools

import torch
from torch import nn

from selftest.planted.fault import calling, table
from selftest.planted.module import after, question

REMOVE = "utils.parametrize.remove_parametrizations"
SPECTRAL = "utils.parametrizations._SpectralNorm"
REGISTER = "utils.parametrize.register_parametrization"
WAYS = {
    "spectral_norm": "utils.parametrizations.spectral_norm",
    "the old spectral_norm": "utils.spectral_norm",
    "weight_norm": "utils.parametrizations.weight_norm",
    "the old weight_norm": "utils.weight_norm",
}


def applied(change):
    """Apply the function, then change the module."""

    def apply(original, module, *args, **kwargs):
        made = original(module, *args, **kwargs)
        change(made)
        return made

    return calling(apply)


def frozen(module):
    for name, parameter in module.named_parameters():
        if name != "bias":
            parameter.requires_grad_(False)


def counted(module):
    module.register_parameter("scale", nn.Parameter(torch.ones(())))


def unsaved(self):
    for name in self._buffers:
        self._non_persistent_buffers_set.add(name)


def learning(self):
    vector = self._buffers.pop("_v", None)
    if vector is not None:
        self._v = nn.Parameter(vector, requires_grad=False)


def forgetful(module):
    """Loads everything, then doubles the last row of what it computes the weight from."""

    def spoil(of, _keys):
        for name, parameter in of.named_parameters():
            if "weight" in name:
                with torch.no_grad():
                    parameter[-1:] *= 2.0

    module.register_load_state_dict_post_hook(spoil)


def half_loading(module):
    """Loads half of what the weight is computed from."""

    def keep(_of, state, prefix, *_):
        for name, parameter in module.named_parameters():
            if "weight" in name and prefix + name in state:
                state[prefix + name] = parameter.detach().clone()

    module._register_load_state_dict_pre_hook(keep)


def shared(module):
    """A copy is the module."""
    module.__dict__["__deepcopy__"] = lambda _memo: module


def drawn(module):
    """A copy starts anew."""

    def duplicate(memo):
        del module.__dict__["__deepcopy__"]
        copied = copy.deepcopy(module, memo)
        module.__dict__["__deepcopy__"] = duplicate
        with torch.no_grad():
            for name, parameter in copied.named_parameters():
                if name != "bias":
                    parameter.uniform_(1, 2)
        return copied

    module.__dict__["__deepcopy__"] = duplicate


def refusing(module):
    """Modules that have computed a gradient refuse."""

    def duplicate(_memo):
        raise RuntimeError("no copies")

    module.register_full_backward_hook(lambda *_: None)
    module.__dict__["__deepcopy__"] = duplicate


def leaving_buffers(original, module, name, *args, **kwargs):
    made = original(module, name, *args, **kwargs)
    value = made._parameters.pop(name)
    made.register_buffer(name, value.detach())
    return made


def leaving_frozen(original, module, name, *args, **kwargs):
    made = original(module, name, *args, **kwargs)
    getattr(made, name).requires_grad_(False)
    return made


def swapped(original, module, name, leave_parametrized=True):
    several = hasattr(module.parametrizations[name], "original0")
    return original(module, name, leave_parametrized or several)


def scaled(original, module, name="weight", *args, **kwargs):
    made = original(module, name, *args, **kwargs)
    with torch.no_grad():
        getattr(made, name).mul_(2.0)
    return made


def another_class(original, module, name, *args, **kwargs):
    kind = type(module)
    made = original(module, name, *args, **kwargs)
    made.__class__ = type(f"Plain{kind.__name__}", (type(made),), {})
    return made


def settled(original, module, name, leave_parametrized=True):
    return original(module.eval(), name, leave_parametrized)


def output_left(original, module, name, leave_parametrized=True):
    return original(module, name)


def of_all(original, module, name, *args, **kwargs):
    made = original(module, name, *args, **kwargs)
    for kind in {type(each) for each in MADE if type(each) is not type(made)}:
        if hasattr(kind, name):
            delattr(kind, name)
    return made


MADE: list[nn.Module] = []


def noted(original, module, name, parametrization, **kwargs):
    made = original(module, name, parametrization, **kwargs)
    one = next((type(each) for each in MADE if type(each).__bases__ == type(made).__bases__), None)
    made.__class__ = one or type(made)
    MADE.append(made)
    return made


def lenient(original, module, name, *args, **kwargs):
    try:
        return original(module, name, *args, **kwargs)
    except ValueError:
        return module


def creating(original, module, name, parametrization, **kwargs):
    if not hasattr(module, name):
        module.register_parameter(name, nn.Parameter(torch.zeros(2, 2)))
    return original(module, name, parametrization, **kwargs)


def first_of_several(original, module, name, leave_parametrized=True):
    several = name in getattr(module, "parametrizations", {}) and hasattr(
        module.parametrizations[name], "original0"
    )
    return original(module, name, leave_parametrized or several)


def deaf(module):
    module._load_state_dict_pre_hooks.clear()


def positive(module):
    def make_positive(state, prefix, *_):
        for name in state:
            if name.endswith("original0"):
                state[name] = state[name].abs()

    module._register_load_state_dict_pre_hook(make_positive)


row = functools.partial(question, "parametrizations", "parametrization")
KEPT, RESTORED = "what is kept as something else under ", "what does not give the weight under "
COPIED, REMOVED = "what a copy does otherwise under ", "what a removal leaves under "

FAULTS = table(
    *(
        row(f"{what} under {way}", "float32-Linear" if place % 2 else "float64-Conv2d",
            target, applied(change), f"{words}{way}: ")
        for place, (way, target) in enumerate(WAYS.items())
        for what, change, words in (
            ("originals that never learn", frozen, KEPT),
            ("one parameter more", counted, KEPT),
            ("a state that is spoiled", forgetful, RESTORED),
            ("a state of which half is loaded", half_loading, RESTORED),
            ("a copy that is the module", shared, COPIED),
            ("a copy that is drawn anew", drawn, COPIED),
        )
    ),
    row("a vector that is never stored", "float32-Linear", f"{SPECTRAL}.__init__", after(unsaved),
        f"{KEPT}spectral_norm: "),
    row("a vector that is a parameter", "float64-Linear", f"{SPECTRAL}.__init__", after(learning),
        f"{KEPT}spectral_norm: "),
    *(
        row(f"no copy at all under {way}", "float32-Linear", WAYS[way], applied(refusing),
            f"{COPIED}{way}: RuntimeError")
        for way in ("spectral_norm", "weight_norm")
    ),
    *(
        row(f"{what} {way}", "float32-Linear", REMOVE, calling(plant), f"{REMOVED}{way}: ")
        for way in ("spectral_norm", "weight_norm")
        for what, plant in (
            ("a buffer in the place of the weight of", leaving_buffers),
            ("a frozen weight after", leaving_frozen),
            ("twice the weight after", scaled),
            ("a class of its own after", another_class),
        )
    ),
    *(
        row(f"{what} the old {kind}", "float32-Linear", f"utils.remove_{kind}", calling(plant),
            f"{REMOVED}the old {kind}: ")
        for kind in ("spectral_norm", "weight_norm")
        for what, plant in (
            ("a frozen weight after", lambda original, module, name="weight":
                leaving_frozen(original, module, name)),
            ("twice the weight after", scaled),
        )
    ),
    row("a removal that settles the module", "float32-Linear", REMOVE, calling(settled),
        "what a removal leaves of the original: the weight in training mode"),
    row("a removal that leaves the output", "float64-Conv2d", REMOVE, calling(output_left),
        "what a removal leaves of the original: the original in training mode"),
    row("a removal of nothing is taken", "float32-Linear", REMOVE, calling(lenient),
        "what is not refused of what is not there: a removal of nothing"),
    row("a removal leaves one of two", "float32-Conv2d", REMOVE, calling(first_of_several),
        "what is not refused of what is not there: a removal that leaves one of two"),
    row("a missing tensor is made", "float32-Linear", REGISTER, calling(creating),
        "what is not refused of what is not there: a tensor that is not there"),
    row("an older state is unknown", "float32-Linear", WAYS["weight_norm"], applied(deaf),
        "what is not taken from the older state: RuntimeError"),
    row("magnitudes of an older state are made positive", "float64-Conv2d",
        WAYS["weight_norm"], applied(positive),
        "what is not taken from the older state: g"),
    row("modules that share their class", "float32-Linear", REGISTER, calling(noted),
        "what a removal breaks of another module: "),
)  # fmt: skip
