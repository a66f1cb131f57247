"""Networks that lose a share of a tied gradient, count it twice, or lose the tie."""

from __future__ import annotations

import functools

import torch
from torch import nn

from selftest.planted.fault import calling, table
from selftest.planted.module import after, question


def give_zeros(module):
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)


def first_use_only(original, values, weight, *args):
    used, weight.used = getattr(weight, "used", False), True
    return original(values, weight.detach() if used else weight, *args)


def leaves(function):
    """The tensors in which a backward pass ends."""
    if hasattr(function, "variable"):
        yield function.variable
    for before, _ in function.next_functions:
        yield from leaves(before) if before else ()


def overwriting(original, self, *args, **kwargs):
    for leaf in leaves(self.grad_fn):
        leaf.grad = None
    return original(self, *args, **kwargs)


def nothing(_original, *_args, **_kwargs):
    return None


def half_learnt(original, *args, **kwargs):
    value = original(*args, **kwargs)
    return 0.5 * value + 0.5 * value.detach()


def never_tied(original, *args, **kwargs):
    return original(*args, **{**kwargs, "tie_weights": False})


def always_tied(original, *args, **kwargs):
    return original(*args, **{**kwargs, "tie_weights": True})


def leaving_more(original, network, *args, **kwargs):
    result = original(network, *args, **kwargs)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 1
    return result


def doubled(original, tensors, gradients=None, *args, **kwargs):
    weights = torch.ones_like(tensors) if gradients is None else gradients
    return original(tensors, 2 * weights, *args, **kwargs)


def twice(original, self, *args, **kwargs):
    original(self, *args, **kwargs)
    return original(self, *args, **kwargs)


def once_for_each_name(_original, self, recurse=True):
    return (p for _, p in self.named_parameters(recurse=recurse, remove_duplicate=False))


def own_parameters(module):
    for name, parameter in module.named_parameters(recurse=False):
        setattr(module, name, nn.Parameter(parameter.detach().clone()))


def untying(original, of, *args):
    made = original(of, *args)
    if isinstance(made, nn.Module):
        for part in made.modules():
            own_parameters(part)
    return made


tied_gradients = functools.partial(question, "tied_gradients", "tied_gradient")
ties = functools.partial(question, "ties", "tie")

FAULTS = table(
    tied_gradients("zeros from the start", "float32-tied Linear", "Linear.reset_parameters",
        after(give_zeros), "gradients before the first backward:"),
    tied_gradients("one use only", "float64-tied Linear", "functional.linear",
        calling(first_use_only), "gradients off the sum:"),
    tied_gradients("one use only, rounded", "bfloat16-tied Linear", "functional.linear",
        calling(first_use_only), "gradients off the sum:"),
    tied_gradients("nothing accumulates", "float32-tied GRUCell", "torch.Tensor.backward",
        calling(overwriting), "gradients off the sum after several backward calls:"),
    tied_gradients("no tied gradient is zeroed", "float32-tied Linear", "Module.zero_grad",
        calling(nothing), "what zero_grad does not reset:"),
    tied_gradients("the optimizer zeroes nothing", "float32-tied Linear",
        "torch.optim.Optimizer.zero_grad", calling(nothing), "what zero_grad does not reset:"),
    tied_gradients("checkpointing halves", "float32-tied Conv2d",
        "verify.behaviour.tied_gradients.checkpoint", calling(half_learnt),
        "gradients off the sum under checkpointing:"),
    tied_gradients("a call never ties", "float32-tied Embedding",
        "verify.behaviour.tied.functional.functional_call", calling(never_tied),
        "gradients off the sum by functional_call:"),
    tied_gradients("a transformed call never ties", "float32-tied autoencoder",
        "verify.behaviour.tied.functional.functional_call", calling(never_tied),
        "gradients off the sum by torch.func.grad:"),
    tied_gradients("a call takes anything", "float32-tied LSTM",
        "verify.behaviour.tied.functional.functional_call", calling(never_tied),
        "different values that functional_call takes for one:"),
    tied_gradients("a call always ties", "float32-tied block",
        "verify.behaviour.tied.functional.functional_call", calling(always_tied),
        "gradients off a place's own without tie_weights:"),
    tied_gradients("a call changes its network", "bfloat16-tied Embedding",
        "verify.behaviour.tied.functional.functional_call", calling(leaving_more),
        "values that functional_call leaves in its network:"),
    tied_gradients("gradients are doubled", "float64-tied Conv1d", "torch.autograd.backward",
        calling(doubled), "gradients off the exact slope:"),
    tied_gradients("two steps", "float32-tied Linear", "torch.optim.SGD.step", calling(twice),
        "steps of SGD off the closed form:"),
    tied_gradients("two steps of Adam", "bfloat16-tied RNNCell", "torch.optim.Adam.step",
        calling(twice), "steps of Adam off the closed form:"),
    ties("listed for each name", "float32-tied RNN", "Module.parameters",
        calling(once_for_each_name), "names of tied tensors:"),
    ties("a copy unties", "float32-tied Linear", "verify.behaviour.ties.copy.deepcopy",
        calling(untying), "what a deepcopy loses:"),
    ties("a dtype unties", "float32-tied Embedding", "Module._apply", after(own_parameters),
        "what a change of dtype loses:"),
    ties("a device unties", "float32-tied autoencoder", "Module._apply", after(own_parameters),
        "what a move to the host and back loses:"),
    ties("loading unties", "float32-tied Linear", "Module._load_from_state_dict",
        after(own_parameters), "what a state dict loses:"),
    ties("a file unties", "float32-tied Linear", "Module.__setstate__", after(own_parameters),
        "what a file loses:"),
)  # fmt: skip
