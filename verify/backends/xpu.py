"""Intel GPUs. Never run here: no such machine was at hand.

Source: PyTorch documentation, ``torch.xpu``: its functions are those of ``torch.cuda`` by name.
Some devices compute in float64 and some do not: ``has_fp64`` of their properties says so.
"""

from __future__ import annotations

import torch

from verify.backends.base import DTYPES, Backend


def _count() -> int:
    return torch.xpu.device_count() if torch.xpu.is_available() else 0


def _describe() -> dict[str, str]:
    properties = torch.xpu.get_device_properties(0)
    return {
        "device": properties.name,
        "devices": str(_count()),
        "memory": f"{properties.total_memory / 2**30:.0f} GiB",
        "driver": str(properties.driver_version),
    }


def _dtypes() -> tuple[str, ...]:
    """All of them where there is no device: nothing is known then."""
    doubles = not _count() or torch.xpu.get_device_properties(0).has_fp64
    return DTYPES if doubles else tuple(name for name in DTYPES if name != "float64")


BACKEND = Backend(name="xpu", count=_count, describe=_describe, dtypes=_dtypes())
