"""Parameters that are reached, trained, clipped or stored wrongly."""

from __future__ import annotations

import functools

from torch import nn

from selftest.planted import parameters as planted
from selftest.planted.fault import always, arguments, calling, instead, table
from selftest.planted.module import after, question, times


def backwards(original, *args, **kwargs):
    return reversed([*original(*args, **kwargs)])


def without_last(original, *args, **kwargs):
    return [*original(*args, **kwargs)][:-1]


def anything(original, self, target):
    try:
        return original(self, target)
    except AttributeError:
        return None


def silent(original, self, function):
    try:
        return original(self, function)
    except TypeError:
        return self


def unregistered(original, self, values=None):
    original(self)
    for name, value in (values or {}).items():
        self.__dict__[name] = value


def trimming(original, self, state, *args, **kwargs):
    for name, tensor in self.state_dict().items():
        if name in state and state[name].shape != tensor.shape:
            state[name] = tensor
    return original(self, state, *args, **kwargs)


def copying_when_assigned(original, self, state, strict=True, assign=False):
    return original(self, state, strict)


def thawing(original, *args, **kwargs):
    loaded = original(*args, **kwargs)
    return loaded.requires_grad_() if isinstance(loaded, nn.Module) else loaded


def clamped_by_one(original, parameters, value, **kwargs):
    return original(parameters, 1.0, **kwargs)


def others(original, self):
    original(self)
    if not self.training:  # A module that is being built flattens its weights, too.
        self._flat_weights = [weight.detach() * 1.001 for weight in self._flat_weights]


def transposed(original, self, *args):
    output, state = original(self, *args)
    return output, state.transpose(0, 1)


def first_output(original, self, *args):
    output, state = original(self, *args)
    return output.flip(0), state


row = functools.partial(question, "parameters", "parameters")

FAULTS = table(
    row("a state of copies", "float32-Linear", "Module.state_dict", planted.copying,
        "tensors that a road does not lead to: 0.weight by state_dict"),
    row("a parameter forgotten", "float32-BatchNorm1d", "Module.named_parameters",
        calling(without_last),
        "tensors that a road does not lead to: 1.1.bias by named_parameters"),
    row("parameters backwards", "float32-GRU", "Module.parameters", calling(backwards),
        "what is listed out of order: parameters(), the blocks"),
    row("a child forgotten", "float32-Conv2d", "Module.children", calling(without_last),
        "modules that a road does not lead to: children"),
    row("nothing is refused", "float32-Linear", "Module.get_parameter", calling(anything),
        "names that are not refused: 0.nothing by get_parameter"),
    row("shared twice", "float32-TransformerEncoder", "Module.parameters",
        instead(planted.every_name), "what is counted again where it is shared: parameters()"),
    row("parents first", "float32-Embedding", "Module.apply", instead(planted.parent_first),
        "what apply visits otherwise: the order"),
    row("parents left out", "float32-Linear", "Module.apply", instead(planted.childless),
        "what apply visits otherwise: the order of modules that are apart, the reach"),
    row("errors swallowed", "float32-Linear", "Module.apply", calling(silent),
        "what apply takes for a function of modules: a method without arguments"),
    row("a dictionary not registered", "float32-Bilinear", "ParameterDict.__init__",
        calling(unregistered), "what registration does not reach:"),
    row("every buffer is saved", "float32-Linear", "Module.register_buffer",
        arguments(always("persistent", True)),
        "what a passing buffer does otherwise: passing in the state"),
    row("decay without a gradient", "float32-LSTM", "torch.optim.SGD.step",
        planted.decaying,
        "what learns although it is frozen: bias_ih_l0 in a step, weight_ih_l0 in a step"),
    row("nothing is frozen", "float32-Linear", "torch.Tensor.requires_grad_",
        planted.thawed,
        "what learns although it is frozen: weight has a gradient when partly frozen"),
    row("no module is frozen", "float32-MultiheadAttention", "Module.requires_grad_",
        planted.thawed, "what freezing a module does not stop: in_proj_weight requires a gradient"),
    row("a reset replaces", "float32-Linear", "Linear.reset_parameters",
        after(planted.new_weight), "what a reset thaws or replaces: weight"),
    row("decay of what is replaced", "float32-RNN", "torch.optim.SGD.step",
        planted.decaying, "what replaced parameters leave: bias_hh_l0, replaced, in a step"),
    row("gradients overwritten", "float32-Conv2d", "torch.autograd.backward",
        planted.overwriting, "gradients that do not accumulate: weight"),
    row("nothing is zeroed", "float32-Linear", "Module.zero_grad", instead(planted.keeping),
        "what zero_grad leaves:"),
    row("one is zeroed", "float32-Linear", "Module.zero_grad", instead(planted.first_alone),
        "what zero_grad leaves: 0.bias with set_to_none=True, "),
    row("clipped one by one", "float32-Linear", "utils.clip_grad_norm_", planted.one_by_one,
        "gradients off the limit: gradients for p = 2"),
    row("scaled up", "float32-Linear", "utils.clip_grad_norm_", planted.to_the_limit,
        "gradients clipped below the limit:"),
    row("NaN is taken", "float32-Linear", "utils.clip_grad_norm_",
        arguments(always("error_if_nonfinite", False)),
        "what is not finite and not refused: nan with foreach=None is taken"),
    row("another largest value", "float32-Linear", "utils.clip_grad_value_",
        calling(clamped_by_one), "gradients off the largest value:"),
    row("eval shrinks", "float32-Linear", "Module.eval", times("*weight", 0.999),
        "what train and eval change: 0.weight"),
    row("modes stay outside", "float32-Linear", "Module.train",
        instead(planted.reached_not), "what train and eval change: the mode of 0"),
    row("biases stay", "float32-BatchNorm1d", "Module.load_state_dict",
        planted.without_biases, "what a state dict loses: bias, "),
    row("assigned values are copied", "float32-Linear", "Module.load_state_dict",
        calling(copying_when_assigned), "what assign=True loses:"),
    row("cast by half precision", "float64-Linear", "Module.to", planted.rounded,
        "what a change of dtype loses:"),
    row("a file thaws", "float32-Linear", "torch.load", calling(thawing),
        "what a file loses: weight"),
    row("never strict", "float32-Linear", "Module.load_state_dict",
        arguments(planted.never_strict),
        "keys that are wrong and not reported: weight missing is taken"),
    row("shapes are trimmed", "float32-Linear", "Module.load_state_dict", calling(trimming),
        "shapes that do not fit and are taken: weight with strict=True"),
    row("vectors backwards", "float32-Linear", "utils.vector_to_parameters",
        planted.backwards, "what a vector of parameters loses: bias, weight"),
    row("flattening rescales", "float32-LSTM", "RNNBase.flatten_parameters",
        times("weight*", 1.001), "what flatten_parameters changes: weight_hh_l0, weight_ih_l0"),
    row("flattening loads others", "float32-GRU", "RNNBase.flatten_parameters",
        calling(others), "what flatten_parameters changes: the output by"),
    row("states by sequence", "float32-GRU", "GRU.forward", calling(transposed),
        "outputs of another shape:"),
    row("steps backwards", "float32-RNN", "RNN.forward", calling(first_output),
        "outputs of another shape: the final state is not the last output"),
    row("gates swapped", "float32-LSTM", "LSTM.forward", planted.swapped,
        "gates out of order: the cell with i shut"),
)  # fmt: skip
