"""Other engines, other numbers of words, other orders in which a fill visits the entries.

And other ways to write them: through a buffer, row by row, through a view, in chunks.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from selftest.lawful.alternative import (
    Control,
    Declined,
    Stream,
    is_plain,
    normally,
    swap,
    uniformly,
)
from selftest.lawful.uniforms import redrawn
from selftest.planted.contracts import contract, transforms
from selftest.planted.fault import Function, Plant, law, table
from selftest.planted.module import behaviour, default, materialisation
from selftest.planted.precision import layout
from selftest.planted.streams import neighbours, streams

NORMAL, UNIFORM = "torch.Tensor.normal_", "torch.Tensor.uniform_"


def _philox(n: int, stream: Stream) -> Tensor:
    host = np.random.Generator(np.random.Philox(key=stream.key()[:2]))
    return torch.from_numpy(host.random(n))


def _lagged(n: int, stream: Stream) -> Tensor:
    """Of MT19937, but of another seeding; the same stream of its own in each call."""
    host = np.random.Generator(np.random.MT19937(stream.key()))
    return torch.from_numpy(host.standard_normal(n))


def _after(words: int) -> Plant:
    """Draw words that are thrown away before each call."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def method(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            if tensor.numel():
                Stream(kwargs.get("generator")).integers(words, 32)
            return original(tensor, *args, **kwargs)

        return method

    return plant


