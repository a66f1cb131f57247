"""NVIDIA GPUs, and AMD GPUs under ROCm, which PyTorch names alike."""

from __future__ import annotations

import torch

from verify.backends.base import Backend


def _count() -> int:
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _describe() -> dict[str, str]:
    properties = torch.cuda.get_device_properties(0)
    return {
        "device": properties.name,
        "devices": str(_count()),
        "memory": f"{properties.total_memory / 2**30:.0f} GiB",
        "capability": f"{properties.major}.{properties.minor}",
        "CUDA": str(torch.version.cuda),
        "ROCm": str(torch.version.hip),
    }


BACKEND = Backend(name="cuda", count=_count, describe=_describe)
