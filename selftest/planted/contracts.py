"""Faults of the call itself: what is returned, recorded, drawn from, or changed besides."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from selftest.planted.fault import Call, Fault, Function, Plant, arguments, returning, table


def where(condition: Callable[[Call], bool], do: Callable[[Call], object]) -> Plant:
    """Do something besides, without a trace in autograd, where a condition holds."""

    def edit(result: Any, call: Call) -> Any:
        if condition(call):
            with torch.no_grad():
                do(call)
        return result

    return returning(edit)


def always_(_: Call) -> bool:
    """The condition that holds for every call."""
    return True


def moved(tensor: Tensor) -> None:
    """Move a tensor to memory of its own, as if it had been made anew."""
    tensor.set_(tensor.clone(memory_format=torch.contiguous_format))


def unrecorded(original: Function) -> Function:
    """Write by way of ``.data``, which has a version of its own."""

    @functools.wraps(original)
    def faulty(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        original(tensor.data, *args, **kwargs)
        return tensor

    return faulty


def recorded(result: Tensor, _: Call) -> Tensor:
    """Leave the last step to autograd, where the tensor is a result."""
    if not (result.is_leaf or result._is_view()):
        with torch.enable_grad():
            result.mul_(1.0)
    return result


def unnoticed_by_override(original: Function) -> Function:
    """Keep subclasses from seeing what is done to them."""

    @functools.wraps(original)
    def faulty(*args: Any, **kwargs: Any) -> Any:
        with torch._C.DisableTorchFunctionSubclass():
            return original(*args, **kwargs)

    return faulty


def refusing_empty(original: Function) -> Function:
    """Refuse a tensor without entries."""

    @functools.wraps(original)
    def faulty(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
        if not tensor.numel():
            raise ValueError("planted: there is nothing to fill")
        return original(tensor, *args, **kwargs)

    return faulty


def batched(call: Call) -> bool:
    """Whether the call is one of many that vmap makes at once."""
    return torch._C._functorch.is_batchedtensor(call.tensor)


def on_meta(call: Call) -> bool:
    """Whether the tensor has no data."""
    return call.tensor.is_meta


def private(values: dict[str, Any]) -> None:
    """Draw from a stream of one's own where none is given."""
    values["generator"] = values["generator"] or torch.Generator().manual_seed(0)


def advance(_: object) -> None:
    """Draw from the global stream."""
    torch.rand(1)


def contract(cell: str) -> str:
    """Return the node id of the test of the contract: ``float32-normal_``."""
    return f"verify/test_contracts.py::test_contract[cpu-{cell}]"


def transforms(cell: str) -> str:
    """Return the node id of the test under subclasses, modes and vmap."""
    return f"verify/test_transforms.py::test_transforms[cpu-{cell}]"


def _fault(name: str, description: str, plant: Plant, node: str, says: str) -> Fault:
    target = node.rpartition("-")[2].rstrip("]")
    return Fault(name, description, (target,), plant, node, frozenset({"call"}), says=says)


FAULTS = table(
    _fault(
        "returns_copy",
        "a copy is returned",
        returning(lambda result, _: result.clone()),
        contract("float32-normal_"),
        "what else changes of a plain tensor: another tensor is returned",
    ),
    _fault(
        "returns_none",
        "nothing is returned",
        returning(lambda *_: None),
        contract("float32-eye_"),
        "what else changes of a plain tensor: NoneType is returned",
    ),
    _fault(
        "returns_float32",
        "what is returned is float32",
        returning(lambda result, _: result.float()),
        contract("bfloat16-kaiming_uniform_"),
        "what else changes of a plain tensor: another tensor is returned, of another dtype",
    ),
    _fault(
        "strides_made_contiguous",
        "the tensor is contiguous after the call",
        where(lambda call: not call.tensor.is_contiguous(), lambda call: moved(call.tensor)),
        contract("float32-xavier_uniform_"),
        "what else changes of a tensor that is laid strided: strides, storage offset, address",
    ),
    _fault(
        "requires_grad_lost",
        "a leaf no longer requires its gradient",
        where(lambda call: call.tensor.is_leaf, lambda call: call.tensor.requires_grad_(False)),
        contract("float64-uniform_"),
        "what else changes of a Parameter: requires_grad",
    ),
    _fault(
        "recorded_by_autograd",
        "the call becomes a step of the computation",
        returning(recorded),
        contract("float32-xavier_normal_"),
        "what autograd records: a result",
    ),
    _fault(
        "version_stays",
        "values are written by way of .data",
        unrecorded,
        contract("float32-orthogonal_"),
        "what autograd does not notice: the version stays, a backward pass",
    ),
    _fault(
        "global_stream_advanced",
        "the global stream moves although a generator is given",
        where(lambda call: call.generator is not None, advance),
        contract("float32-trunc_normal_"),
        "streams that are used besides the generator: the global stream moves",
    ),
    _fault(
        "private_generator",
        "without a generator the values come from a stream that starts anew in every call",
        arguments(private),
        contract("float16-kaiming_normal_"),
        "what the global stream does not decide: the global stream stays where it is, "
        "two seeds give the same values",
    ),
    _fault(
        "constant_moves_stream",
        "a constant draws from the global stream",
        where(always_, advance),
        contract("complex64-constant_"),
        "streams that a call without chance uses: the global stream moves",
    ),
    _fault(
        "other_under_inference_mode",
        "under inference_mode the values have another sign",
        where(lambda _: torch.is_inference_mode_enabled(), lambda call: call.tensor.neg_()),
        contract("float32-uniform_"),
        "where the same seed gives other values: inference_mode",
    ),
    _fault(
        "empty_refused",
        "a tensor without entries raises ValueError",
        refusing_empty,
        contract("float32-sparse_"),
        "what goes wrong without channels: ValueError (planted: there is nothing to fill)",
    ),
    _fault(
        "subclass_lost",
        "a plain tensor is returned whatever the class",
        returning(lambda result, _: result.as_subclass(Tensor)),
        transforms("float32-zeros_"),
        "what a subclass changes: another tensor is returned, of another class",
    ),
    _fault(
        "override_bypassed",
        "an override of __torch_function__ does not see the call",
        unnoticed_by_override,
        transforms("float32-dirac_"),
        "what an override does not see:",
    ),
    _fault(
        "meta_materialised",
        "a meta tensor comes back on the host",
        returning(lambda result, call: torch.empty(result.shape) if on_meta(call) else result),
        transforms("float32-orthogonal_"),
        "what changes of a meta tensor: another tensor is returned, of another device",
    ),
    _fault(
        "vmap_rows_identical",
        "what vmap fills is the same in every row",
        where(batched, lambda call: call.tensor.fill_(0.25)),
        transforms("float32-normal_"),
        "rows that vmap makes alike with randomness='different': rows 0 and 1, ",
    ),
    _fault(
        "vmap_ones_otherwise",
        "what vmap fills is zero in place of one",
        where(batched, lambda call: call.tensor.zero_()),
        transforms("float64-ones_"),
        "rows that vmap fills otherwise: row 0, row 1, row 2",
    ),
)
