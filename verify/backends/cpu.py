"""The host."""

from __future__ import annotations

import torch

from verify.backends.base import Backend


def _describe() -> dict[str, str]:
    return {"vector instructions": torch.backends.cpu.get_cpu_capability()}


BACKEND = Backend(name="cpu", count=lambda: 1, describe=_describe)
