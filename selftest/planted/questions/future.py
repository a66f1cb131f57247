"""Settings of conversions that are not heeded, and lazy modules that are cast wrongly."""

from __future__ import annotations

import functools

import torch
from torch import nn

from selftest.planted.fault import calling, instead, table
from selftest.planted.module import question

FUTURE = torch.__future__
GET_SWAP = FUTURE.get_swap_module_params_on_conversion
GET_OVERWRITE = FUTURE.get_overwrite_module_params_on_conversion
SETTINGS = ("swap", "overwrite")


class only:
    """A setting alone is heeded for a while, or none."""

    def __init__(self, *settings):
        self.settings = settings

    def __enter__(self):
        self.before = [GET_SWAP(), GET_OVERWRITE()]
        for setting in SETTINGS:
            self.set(setting, setting in self.settings)

    def __exit__(self, *_):
        for setting, value in zip(SETTINGS, self.before, strict=True):
            self.set(setting, value)

    def set(self, setting, value):
        getattr(FUTURE, f"set_{setting}_module_params_on_conversion")(value)


def both_at_once(original, value):
    """Swapping is overwriting, too."""
    FUTURE.set_overwrite_module_params_on_conversion(value)
    return original(value)


def heeded(setting):
    """Whether a setting is on."""
    return GET_SWAP() if setting == "swap" else GET_OVERWRITE()


def heeding(*settings):
    """A replacement that heeds some settings alone."""

    def replaced(original, *args, **kwargs):
        with only(*filter(heeded, settings)):
            return original(*args, **kwargs)

    return replaced


def overwriting_first(original, *args, **kwargs):
    """Overwriting takes precedence."""
    with only("overwrite" if GET_OVERWRITE() else "swap" if GET_SWAP() else ""):
        return original(*args, **kwargs)


def spoiling(original, self, *args, **kwargs):
    """The old parameters lose their values."""
    old = list(self.parameters()) if GET_OVERWRITE() else []
    made = original(self, *args, **kwargs)
    for parameter in old:
        parameter.data.zero_()
    return made


def losing_gradients(setting):
    def replaced(original, self, *args, **kwargs):
        made = original(self, *args, **kwargs)
        if setting():
            self.zero_grad()
        return made

    return replaced


def thawing(setting):
    def replaced(original, self, *args, **kwargs):
        made = original(self, *args, **kwargs)
        return made.requires_grad_() if setting() else made

    return replaced


def doubled_unasked(original, self, state, *args, **kwargs):
    """Loading goes by `module_load` at all times."""
    with only("swap"):
        return original(self, state, *args, **kwargs)


def parameters_alone(original, self, state, strict=True, assign=False):
    """Buffers are loaded by swapping, or not at all."""
    named = dict(self.named_parameters(remove_duplicate=False))
    taken = state if GET_SWAP() else {name: each for name, each in state.items() if name in named}
    return original(self, taken, strict=False, assign=assign)


def renewing(original, self, state, *args, **kwargs):
    """Loading by swapping makes new parameters."""
    made = original(self, state, *args, **kwargs)
    if GET_SWAP():
        for part in self.modules():
            for name, parameter in part._parameters.items():
                if parameter is not None:
                    new = nn.Parameter(parameter.detach(), parameter.requires_grad)
                    part._parameters[name] = new
    return made


def in_single(original, self, *args, **kwargs):
    """A lazy module makes what it is usual to make."""
    made = original(self, *args, **kwargs)
    return made.float() if self.weight.dtype == torch.float64 else made


def without_statistics(original, self, *args):
    """Statistics are cast to single precision when their size is known."""
    made = original(self, *args)
    self.running_mean, self.running_var = self.running_mean.float(), self.running_var.float()
    return made


def waiting(original, self, *args, **kwargs):
    """What is lazy waits on after a conversion, as it should."""
    lazy = any(map(nn.parameter.is_lazy, self.parameters()))
    with only(*filter(heeded, () if lazy else SETTINGS)):
        return original(self, *args, **kwargs)