def _even_when_empty(original: Function) -> Function:
    """Every call takes one word more than it needs, that of a tensor without entries too."""

    @functools.wraps(original)
    def fill(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if not is_plain(tensor):
            raise Declined
        result: Tensor = original(tensor, *args, **kwargs)
        Stream(kwargs.get("generator")).integers(1, 32)
        return result

    return fill


def _in_parts(parts: Callable[[Tensor], list[Tensor]], most: float = math.inf) -> Plant:
    """Fill plain tensors of at most so many entries part by part, each laid out in one row."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def method(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            if not (is_plain(tensor) and 0 < tensor.numel() <= most):
                raise Declined
            row = torch.empty(tensor.numel(), dtype=tensor.dtype)
            original(row[:0], *args, **kwargs)  # Refuses what must be refused.
            for part in parts(row):
                values = torch.empty(part.shape, dtype=part.dtype)
                part.copy_(original(values, *args, **kwargs))
            with torch.no_grad():
                tensor.copy_(row.view(tensor.shape))
            return tensor

        return method

    return plant


def _blocks(size: int) -> Callable[[Tensor], list[Tensor]]:
    return lambda row: [*row.split(size)]


def _interleaved(row: Tensor) -> list[Tensor]:
    return [row[lane::4] for lane in range(4) if lane < len(row)]


def _from_the_end(original: Function) -> Function:
    @functools.wraps(original)
    def method(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        result: Tensor = original(tensor, *args, **kwargs)
        if is_plain(tensor) and tensor.numel():
            with torch.no_grad():
                tensor.copy_(tensor.clone().reshape(-1).flip(0).view(tensor.shape))
        return result

    return method


def _by_copy(original: Function) -> Function:
    """Fill a contiguous buffer, then copy it."""

    @functools.wraps(original)
    def initializer(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if torch.overrides.has_torch_function_unary(tensor):
            raise Declined
        with torch.no_grad():
            buffer = torch.empty_like(tensor, memory_format=torch.contiguous_format)
            tensor.copy_(original(buffer, *args, **kwargs))
        return tensor

    return initializer


def _by_rows(original: Function) -> Function:
    """Fill and write one row after another."""

    @functools.wraps(original)
    def initializer(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if torch.overrides.has_torch_function_unary(tensor) or not tensor.ndim or len(tensor) > 99:
            raise Declined
        original(tensor[:0], *args, **kwargs)  # Refuses what must be refused.
        with torch.no_grad():
            for row in tensor:
                original(row, *args, **kwargs)
        return tensor

    return initializer


def _strided(original: Function) -> Function:
    """Write through a view that names its strides."""

    @functools.wraps(original)
    def initializer(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if torch.overrides.has_torch_function_unary(tensor) or not is_plain(tensor):
            raise Declined
        with torch.no_grad():
            size, strides = tensor.size(), tensor.stride()
            original(tensor.as_strided(size, strides), *args, **kwargs)
        return tensor

    return initializer


def _whole_parts(tensor: Tensor, low: float, high: float, stream: Stream) -> None:
    """All real parts of a complex tensor, then all imaginary ones."""
    both = tensor.movedim(-1, 0) if tensor.ndim else tensor
    for part in both if tensor.ndim else [tensor]:
        redrawn(lambda n, s: s.doubles(n))(part, low, high, stream)


def _keyed(original: Function) -> Function:
    """A generator of its own for each call, which one draw of the stream seeds."""

    @functools.wraps(original)
    def fill(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if not is_plain(tensor) or not tensor.numel():
            raise Declined
        key = int(Stream(kwargs.pop("generator", None)).integers(1, 62))
        own = torch.Generator().manual_seed(key >> 30 ^ key & 0xFFFFFFFF)
        result: Tensor = original(tensor, *args, generator=own, **kwargs)
        return result

    return fill


def substreams(size: Callable[[int], int]) -> Plant:
    """Each chunk of a fill from a substream of its own, all of them keyed by one draw."""

    def write(tensor: Tensor, low: float, high: float, stream: Stream) -> None:
        n = tensor.numel()
        chunk, key = size(n), int(stream.integers(1, 32))
        values = torch.empty(n, dtype=tensor.dtype)
        for number, part in enumerate(values.split(chunk)):
            seed = (key * 0x9E3779B1 + number * 0x85EBCA6B) & 0xFFFFFFFF
            own = Stream(torch.Generator().manual_seed(seed))
            redrawn(lambda m, s: s.doubles(m))(part, low, high, own)
        tensor.copy_(values.view(tensor.shape))

    return uniformly(write)


def _repeating(n: int, stream: Stream) -> Tensor:
    """The same engine, seeded by a draw of 8 bits alone."""
    host = np.random.Generator(np.random.Philox(key=int(stream.integers(1, 8))))
    return torch.from_numpy(host.random(n))


_NOTE = "PyTorch documentation, note “Reproducibility”: nothing is promised across releases"
_UNIFORM = (
    law("float32-uniform_"),
    streams("float32-uniform_"),
    contract("float32-uniform_"),
    neighbours("float32-uniform_"),
)
_NORMAL = (
    law("float32-normal_"),
    streams("float32-normal_"),
    contract("float32-normal_"),
)

ALTERNATIVES = table(
    swap("engine_philox", "uniforms of a counter-based engine, keyed by each call", UNIFORM,
         uniformly(redrawn(_philox)), "Salmon et al. 2011", *_UNIFORM, default("float32-LSTM")),
    swap("engine_of_other_seeding", "normals of a Mersenne twister that each call seeds", NORMAL,
         normally(_lagged), "Matsumoto & Nishimura 1998", *_NORMAL, neighbours("float32-normal_")),
    swap("words_thrown_away", "each call draws 7 words that it does not use", NORMAL,
         _after(7), _NOTE, *_NORMAL, default("float32-Embedding")),
    swap("one_word_thrown_away", "each call draws one word that it does not use", UNIFORM,
         _after(1), _NOTE, *_UNIFORM, behaviour("generators", "float32-torch.rand"),
         "verify/test_independence.py::test_independence[cpu-float32-uniform_ then normal_]"),
    swap("words_of_the_empty", "each call draws a word that it does not use, an empty one too",
         NORMAL, _even_when_empty, _NOTE, behaviour("errors", "float32-normal_"),
         contract("float32-normal_")),
    swap("fill_from_the_end", "a fill begins with the last entry", NORMAL,
         _from_the_end, _NOTE, *_NORMAL),
    swap("fill_in_blocks", "a fill goes on in blocks of 1000 entries", NORMAL,
         _in_parts(_blocks(1000)), _NOTE, *_NORMAL),
    swap("fill_by_scalars", "a fill of up to 4096 entries goes on as small ones do", NORMAL,
         _in_parts(_blocks(15), most=4096), _NOTE, *_NORMAL[1:], default("float32-Embedding")),
    swap("fill_in_lanes", "a fill visits every fourth entry, four times", UNIFORM,
         _in_parts(_interleaved), _NOTE, *_UNIFORM, law("bfloat16-uniform_")),
    swap("complex_whole_parts", "all real parts are drawn before all imaginary ones", UNIFORM,
         uniformly(_whole_parts), _NOTE, law("complex64-uniform_"), law("complex128-uniform_"),
         streams("complex64-uniform_"), contract("complex64-uniform_")),
    swap("normal_by_copy", "normal_ fills a buffer and copies it", "normal_", _by_copy,
         "PyTorch documentation, torch.nn.init", contract("float32-normal_"),
         transforms("float32-normal_"), streams("float32-normal_"),
         layout("float32-normal_", "strided")),
    swap("normal_by_rows", "normal_ fills row after row", "normal_", _by_rows,
         "PyTorch documentation, torch.nn.init", contract("float32-normal_"),
         transforms("float32-normal_"), streams("float32-normal_"),
         law("float32-normal_")),
    swap("uniform_by_strides", "uniform_ writes through a strided view", "uniform_", _strided,
         "PyTorch documentation, torch.as_strided", contract("float32-uniform_"),
         transforms("float32-uniform_"), layout("float32-uniform_", "strided")),
    swap("fill_of_its_own_seed", "each fill has a generator that the stream seeds", UNIFORM,
         _keyed, _NOTE, law("float32-uniform_"), streams("float32-uniform_"),
         contract("float32-uniform_"), default("float32-LSTM"), materialisation("float32-Linear")),
    swap("fill_in_substreams", "each chunk of 32,768 entries from a substream", UNIFORM,
         substreams(lambda _: 32768), _NOTE, law("float32-uniform_"),
         streams("float32-uniform_"), contract("float32-uniform_")),
)  # fmt: skip

CONTROLS = table(
    Control("engine_of_an_8_bit_key", "uniforms of a counter-based engine with 256 keys",
            (UNIFORM,), uniformly(redrawn(_repeating)), law("float32-uniform_"),
            frozenset({"repeats", "duplicates", "correlation", "position"})),
)  # fmt: skip
