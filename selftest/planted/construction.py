"""Faults of construction: dtype, device, memory, streams; and what is new and unknown."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import init

from selftest.planted.fault import Function, Plant, arguments, table
from selftest.planted.module import after, behaviour, each, fault

NAMED = ("construction",)


def _single_bias(linear: Any) -> None:
    if linear.bias is not None:
        linear.bias = nn.Parameter(linear.bias.float())


def _bias_on_host(norm: Any) -> None:
    if norm.bias is not None:
        norm.bias = nn.Parameter(torch.zeros(norm.bias.shape, device="cpu", dtype=norm.bias.dtype))


def _one_memory(cell: Any) -> None:
    if cell.bias_hh is not None:
        cell.bias_hh = nn.Parameter(cell.bias_ih.detach())


def _frozen(prelu: Any) -> None:
    prelu.weight.requires_grad_(False)


def _float_counter(norm: Any) -> None:
    if norm.num_batches_tracked is not None:
        norm.num_batches_tracked = norm.num_batches_tracked.to(norm.running_mean.dtype)


def _weight_as_buffer(norm: Any) -> None:
    if norm.weight is not None:
        weight = norm.weight.detach()
        del norm.weight
        norm.register_buffer("weight", weight)


def _not_persistent(norm: Any) -> None:
    if norm.running_var is not None:
        norm.register_buffer("running_var", norm.running_var, persistent=False)


def _drawing(_: Any) -> None:
    torch.rand(())


def _own_stream() -> Plant:
    stream = torch.Generator().manual_seed(0)

    def redraw(weight: Tensor, _: Any) -> None:
        if not weight.is_meta:
            bound = weight[0].numel() ** -0.5
            weight.uniform_(-bound, bound, generator=stream)

    return each("weight", redraw)


def _single_precision(values: dict[str, Any]) -> None:
    if values["dtype"] is None:
        values["dtype"] = torch.float32


def _initialised(original: Function) -> Function:
    @functools.wraps(original)
    def skip_init(cls: type[nn.Module], *args: Any, **kwargs: Any) -> nn.Module:
        module = original(cls, *args, **kwargs)
        if isinstance(module, nn.Linear):
            module.reset_parameters()
        return module

    return skip_init


def _undrawn_dtype(original: Function) -> Function:
    @functools.wraps(original)
    def skip_init(cls: type[nn.Module], *args: Any, **kwargs: Any) -> nn.Module:
        kwargs.pop("dtype", None)
        return original(cls, *args, **kwargs)

    return skip_init


def _shallow(original: Function) -> Function:
    @functools.wraps(original)
    def deepcopy(self: nn.Parameter, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data, self.requires_grad)
        return memo[id(self)]

    return deepcopy


_CONSTRUCTION = table(
    fault(
        "bias_dtype_ignored",
        "the bias of a linear map is float32 whatever dtype is asked for",
        "Linear.__init__",
        after(_single_bias),
        behaviour("construction", "float64-Linear"),
        *NAMED,
        says="bias is torch.float32",
    ),
    fault(
        "bias_device_ignored",
        "the bias of a layer norm is on the host, on the meta device too",
        "LayerNorm.__init__",
        after(_bias_on_host),
        behaviour("construction", "float32-LayerNorm"),
        *NAMED,
        says="on the meta device",
    ),
    fault(
        "default_dtype_ignored",
        "an embedding is float32 unless told otherwise",
        "Embedding.__init__",
        arguments(_single_precision),
        behaviour("construction", "float64-Embedding"),
        *NAMED,
        says="default device and dtype",
    ),
    fault(
        "counter_is_float",
        "num_batches_tracked has the dtype of the other tensors",
        "modules.batchnorm._NormBase.__init__",
        after(_float_counter),
        behaviour("construction", "float32-BatchNorm2d"),
        *NAMED,
        says="num_batches_tracked is torch.float32",
    ),
    fault(
        "biases_share_memory",
        "both biases of a cell are one piece of memory",
        "modules.rnn.RNNCellBase.__init__",
        after(_one_memory),
        behaviour("construction", "float32-GRUCell"),
        *NAMED,
        says="share memory",
    ),
    fault(
        "prelu_frozen",
        "the slope of PReLU cannot be trained",
        "PReLU.__init__",
        after(_frozen),
        behaviour("construction", "float32-PReLU"),
        *NAMED,
        says="cannot be trained",
    ),
    fault(
        "weight_is_buffer",
        "the weight of a layer norm is a buffer",
        "LayerNorm.__init__",
        after(_weight_as_buffer),
        behaviour("construction", "float32-LayerNorm"),
        *NAMED,
        says="parameters that are buffers",
    ),
    fault(
        "buffer_not_persistent",
        "running_var is left out of the state dict",
        "modules.batchnorm._NormBase.__init__",
        after(_not_persistent),
        behaviour("construction", "float32-BatchNorm1d"),
        *NAMED,
        says="state dict leaves out",
    ),
    fault(
        "constant_draws",
        "a group norm draws a number although all it holds is constant",
        "GroupNorm.__init__",
        after(_drawing),
        behaviour("construction", "float32-GroupNorm"),
        *NAMED,
        says="global stream",
    ),
    fault(
        "own_stream",
        "the weight of a convolution is drawn from a stream of its own, which no seed reaches",
        "Conv1d.reset_parameters",
        _own_stream(),
        behaviour("construction", "float32-Conv1d"),
        *NAMED,
        says="default device and dtype",
    ),
    fault(
        "skip_init_initialises",
        "skip_init initialises linear maps after all",
        "utils.skip_init",
        _initialised,
        behaviour("construction", "float32-Linear"),
        *NAMED,
        says="skip_init",
    ),
    fault(
        "skip_init_drops_dtype",
        "skip_init forgets the dtype",
        "utils.skip_init",
        _undrawn_dtype,
        behaviour("construction", "float64-Bilinear"),
        *NAMED,
        says="skip_init",
    ),
    fault(
        "deepcopy_shares_memory",
        "a deep copy shares the memory of its original",
        "parameter.Parameter.__deepcopy__",
        _shallow,
        behaviour("construction", "float32-LSTM"),
        *NAMED,
        says="deepcopy",
    ),
)


class Planted(nn.Module):
    """A module of which the suite does not know."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(num_features))


def _with_slope(softplus: nn.Softplus) -> None:
    softplus.register_parameter("slope", nn.Parameter(torch.ones(())))


def _new_function(_: Any) -> Function:
    def planted_(tensor: Tensor) -> Tensor:
        return tensor.fill_(0.5)

    planted_.__module__ = init.__name__
    return planted_


def _completeness(namespace: str) -> str:
    return f"verify/test_completeness.py::test_completeness[host-any-{namespace}]"


_NEW = table(
    fault(
        "new_module",
        "torch.nn has a new module with a parameter",
        "modules.Planted",
        lambda _: Planted,
        _completeness("torch.nn"),
        "completeness",
        says="torch.nn.Planted has state",
        adds=True,
    ),
    fault(
        "new_parameter",
        "a module that had no state has a parameter now",
        "Softplus.__init__",
        after(_with_slope),
        _completeness("torch.nn"),
        "completeness",
        says="torch.nn.Softplus has state",
    ),
    fault(
        "new_initializer",
        "torch.nn.init has a new function",
        "planted_",
        _new_function,
        _completeness("torch.nn.init"),
        "completeness",
        says="torch.nn.init.planted_ has no row",
        adds=True,
    ),
)

FAULTS = _CONSTRUCTION | _NEW
