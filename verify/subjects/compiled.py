"""Fills by ``torch.compile``: the ways in which one is compiled, and calls made by them.

Source: PyTorch documentation, ``torch.compile`` (backends, modes, ``dynamic``, ``fullgraph``,
options) and the FAQ of torch.compiler: random numbers of compiled code come from another generator
than eager ones unless the option ``fallback_random`` is set.

Compiled kernels lie in inductor's cache: beside the directory that ``TORCHINDUCTOR_CACHE_DIR``
names, or one of the user's in that of temporary files, in one for each instruction set. PyTorch's
own key leaves ``ATEN_CPU_CAPABILITY`` out: what it finds there of vectors does not compile without
them. A first run compiles each kernel by the C++ compiler, a later one finds them.
"""

from __future__ import annotations

import functools
import importlib
import logging
import os
import warnings
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.backends import cpu

from verify.subjects.case import C, T
from verify.subjects.fills import Fill, Target, nan

_T = TypeVar("_T")

_RECOMPILED = 64
"""How often a function may be compiled again: beyond that PyTorch falls back to eager calls."""


@dataclass(frozen=True)
class Way:
    """A way of compiling.

    Attributes
    ----------
    backend : str
    dynamic : bool
        Whether a compiled function serves tensors of other sizes too.
    fallback : bool
        Whether random numbers are drawn as eager calls draw them.
    mode : str
        One of the modes of inductor, in place of its options: it does not take both.
    """

    backend: str = "inductor"
    dynamic: bool = False
    fallback: bool = False
    mode: str = ""

    @property
    def words(self) -> str:
        """What a question is asked under."""
        dynamic = "dynamic" if self.dynamic else "static"
        more = ("fallback" if self.fallback else "", self.mode)
        return ", ".join(filter(None, (self.backend, dynamic, *more)))

    @property
    def id(self) -> str:
        """The same as the end of a question's id."""
        return self.words.replace(", ", "-").replace("_", "-")

    def __call__(self, function: Callable[..., _T], *, whole: bool = True) -> Callable[..., _T]:
        """The compiled function.

        Parameters
        ----------
        function : callable
        whole : bool
            Whether it must be captured as one graph; otherwise what is not captured is called.
        """
        config: Any = importlib.import_module("torch._dynamo").config
        takes_options = self.backend == "inductor" and not self.mode
        compiled: Callable[..., _T] = torch.compile(
            function,
            backend=self.backend,
            dynamic=self.dynamic,
            fullgraph=whole,
            mode=self.mode or None,
            options={"fallback_random": self.fallback} if takes_options else None,
        )

        @functools.wraps(function)
        def call(*args: object) -> _T:
            with config.patch(recompile_limit=_RECOMPILED):
                return compiled(*args)

        return call


WAYS: Mapping[str, Way] = {
    "compiled": Way(),
    "compiled, dynamic": Way(dynamic=True),
    "compiled, fallback": Way(fallback=True),
    "compiled, aot_eager": Way("aot_eager"),
}
"""Some ways, by the promise that each must keep: the law."""

EVERY = (*WAYS.values(), Way(dynamic=True, fallback=True), Way("aot_eager", dynamic=True))
"""All of them, of which it is asked what hangs on no law."""

REPLAYING = Way(mode="reduce-overhead")
"""Where a device replays graphs, what is compiled so is recorded by the second call and replayed
from the third on (PyTorch documentation, "CUDAGraph Trees")."""

CONSTRUCTIONS: Mapping[str, Way] = {
    "compiled default": Way(),
    "compiled default, aot_eager": Way("aot_eager"),
}
"""The ways of constructing a module, by the promise that each must keep."""

RESET = "compiled reset"
"""The promise of a module that a compiled function resets."""


def unusable(device: torch.device) -> str:
    """Why nothing can be compiled for a device here, or nothing."""
    if device.type != "cpu":
        triton: Any = importlib.import_module("torch.utils._triton")
        return "" if triton.has_triton() else "not tested: no Triton"
    _prepare()
    builder: Any = importlib.import_module("torch._inductor.cpp_builder")
    try:
        builder.get_cpp_compiler()
    except Exception:
        return "not tested: no C++ compiler"
    return ""


