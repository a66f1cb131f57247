"""Compilers that draw in another order, by another generator, or not at all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from selftest.lawful.alternative import Control, swap
from selftest.planted.compiled import COMPILE, default, kernels, law, reset, without_caches
from selftest.planted.compiled_replays import GRAPHS, replaying
from selftest.planted.fault import Function, calling, table

_CONSTRUCTORS = (
    default("float32-Embedding"),
    "verify/test_compiled.py::test_compiled_constructor[cpu-float32-Linear]",
    "verify/test_compiled.py::test_compiled_generators[cpu-float32-torch.rand]",
)
_COMPILE = (
    "PyTorch documentation, torch.compile: what is drawn, and in which order, is not promised"
)
_NODES = (
    "verify/test_compiled.py::test_compiled_call[cpu-float32-torch.rand]",
    law("float32-torch.rand"),
    law("float32-normal_", "compiled, dynamic"),
)

_REPLAYED = tuple(
    f"verify/test_compiled.py::test_compiled_call[cpu-{cell}]"
    for cell in (
        "float32-uniform_",
        "float16-normal_",
        "bfloat16-torch.randn",
        "int64-torch.randint",
    )
)


def _eager_draws(original: Function, function: Function, **options: Any) -> Function:
    """Random numbers are always those of eager calls."""
    if options.get("options"):
        options["options"] = options["options"] | {"fallback_random": True}
    return without_caches(original, function, options)


def _uncompiled(original: Function, function: Function, **options: Any) -> Function:
    return function


def _broken(original: Function, function: Function, **options: Any) -> Function:
    """Nothing is captured before the first graph break, and what comes behind it is called."""

    @functools.wraps(function)
    def breaking(*args: Any) -> Any:
        torch._dynamo.graph_break()
        return function(*args)

    compiled: Function = original(breaking, **options)
    return compiled


def _seeded(seed: str) -> Callable[[Function], Function]:
    """Make uniforms of another number than the seed, in C++ where `{}` stands for the seed."""

    def edit(original: Function) -> Function:
        @functools.wraps(original)
        def written(of: object, offset: object) -> object:
            return original(seed.format(of), offset)

        return written

    return edit


ALTERNATIVES = table(
    swap("compiled_eager_draws", "compiled code draws as eager calls do", COMPILE,
         calling(_eager_draws), _COMPILE, *_NODES),
    swap("uncompiled", "nothing is compiled", COMPILE, calling(_uncompiled), _COMPILE,
         *_NODES, reset("float32-Linear"), *_CONSTRUCTORS),
    swap("compiled_graph_break", "a graph break at the start of each function", COMPILE,
         calling(_broken), _COMPILE, *_CONSTRUCTORS),
    swap("compiled_other_seeds", "compiled uniforms of the seed's complement", COMPILE,
         kernels(rand=_seeded("~({})")), _COMPILE, *_NODES[:2]),
    swap("replayed_graphs", "the host replays graphs, operator by operator", GRAPHS, replaying(),
         "PyTorch documentation, note on CUDA graphs: a replay draws from the default generator",
         *_REPLAYED),
)  # fmt: skip

CONTROLS = table(
    Control("compiled_one_seed", "the same, of a seed that is always zero", (COMPILE,),
            kernels(rand=_seeded("0 * ({})")), _NODES[0], frozenset({"compiled"}),
            "rows that come again: "),
)  # fmt: skip