def waiting_on_meta(original, self, *args, **kwargs):
    """What is lazy waits on the meta device, as it should."""
    if "meta" not in args or not any(map(nn.parameter.is_lazy, self.parameters())):
        return original(self, *args, **kwargs)
    for held, kind in (
        (self._parameters, nn.UninitializedParameter),
        (self._buffers, nn.UninitializedBuffer),
    ):
        for name, tensor in held.items():
            if tensor is not None and nn.parameter.is_lazy(tensor):
                held[name] = kind(device="meta", dtype=tensor.dtype)
    return self


row = functools.partial(question, "conversions", "conversions")

NEW, CAST = (
    "what is not new when parameters are overwritten",
    "what is cast otherwise when parameters are overwritten",
)
REPLACED, SWAPPED = (
    "parameters that are replaced instead of swapped",
    "what is cast otherwise when parameters are swapped",
)
LOADED, UNASKED = (
    "what is loaded otherwise when parameters are swapped", "what is loaded by swapping unasked",
)  # fmt: skip
LAZY = "what a lazy module that is cast makes otherwise"

FAULTS = table(
    row("overwriting is swapping", "float32-Linear",
        "torch.__future__.get_swap_module_params_on_conversion",
        instead(lambda: GET_SWAP() or GET_OVERWRITE()),
        "settings that are otherwise: swap_module_params_on_conversion of overwrite"),
    row("swapping overwrites", "float32-LSTM",
        "torch.__future__.set_swap_module_params_on_conversion", calling(both_at_once),
        "settings that are otherwise: "),
    row("nothing is overwritten", "float32-Linear", "Module._apply", calling(heeding("swap")),
        f"{NEW}: weight is the old one by half()"),
    row("to_empty does not overwrite", "float32-LSTM", "Module.to_empty",
        calling(heeding("swap")), f"{NEW}: weight is the old one by to_empty"),
    row("what is overwritten is zeroed", "float32-Linear", "Module.half", calling(spoiling),
        f"{NEW}: the old weight by half()"),
    row("overwriting loses gradients", "float32-Linear", "Module.double",
        calling(losing_gradients(GET_OVERWRITE)), f"{CAST}: the gradient of weight by double()"),
    row("overwriting thaws", "float32-LSTM", "Module.half", calling(thawing(GET_OVERWRITE)),
        f"{CAST}: what frozen requires by half()"),
    row("nothing is swapped", "float32-Linear", "Module._apply", calling(heeding()),
        f"{REPLACED}: weight by to(meta) with swap_module_params_on_conversion"),
    row("overwriting comes first", "float32-LSTM", "Module._apply", calling(overwriting_first),
        f"{REPLACED}: weight by half() with swap_module_params_on_conversion and "),
    row("swapping loses gradients", "float32-Linear", "Module.float",
        calling(losing_gradients(GET_SWAP)), f"{SWAPPED}: the gradient of weight by float()"),
    row("swapping thaws", "float32-LSTM", "Module.half", calling(thawing(GET_SWAP)),
        f"{SWAPPED}: what frozen requires by half()"),
    row("loading never swaps", "float32-Linear", "Module.load_state_dict",
        calling(heeding("overwrite")), f"{LOADED}: "),
    row("loading renews", "float32-Linear", "Module.load_state_dict", calling(renewing),
        f"{LOADED}: weight is another"),
    row("loading always swaps", "float32-Linear", "Module.load_state_dict",
        calling(doubled_unasked), f"{UNASKED}: "),
    row("buffers are not loaded", "float32-Linear", "Module.load_state_dict",
        calling(parameters_alone), f"{UNASKED}: "),
    row("lazy layers of single precision", "float32-Linear", "LazyLinear.initialize_parameters",
        calling(in_single), f"{LAZY}: "),
    row("lazy statistics of single precision", "float32-Linear",
        "LazyBatchNorm1d.initialize_parameters", calling(without_statistics), f"{LAZY}: "),
    row("lazy modules wait whatever is set", "float32-Linear", "Module._apply", calling(waiting),
        "fixed upstream: what a lazy module is said to know by settings: nothing is wrong"),
    row("lazy modules wait on meta", "float32-Linear", "Module.to", calling(waiting_on_meta),
        "fixed upstream: what a lazy module is said to know on the meta device: nothing is wrong"),
)  # fmt: skip
