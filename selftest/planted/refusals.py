"""Faults of refusal and of time: what is impossible is done, in part or for ever."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from selftest.planted.fault import Call, Fault, Function, Plant, editing, table
from selftest.planted.fault import arguments as changing
from selftest.planted.module import behaviour, fault

ERRORS = ("errors",)
BOUNDED = "verify/test_bounded_time.py::test_bounded_time[cpu-{}-trunc_normal_]"


def errors(cell: str) -> str:
    """Return the node id of the test that asks a subject for the impossible."""
    return behaviour("errors", cell)


def made(factory: str) -> str:
    """Return the node id of the test that makes tensors without drawing."""
    return f"verify/test_empty.py::test_empty[cpu-float32-torch.full-{factory}]"


def _around(act: Callable[..., Any]) -> Plant:
    """Put a function in place of the original, which it gets besides the arguments."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(*args: Any, **kwargs: Any) -> Any:
            return act(original, *args, **kwargs)

        return faulty

    return plant


def _as_column(original: Function, tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
    if isinstance(tensor, Tensor) and tensor.dim() == 1:
        original(tensor.unsqueeze(1), *args, **kwargs)
        return tensor
    return original(tensor, *args, **kwargs)


def _every_slice(original: Function, tensor: Tensor) -> Tensor:
    for matrix in tensor if tensor.dim() == 3 else (tensor,):
        original(matrix)
    return tensor


def _fewer_groups(values: dict[str, Any]) -> None:
    tensor = values["tensor"]
    if isinstance(tensor, Tensor) and tensor.dim() in (3, 4, 5) and values["groups"] > 1:
        values["groups"] = math.gcd(tensor.size(0), values["groups"])


def _usual_mode(values: dict[str, Any]) -> None:
    if values["mode"] not in ("fan_in", "fan_out"):
        values["mode"] = "fan_in"


def _usual_nonlinearity(original: Function, nonlinearity: str, param: Any = None) -> Any:
    try:
        return original(nonlinearity, param)
    except ValueError:
        return original("relu") if nonlinearity != "leaky_relu" else original("leaky_relu")


def _in_range(original: Function, tensor: Any, sparsity: Any, **kwargs: Any) -> Any:
    if isinstance(sparsity, float) and not 0 <= sparsity <= 1:
        raise ValueError(f"planted: {sparsity} is no sparsity")
    return original(tensor, sparsity, **kwargs)


def _magnitude(values: dict[str, Any]) -> None:
    values["std"] = abs(values["std"])


def _truncated(original: Function, tensor: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(tensor, Tensor) and not (tensor.is_floating_point() or tensor.is_complex()):
        wide = torch.zeros(tensor.shape)
        original(wide, *args, **kwargs)
        return tensor.copy_(wide)
    return original(tensor, *args, **kwargs)


def _zeroed_first(original: Function, tensor: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(tensor, Tensor):
        with torch.no_grad():
            tensor.zero_()
    return original(tensor, *args, **kwargs)


def _drawn_first(original: Function, tensor: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(tensor, Tensor) and tensor.dim() < 2:
        torch.empty(3).normal_(generator=kwargs.get("generator"))
    return original(tensor, *args, **kwargs)


def _raising(error: Callable[[Exception], BaseException]) -> Plant:
    def act(original: Function, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(*args, **kwargs)
        except (ValueError, RuntimeError) as reason:
            raise error(reason) from None

    return _around(act)


def _no_entries(original: Function, tensor: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(tensor, Tensor) and not tensor.numel():
        raise ValueError("planted: there is nothing to fill")
    return original(tensor, *args, **kwargs)


def _sorted_range(original: Function, *args: Any, **kwargs: Any) -> Any:
    if "low" in kwargs and kwargs["low"] >= kwargs["high"]:
        kwargs |= {"low": kwargs["high"], "high": kwargs["low"] + 1}
    return original(*args, **kwargs)


def _endless(original: Function, tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
    while kwargs.get("a") == 30.0:
        pass
    return original(tensor, *args, **kwargs)


def _rejecting(original: Function, tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Redraw normals until every one of them is inside, however rarely that is."""
    if kwargs.get("a") != 5.0:
        return original(tensor, *args, **kwargs)
    while not bool(((tensor >= kwargs["a"]) & (tensor <= kwargs["b"])).all()):
        tensor.normal_(kwargs["mean"], kwargs["std"], generator=kwargs.get("generator"))
    return tensor


def _untruncated_in_the_tail(tensor: Tensor, call: Call) -> None:
    if call.values["a"] == 5.0:
        tensor[0] = 4.9


def _contiguous(original: Function, model: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    return original(model, *args, **{**kwargs, "memory_format": torch.contiguous_format})


def _drawn(original: Function, *args: Any, **kwargs: Any) -> Tensor:
    torch.rand(1)
    return original(*args, **kwargs)


def _last_left(original: Function, *args: Any, **kwargs: Any) -> Tensor:
    filled = original(*args, **kwargs)
    if filled.numel() > 1:
        with torch.no_grad():
            filled.view(-1)[-1] = 0
    return filled


_IMPOSSIBLE = table(
    fault(
        "vector_has_fans", "a tensor of one dimension is taken for a column",
        "init.xavier_normal_", _around(_as_column), errors("float32-xavier_normal_"), *ERRORS,
        says="fewer than two dimensions: nothing is raised",
    ),
    fault(
        "eye_of_three_dimensions", "each slice of three dimensions becomes the identity",
        "init.eye_", _around(_every_slice), errors("float32-eye_"), *ERRORS,
        says="other than two dimensions: nothing is raised",
    ),
    fault(
        "dirac_divides_anyway", "groups that do not divide are replaced by fewer",
        "init.dirac_", changing(_fewer_groups), errors("float32-dirac_"), *ERRORS,
        says="groups that do not divide: nothing is raised",
    ),
    fault(
        "any_mode_is_fan_in", "an unknown mode counts as fan_in",
        "init.kaiming_uniform_", changing(_usual_mode), errors("float32-kaiming_uniform_"),
        *ERRORS, says="an unknown mode: nothing is raised",
    ),
    fault(
        "any_nonlinearity_is_relu", "an unknown nonlinearity counts as a rectifier",
        "init.calculate_gain", _around(_usual_nonlinearity), errors("float32-kaiming_normal_"),
        *ERRORS, says="an unknown nonlinearity: nothing is raised",
    ),
    fault(
        "uniform_sorts_its_bounds", "swapped bounds are drawn up to the lower one",
        "init.uniform_", changing(lambda v: v.update(b=max(v["a"], v["b"]))),
        errors("float32-uniform_"), *ERRORS, says="swapped bounds: nothing is raised",
    ),
    fault(
        "normal_of_magnitude", "the sign of a standard deviation is ignored",
        "init.normal_", changing(_magnitude), errors("float32-normal_"), *ERRORS,
        says="a negative standard deviation: nothing is raised",
    ),
    fault(
        "randint_sorts_its_bounds", "a range without a number is turned round",
        "torch.randint", _around(_sorted_range), errors("int64-torch.randint"), *ERRORS,
        says="a range without a number: nothing is raised",
    ),
    fault(
        "whole_numbers_are_truncated", "whole numbers get the draws cut to whole ones",
        "init.uniform_", _around(_truncated), errors("float32-uniform_"), *ERRORS,
        says="whole numbers or truth values: nothing is raised",
    ),
    fault(
        "refused_when_half_done", "the tensor is zeroed before its dimensions are looked at",
        "init.sparse_", _around(_zeroed_first), errors("float32-sparse_"), *ERRORS,
        says="the tensor is changed",
    ),
    fault(
        "refused_after_a_draw", "something is drawn before the dimensions are looked at",
        "init.orthogonal_", _around(_drawn_first), errors("float32-orthogonal_"), *ERRORS,
        says="fewer than two dimensions: a stream is moved",
    ),
    fault(
        "refused_by_assertion", "what is impossible fails an assertion",
        "init.eye_", _raising(lambda reason: AssertionError(*reason.args)),
        errors("float32-eye_"), *ERRORS, says="AssertionError",
    ),
    fault(
        "refused_by_missing_key", "an unknown mode is a missing key",
        "init._calculate_correct_fan", _raising(lambda reason: KeyError(*reason.args)),
        errors("float32-kaiming_normal_"), *ERRORS, says="KeyError",
    ),
    fault(
        "refused_without_a_word", "the refusal says nothing",
        "init.dirac_", _raising(lambda _: ValueError()), errors("float32-dirac_"), *ERRORS,
        says="ValueError says nothing of use",
    ),
    fault(
        "refused_as_internal", "the refusal asks for a report",
        "init.uniform_", _raising(lambda reason: RuntimeError(f"INTERNAL ASSERT FAILED: {reason}")),
        errors("float32-uniform_"), *ERRORS, says="says nothing of use",
    ),
    fault(
        "no_entries_are_refused", "a tensor without entries is refused",
        "init.trunc_normal_", _around(_no_entries), errors("float32-trunc_normal_"), *ERRORS,
        says="a tensor without entries: ValueError",
    ),
    fault(
        "sparsity_is_looked_at", "a known defect is mended: an impossible sparsity is refused",
        "init.sparse_", _around(_in_range), errors("float32-sparse_"), *ERRORS,
        says="fixed upstream: a sparsity above one: nothing is wrong",
    ),
)  # fmt: skip

_TIME = table(
    Fault(
        "endless_loop_far_out", "a window at 30 standard deviations never returns",
        ("trunc_normal_",), _around(_endless), BOUNDED.format("float32"),
        frozenset({"time_limit"}), says="from 30 to 31", arguments=("--time-limit", "2"),
        verdict="timed out",
    ),
    Fault(
        "rejection_in_the_tail", "normals are redrawn until all of them are beyond 5",
        ("trunc_normal_",), _around(_rejecting), BOUNDED.format("float64"),
        frozenset({"time_limit"}), says="operations", verdict="timed out",
    ),
    Fault(
        "outside_far_out", "one value of a window in the tail lies below it",
        ("trunc_normal_",), editing(_untruncated_in_the_tail), BOUNDED.format("bfloat16"),
        frozenset({"time_limit"}), says="1 of 16 values outside the window",
    ),
)  # fmt: skip

_MADE = table(
    fault(
        "empty_like_is_contiguous", "empty_like forgets the order of the axes",
        "torch.empty_like", _around(_contiguous), made("torch.empty_like"), "empty",
        says=": strides",
    ),
    fault(
        "empty_strided_draws", "empty_strided moves the global stream",
        "torch.empty_strided", _around(_drawn), made("torch.empty_strided"), "empty",
        says="a global stream",
    ),
    fault(
        "full_but_the_last", "the last entry of full stays zero",
        "torch.full", _around(_last_left), made("torch.full"), "empty",
        says="entries that are not the value",
    ),
)  # fmt: skip

FAULTS = _IMPOSSIBLE | _TIME | _MADE
