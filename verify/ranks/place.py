"""The device whose tensors a rank holds."""

from __future__ import annotations

import torch

_taken = [torch.device("cpu")]


def take(kind: str, rank: int) -> None:
    """Give a rank its device, once, before it meets the others: NCCL takes one for each rank.

    Source: PyTorch documentation, torch.distributed, on NCCL: every process must have exclusive
    access to every device it uses.
    """
    if kind != "cpu":
        torch.get_device_module(kind).set_device(rank)
        _taken[:] = [torch.device(kind, rank)]


def here() -> torch.device:
    """The device of this rank."""
    return _taken[0]
