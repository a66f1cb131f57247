"""Faults of parameter management: reached, trained, clipped or stored otherwise than documented."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from selftest.planted.fault import Fault, Function, Plant, always, arguments, instead, table
from selftest.planted.module import after, fault, times
from selftest.planted.module import behaviour as _behaviour

behaviour = functools.partial(_behaviour, "parameters")


def row(
    name: str, description: str, target: str | tuple[str, ...], plant: Plant, cell: str, says: str
) -> Fault:
    """Shorthand for a fault that one question of the promise must name."""
    return fault(name, description, target, plant, behaviour(cell), "parameters", says=says)


def childless(self: nn.Module, function: Callable[[nn.Module], object]) -> nn.Module:
    """Visit the leaves alone."""
    children = [*self.children()]
    for child in children:
        child.apply(function)
    if not children:
        function(self)
    return self


def parent_first(self: nn.Module, function: Callable[[nn.Module], object]) -> nn.Module:
    """Visit a module before its children."""
    function(self)
    for child in self.children():
        child.apply(function)
    return self


def every_name(self: nn.Module, recurse: bool = True) -> Iterator[Tensor]:
    """List a parameter once for each of its names."""
    for _, parameter in self.named_parameters(recurse=recurse, remove_duplicate=False):
        yield parameter


def copying(original: Function) -> Function:
    """Return a state of copies."""

    @functools.wraps(original)
    def state_dict(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        state = original(self, *args, **kwargs)
        for name in state:
            state[name] = state[name].clone()
        return state

    return state_dict


def without_biases(original: Function) -> Function:
    """Load everything but biases."""

    @functools.wraps(original)
    def load_state_dict(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        biases = {n: p for n, p in self.named_parameters() if "bias" in n}
        before = {name: bias.detach().clone() for name, bias in biases.items()}
        result = original(self, *args, **kwargs)
        with torch.no_grad():
            for name, bias in biases.items():
                bias.copy_(before[name])
        return result

    return load_state_dict


def never_strict(values: dict[str, Any]) -> None:
    """Take any keys."""
    values["strict"] = False


def keeping(self: nn.Module, set_to_none: bool = True) -> None:
    """Reset nothing."""


def first_alone(self: nn.Module, set_to_none: bool = True) -> None:
    """Reset the gradient of the first parameter."""
    for parameter in [*self.parameters()][:1]:
        if parameter.grad is not None:
            parameter.grad = None if set_to_none else torch.zeros_like(parameter.grad)


def one_by_one(original: Function) -> Function:
    """Clip each parameter's gradient by its own norm."""

    @functools.wraps(original)
    def clip(parameters: Iterable[Tensor], *args: Any, **kwargs: Any) -> Any:
        norms = [original([parameter], *args, **kwargs) for parameter in parameters]
        return torch.linalg.vector_norm(torch.stack(norms))

    return clip


def to_the_limit(original: Function) -> Function:
    """Scale small gradients up to the limit too."""

    @functools.wraps(original)
    def clip(parameters: Iterable[Tensor], max_norm: float, *args: Any, **kwargs: Any) -> Any:
        held = [*parameters]
        norm = original(held, max_norm, *args, **kwargs)
        for parameter in held:
            if parameter.grad is not None and norm < max_norm:
                parameter.grad.mul_(max_norm / norm)
        return norm

    return clip


def reached_not(self: nn.Module, mode: bool = True) -> nn.Module:
    """Switch the mode of the outermost module alone."""
    self.training = mode
    return self


def thawed(original: Function) -> Function:
    """Let everything learn."""

    @functools.wraps(original)
    def requires_grad_(self: Any, requires_grad: bool = True) -> Any:
        return original(self, True)

    return requires_grad_


def decaying(original: Function) -> Function:
    """Let weights decay even without a gradient."""

    @functools.wraps(original)
    def step(self: torch.optim.SGD, *args: Any, **kwargs: Any) -> Any:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    parameter.data.mul_(1 - group["lr"] * group["weight_decay"])
        return original(self, *args, **kwargs)

    return step


def backwards(original: Function) -> Function:
    """Take the parameters from the last to the first."""

    @functools.wraps(original)
    def vector_to_parameters(vector: Tensor, parameters: Iterable[Tensor]) -> None:
        original(vector, [*parameters][::-1])

    return vector_to_parameters


def overwriting(original: Function) -> Function:
    """Forget what was accumulated before."""

    @functools.wraps(original)
    def backward(tensors: Tensor, *args: Any, **kwargs: Any) -> Any:
        todo = [tensors.grad_fn]
        while todo:
            node = todo.pop()
            if node is not None:
                todo += [before for before, _ in node.next_functions]
                if hasattr(node, "variable"):
                    node.variable.grad = None
        return original(tensors, *args, **kwargs)

    return backward


def swapped(original: Function) -> Function:
    """Take the rows of the forget gate for those of the input gate, and the other way round."""

    @functools.wraps(original)
    def forward(self: nn.LSTM, *args: Any, **kwargs: Any) -> Any:
        n = self.hidden_size
        order = torch.arange(4 * n).view(4, n)[[1, 0, 2, 3]].flatten()
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if "weight_hr" not in name:
                    parameter.copy_(parameter[order].clone())
        return original(self, *args, **kwargs)

    return forward


