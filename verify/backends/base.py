"""What a backend is: a kind of device, and how the suite reaches it."""

from __future__ import annotations

import contextlib
import gc
import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from verify import torch_api
from verify.quoting import shown

DTYPES = ("bfloat16", "float16", "float32", "float64")
"""Names of the dtypes whose laws are known on their lattices."""


LACKS = {
    "generators": "what asks for one is unsupported",
    "cheap shapes": "cases are smaller, each call is run by itself, and reduced on the host",
    "strides": "where entries lie is not asked",
    "sort": "samples are reduced on the host",
    "int16": "samples are reduced on the host",
    "bincount": "samples are reduced on the host",
    "fft": "samples are reduced on the host",
}
"""What a device may lack, and what follows from it."""

_LEAST = 1024

_PATIENCE = 10
"""A question makes some hundred calls, in as many programs that take a second each to compile."""

_REDUCING = LACKS.keys() - {"generators", "strides"}

_PACKAGES = ("transformers",)
"""Whose models are verified, where they are installed."""

MODULE = ("manual_seed", "get_rng_state", "set_rng_state")
"""What the suite asks of a device module."""


@dataclass(frozen=True)
class Backend:
    """A kind of device behind one build of PyTorch.

    Attributes
    ----------
    name : str
        The device type as PyTorch spells it (``"cpu"``, ``"cuda"``).
    count : callable
        Number of devices present; 0 where the backend cannot run.
    describe : callable
        Fingerprint of device 0 for the report: hardware, driver, libraries.
    dtypes : tuple of str
        Names of the floating dtypes verified on it, of `DTYPES`. Complex ones are verified where
        that of their parts is one of them; integers always.
    module : object, optional
        What seeds the device and holds the state of its stream, where PyTorch has no module for
        it: it is registered as ``torch.<name>``. `MODULE` names the functions that it must have.
    lacks : tuple of str
        What it cannot do, of `LACKS`.
    """

    name: str
    count: Callable[[], int]
    describe: Callable[[], Mapping[str, str]]
    dtypes: tuple[str, ...] = DTYPES
    module: object | None = None
    lacks: tuple[str, ...] = ()

    def problem(self) -> str:
        """The first field that is not what it must be, in words; or nothing."""
        if not isinstance(self.name, str) or not re.fullmatch(r"[A-Za-z]\w*", self.name, re.ASCII):
            return f"its name is {shown(self.name)} and no device type like 'cuda'"
        for field in ("count", "describe"):
            if not callable(getattr(self, field)):
                return f"its {field} is {shown(getattr(self, field))} and no function"
        if not isinstance(self.dtypes, tuple) or not self.dtypes:
            return f"its dtypes are {shown(self.dtypes)} and no tuple of names"
        if unknown := [dtype for dtype in self.dtypes if dtype not in DTYPES]:
            return f"its dtype {shown(unknown[0])} is none of {', '.join(DTYPES)}"
        if len({*self.dtypes}) < len(self.dtypes):
            return f"its dtypes {shown(self.dtypes)} repeat a name"
        if not isinstance(self.lacks, tuple):
            return f"its lacks are {shown(self.lacks)} and no tuple of names"
        if unknown := [each for each in self.lacks if each not in LACKS]:
            return f"its lacks name {shown(unknown[0])}, which is none of {', '.join(LACKS)}"
        return ""

    def device(self, worker: int = 0) -> torch.device:
        """The device of a worker: workers spread over the devices present."""
        if self.name == "cpu":
            return torch.device("cpu")
        return torch.device(self.name, worker % max(1, self.count()))

    def reduces_on(self, device: torch.device) -> torch.device:
        """Where samples are reduced: where they were drawn, or else on the host."""
        there = "float64" in self.dtypes and not {*self.lacks} & _REDUCING
        return device if there else torch.device("cpu")

    @property
    def is_lazy(self) -> bool:
        """Whether every shape is compiled anew, so that each call is run by itself."""
        return "cheap shapes" in self.lacks

    @property
    def patience(self) -> int:
        """How many times the time limit a question may take: a lazy device compiles its calls."""
        return _PATIENCE if self.is_lazy else 1

    def bearable(self, entries: int) -> int:
        """Entries of the largest case where so many are allowed: a lazy device unrolls loops.

        Never fewer than `_LEAST`, of which every subject has a case.
        """
        return min(entries, max(_LEAST, entries >> 6)) if self.is_lazy else entries

    def generator(self, device: torch.device, seed: int) -> torch.Generator | None:
        """A generator on `device`, seeded, or none; the global streams are seeded alike.

        Modules draw from the global stream of their device, and ``sparse_`` takes its
        permutations from the host's, so these follow the derived seed too.

        Parameters
        ----------
        device : torch.device
        seed : int
            32 bits; every PyTorch generator keeps at least those.
        """
        torch.default_generator.manual_seed(seed ^ 0x9E3779B9)
        if device.type != "cpu":
            torch.get_device_module(device).manual_seed(seed ^ 0x9E3779B9)
        if "generators" in self.lacks:
            return None
        return torch.Generator(device=device).manual_seed(seed)

    def synchronize(self, device: torch.device) -> None:
        """Wait until the device has done what it was asked, and raise what went wrong there."""
        if device.type != "cpu":
            torch.accelerator.synchronize(device)

    def trouble(self, device: torch.device) -> str:
        """What the device tells late of what it was asked, or why it answers no more; or nothing.

        Parameters
        ----------
        device : torch.device
            One of an accelerator runs on while Python does, and raises at a later call.
        """
        if device.type == "cpu":
            return ""
        if self.is_lazy:
            gc.collect()  # What was refused is recorded as long as somebody holds it.
        try:
            self.synchronize(device)
            torch.empty(1, dtype=getattr(torch, self.dtypes[0]), device=device).fill_(0).cpu()
        except NotImplementedError:  # A kernel that it lacks: it answered.
            return ""
        except Exception as reason:
            return f"{type(reason).__name__}: {reason}".splitlines()[0]
        return ""

    def fingerprint(self) -> dict[str, str]:
        """Name and value of everything that identifies the backend under test."""
        common = {
            "torch": str(torch.__version__),
            **{name: found for name in _PACKAGES if (found := torch_api.installed(name))},
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
        }
        return common | dict(self.describe())


def named_by_pytorch(kind: str) -> Backend:
    """A backend of which nothing is known but what ``torch.accelerator`` says.

    Parameters
    ----------
    kind : str
        Its device type.
    """
    count = torch.accelerator.device_count
    dtypes = _held(torch.device(kind)) if count() else DTYPES
    return Backend(kind, count, lambda: {"device": kind, "devices": str(count())}, dtypes)


def _held(device: torch.device) -> tuple[str, ...]:
    """The dtypes of which the device holds tensors."""
    held = []
    for name in DTYPES:
        with contextlib.suppress(Exception):
            torch.empty(1, dtype=getattr(torch, name), device=device)
            held.append(name)
    return tuple(held)
