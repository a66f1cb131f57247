"""What a backend is: a kind of device, and how the suite reaches it."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from verify.quoting import shown

DTYPES = ("bfloat16", "float16", "float32", "float64")
"""Names of the dtypes whose laws are known on their lattices."""


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
    """

    name: str
    count: Callable[[], int]
    describe: Callable[[], Mapping[str, str]]
    dtypes: tuple[str, ...] = DTYPES

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
        return ""

    def device(self, worker: int = 0) -> torch.device:
        """The device of a worker: workers spread over the devices present."""
        if self.name == "cpu":
            return torch.device("cpu")
        return torch.device(self.name, worker % max(1, self.count()))

    def reduces_on(self, device: torch.device) -> torch.device:
        """Where samples are reduced: where they were drawn, or on the host without float64."""
        return device if "float64" in self.dtypes else torch.device("cpu")

    def generator(self, device: torch.device, seed: int) -> torch.Generator:
        """A generator on `device`, seeded; the global streams are seeded alike.

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
        return torch.Generator(device=device).manual_seed(seed)

    def synchronize(self, device: torch.device) -> None:
        """Wait until the device has done what it was asked, and raise what went wrong there."""
        if device.type != "cpu":
            torch.accelerator.synchronize(device)

    def fingerprint(self) -> dict[str, str]:
        """Name and value of everything that identifies the backend under test."""
        common = {
            "torch": str(torch.__version__),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
        }
        return common | dict(self.describe())
