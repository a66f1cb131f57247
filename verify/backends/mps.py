"""Apple GPUs through Metal Performance Shaders. Never run here: no such machine was at hand.

Source: PyTorch documentation, "MPS backend" and ``torch.mps``. Metal has no float64, so samples are
reduced on the host.
"""

from __future__ import annotations

import platform

import torch

from verify.backends.base import Backend


def _count() -> int:
    return torch.mps.device_count() if torch.backends.mps.is_available() else 0


def _describe() -> dict[str, str]:
    return {
        "device": platform.processor() or platform.machine(),
        "devices": str(_count()),
        "memory": f"{torch.mps.recommended_max_memory() / 2**30:.0f} GiB",
        "macOS": platform.mac_ver()[0],
    }


BACKEND = Backend(
    name="mps", count=_count, describe=_describe, dtypes=("bfloat16", "float16", "float32")
)
