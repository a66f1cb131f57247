"""Networks that lose a share of a tied gradient, count it twice, or lose the tie."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from selftest.behaviour.support import Fault, ask, then, unasked
from verify.behaviour import tied_gradients, ties
from verify.behaviour.tied import functional as functional_calls
from verify.defects.known_defects import load
from verify.subjects import NETWORKS

PROMISE, TIES = tied_gradients.PROMISE, ties.PROMISE


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


def fault(name, owner, attribute, replacement, question, subject="tied Linear", dtype="float32"):
    return Fault(name, subject, owner, attribute, replacement, f"{question}:", dtype)


GRADIENTS = (
    fault(
        "zeros from the start", nn.Linear, "reset_parameters", then(give_zeros),
        "gradients before the first backward",
    ),
    fault(
        "one use only", functional, "linear", first_use_only, "gradients off the sum",
        dtype="float64",
    ),
    fault(
        "one use only, rounded", functional, "linear", first_use_only, "gradients off the sum",
        dtype="bfloat16",
    ),
    fault(
        "nothing accumulates", torch.Tensor, "backward", overwriting,
        "gradients off the sum after several backward calls", "tied GRUCell",
    ),
    fault("nothing is zeroed", nn.Module, "zero_grad", nothing, "what zero_grad does not reset"),
    fault(
        "the optimizer zeroes nothing", torch.optim.Optimizer, "zero_grad", nothing,
        "what zero_grad does not reset",
    ),
    fault(
        "checkpointing halves", tied_gradients, "checkpoint", half_learnt,
        "gradients off the sum under checkpointing", "tied Conv2d",
    ),
    fault(
        "a call never ties", functional_calls, "functional_call", never_tied,
        "gradients off the sum by functional_call", "tied Embedding",
    ),
    fault(
        "a transformed call never ties", functional_calls, "functional_call", never_tied,
        "gradients off the sum by torch.func.grad", "tied autoencoder",
    ),
    fault(
        "a call takes anything", functional_calls, "functional_call", never_tied,
        "different values that functional_call takes for one", "tied LSTM",
    ),
    fault(
        "a call always ties", functional_calls, "functional_call", always_tied,
        "gradients off a place's own without tie_weights", "tied block",
    ),
    fault(
        "a call changes its network", functional_calls, "functional_call", leaving_more,
        "values that functional_call leaves in its network", "tied Embedding", "bfloat16",
    ),
    fault(
        "gradients are doubled", torch.autograd, "backward", doubled,
        "gradients off the exact slope", "tied Conv1d", "float64",
    ),
    fault("two steps", torch.optim.SGD, "step", twice, "steps of SGD off the closed form"),
    fault(
        "two steps of Adam", torch.optim.Adam, "step", twice, "steps of Adam off the closed form",
        "tied RNNCell", "bfloat16",
    ),
)  # fmt: skip

LOST = (
    fault(
        "listed for each name", nn.Module, "parameters", once_for_each_name,
        "names of tied tensors", "tied RNN",
    ),
    fault("a copy unties", ties.copy, "deepcopy", untying, "what a deepcopy loses"),
    fault(
        "a dtype unties", nn.Module, "_apply", then(own_parameters),
        "what a change of dtype loses", "tied Embedding",
    ),
    fault(
        "a device unties", nn.Module, "_apply", then(own_parameters),
        "what a move to the host and back loses", "tied autoencoder",
    ),
    fault(
        "loading unties", nn.Module, "_load_from_state_dict", then(own_parameters),
        "what a state dict loses",
    ),
    fault(
        "a file unties", nn.Module, "__setstate__", then(own_parameters), "what a file loses"
    ),
)  # fmt: skip


def ids(faults):
    return [fault.name for fault in faults]


@pytest.mark.parametrize("fault", GRADIENTS, ids=ids(GRADIENTS))
def test_a_wrong_gradient_is_found(fault, monkeypatch):
    fault.check(PROMISE, monkeypatch)


@pytest.mark.parametrize("fault", LOST, ids=ids(LOST))
def test_a_lost_tie_is_found(fault, monkeypatch):
    fault.check(TIES, monkeypatch)


@pytest.mark.parametrize(
    ("promise", "faults"), [(PROMISE, GRADIENTS), (TIES, LOST)], ids=["gradients", "ties"]
)
def test_every_question_finds_something(promise, faults):
    """A fault, or a known defect, which is red once it is mended."""
    known = {call for defect in load() for call in defect.calls}
    assert [question for question in unasked(promise, faults) if question not in known] == []


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_without_faults_nothing_is_found(network):
    assert ask(PROMISE, network.name, "float16").final_verdict == "pass"
    assert ask(TIES, network.name, "float16").final_verdict == "pass"


def mended(original, network, values, *args, tie_weights=True, **kwargs):
    """Keeps its network's own parameters, and takes any of their names."""
    named = dict(network.named_parameters(remove_duplicate=False))
    kept = [(part, dict(part._parameters)) for part in network.modules()]
    if tie_weights:
        tied = {id(named[name]): value for name, value in values.items()}
        if any(tied[id(named[name])] is not value for name, value in values.items()):
            raise ValueError("several values for one tensor")
        values = {name: tied[id(p)] for name, p in named.items() if id(p) in tied}
    result = original(network, values, *args, tie_weights=False, **kwargs)
    for part, own in kept:
        part._parameters.update(own)
    return result


def test_a_mended_call_is_noticed(monkeypatch):
    repair = fault("mended", functional_calls, "functional_call", mended, "fixed upstream: some")
    repair.plant(monkeypatch)
    outcome = ask(PROMISE, "tied Linear", "float64")
    assert "fixed upstream: values that functional_call leaves in shared modules" in str(outcome)
