"""What OpenXLA compiles for: TPUs, and the host itself with ``PJRT_DEVICE=CPU``.

Source: PyTorch/XLA documentation, "PyTorch on XLA Devices" and ``torch_xla.core.xla_model``. Calls
are recorded and compiled for each shape anew. There are no generators, and the state of the one
stream is its seed. "XLA Tensor Deep-Dive", "Memory Layout": tensors do not show their storage, and
always appear to be contiguous.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from types import ModuleType

import torch
from torch import Tensor

from verify.backends.base import Backend

_BYTES = 8
"""Of a state: a number of 64 bits without a sign."""

_STATES = 1 << 8 * _BYTES

_PROGRAMS = 256
"""Compiled programs that a process keeps, of some 80 mappings into memory each. Linux ends one that
has 65,530 of these (``vm.max_map_count``), and by itself PyTorch/XLA keeps 2,048 programs."""


def _xla() -> ModuleType:
    os.environ.setdefault("XLA_COMPILATION_CACHE_SIZE", str(_PROGRAMS))
    return importlib.import_module("torch_xla")


def _model() -> ModuleType:
    return importlib.import_module("torch_xla.core.xla_model")


def _count() -> int:
    return int(_xla().device_count()) if importlib.util.find_spec("torch_xla") else 0


def _describe() -> dict[str, str]:
    kind = _model().xla_device_hw(torch.device("xla", 0))
    return {
        "device": str(kind),
        "devices": str(_count()),
        "torch_xla": str(_xla().__version__),
    }


class _Module:
    """The stream of a device; its state is a number, and PyTorch's functions hand over bytes."""

    @staticmethod
    def device_count() -> int:
        return _count()

    @staticmethod
    def is_available() -> bool:
        return _count() > 0

    @staticmethod
    def manual_seed(seed: int) -> None:
        _model().set_rng_state(seed % _STATES)

    @staticmethod
    def get_rng_state(_device: object = None) -> Tensor:
        state = _model().get_rng_state()
        return torch.frombuffer(bytearray(int(state).to_bytes(_BYTES, "little")), dtype=torch.uint8)

    @staticmethod
    def set_rng_state(state: Tensor, _device: object = None) -> None:
        seed = int.from_bytes(state.numpy().tobytes(), "little")
        _model().set_rng_state(seed)


class _Xla(Backend):
    def synchronize(self, _device: torch.device) -> None:
        """Run what was recorded, and wait for it."""
        _xla().sync(wait=True)


BACKEND = _Xla(
    name="xla",
    count=_count,
    describe=_describe,
    module=_Module,
    lacks=("generators", "cheap shapes", "strides"),
)
