"""Faults of dependence at a distance, between tensors, of sizes, signs, pairs, triples, regions."""

from __future__ import annotations

import functools
import math
from typing import Any

import torch
from scipy.signal import lfilter
from torch import Tensor

from selftest.planted.fault import Call, Edit, Fault, Function, editing, flat, law, table
from selftest.planted.module import after, default
from selftest.planted.module import fault as of_module

BIG = 4096
RUN = 128
LANE = 5


def _echo(row: Tensor, call: Call, lag: int, share: float) -> None:
    """Some values are the mirror image of the one so many before."""
    if row.numel() <= lag:
        return
    middle = _middle(call)
    mirrored = 2 * middle - row[:-lag]
    kept = torch.empty(mirrored.shape).uniform_(generator=call.generator) < share
    row[lag:][kept] = mirrored[kept]


def _middle(call: Call) -> float:
    values = call.values
    return float(values["mean"] if "mean" in values else (values["a"] + values["b"]) / 2)


def _far_serial(row: Tensor, call: Call, lag: int = 1000, rho: float = 0.1) -> None:
    if row.numel() <= lag:
        return
    mean, std = call.values["mean"], call.values["std"] or 1.0
    noise = ((row.double() - mean) / std).numpy()
    noise[lag:] *= math.sqrt(1 - rho**2)
    filtered = lfilter([1.0], [1.0, *[0.0] * (lag - 1), -rho], noise)
    row.copy_(torch.from_numpy(filtered) * std + mean)


