"""Faults of tied parameters: shares of their gradient that are lost, and ties that are."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from selftest.planted.fault import Function, Plant, instead, table
from selftest.planted.module import after, fault

Share = Callable[[Tensor, int, int], Tensor]
"""What becomes of the gradient of one use, by its number and how many there are."""


def gradient(cell: str) -> str:
    """Return the node id of the test that compares tied gradients with untied ones."""
    return f"verify/test_tied_gradients.py::test_tied_gradient[cpu-{cell}]"


def tie(cell: str) -> str:
    """Return the node id of the test that copies, moves and stores tied networks."""
    return f"verify/test_ties.py::test_tie[cpu-{cell}]"


def _shares(change: Share, position: int = 1) -> Plant:
    """Change what a parameter gets of each of its uses; `position` is that of the weight."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(*args: Any, **kwargs: Any) -> Any:
            weight = args[position]
            weight.uses = number = getattr(weight, "uses", 0) + 1
            used = weight.view_as(weight)
            if used.requires_grad:
                used.register_hook(lambda g: change(g, number, weight.uses))
            return original(*args[:position], used, *args[position + 1 :], **kwargs)

        return faulty

    return plant


def _last_only(share: Tensor, number: int, uses: int) -> Tensor:
    return share if number == uses else torch.zeros_like(share)


def _averaged(share: Tensor, _: int, uses: int) -> Tensor:
    return share / uses


def _doubled(share: Tensor, _: int, uses: int) -> Tensor:
    return share * 2 if uses > 1 else share


def _rounded(share: Tensor, _: int, uses: int) -> Tensor:
    return share.half().to(share.dtype) if uses > 1 else share


def _first_lost(share: Tensor, number: int, uses: int) -> Tensor:
    return torch.zeros_like(share) if number == 1 < uses else share


def _never_learnt(original: Function) -> Function:
    @functools.wraps(original)
    def embedding(rows: Tensor, weight: Tensor, *args: Any, **kwargs: Any) -> Any:
        return original(rows, weight.detach(), *args, **kwargs) + 0 * weight.sum()

    return embedding


