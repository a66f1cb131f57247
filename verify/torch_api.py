"""The one place that reaches into `torch.nn`, and knows how its versions differ (2.6 to today)."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib import metadata
from types import ModuleType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

_T = TypeVar("_T")

Filler = Callable[[Tensor], Tensor]
"""Fills a tensor in place."""

DispatchMode = TorchDispatchMode
"""A context that sees every operator; to be extended."""

OLDEST = (2, 6)
"""The oldest PyTorch that the suite supports."""


def version() -> tuple[int, int]:
    """Major and minor version of the PyTorch under test."""
    major, minor = str(torch.__version__).split(".")[:2]
    return int(major), int(minor)


def installed(package: str) -> str:
    """The version of another package; nothing where it is not installed, or does not say."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def initializer(name: str) -> Callable[..., Tensor]:
    """The function of `torch.nn.init` of that name, looked up at every call."""
    if not hasattr(torch.nn.init, name):
        raise AttributeError(f"torch.nn.init has no {name}: its row is of another PyTorch")
    function: Callable[..., Tensor] = getattr(torch.nn.init, name)
    return function


@functools.cache
def _takes_generator(name: str) -> bool:
    """Whether the initializer has the parameter; an alias hides its namesake's signature."""
    namesake = name if name.endswith("_") else f"{name}_"
    return "generator" in inspect.signature(initializer(namesake)).parameters


def filler(name: str, arguments: Mapping[str, object], generator: torch.Generator | None) -> Filler:
    """A function that fills a tensor in place by the initializer `name`.

    The generator is handed over where the function takes one; a function without the
    parameter draws from the global stream, which is seeded too (`Backend.generator`).
    """
    function = initializer(name)
    if generator is not None and _takes_generator(name):
        return functools.partial(function, **arguments, generator=generator)
    return functools.partial(function, **arguments)


def calculate_gain(*arguments: object) -> float:
    """``torch.nn.init.calculate_gain``."""
    function: Callable[..., float] = torch.nn.init.calculate_gain
    return float(function(*arguments))


def fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """The fan computation, private in every version but widely relied upon."""
    return torch.nn.init._calculate_fan_in_and_fan_out(tensor)


_RESETS = ("reset_parameters", "_reset_parameters")
"""Methods by which a module restores what it owns; the attention modules' is private."""


def module(name: str) -> type[nn.Module]:
    """The module class of that name, public in `torch.nn` or in a module of `torch.nn.modules`."""
    for place in (nn, nn.modules.linear):
        if hasattr(place, name):
            found: type[nn.Module] = getattr(place, name)
            return found
    raise AttributeError(f"torch.nn has no module {name}: a row of a newer PyTorch needs `_SINCE`")


def namespaces() -> list[ModuleType]:
    """Where module classes live: `torch.nn`, `torch.nn.modules`, and every module of it."""
    modules = pkgutil.walk_packages(nn.modules.__path__, f"{nn.modules.__name__}.")
    return [nn, nn.modules, *(importlib.import_module(found.name) for found in modules)]


def initializers() -> ModuleType:
    """Where the initializers live."""
    return nn.init


def takes(name: str, keywords: Mapping[str, object]) -> bool:
    """Whether the constructor of a module takes these keywords, a device and a dtype."""
    signature = inspect.signature(module(name))
    try:
        signature.bind(**keywords, device=None, dtype=None)
    except TypeError:
        return False
    return True


def skip_init(name: str, **keywords: object) -> nn.Module:
    """``torch.nn.utils.skip_init`` of the module of that name."""
    function: Callable[..., nn.Module] = nn.utils.skip_init
    return function(module(name), **keywords)


def from_pretrained(name: str, values: Tensor, **options: object) -> nn.Module:
    """``Embedding.from_pretrained`` or ``EmbeddingBag.from_pretrained``."""
    made: nn.Module = getattr(nn, name).from_pretrained(values, **options)
    return made


def parametrize(of: nn.Module, kind: str, name: str, **options: object) -> nn.Module:
    """Apply a function of `torch.nn.utils.parametrizations` to the tensor of that name."""
    parametrized: nn.Module = getattr(nn.utils.parametrizations, kind)(of, name, **options)
    return parametrized


def renormalize(of: nn.Module, kind: str, name: str, **options: object) -> nn.Module:
    """Apply the deprecated predecessor of a parametrization, found in `torch.nn.utils` itself.

    The weight is computed as before a forward pass; until the first one it may share memory
    with what it is computed from.
    """
    normalized: nn.Module = getattr(nn.utils, kind)(of, name, **options)
    recompute(normalized)
    return normalized


def recompute(of: nn.Module) -> None:
    """Do what is done before a forward pass: the deprecated functions compute their weight."""
    for hook in of._forward_pre_hooks.values():
        hook(of, ())


def denormalize(of: nn.Module, kind: str, name: str) -> nn.Module:
    """Take away what `renormalize` applied."""
    plain: nn.Module = getattr(nn.utils, f"remove_{kind}")(of, name)
    return plain


def uninitialised(tensor: Tensor) -> bool:
    """Whether a parameter or buffer of a lazy module still has no shape."""
    return bool(nn.parameter.is_lazy(tensor))


def streams(device: torch.device) -> list[Tensor]:
    """The states of the global streams: the host's and the device's."""
    on_device = [] if device.type == "cpu" else [torch.get_device_module(device).get_rng_state()]
    return [torch.get_rng_state(), *on_device]


def generator(device: torch.device) -> torch.Generator:
    """A new generator on a device; NotImplementedError where it has none."""
    try:
        return torch.Generator(device)
    except RuntimeError as reason:
        raise NotImplementedError(f"{device.type} has no generators") from reason


