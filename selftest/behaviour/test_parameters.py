"""Parameters that are reached, trained, clipped or stored wrongly."""

import pytest
import torch
from torch import nn

from selftest.behaviour.support import Fault, ask, unasked
from selftest.planted import parameters as planted
from selftest.planted.fault import always, arguments, instead
from selftest.planted.module import after, times
from verify.behaviour.parameters import PROMISE
from verify.behaviour.parameters.networks import SUBJECTS


def by(plant):
    """A planted fault, as what a function is replaced by."""
    return lambda original, *args, **kwargs: plant(original)(*args, **kwargs)


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


FAULTS = (
    Fault(
        "a state of copies", "Linear", nn.Module, "state_dict", by(planted.copying),
        "tensors that a road does not lead to: 0.weight by state_dict",
    ),
    Fault(
        "a parameter forgotten", "BatchNorm1d", nn.Module, "named_parameters", without_last,
        "tensors that a road does not lead to: 1.1.bias by named_parameters",
    ),
    Fault(
        "parameters backwards", "GRU", nn.Module, "parameters", backwards,
        "what is listed out of order: parameters(), the blocks",
    ),
    Fault(
        "a child forgotten", "Conv2d", nn.Module, "children", without_last,
        "modules that a road does not lead to: children",
    ),
    Fault(
        "nothing is refused", "Linear", nn.Module, "get_parameter", anything,
        "names that are not refused: 0.nothing by get_parameter",
    ),
    Fault(
        "shared twice", "TransformerEncoder", nn.Module, "parameters",
        by(instead(planted.every_name)),
        "what is counted again where it is shared: parameters()",
    ),
    Fault(
        "parents first", "Embedding", nn.Module, "apply", by(instead(planted.parent_first)),
        "what apply visits otherwise: the order",
    ),
    Fault(
        "parents left out", "Linear", nn.Module, "apply", by(instead(planted.childless)),
        "what apply visits otherwise: the order of modules that are apart, the reach",
    ),
    Fault(
        "errors swallowed", "Linear", nn.Module, "apply", silent,
        "what apply takes for a function of modules: a method without arguments",
    ),
    Fault(
        "a dictionary not registered", "Bilinear", nn.ParameterDict, "__init__", unregistered,
        "what registration does not reach:",
    ),
    Fault(
        "every buffer is saved", "Linear", nn.Module, "register_buffer",
        by(arguments(always("persistent", True))),
        "what a passing buffer does otherwise: passing in the state",
    ),
    Fault(
        "decay without a gradient", "LSTM", torch.optim.SGD, "step", by(planted.decaying),
        "what learns although it is frozen: bias_ih_l0 in a step, weight_ih_l0 in a step",
    ),
    Fault(
        "nothing is frozen", "Linear", torch.Tensor, "requires_grad_", by(planted.thawed),
        "what learns although it is frozen: weight has a gradient when partly frozen",
    ),
    Fault(
        "no module is frozen", "MultiheadAttention", nn.Module, "requires_grad_",
        by(planted.thawed),
        "what freezing a module does not stop: in_proj_weight requires a gradient",
    ),
    Fault(
        "a reset replaces", "Linear", nn.Linear, "reset_parameters",
        by(after(planted.new_weight)),
        "what a reset thaws or replaces: weight",
    ),
    Fault(
        "decay of what is replaced", "RNN", torch.optim.SGD, "step", by(planted.decaying),
        "what replaced parameters leave: bias_hh_l0, replaced, in a step",
    ),
    Fault(
        "gradients overwritten", "Conv2d", torch.autograd, "backward", by(planted.overwriting),
        "gradients that do not accumulate: weight",
    ),
    Fault(
        "nothing is zeroed", "Linear", nn.Module, "zero_grad", by(instead(planted.keeping)),
        "what zero_grad leaves:",
    ),
    Fault(
        "one is zeroed", "Linear", nn.Module, "zero_grad", by(instead(planted.first_alone)),
        "what zero_grad leaves: 0.bias with set_to_none=True, ",
    ),
    Fault(
        "clipped one by one", "Linear", nn.utils, "clip_grad_norm_", by(planted.one_by_one),
        "gradients off the limit: gradients for p = 2",
    ),
    Fault(
        "scaled up", "Linear", nn.utils, "clip_grad_norm_", by(planted.to_the_limit),
        "gradients clipped below the limit:",
    ),
    Fault(
        "NaN is taken", "Linear", nn.utils, "clip_grad_norm_",
        by(arguments(always("error_if_nonfinite", False))),
        "what is not finite and not refused: nan with foreach=None is taken",
    ),
    Fault(
        "another largest value", "Linear", nn.utils, "clip_grad_value_", clamped_by_one,
        "gradients off the largest value:",
    ),
    Fault(
        "eval shrinks", "Linear", nn.Module, "eval", by(times("*weight", 0.999)),
        "what train and eval change: 0.weight",
    ),
    Fault(
        "modes stay outside", "Linear", nn.Module, "train", by(instead(planted.reached_not)),
        "what train and eval change: the mode of 0",
    ),
    Fault(
        "biases stay", "BatchNorm1d", nn.Module, "load_state_dict", by(planted.without_biases),
        "what a state dict loses: bias, ",
    ),
    Fault(
        "assigned values are copied", "Linear", nn.Module, "load_state_dict",
        copying_when_assigned,
        "what assign=True loses:",
    ),
    Fault(
        "cast by half precision", "Linear", nn.Module, "to", by(planted.rounded),
        "what a change of dtype loses:", "float64",
    ),
    Fault(
        "a file thaws", "Linear", torch, "load", thawing,
        "what a file loses: weight",
    ),
    Fault(
        "never strict", "Linear", nn.Module, "load_state_dict",
        by(arguments(planted.never_strict)),
        "keys that are wrong and not reported: weight missing is taken",
    ),
    Fault(
        "shapes are trimmed", "Linear", nn.Module, "load_state_dict", trimming,
        "shapes that do not fit and are taken: weight with strict=True",
    ),
    Fault(
        "vectors backwards", "Linear", nn.utils, "vector_to_parameters", by(planted.backwards),
        "what a vector of parameters loses: bias, weight",
    ),
    Fault(
        "flattening rescales", "LSTM", nn.RNNBase, "flatten_parameters",
        by(times("weight*", 1.001)),
        "what flatten_parameters changes: weight_hh_l0, weight_ih_l0",
    ),
    Fault(
        "flattening loads others", "GRU", nn.RNNBase, "flatten_parameters", others,
        "what flatten_parameters changes: the output by",
    ),
    Fault(
        "states by sequence", "GRU", nn.GRU, "forward", transposed,
        "outputs of another shape:",
    ),
    Fault(
        "steps backwards", "RNN", nn.RNN, "forward", first_output,
        "outputs of another shape: the final state is not the last output",
    ),
    Fault(
        "gates swapped", "LSTM", nn.LSTM, "forward", by(planted.swapped),
        "gates out of order: the cell with i shut",
    ),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_is_found(fault, monkeypatch):
    fault.check(PROMISE, monkeypatch)


def test_every_question_finds_something():
    assert unasked(PROMISE, FAULTS) == []


@pytest.mark.parametrize("name", SUBJECTS)
def test_without_faults_nothing_is_found(name):
    assert ask(PROMISE, name).final_verdict == "pass"