def unnoticed(self: nn.Module, *replaced: Any) -> None:
    """Replace a weight, and go on with the old one."""
    if replaced:
        nn.Module.__setattr__(self, *replaced)


def new_weight(linear: Any) -> None:
    """Put a new parameter in the old one's place."""
    linear.weight = nn.Parameter(linear.weight.detach())


def rounded(original: Function) -> Function:
    """Cast by way of half precision."""

    @functools.wraps(original)
    def to(self: nn.Module, target: Any, **kwargs: Any) -> Any:
        return original(original(self, torch.bfloat16), target, **kwargs)

    return to


FAULTS = table(
    row("apply_skips_parents", "apply leaves out modules that have children", "Module.apply",
        instead(childless), "float32-Linear", "what apply visits otherwise"),
    row("apply_parent_first", "apply visits a module before its children", "Module.apply",
        instead(parent_first), "float64-TransformerEncoder", "what apply visits otherwise"),
    row("shared_listed_twice", "parameters() lists those of shared modules twice",
        "Module.parameters", instead(every_name), "float32-Conv2d", "counted again"),
    row("state_is_copied", "state_dict returns copies of the tensors", "Module.state_dict",
        copying, "float32-GRU", "by state_dict"),
    row("load_skips_biases", "load_state_dict leaves biases as they are",
        "Module.load_state_dict", without_biases, "float32-LSTM", "what a state dict loses"),
    row("load_is_never_strict", "load_state_dict takes wrong keys without a word",
        "Module.load_state_dict", arguments(never_strict), "float32-Bilinear", "keys that are"),
    row("zero_grad_keeps", "zero_grad does nothing", "Module.zero_grad", instead(keeping),
        "float64-BatchNorm1d", "what zero_grad leaves"),
    row("zero_grad_first_alone", "zero_grad resets the first parameter alone",
        "Module.zero_grad", instead(first_alone), "float32-Linear", "what zero_grad leaves"),
    row("clip_one_by_one", "each gradient is clipped by its own norm", "utils.clip_grad_norm_",
        one_by_one, "float64-MultiheadAttention", "gradients off the limit"),
    row("clip_scales_up", "gradients below the limit are scaled up to it",
        "utils.clip_grad_norm_", to_the_limit, "float32-Linear", "clipped below the limit"),
    row("clip_takes_nan", "error_if_nonfinite is ignored", "utils.clip_grad_norm_",
        arguments(always("error_if_nonfinite", False)), "float32-Embedding", "is taken"),
    row("flatten_rescales", "flatten_parameters changes every weight by 0.1 %",
        "modules.rnn.RNNBase.flatten_parameters", times("weight*", 1.001), "float32-LSTM",
        "what flatten_parameters changes"),
    row("eval_shrinks", "eval() changes weights by 0.1 %", "Module.eval",
        times("*weight", 0.999), "float64-Linear", "what train and eval change"),
    row("mode_reaches_no_child", "train() and eval() do not reach children", "Module.train",
        instead(reached_not), "float32-Conv2d", "what train and eval change"),
    row("freezing_ignored", "what is frozen has gradients all the same",
        "torch.Tensor.requires_grad_", thawed, "float32-Linear", "although it is frozen"),
    row("module_freezing_ignored", "a frozen module learns all the same",
        "Module.requires_grad_", thawed, "float32-RNN", "what freezing a module does not stop"),
    row("frozen_decays", "SGD lets weights decay that have no gradient", "torch.optim.SGD.step",
        decaying, "float32-Bilinear", "although it is frozen"),
    row("vector_backwards", "vector_to_parameters fills the last parameter first",
        "utils.vector_to_parameters", backwards, "float32-Linear", "a vector of parameters"),
    row("gradients_overwritten", "a backward call overwrites the gradients of the one before",
        "torch.autograd.backward", overwriting, "float64-GRU", "do not accumulate"),
    row("gates_swapped", "an LSTM takes the forget gate for the input gate", "LSTM.forward",
        swapped, "float32-LSTM", "gates out of order"),
    row("replaced_weight_unnoticed", "a recurrent network computes with replaced weights",
        ("modules.rnn.RNNBase.__setattr__", "modules.rnn.RNNBase._update_flat_weights"),
        instead(unnoticed), "float32-GRU", "although it is new"),
    row("reset_replaces", "a reset puts a new parameter in the old one's place",
        "Linear.reset_parameters", after(new_weight), "float32-Linear", "a reset thaws"),
    row("passing_buffer_saved", "a buffer that is not persistent is saved",
        "Module.register_buffer", arguments(always("persistent", True)), "float32-BatchNorm1d",
        "a passing buffer"),
    row("cast_by_half_precision", "a module is cast by way of bfloat16", "Module.to", rounded,
        "float32-Linear", "a change of dtype"),
)  # fmt: skip
