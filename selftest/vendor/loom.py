"""The package of a vendor: a device over host memory, with kernels in C++ and a device module.

Source: PyTorch documentation, ``torch.utils.rename_privateuse1_backend``, "Accelerator
Integration".
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sysconfig
from pathlib import Path

import torch
from torch import Tensor
from torch.utils import cpp_extension

NAME = "loom"
_SOURCE = Path(__file__).with_name("device.cpp")


def build(folder: Path) -> Path:
    """Compile the kernels, once for all processes that name one folder; anew when they change.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    RuntimeError
        With what the compiler says, where it refuses.
    """
    built_of = hashlib.sha256(_SOURCE.read_bytes() + torch.__version__.encode()).hexdigest()[:12]
    made = folder / f"device-{built_of}{sysconfig.get_config_var('EXT_SUFFIX')}"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            half = made.with_suffix(".half")
            ended = subprocess.run(
                [
                    os.environ.get("CXX", "g++"), "-std=c++20", "-O0", "-w", "-shared", "-fPIC",
                    *(f"-I{path}" for path in cpp_extension.include_paths()), str(_SOURCE),
                    *(f"-L{path}" for path in cpp_extension.library_paths()),
                    "-ltorch_cpu", "-lc10", "-o", str(half),
                ],
                check=False, capture_output=True, text=True,
            )  # fmt: skip
            if ended.returncode:
                raise RuntimeError(ended.stderr)
            half.rename(made)
    return made


class Module:
    """What PyTorch asks of a device module, and the suite."""

    @staticmethod
    def is_available() -> bool:
        return True

    @staticmethod
    def is_initialized() -> bool:
        return True

    @staticmethod
    def _is_in_bad_fork() -> bool:
        return False

    @staticmethod
    def device_count() -> int:
        return 1

    @staticmethod
    def current_device() -> int:
        return 0

    @staticmethod
    def manual_seed(seed: int) -> None:
        """Any of 64 bits, of which an operator takes those of a signed number."""
        torch.ops.loom.seed(seed - (1 << 64) if seed >= 1 << 63 else seed)

    manual_seed_all = manual_seed

    @staticmethod
    def get_rng_state(_device: object = None) -> Tensor:
        return torch.ops.loom.state()

    @staticmethod
    def set_rng_state(state: Tensor, _device: object = None) -> None:
        torch.ops.loom.restore(state)

    @staticmethod
    def get_amp_supported_dtype() -> list[torch.dtype]:
        return [torch.float16, torch.bfloat16]

    class device:
        """A context in which the one device is the current one."""

        def __init__(self, _device: object) -> None: ...
        def __enter__(self) -> None: ...
        def __exit__(self, *_exception: object) -> None: ...


def register(kernels: Path) -> None:
    """Make the device known to PyTorch, once in a process."""
    torch.ops.load_library(str(kernels))
    torch.utils.rename_privateuse1_backend(NAME)
    torch.utils.generate_methods_for_privateuse1_backend()
    torch._register_device_module(NAME, Module)