@functools.cache
def _prepare() -> None:
    """Load the compiler, once a process, under no limit of time; it starts no process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It loads what PyTorch itself has deprecated.
        config: Any = importlib.import_module("torch._inductor.config")
        config.compile_threads = 1
        os.environ[_CACHE] = _of_these_kernels()
        importlib.import_module("torch._inductor.compile_fx")
    # Handlers that pytest gives to loggers that pass nothing on would have every trace written.
    logging.getLogger("torch.__trace").propagate = True


_CACHE = "TORCHINDUCTOR_CACHE_DIR"


def _of_these_kernels() -> str:
    """The directory of the cache, by the instruction set that kernels are written for."""
    places: Any = importlib.import_module("torch._inductor.runtime.cache_dir_utils")
    base, kernels = os.environ.get(_CACHE) or places.default_cache_dir(), cpu.get_cpu_capability()
    return base if base.endswith(f"-{kernels}") else f"{base}-{kernels}"


@dataclass(frozen=True)
class _Captured:
    """A function that is captured as a whole where that is possible, else in parts."""

    way: Way
    whole: Callable[..., Any]
    partly: Callable[..., Any]

    def __call__(self, *args: object) -> Any:
        if self.way in _parts:
            return self._partly(*args)
        try:
            return self.whole(*args)
        except refusal() as reason:
            _parts[self.way] = f"{reason}".splitlines()[0]
            return self._partly(*args)
        except RuntimeError as reason:
            if _OF_ONE_SIZE in f"{reason}":
                raise NotImplementedError("an operation with a generator is of one size") from None
            raise

    def _partly(self, *args: object) -> Any:
        try:
            return self.partly(*args)
        except refusal() as reason:
            raise NotImplementedError(f"{reason}".splitlines()[0]) from None


_OF_ONE_SIZE = "expected to contain only concrete integers"
"""What PyTorch says where ``generator`` is given, be it None, and sizes are dynamic."""


def refusal() -> type[Exception]:
    """The error that says that something cannot be captured."""
    refusal: type[Exception] = importlib.import_module("torch._dynamo.exc").Unsupported
    return refusal


_parts: dict[Way, str] = {}
"""Why what was compiled last is captured in parts."""

_known: dict[tuple[Hashable, ...], _Captured] = {}


def forget() -> None:
    """Forget every compiled function of this process; kernels stay in inductor's cache."""
    _parts.clear()
    _known.clear()
    dynamo: Any = importlib.import_module("torch._dynamo")
    dynamo.reset()


def in_parts(promise: str) -> str:
    """Why what was compiled since `forget` is captured in parts, or nothing."""
    return _parts.get({**WAYS, **CONSTRUCTIONS}.get(promise, Way()), "")


Pair = Callable[[], tuple[Tensor, Tensor]]
"""Each call fills two tensors anew."""


def pair_in_place(
    way: Way, subject: str, case: T, target: Target, fill: Callable[[Tensor], object]
) -> Pair:
    """One compiled function fills two tensors full of NaN.

    Where sizes are dynamic the function is traced on tensors of another size.
    """

    def both(first: Tensor, second: Tensor) -> None:
        fill(first)
        fill(second)

    def call(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        first, second = (torch.full(shape, nan(target.dtype), **target.factory) for _ in range(2))
        compiled(first, second)
        return first, second

    key = (way, subject, case, target.dtype, target.device)
    traced, compiled = key in _known, captured(key, target.device, way, both)
    if way.dynamic and not traced:
        with torch.random.fork_rng():
            call(tuple(size + 1 for size in case.shape))
    return lambda: call(case.shape)


def pair_anew(
    way: Way, subject: str, case: C, target: Target, make: Callable[[C, Target], Tensor]
) -> Pair:
    """One compiled function makes two tensors."""
    where = replace(target, generator=None)

    def both() -> tuple[Tensor, Tensor]:
        return make(case, where), make(case, where)

    key = (way, subject, case, target.dtype, target.device)
    return captured(key, target.device, way, both)


def resetting(
    module: nn.Module, device: torch.device, reset: Callable[[nn.Module], object]
) -> Callable[..., object]:
    """A compiled function that resets a module."""
    return captured((RESET, id(module)), device, Way(), reset)


def captured(
    key: tuple[Hashable, ...], device: torch.device, way: Way, function: Callable[..., Any]
) -> Callable[..., Any]:
    """What has been compiled for the key; else the function is.

    Raises
    ------
    NotImplementedError
        Where nothing can be compiled; by the function returned, where it cannot be captured.
    """
    if key not in _known:
        if reason := unusable(device):
            raise NotImplementedError(reason)
        _known[key] = _Captured(way, way(function), way(function, whole=False))
    return _known[key]


def nameless(tensor: Tensor) -> Mapping[str, Tensor]:
    """The one tensor of a fill."""
    return {"": tensor}


def by_turns(
    pair: Callable[[], tuple[_T, _T]], tensors: Callable[[_T], Mapping[str, Tensor]]
) -> Fill:
    """Each call gives the tensors of one of two things that were made together."""
    left: list[_T] = []

    def filled() -> Mapping[str, Tensor]:
        if not left:
            left.extend(pair())
        return tensors(left.pop(0))

    return filled