def _in_transposed_role(change: Callable[[Tensor], Tensor]) -> Plant:
    """Change the gradient of a weight that is the transposed of a parameter."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def linear(values: Tensor, weight: Tensor, *args: Any, **kwargs: Any) -> Any:
            if weight.grad_fn is not None:
                weight.register_hook(change)
            return original(values, weight, *args, **kwargs)

        return linear

    return plant


def _leaves(function: Any) -> Iterator[Tensor]:
    if hasattr(function, "variable"):
        yield function.variable
    for before, _ in function.next_functions:
        yield from _leaves(before) if before else ()


def _overwriting(original: Function) -> Function:
    @functools.wraps(original)
    def backward(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        for leaf in _leaves(self.grad_fn):
            leaf.grad = None
        return original(self, *args, **kwargs)

    return backward


def _all_doubled(original: Function) -> Function:
    @functools.wraps(original)
    def backward(tensors: Tensor, weights: Any = None, *args: Any, **kwargs: Any) -> Any:
        weights = torch.ones_like(tensors) if weights is None else weights
        return original(tensors, 2 * weights, *args, **kwargs)

    return backward


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """Leave every gradient as it is."""


def _half_learnt(original: Function) -> Function:
    @functools.wraps(original)
    def checkpoint(*args: Any, **kwargs: Any) -> Any:
        value = original(*args, **kwargs)
        return 0.5 * value + 0.5 * value.detach()

    return checkpoint


def _never_tied(original: Function) -> Function:
    @functools.wraps(original)
    def functional_call(*args: Any, **kwargs: Any) -> Any:
        return original(*args, **{**kwargs, "tie_weights": False})

    return functional_call


def _twice(original: Function) -> Function:
    @functools.wraps(original)
    def step(*args: Any, **kwargs: Any) -> Any:
        original(*args, **kwargs)
        return original(*args, **kwargs)

    return step


def _for_each_name(self: nn.Module, recurse: bool = True) -> Iterator[nn.Parameter]:
    named = self.named_parameters(recurse=recurse, remove_duplicate=False)
    return (parameter for _, parameter in named)


def _untie(module: nn.Module) -> None:
    for part in module.modules():
        for name, parameter in part.named_parameters(recurse=False):
            setattr(part, name, nn.Parameter(parameter.detach().clone()))


def _copied_apart(self: nn.Module, memo: dict[int, Any]) -> nn.Module:
    made = type(self).__new__(type(self))
    made.__dict__.update(copy.deepcopy(self.__dict__, memo))
    _untie(made)
    return made


def _each_tensor_once(original: Function) -> Function:
    @functools.wraps(original)
    def state_dict(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        state, seen = original(self, *args, **kwargs), set[int]()
        for name in [*state]:
            if state[name].data_ptr() in seen:
                del state[name]
            else:
                seen.add(state[name].data_ptr())
        return state

    return state_dict


def _copied_into(original: Function) -> Function:
    @functools.wraps(original)
    def assign(self: nn.Module, name: str, value: Any) -> None:
        own = self.__dict__.get("_parameters", {}).get(name)
        if own is None:
            original(self, name, value)
        else:
            own.data.copy_(value)

    return assign


_GRADIENT, _TIE = "tied_gradient", "tie"
_LINEAR = "functional.linear"
_SUM, _SLOPE = "gradients off the sum", "gradients off the exact slope"

_SHARES = table(
    fault("tied_last_use", "only the last use of a weight adds to its gradient",
          _LINEAR, _shares(_last_only), gradient("float64-tied Linear"), _GRADIENT, says=_SUM),
    fault("tied_average", "the gradient of a tied weight is averaged over its uses",
          _LINEAR, _shares(_averaged), gradient("bfloat16-tied block"), _GRADIENT, says=_SUM),
    fault("tied_doubled", "the gradient of a tied weight is doubled",
          _LINEAR, _shares(_doubled), gradient("float16-tied Linear"), _GRADIENT, says=_SUM),
    fault("tied_rounded", "the shares of a tied gradient are rounded to float16",
          _LINEAR, _shares(_rounded), gradient("float32-tied autoencoder"), _GRADIENT, says=_SUM),
    fault("tied_embedding_share", "a table that is projected onto learns nothing from look-ups",
          ("functional.embedding", _LINEAR), _shares(_first_lost),
          gradient("float32-tied Embedding"), _GRADIENT, says=_SUM),
    fault("tied_embedding_frozen", "look-ups never add to a gradient",
          "functional.embedding", _never_learnt, gradient("float64-tied Embedding"), _GRADIENT,
          says=_SLOPE),
    fault("tied_transposed_lost", "a weight in its transposed role learns nothing",
          _LINEAR, _in_transposed_role(torch.zeros_like), gradient("float64-tied autoencoder"),
          _GRADIENT, says=_SLOPE),
    fault("tied_transposed_untransposed", "the share of the transposed role is not transposed back",
          _LINEAR, _in_transposed_role(lambda g: g.t().reshape(g.shape)),
          gradient("float64-tied autoencoder"), _GRADIENT, says=_SLOPE),
    fault("tied_all_doubled", "every gradient is doubled, tied or not",
          "torch.autograd.backward", _all_doubled, gradient("float64-tied Conv2d"), _GRADIENT,
          says=_SLOPE),
    fault("tied_recurrent_copied", "a weight that is assigned to an RNN is copied into the old one",
          "RNNBase.__setattr__", _copied_into, gradient("float32-tied LSTM"),
          _GRADIENT, says=_SUM),
)  # fmt: skip

_USES = table(
    fault("tied_overwritten", "a second backward call overwrites the gradient",
          "torch.Tensor.backward", _overwriting, gradient("float32-tied GRUCell"), _GRADIENT,
          says="after several backward calls"),
    fault("tied_zero_grad_keeps", "Module.zero_grad leaves gradients as they are",
          "Module.zero_grad", instead(_nothing), gradient("bfloat16-tied Conv1d"), _GRADIENT,
          says="what zero_grad does not reset"),
    fault("tied_optimizer_keeps", "Optimizer.zero_grad leaves gradients as they are",
          "torch.optim.Optimizer.zero_grad", instead(_nothing), gradient("float64-tied RNN"),
          _GRADIENT, says="what zero_grad does not reset"),
    fault("tied_checkpoint", "half of the gradient is lost in checkpointing",
          "torch.utils.checkpoint.checkpoint", _half_learnt, gradient("float32-tied Conv2d"),
          _GRADIENT, says="under checkpointing", in_process=False),
    fault("tied_functional_call", "functional_call fills only the name that it is given",
          "torch.func.functional_call", _never_tied, gradient("float32-tied Embedding"), _GRADIENT,
          says="by functional_call", in_process=False),
    fault("tied_steps_of_sgd", "parameters are listed once for each name, and step as often",
          "Module.parameters", instead(_for_each_name), gradient("float32-tied Linear"), _GRADIENT,
          says="steps of SGD"),
    fault("tied_steps_of_adam", "Adam makes a step for each of two names",
          "torch.optim.Adam.step", _twice, gradient("bfloat16-tied RNNCell"), _GRADIENT,
          says="steps of Adam"),
)  # fmt: skip

_TIES = table(
    fault("tie_listed_twice", "parameters() lists a tied tensor once for each of its names",
          "Module.parameters", instead(_for_each_name), tie("float32-tied GRU"), _TIE,
          says="parameters()"),
    fault("tie_lost_by_deepcopy", "a deepcopy has a parameter for each name",
          "Module.__deepcopy__", instead(_copied_apart), tie("float32-tied block"), _TIE,
          says="what a deepcopy loses", adds=True),
    fault("tie_lost_by_to", ".to() makes a parameter for each name",
          "Module.to", after(_untie), tie("float32-tied Embedding"), _TIE,
          says="what a change of dtype loses"),
    fault("tie_lost_by_loading", "load_state_dict makes a parameter for each name",
          "Module._load_from_state_dict", after(_untie), tie("float32-tied Linear"), _TIE,
          says="what a state dict loses"),
    fault("tie_lost_in_a_file", "a module that is unpickled has a parameter for each name",
          "Module.__setstate__", after(_untie), tie("float32-tied autoencoder"), _TIE,
          says="what a file loses"),
    fault("tie_saved_once", "a state dict has a tied tensor under one name only",
          "Module.state_dict", _each_tensor_once, tie("float32-tied Conv1d"), _TIE,
          says="state_dict has"),
)  # fmt: skip

FAULTS = _SHARES | _USES | _TIES
