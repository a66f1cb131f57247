"""Initializers and random operations that ignore an argument, or take it for another."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from selftest.planted.fault import Fault, Function, Plant, always, arguments, calling, law, table
from selftest.planted.module import question
from selftest.planted.operations import operation

STREAMS = "streams that are used besides the generator:"
FILLED = {
    "uniform_": STREAMS,
    "normal_": STREAMS,
    "trunc_normal_": STREAMS,
    "xavier_uniform_": STREAMS,
    "xavier_normal_": STREAMS,
    "kaiming_uniform_": STREAMS,
    "kaiming_normal_": STREAMS,
    "orthogonal_": STREAMS,
    "sparse_": "what the generator does not decide:",
}

DRAWN = {
    "torch.rand": "float32-torch.rand",
    "torch.randn": "float32-torch.randn",
    "torch.normal": "float32-torch.normal",
    "torch.randint": "int64-torch.randint",
    "torch.bernoulli": "float32-torch.bernoulli",
    "torch.poisson": "float32-torch.poisson",
    "torch.multinomial": "int64-torch.multinomial",
    "torch.Tensor.random_": "int64-random_",
    "torch.Tensor.exponential_": "float32-exponential_",
    "torch.Tensor.geometric_": "float32-geometric_",
    "torch.Tensor.cauchy_": "float32-cauchy_",
    "torch.Tensor.log_normal_": "float32-log_normal_",
}
MOVED = "global streams that a call with a generator moves:"


def _without(name: str) -> Plant:
    """Leave an argument that is handed over by name to its default."""

    def left_out(original: Function, *args: Any, **kwargs: Any) -> Any:
        kwargs.pop(name, None)
        return original(*args, **kwargs)

    return calling(left_out)


def _swapped(one: str, other: str) -> Plant:
    """Take either argument for the other."""

    def swap(values: dict[str, Any]) -> None:
        values[one], values[other] = values[other], values[one]

    return arguments(swap)


def _emptied(original: Function, *args: Any, **kwargs: Any) -> Any:
    """Empty the tensor that is given as out before the probabilities are read."""
    if "out" in kwargs:
        kwargs["out"].zero_()
    return original(*args, **kwargs)


def _filled(name: str, does: str, target: str, plant: Plant, *checks: str) -> Fault:
    node = law(f"float32-{target}")
    return Fault(name, does, (target,), plant, node, frozenset(checks))


def _drawn(name: str, does: str, target: str, cell: str, plant: Plant, *checks: str) -> Fault:
    return Fault(name, does, (target,), plant, operation(cell), frozenset(checks))


INITIALIZERS = table(
    _filled("a for zero", "the lower bound is ignored", "uniform_", arguments(always("a", 0.0))),
    _filled("b by the default", "the upper bound is ignored", "uniform_",
            arguments(lambda v: v.update(b=v["a"] + 1))),
    _filled("mean for zero", "the mean is ignored", "normal_", arguments(always("mean", 0.0))),
    _filled("truncated mean for zero", "the mean is ignored", "trunc_normal_",
            arguments(always("mean", 0.0))),
    _filled("truncated std for one", "the standard deviation is ignored", "trunc_normal_",
            arguments(always("std", 1.0))),
    _filled("a by symmetry", "the lower bound is the upper one with its sign changed",
            "trunc_normal_", arguments(lambda v: v.update(a=min(-v["b"], v["b"] - 1)))),
    _filled("b by symmetry", "the upper bound is the lower one with its sign changed",
            "trunc_normal_", arguments(lambda v: v.update(b=max(-v["a"], v["a"] + 1)))),
    _filled("val for its magnitude", "the sign of the value is ignored", "constant_",
            arguments(lambda v: v.update(val=abs(v["val"])))),
    _filled("kaiming a for zero", "the slope of uniform weights is ignored", "kaiming_uniform_",
            arguments(always("a", 0.0))),
    _filled("always leaky_relu", "the nonlinearity is ignored", "kaiming_uniform_",
            arguments(always("nonlinearity", "leaky_relu"))),
    _filled("always relu", "every nonlinearity is taken for relu", "kaiming_normal_",
            arguments(always("nonlinearity", "relu"))),
    _filled("always fan_in", "the mode is ignored", "kaiming_normal_",
            arguments(always("mode", "fan_in"))),
    _filled("always a tenth of zeros", "the sparsity is ignored", "sparse_",
            arguments(always("sparsity", 0.1))),
    _filled("always a hundredth", "the standard deviation of sparse weights is ignored", "sparse_",
            arguments(always("std", 0.01))),
    _filled("an alias without keywords", "the deprecated alias drops what is given by name",
            "normal", calling(lambda original, *args, **_: original(*args))),
    _filled("an alias of a copy", "the deprecated alias fills a copy", "kaiming_uniform",
            calling(lambda original, tensor, *args, **kwargs: original(
                tensor.clone(), *args, **kwargs))),
)  # fmt: skip

GENERATORS = table(
    *(question("contracts", "call", f"{name} without its generator", f"float32-{name}", name,
               _without("generator"), says) for name, says in FILLED.items()),
    *(question("streams", "streams", f"{name} without its generator", cell, name,
               _without("generator"), MOVED) for name, cell in DRAWN.items()),
    question("generators", "streams", "bernoulli empties out", "float32-torch.rand",
             "torch.bernoulli", calling(_emptied),
             "forms of bernoulli that overwrite their probabilities before they read them:"),
)  # fmt: skip


def _in_float32(original: Function, *args: Any, **kwargs: Any) -> Tensor:
    """In the precision of float32, whatever dtype is asked for."""
    dtype = kwargs.pop("dtype", None)
    drawn: Tensor = original(*args, **kwargs, dtype=torch.float32)
    return drawn.to(dtype)


def _zero_based(original: Function, low: int, high: int, *args: Any, **kwargs: Any) -> Any:
    return original(0, high - low, *args, **kwargs)


def _from_zero(original: Function, self: Tensor, low: int, high: int, **kwargs: Any) -> Any:
    return original(self, 0, high - low, **kwargs)


def _of_rate_one(original: Function, self: Tensor, _rate: float, **kwargs: Any) -> Any:
    return original(self, 1.0, **kwargs)


def _about_zero(
    original: Function, self: Tensor, _location: float, *args: Any, **kwargs: Any
) -> Any:
    return original(self, 0.0, *args, **kwargs)


def _one_order(original: Function, n: int, **kwargs: Any) -> Any:
    """Of the first two entries alone."""
    order = torch.arange(n, dtype=kwargs.get("dtype"), device=kwargs.get("device"))
    order[:2] = original(min(2, n), **kwargs)
    return order


def _squared(original: Function, chances: Tensor, *args: Any, **kwargs: Any) -> Any:
    return original(chances, *(p * p for p in args), **kwargs)


def _positive(original: Function, size: Any, value: float, **kwargs: Any) -> Any:
    return original(size, abs(value), **kwargs)


def _reversed(original: Function, size: Any, **kwargs: Any) -> Any:
    return original((*size,)[::-1], **kwargs)


def _whole_reversed(original: Function, low: int, high: int, size: Any, **kwargs: Any) -> Any:
    return original(low, high, (*size,)[::-1], **kwargs)


def _normal_reversed(original: Function, mean: Any, std: Any, *size: Any, **kwargs: Any) -> Any:
    return original(mean, std, *((*each,)[::-1] for each in size), **kwargs)


def _full_reversed(original: Function, size: Any, *args: Any, **kwargs: Any) -> Any:
    return original((*size,)[::-1], *args, **kwargs)


def _through_half(original: Function, size: Any, value: float, **kwargs: Any) -> Any:
    return original(size, float(torch.tensor(value).half()), **kwargs)


def _order_in_half(original: Function, n: int, *, dtype: Any, **kwargs: Any) -> Any:
    return original(n, **kwargs).half().to(dtype)


def _one_pick(original: Function, weights: Tensor, number: int, *args: Any, **kwargs: Any) -> Any:
    return original(weights, 1, *args, **kwargs).expand(*weights.shape[:-1], number)


def _beside_out(original: Function, *args: Any, out: Any = None, **kwargs: Any) -> Any:
    """Into a tensor of its own, of which `out` gets all but the last entry."""
    if out is None:
        return original(*args, **kwargs)
    out.view(-1)[:-1] = original(*args, out=out.clone(), **kwargs).view(-1)[:-1]
    return out


def _about_none(original: Function, self: Any, *args: Any) -> Any:
    return original(self, *args) - self.loc


def _model_in_float32(original: Function, model: Tensor, **kwargs: Any) -> Tensor:
    drawn: Tensor = original(model.float(), **kwargs)
    return drawn.to(model.dtype)


def _model_reversed(original: Function, model: Tensor, *args: Any, **kwargs: Any) -> Any:
    return original(model.new_empty(model.shape[::-1]), *args, **kwargs)


OPERATIONS = table(
    _drawn("rand_like of few bits", "rand_like ignores the dtype of its model", "torch.rand_like",
           "float64-torch.rand_like", calling(_model_in_float32)),
    _drawn("randn_like of few bits", "randn_like ignores the dtype of its model",
           "torch.randn_like", "float64-torch.randn_like", calling(_model_in_float32)),
    _drawn("randint_like turned round", "randint_like reverses the size of its model",
           "torch.randint_like", "int16-torch.randint_like of int16", calling(_model_reversed)),

    _drawn("rand of few bits", "rand draws in float32 whatever is asked", "torch.rand",
           "float64-torch.rand", calling(_in_float32)),
    _drawn("randn of few bits", "randn draws in float32 whatever is asked", "torch.randn",
           "float64-torch.randn", calling(_in_float32)),
    _drawn("randn turned round", "randn reverses its size", "torch.randn",
           "float32-torch.randn", calling(_reversed)),
    _drawn("rand turned round", "rand reverses its size", "torch.rand",
           "float32-torch.rand", calling(_reversed)),
    _drawn("randint turned round", "randint reverses its size", "torch.randint",
           "int64-torch.randint", calling(_whole_reversed)),
    _drawn("normal turned round", "normal reverses its size", "torch.normal",
           "float32-torch.normal of numbers", calling(_normal_reversed)),
    _drawn("full turned round", "full reverses its size", "torch.full",
           "float32-torch.full", calling(_full_reversed)),
    _drawn("full in half precision", "full rounds its value to float16", "torch.full",
           "float64-torch.full", calling(_through_half)),
    _drawn("an order in half precision", "long orders are rounded to float16", "torch.randperm",
           "float64-torch.randperm_long", calling(_order_in_half)),
    _drawn("one pick repeated", "multinomial repeats its first pick", "torch.multinomial",
           "int64-torch.multinomial", calling(_one_pick)),
    _drawn("randint out unfilled", "randint leaves the last entry of out= as it was",
           "torch.randint", "int32-torch.randint out of int32", calling(_beside_out)),
    _drawn("bernoulli out unfilled", "bernoulli leaves the last entry of out= as it was",
           "torch.bernoulli", "float32-torch.bernoulli out", calling(_beside_out)),
    _drawn("samples about zero", "samples of a normal distribution ignore its mean",
           "torch.distributions.Normal.rsample", "float32-Normal.rsample",
           calling(_about_none)),
    _drawn("low for zero", "whole numbers start at zero", "torch.randint",
           "int64-torch.randint", calling(_zero_based)),
    _drawn("from for zero", "random_ starts at zero", "torch.Tensor.random_",
           "int64-random_", calling(_from_zero)),
    _drawn("a rate of one", "exponential_ ignores its rate", "torch.Tensor.exponential_",
           "float32-exponential_", calling(_of_rate_one)),
    _drawn("a median of zero", "cauchy_ ignores its median", "torch.Tensor.cauchy_",
           "float32-cauchy_", calling(_about_zero)),
    _drawn("a logarithm about zero", "log_normal_ ignores its mean", "torch.Tensor.log_normal_",
           "float32-log_normal_", calling(_about_zero)),
    _drawn("two of n", "randperm exchanges the first two alone", "torch.randperm",
           "int64-torch.randperm", calling(_one_order)),
    _drawn("chances squared", "bernoulli squares a number p", "torch.bernoulli",
           "float32-torch.bernoulli of a number", calling(_squared)),
    _drawn("chances squared in place", "bernoulli_ squares a number p", "torch.Tensor.bernoulli_",
           "float32-bernoulli_", calling(_squared)),
    _drawn("a value for its magnitude", "full ignores the sign of its value", "torch.full",
           "float32-torch.full", calling(_positive)),
)  # fmt: skip

FAULTS = INITIALIZERS | GENERATORS | OPERATIONS