def _clustered(row: Tensor, call: Call) -> None:
    """Small sizes lie together, and large ones; every value keeps the sign of its place."""
    runs = row[: row.numel() // RUN * RUN].view(-1, RUN)
    if not runs.numel():
        return
    centred = runs - _middle(call)
    sizes = centred.abs().sort(dim=1).values
    turned = torch.empty(len(runs), 1).uniform_(generator=call.generator) < 0.5
    runs.copy_(_middle(call) + torch.where(turned, sizes.flip(1), sizes) * centred.sign())


def _third_sign(row: Tensor, _: Call) -> None:
    """Each third value has the sign of the product of the two before."""
    triples = row[: row.numel() // 3 * 3].view(-1, 3)
    triples[:, 2] = triples[:, 2].abs() * (triples[:, 0] * triples[:, 1]).sign()


def _sign_by_size(row: Tensor, call: Call) -> None:
    """Each second value is positive where the one before is large, in standard deviations."""
    pairs = row[: row.numel() // 2 * 2].view(-1, 2)
    middle, scale = _middle(call), call.values["std"]
    large = (pairs[:, 0] - middle).abs() > 0.6745 * scale
    pairs[:, 1] = middle + (pairs[:, 1] - middle).abs() * torch.where(large, 1, -1)


def _units(row: Tensor, call: Call, group: int) -> tuple[Tensor, float, float]:
    low, width = call.values["a"], (call.values["b"] - call.values["a"]) or 1.0
    groups = row[: row.numel() // group * group].view(-1, group)
    return (groups.double() - low) / width, low, width


def _planes(row: Tensor, call: Call) -> None:
    u, low, width = _units(row, call, 3)
    row.view(-1)[2 : 3 * len(u) : 3] = (low + width * ((u[:, 0] + u[:, 1]) % 1)).to(row.dtype)


def _doubled(row: Tensor, call: Call) -> None:
    u, low, width = _units(row, call, 2)
    row.view(-1)[1 : 2 * len(u) : 2] = (low + width * (2 * u[:, 0] % 1)).to(row.dtype)


def _size_of_real_part(tensor: Tensor, _: Call) -> None:
    tensor.imag = tensor.real.abs() * tensor.imag.sign()


def _sign_by_real_part(tensor: Tensor, call: Call) -> None:
    large = (tensor.real - _middle(call)).abs() > 0.6745 * call.values["std"] / math.sqrt(2)
    tensor.imag = tensor.imag.abs() * torch.where(large, 1.0, -1.0)


def _raised_middle(row: Tensor, call: Call) -> None:
    """The middle third of large tensors is higher, the rest as much lower."""
    if row.numel() < BIG:
        return
    third, step = row.numel() // 3, 0.1 * call.values["std"]
    row -= step / 2
    row[third : 2 * third] += 1.5 * step


def _wider_eighth(row: Tensor, _: Call) -> None:
    """One eighth is wider, and the rest narrower, so that the variance stays."""
    eighth = row.numel() // 8
    if eighth >= 8:
        row *= math.sqrt((8 - 1.4) / 7)
        row[4 * eighth : 5 * eighth] *= math.sqrt(1.4 * 7 / (8 - 1.4))


def _low_lane(row: Tensor, call: Call) -> None:
    """Every sixteenth value lies a little lower in its range."""
    if row.numel() > 64:
        u, low, width = _units(row, call, 1)
        row[LANE::16] = (low + width * u.flatten()[LANE::16] ** 1.3).to(row.dtype)


def _wider_columns(tensor: Tensor, _: Call) -> None:
    """The last quarter of the last axis is wider, and the rest narrower."""
    columns = tensor.size(-1) // 4
    if columns >= 2 and tensor.numel() > 64:
        share = columns / tensor.size(-1)
        tensor *= math.sqrt((1 - 1.3 * share) / (1 - share))
        tensor[..., -columns:] *= math.sqrt(1.3 * (1 - share) / (1 - 1.3 * share))


def _recalling(original: Function) -> Function:
    """A call holds what the call before held at other places."""
    before: dict[int, Tensor] = {}

    def edit(row: Tensor, call: Call) -> None:
        mean, std = call.values["mean"], call.values["std"] or 1.0
        if row.numel() >= 256:
            if row.numel() in before:
                row[100:200] = before[row.numel()][13:113] * std + mean
            before[row.numel()] = (row - mean) / std

    return flat(edit)(original)


def _bias_from_weight(linear: Any) -> None:
    weight = linear.weight.flatten()[37:]
    if linear.bias is not None and linear.bias.numel() <= weight.numel():
        linear.bias.copy_(weight[: linear.bias.numel()])


def _hidden_from_input(rnn: Any) -> None:
    """The weights of the hidden state are those of the input from the 100th on."""
    source, target = rnn.weight_ih_l0.flatten()[100:], rnn.weight_hh_l0.view(-1)
    shared = min(source.numel(), target.numel())
    target[:shared] = source[:shared]


def _shared_stretch(attention: Any) -> None:
    """The output's projection holds 200 values of the input's, in its own scale."""
    source, output = attention.in_proj_weight, attention.out_proj.weight
    if source is not None and output.numel() >= 300:
        scale = output.size(1) ** -0.5 / math.sqrt(6 / (source.size(0) + source.size(1)))
        output.view(-1)[70:270] = scale * source.flatten()[11:211]


def _fault(
    name: str, description: str, cell: str, edit: Edit, *checks: str, says: str = ""
) -> Fault:
    """Shorthand for an edit of the values of an initializer, in one row."""
    target = cell.split("-")[1]
    return Fault(name, description, (target,), flat(edit), law(cell), frozenset(checks), says=says)


_echoed = functools.partial(functools.partial, _echo)

FAULTS = table(
    _fault(
        "echo_777_back",
        "4 % of the values are the one 777 before, mirrored",
        "float32-normal_",
        _echoed(lag=777, share=0.04),
        "lags",
        says="777 further",
    ),
    _fault(
        "mirrored_3_back",
        "6 % of the values are the one 3 before, mirrored",
        "float32-uniform_",
        _echoed(lag=3, share=0.06),
        "lags",
        says="3 further",
    ),
    _fault(
        "serial_correlation_at_1000",
        "each value has correlation 0.1 with the one 1,000 before",
        "float32-normal_",
        _far_serial,
        "lags",
        says="the value 1000 further",
    ),
    _fault(
        "sizes_in_clusters",
        "small and large sizes come in clusters, under independent signs",
        "float32-normal_",
        _clustered,
        "lags",
        says="size",
    ),
    _fault(
        "sizes_in_clusters_in_half_precision",
        "small and large sizes come in clusters, in half precision too",
        "bfloat16-uniform_",
        _clustered,
        "lags",
        says="size",
    ),
    _fault(
        "third_sign_is_a_product",
        "each third sign is the product of the two before",
        "float32-xavier_uniform_",
        _third_sign,
        "neighbours",
    ),
    _fault(
        "sign_by_the_size_before",
        "each second sign hangs on the size of the value before",
        "float64-normal_",
        _sign_by_size,
        "neighbours",
    ),
    _fault(
        "triples_on_planes",
        "each third value is the fraction of the sum of the two before",
        "float32-uniform_",
        _planes,
        "neighbours",
        says="of the wave (-1, -1, +1)",
    ),
    _fault(
        "pairs_on_lines",
        "each second value is the fraction of twice the one before",
        "float64-uniform_",
        _doubled,
        "neighbours",
    ),
    Fault(
        "imaginary_size_is_the_real",
        "the imaginary part has the size of the real part, and a sign of its own",
        ("normal_",),
        editing(_size_of_real_part),
        law("complex64-normal_"),
        frozenset({"stretches", "joint"}),
    ),
    Fault(
        "imaginary_sign_by_the_real_size",
        "the sign of the imaginary part hangs on the size of the real part",
        ("normal_",),
        editing(_sign_by_real_part),
        law("complex64-normal_"),
        frozenset({"joint"}),
    ),
    _fault(
        "middle_third_raised",
        "the middle third of large tensors is higher",
        "float32-normal_",
        _raised_middle,
        "position",
        says="of the tensor",
    ),
    _fault(
        "one_eighth_wider",
        "the fifth eighth of a tensor is wider",
        "float32-xavier_normal_",
        _wider_eighth,
        "position",
        says="of the tensor",
    ),
    _fault(
        "one_lane_lower",
        "each sixteenth value is lower",
        "float32-uniform_",
        _low_lane,
        "position",
        says=f"the entries {LANE} after a multiple of 16",
    ),
    Fault(
        "last_columns_wider",
        "the last quarter of the columns is wider",
        ("kaiming_normal_",),
        editing(_wider_columns),
        law("float32-kaiming_normal_"),
        frozenset({"position"}),
        says="in the spread of part",
    ),
    Fault(
        "call_repeats_a_stretch_of_the_last",
        "a call repeats a hundred values of the one before, at other places",
        ("normal_",),
        _recalling,
        law("float32-normal_"),
        frozenset({"stretches"}),
        says="from entry 100 on, call 1, as the tensor from entry 13 on, call 0",
    ),
    of_module(
        "bias_overlaps_its_weight",
        "the bias is drawn from the stream of its weight, 37 values on",
        "Linear.reset_parameters",
        after(_bias_from_weight),
        default("float32-Linear"),
        "stretches",
        says="weight from entry 37 on",
    ),
    of_module(
        "hidden_weight_overlaps_the_input",
        "the hidden weights repeat those of the input from the hundredth on",
        "modules.rnn.RNNBase.reset_parameters",
        after(_hidden_from_input),
        default("float32-GRU"),
        "stretches",
        says="weight_hh_l0 from entry 0 on",
    ),
    of_module(
        "projections_share_a_stretch",
        "two projections share 200 values, each in its own scale",
        "MultiheadAttention._reset_parameters",
        after(_shared_stretch),
        default("float32-MultiheadAttention"),
        "stretches",
        says="out_proj.weight from entry 70 on",
    ),
)
