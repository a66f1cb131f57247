"""Faults that a contiguous float32 tensor never shows: half precision, complex, layouts."""

from __future__ import annotations

import torch
from torch import Tensor

from selftest.planted.fault import Call, Fault, editing, law, table

HALF = (torch.bfloat16, torch.float16)


def layout(cell: str, name: str) -> str:
    """Return the node id of the test that holds a cell against its law in a layout."""
    return f"verify/test_layouts.py::test_layout[cpu-{cell}-{name}]"


def _return_excluded_bound(tensor: Tensor, call: Call) -> None:
    if tensor.dtype in HALF:
        low, high = call.values["a"], call.values["b"]
        tensor[tensor == torch.tensor(low, dtype=tensor.dtype)] = high


def _towards_zero(tensor: Tensor, call: Call) -> None:
    if tensor.dtype in HALF:
        drawn = torch.randn(tensor.shape, generator=call.generator)
        wide = call.values["mean"] + call.values["std"] * drawn
        cut = wide.view(torch.int32) & (-65536 if tensor.dtype == torch.bfloat16 else -8192)
        tensor.copy_(cut.view(torch.float32))


def _eight_bits(tensor: Tensor, call: Call) -> None:
    if tensor.dtype in HALF:
        unit = (call.uniforms().float() * 256).floor() / 256
        tensor.copy_(call.values["a"] + (call.values["b"] - call.values["a"]) * unit)


def _often_the_lower_bound(tensor: Tensor, call: Call) -> None:
    if tensor.dtype in HALF:
        tensor.masked_fill_(call.chance(1 / 64), call.values["a"])


def _one_number_early(tensor: Tensor, call: Call) -> None:
    if tensor.dtype in HALF:
        low, high = (torch.tensor(call.values[name], dtype=tensor.dtype) for name in "ab")
        last = torch.nextafter(high, low)
        tensor.copy_(torch.where(tensor >= last, torch.nextafter(last, low), tensor))


def _clamped_to_the_window(tensor: Tensor, call: Call) -> None:
    if tensor.dtype in HALF:
        mean, std, a, b = (call.values[name] for name in ("mean", "std", "a", "b"))
        tensor.copy_((mean + std * call.normals().double()).clamp(a, b))


def _short_tail(tensor: Tensor, call: Call) -> None:
    if tensor.dtype in HALF:
        mean, std = call.values["mean"], call.values["std"]
        tensor.clamp_(mean - 3.33 * std, mean + 3.33 * std)


def _two_percent_wide(tensor: Tensor, _: Call) -> None:
    if tensor.dtype in HALF:
        tensor.copy_(tensor.double() * 1.02)


def _full_variance(tensor: Tensor, _: Call) -> None:
    if tensor.is_complex():
        tensor.mul_(2**0.5)


def _real_only(tensor: Tensor, _: Call) -> None:
    if tensor.is_complex():
        torch.view_as_real(tensor)[..., 1] = 0


def _same_parts(tensor: Tensor, _: Call) -> None:
    if tensor.is_complex():
        parts = torch.view_as_real(tensor)
        parts[..., 1] = parts[..., 0]


def _beyond_the_end(tensor: Tensor, _: Call) -> None:
    storage = torch.empty(0, dtype=tensor.dtype).set_(tensor.untyped_storage())
    end = tensor.storage_offset() + tensor.numel()
    if tensor.is_contiguous() and storage.numel() > end:
        storage[end] = 0


def _between_strides(tensor: Tensor, _: Call) -> None:
    if tensor.dim() and tensor.stride(-1) == 2:
        storage = torch.empty(0, dtype=tensor.dtype).set_(tensor.untyped_storage())
        storage[tensor.storage_offset() + 1] = 0


def _channels_last_repeats(tensor: Tensor, _: Call) -> None:
    if tensor.dim() == 4 and not tensor.is_contiguous() and tensor.size(0) > 1:
        tensor[1] = tensor[0]


def _far_rows_equal(tensor: Tensor, _: Call) -> None:
    if tensor.dim() > 1 and tensor.size(0) > 9:
        tensor[7] = tensor[1]


def _far_columns_equal(tensor: Tensor, _: Call) -> None:
    if tensor.dim() > 1 and tensor.size(-1) > 9:
        tensor[..., 7] = tensor[..., 1]