def accelerator() -> str:
    """The type of the accelerator that PyTorch was built for, or that a package has registered."""
    device = torch.accelerator.current_accelerator()
    return device.type if device else ""


def collectives(kind: str) -> str:
    """The backend of `torch.distributed` for a kind of device, or nothing where it has none."""
    named: Mapping[str, str] = torch.distributed.Backend.default_device_backend_map
    return named.get(kind, "")


def devices(kind: str) -> int:
    """How many devices of a kind there are."""
    return int(torch.get_device_module(kind).device_count())


def memories(kind: str, count: int) -> list[int]:
    """The bytes of memory of each device of a kind; nothing where its module does not say."""
    module = torch.get_device_module(kind)
    if not hasattr(module, "get_device_properties"):
        return []
    found = (module.get_device_properties(index) for index in range(count))
    return [int(getattr(each, "total_memory", 0)) for each in found]


_GRAPHS = ("CUDAGraph", "XPUGraph")
"""Graphs that are recorded and replayed, by their names in a device module; of newer PyTorch the
second. `torch.accelerator.Graph`, newer still, stands for the same ones."""

_WARM = 3
"""Calls on a side stream before one is recorded, as many as the note "CUDA Graphs" makes."""


def graphs(device: torch.device) -> Any:
    """The module of a device that replays graphs; None where it does not."""
    module = torch.get_device_module(device)
    return module if any(hasattr(module, name) for name in _GRAPHS) else None


def recorded(device: torch.device, work: Callable[[], _T]) -> Callable[[], _T]:
    """Record what a function does on a device: each call of what is returned replays it.

    A replay writes to the very tensors that the recording returned, and draws from the default
    generator of the device, which each graph knows; ``register_generator_state`` is for others.
    Source: PyTorch documentation, note "CUDA semantics", section "CUDA Graphs"; the classes
    `torch.cuda.CUDAGraph`, `torch.cuda.graph` and their namesakes in `torch.xpu`.

    Raises
    ------
    NotImplementedError
        Where the device has none after all.
    """
    module = graphs(device)
    try:
        graph = next(getattr(module, name) for name in _GRAPHS if hasattr(module, name))()
    except RuntimeError as reason:
        raise NotImplementedError(f"{device.type} records no graphs") from reason
    with module.device(device):
        side = module.Stream()
        side.wait_stream(module.current_stream())
        with module.stream(side):
            for _ in range(_WARM):
                work()
        module.current_stream().wait_stream(side)
        with module.graph(graph):
            made = work()

    def replay() -> _T:
        with module.device(device):
            graph.replay()
            module.synchronize()
        return made

    return replay


def fake_tensors() -> AbstractContextManager[object]:
    """A context in which tensors have no data, but pretend to be on their device."""
    # Loaded on demand: it brings a symbolic algebra system along.
    mode = importlib.import_module("torch._subclasses.fake_tensor").FakeTensorMode
    context: AbstractContextManager[object] = mode()
    return context


def synchronised(of: nn.Module, *process_group: object) -> nn.Module:
    """``SyncBatchNorm.convert_sync_batchnorm``, for a group of processes or for all."""
    function: Callable[..., nn.Module] = nn.SyncBatchNorm.convert_sync_batchnorm
    return function(of, *process_group)


def accepts(name: str, argument: str) -> bool:
    """Whether the constructor of a module names the argument in the version under test."""
    return argument in inspect.signature(module(name)).parameters


def declared(of: nn.Module) -> list[str]:
    """Names of every parameter and buffer, and of those too that could be and are None."""
    return [
        f"{path}.{name}".removeprefix(".")
        for path, part in of.named_modules()
        for name in (*part._parameters, *part._buffers)
    ]


def state(of: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer by its name in the module, detached."""
    named: dict[str, Tensor] = dict(of.named_parameters(remove_duplicate=False))
    named.update(of.named_buffers(remove_duplicate=False))
    return {name: tensor.detach() for name, tensor in named.items()}


def poison(of: nn.Module) -> None:
    """Fill every parameter and buffer with NaN, and counters with a number that none starts at."""
    for tensor in state(of).values():
        tensor.fill_(torch.nan if tensor.is_floating_point() else -7)


def reset(of: nn.Module) -> None:
    """Reset every submodule, children before their parents, as ``apply`` visits them."""
    of.apply(_reset_own)


def _reset_own(of: nn.Module) -> None:
    for name in _RESETS:
        if method := getattr(of, name, None):
            method()
            return


class OutOfMemory(BaseException):
    """The machine has too little memory. No Exception: shrinking a case would ask for it again."""


_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")


@contextmanager
def memory_for(what: object) -> Iterator[None]:
    """Raise `OutOfMemory` where the block needs memory for something that is not there."""
    try:
        yield
    except Exception as reason:
        told = f"{reason}" if isinstance(reason, RuntimeError) else ""
        if not (isinstance(reason, MemoryError) or any(text in told for text in _NO_MEMORY)):
            raise
        raise OutOfMemory(
            f"the machine has too little memory for {what}: run with fewer workers (-n), or a "
            "smaller --profile"
        ) from reason


def unsupported(reason: Exception) -> bool:
    """Whether an error says that a kernel does not exist: before 2.7, and of XLA, by its words."""
    if isinstance(reason, NotImplementedError):
        return True
    said = (
        "not implemented for",
        "not intended to support complex",
        "Type not supported",
        "Unsupported XLA type",
    )
    return isinstance(reason, RuntimeError) and any(text in str(reason) for text in said)
