"""Permutations, whole numbers, coins and waiting times by other algorithms."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from selftest.lawful.alternative import Control, Stream, editing_plain, method, swap
from selftest.planted.contracts import contract
from selftest.planted.fault import Call, Function, Plant, law, table
from selftest.planted.module import behaviour
from selftest.planted.streams import streams


def operation(cell: str) -> str:
    """Return the node id of the test of an operation."""
    return f"verify/test_operations.py::test_operation[cpu-{cell}]"


def rewritten(write: Callable[..., Any]) -> Plant:
    """Run the original, which refuses what it must, and write what it returned anew.

    Parameters
    ----------
    write
        Called with what was returned, a `Stream`, and the arguments by position.
    """

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def replaced(*args: Any, **kwargs: Any) -> Tensor:
            result: Tensor = original(*args, **kwargs)
            write(result, Stream(kwargs.get("generator")), *args)
            return result

        return replaced

    return plant


def _by_keys(result: Tensor, stream: Stream, n: int) -> None:
    result.copy_(stream.integers(n, 62).argsort())


def _fisher_yates(result: Tensor, stream: Stream, n: int) -> None:
    order = list(range(n))
    for i, u in zip(range(n - 1, 0, -1), stream.doubles(max(0, n - 1)), strict=True):
        j = int(float(u) * (i + 1))
        order[i], order[j] = order[j], order[i]
    result.copy_(torch.tensor(order, dtype=result.dtype))


def _first_stays(result: Tensor, stream: Stream, n: int) -> None:
    _by_keys(result[1:], stream, n - 1)
    result[1:] += 1
    result[:1] = 0


def rejected(n: int, width: int, stream: Stream) -> Tensor:
    """Accept words of 62 bits below the largest multiple of the width, and reduce them."""
    kept: list[Tensor] = [stream.integers(0, 62)]
    while sum(map(len, kept)) < n:
        words = stream.integers(n, 62)
        kept.append(words[words < (1 << 62) // width * width] % width)
    return torch.cat(kept)[:n]


def multiplied(n: int, width: int, stream: Stream) -> Tensor:
    """Take the high half of a word times the width, unless its low half is too small.

    With words of 32 bits, for widths whose product with one has 63 bits.
    """
    if width >= 1 << 31:
        return rejected(n, width, stream)
    kept: list[Tensor] = [stream.integers(0, 62)]
    while sum(map(len, kept)) < n:
        products = stream.integers(n, 32) * width
        low = products & ((1 << 32) - 1)
        kept.append((products >> 32)[low >= (1 << 32) % width])
    return torch.cat(kept)[:n]


def _library(n: int, width: int, stream: Stream) -> Tensor:
    host = np.random.Generator(np.random.Philox(key=stream.key()[:2]))
    return torch.from_numpy(host.integers(width, size=n))


Whole = Callable[[int, int, Stream], Tensor]


def _randint(draw: Whole) -> Plant:
    def write(result: Tensor, stream: Stream, low: int, high: int, *_: Any) -> None:
        values = draw(result.numel(), high - low, stream)
        result.copy_(low + values.view(result.shape))

    return rewritten(write)


def _random(draw: Whole) -> Plant:
    def write(result: Tensor, stream: Stream, _: Tensor, *bounds: int) -> None:
        if len(bounds) == 2 and result.dtype in (torch.int32, torch.int64):
            values = draw(result.numel(), bounds[1] - bounds[0], stream)
            result.copy_(bounds[0] + values.view(result.shape))

    return rewritten(write)


def _masked(result: Tensor, stream: Stream, low: int, high: int, *_: Any) -> None:
    """Draw as many bits as the range needs, and again where they are too large."""
    width, kept = high - low, [torch.empty(0, dtype=torch.int64)]
    while sum(map(len, kept)) < result.numel():
        words = stream.integers(result.numel(), (width - 1).bit_length() or 1)
        kept.append(words[words < width])
    result.copy_(low + torch.cat(kept)[: result.numel()].view(result.shape))


def _floored(result: Tensor, stream: Stream, low: int, high: int, *_: Any) -> None:
    """Take the floor of the width times a double."""
    values = (stream.doubles(result.numel()) * (high - low)).floor().long()
    result.copy_(low + values.view(result.shape))


def _coins(result: Tensor, stream: Stream, chances: Tensor, *_: Any) -> None:
    draws = stream.doubles(result.numel()).view(result.shape)
    result.copy_(draws < chances.double())


def _coins_by_gaps(result: Tensor, stream: Stream, chances: Tensor, *_: Any) -> None:
    """Go from one success to the next by a geometric gap."""
    flat = result.view(-1)
    chance = float(chances.view(-1)[0]) if chances.numel() else 0.0
    if not (0 < chance < 1 and bool((chances == chance).all())):
        return
    steps = (stream.inner(flat.numel() + 1).log() / math.log1p(-chance)).floor().clamp(max=1e9)
    places = (steps + 1).cumsum(0) - 1
    flat.zero_()[places[places < flat.numel()].long()] = 1


def _waits(log: Callable[[Tensor], Tensor]) -> Plant:
    def write(tensor: Tensor, rate: float, stream: Stream) -> None:
        tensor.copy_((-log(stream.inner(tensor.numel())) / rate).view(tensor.shape))

    return method(("lambd",), (1.0,), write)


def _of_another_library(tensor: Tensor, rate: float, stream: Stream) -> None:
    """By the ziggurat; what would round to zero is the smallest number."""
    host = np.random.Generator(np.random.PCG64(stream.key()))
    values = torch.from_numpy(host.standard_exponential(tensor.numel()) / rate).to(tensor.dtype)
    smallest = torch.nextafter(values.new_zeros(()), values.new_ones(()))
    tensor.copy_(values.maximum(smallest).view(tensor.shape))


def _scattered(tensor: Tensor, call: Call) -> None:
    groups = call.values.get("groups", 1)
    wide, width = tensor.shape[0] // groups, tensor.shape[1]
    count = min(wide, width)
    centre = [torch.tensor(size // 2) for size in tensor.shape[2:]]
    rows = torch.cat([g * wide + torch.arange(count) for g in range(groups)])
    places = (rows, torch.arange(count).repeat(groups), *centre)
    tensor.zero_().index_put_(places, torch.ones((), dtype=tensor.dtype))


def _diagonal(tensor: Tensor, _: Call) -> None:
    tensor.zero_().diagonal().fill_(1)


_PERMUTATION = (
    operation("int64-torch.randperm"),
    streams("int64-torch.randperm"),
    law("float32-sparse_"),
)
_WHOLE = (
    operation("int64-torch.randint"),
    operation("int32-torch.randint"),
    streams("int64-torch.randint"),
)
_ALL_DEFECTS = ("--known-defects", "none")

ALTERNATIVES = table(
    swap("permutation_of_keys", "permutations that sort random keys", "torch.randperm",
         rewritten(_by_keys), "Knuth, TAOCP 2, sec. 3.4.2", *_PERMUTATION),
    swap("permutation_fisher_yates", "permutations by exchanges from the end", "torch.randperm",
         rewritten(_fisher_yates), "Knuth, TAOCP 2, sec. 3.4.2, algorithm P", *_PERMUTATION[:2]),
    swap("randint_rejected", "whole numbers by rejection of words of 62 bits", "torch.randint",
         _randint(rejected), "Lemire 2019, sec. 2", *_WHOLE),
    swap("randint_wide_rejected", "wide ranges of whole numbers without a bias", "torch.randint",
         _randint(rejected), "Lemire 2019, sec. 2", operation("int64-torch.randint_wide"),
         arguments=_ALL_DEFECTS),
    swap("randint_multiplied", "whole numbers by the high half of a product", "torch.randint",
         _randint(multiplied), "Lemire 2019, algorithm 5", *_WHOLE[1:2]),
    swap("randint_masked", "whole numbers of as many bits as it takes", "torch.randint",
         rewritten(_masked), "Lemire 2019, sec. 2", *_WHOLE),
    swap("randint_floored", "whole numbers as the floor of a double", "torch.randint",
         rewritten(_floored), "Devroye 1986, sec. III.2", *_WHOLE[:2]),
    swap("random_of_a_library", "whole numbers of another library's counter-based engine",
         "torch.Tensor.random_", _random(_library), "Salmon et al. 2011",
         operation("int64-random_"), streams("int64-random_")),
    swap("bernoulli_of_doubles", "coins by comparison of doubles", "torch.bernoulli",
         rewritten(_coins), "PyTorch documentation, torch.bernoulli",
         operation("float32-torch.bernoulli"), operation("float64-torch.bernoulli"),
         streams("float32-torch.bernoulli"), behaviour("errors", "float32-torch.bernoulli")),
    swap("bernoulli_by_gaps", "coins by the gaps between successes", "torch.bernoulli",
         rewritten(_coins_by_gaps), "Devroye 1986, sec. X.2", operation("float32-torch.bernoulli"),
         operation("float64-torch.bernoulli"),
         streams("float32-torch.bernoulli")),
    swap("exponential_log1p", "waiting times as −log(1 − u)", "torch.Tensor.exponential_",
         _waits(lambda u: torch.log1p(-u)), "Devroye 1986, sec. II.2",
         *(operation(f"{dtype}-exponential_") for dtype in ("float32", "float64", "bfloat16")),
         streams("float32-exponential_")),
    swap("exponential_log", "waiting times as −log(u)", "torch.Tensor.exponential_",
         _waits(torch.log), "Devroye 1986, sec. II.2",
         operation("float32-exponential_"), operation("float16-exponential_")),
    swap("exponential_ziggurat", "waiting times by the ziggurat of another library",
         "torch.Tensor.exponential_", method(("lambd",), (1.0,), _of_another_library),
         "Marsaglia & Tsang 2000",
         *(operation(f"{dtype}-exponential_") for dtype in ("float32", "float64", "float16"))),
    swap("dirac_scattered", "the identity convolution by one scatter", "dirac_",
         editing_plain(_scattered), "PyTorch documentation, torch.nn.init.dirac_",
         law("float32-dirac_"), law("bfloat16-dirac_"), contract("float32-dirac_"),
         "verify/test_convolutions.py::test_identity_convolution[cpu-float32-dirac_]"),
    swap("eye_by_its_diagonal", "the identity by a fill of the diagonal", "eye_",
         editing_plain(_diagonal), "PyTorch documentation, torch.nn.init.eye_",
         law("float32-eye_"), law("float16-eye_"), contract("float32-eye_")),
)  # fmt: skip

CONTROLS = table(
    Control("permutation_whose_first_stays", "permutations of all but the first",
            ("torch.randperm",), rewritten(_first_stays), operation("int64-torch.randperm"),
            frozenset()),
    Control("randint_one_too_many", "whole numbers by rejection from one number more",
            ("torch.randint",), _randint(lambda n, width, s: rejected(n, width + 1, s)),
            operation("int64-torch.randint"), frozenset()),
    Control("exponential_half_the_rate", "waiting times of half the rate",
            ("torch.Tensor.exponential_",), _waits(lambda u: 2 * torch.log(u)),
            operation("float32-exponential_"), frozenset()),
)  # fmt: skip