FAULTS = table(
    Fault(
        "half_uniform_excluded_bound",
        "half precision returns the excluded upper bound where it should return the lower one",
        ("uniform_",),
        editing(_return_excluded_bound),
        law("bfloat16-uniform_"),
        frozenset({"support"}),
    ),
    Fault(
        "half_normal_towards_zero",
        "half-precision normals are cut, not rounded",
        ("normal_",),
        editing(_towards_zero),
        law("bfloat16-normal_"),
        frozenset({"scale", "legendre", "chi_square"}),
        # Half a lattice step shrinks the scale by 0.3 %: too little for the smaller profiles.
        arguments=("--profile", "deep"),
    ),
    Fault(
        "half_uniform_eight_bits",
        "half-precision uniforms have eight bits",
        ("uniform_",),
        editing(_eight_bits),
        law("float16-uniform_"),
        frozenset({"tails", "extremes", "chi_square", "legendre", "contract", "ends"}),
    ),
    Fault(
        "half_uniform_lower_bound",
        "1 value in 64 of a half-precision uniform is the lower bound",
        ("uniform_",),
        editing(_often_the_lower_bound),
        law("bfloat16-uniform_"),
        frozenset({"ends"}),
    ),
    Fault(
        "half_uniform_no_upper_end",
        "half-precision uniforms end one number too early",
        ("uniform_",),
        editing(_one_number_early),
        law("bfloat16-uniform_"),
        frozenset({"ends"}),
    ),
    Fault(
        "half_truncated_clamped",
        "what lies outside the window is moved to its bounds in half precision",
        ("trunc_normal_",),
        editing(_clamped_to_the_window),
        law("bfloat16-trunc_normal_"),
        frozenset({"ends", "contract"}),
    ),
    Fault(
        "half_normal_tail",
        "half-precision normals end at 3.33 standard deviations",
        ("normal_",),
        editing(_short_tail),
        law("float16-normal_"),
        frozenset({"tails", "extremes"}),
    ),
    Fault(
        "half_scale",
        "half-precision Kaiming weights are two percent too wide",
        ("kaiming_normal_",),
        editing(_two_percent_wide),
        law("bfloat16-kaiming_normal_"),
        frozenset({"scale", "legendre"}),
    ),
    Fault(
        "complex_full_variance",
        "each part of a complex normal has the whole variance",
        ("xavier_normal_",),
        editing(_full_variance),
        law("complex64-xavier_normal_"),
        frozenset({"scale", "legendre"}),
    ),
    Fault(
        "complex_real_only",
        "the imaginary part of a complex normal is zero",
        ("kaiming_normal_",),
        editing(_real_only),
        law("complex128-kaiming_normal_"),
        frozenset({"atoms", "scale", "duplicates"}),
    ),
    Fault(
        "complex_same_parts",
        "real and imaginary part are one draw",
        ("normal_",),
        editing(_same_parts),
        law("complex64-normal_"),
        frozenset({"joint", "stretches"}),
    ),
    Fault(
        "half_rows_equal",
        "two rows of a half-precision tensor that are not neighbours are equal",
        ("normal_",),
        editing(_far_rows_equal),
        law("bfloat16-normal_"),
        frozenset({"repeats"}),
    ),
    Fault(
        "half_columns_equal",
        "two columns of a half-precision tensor that are not neighbours are equal",
        ("kaiming_uniform_",),
        editing(_far_columns_equal),
        law("float16-kaiming_uniform_"),
        frozenset({"repeats"}),
    ),
    Fault(
        "writes_beyond_the_end",
        "one value after the end of the tensor is overwritten",
        ("ones_",),
        editing(_beyond_the_end),
        layout("float32-ones_", "offset"),
        frozenset({"canary"}),
    ),
    Fault(
        "writes_between_strides",
        "a value between two strided ones is overwritten",
        ("uniform_",),
        editing(_between_strides),
        layout("float64-uniform_", "strided"),
        frozenset({"canary"}),
    ),
    Fault(
        "channels_last_repeats",
        "the second filter of a channels_last weight repeats the first",
        ("kaiming_uniform_",),
        editing(_channels_last_repeats),
        layout("float32-kaiming_uniform_", "channels_last"),
        frozenset({"duplicates", "correlation"}),
    ),
)
"""Faults of precision and layout by name."""
