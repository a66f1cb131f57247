"""Devices."""

from __future__ import annotations

from collections.abc import Callable

import torch

from strategies._choices import Choices
from strategies._define import strategy


@strategy
def devices() -> Callable[[Choices], torch.device]:
    """Draw a device of this machine.

    The CPU, and every index of the accelerator that ``torch.accelerator`` reports (torch 2.6 and
    later; earlier releases draw the CPU only).

    Returns
    -------
    SearchStrategy[torch.device]
        Each device as often as the others. Shrinks to the CPU.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(devices(), lambda device: True)
    device(type='cpu')
    """
    options = present_devices()
    return lambda choices: choices.pick(options)


def present_devices() -> list[torch.device]:
    """List the devices of this machine, the CPU first."""
    found = [torch.device("cpu")]
    accelerator = getattr(torch, "accelerator", None)
    if accelerator is not None and accelerator.is_available():
        kind = accelerator.current_accelerator().type
        found += [torch.device(kind, index) for index in range(accelerator.device_count())]
    return found
