"""Whether modules restore what they own when they are told to start anew."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from initlaws.audits.found import Found
from initlaws.audits.glances import can_be_nan, listed
from initlaws.audits.seen import Seen, called
from verify.quoting import said

_RESETS = ("reset_parameters", "_reset_parameters")
"""Methods by which a module restores what it owns; those of attention are private."""


def restored(seen: Seen) -> Found:
    """Every module that has a reset writes all that it owns itself.

    FullyShardedDataParallel's documentation asks it of `reset_parameters`: it initialises the
    parameters and buffers of its module, and no others. Constants among buffers are often left to
    the constructor, and PyTorch's modules know nothing of what is added to them, as weight_norm
    does: those are remarks.
    """
    left: list[tuple[str, str, bool]] = []
    remarks: list[str] = []

    def make() -> nn.Module:
        model = seen.builds.make()
        resetting = {
            name: part
            for name, part in model.named_modules()
            if any(callable(getattr(part, reset, None)) for reset in _RESETS)
        }
        for part in resetting.values():
            _spoil(part)
        for name, part in list(resetting.items()):
            try:
                _reset(part)
            except Exception as error:
                remarks.append(f"the reset of {name or 'the model'} raises {said(error)}")
                del resetting[name]
        left.extend(_left(resetting))
        return model

    called(seen.builds, "reset_parameters", make).model(1)
    wrong = [
        f"{reset} leaves {name} as it was: write all that the module owns"
        for name, reset, is_lawful in left
        if not is_lawful
    ]
    if lawful := [name for name, _, is_lawful in left if is_lawful]:
        remarks.append(f"a reset leaves {listed(lawful)} as before")
    return Found(tuple(wrong), tuple(remarks))


def _owned(part: nn.Module) -> Iterator[tuple[str, Tensor, bool]]:
    """Name, tensor and whether it is a buffer, of what a module owns itself and can hold NaN."""
    for is_buffer, pairs in (
        (False, part.named_parameters(recurse=False)),
        (True, part.named_buffers(recurse=False)),
    ):
        yield from (
            (name, tensor, is_buffer)
            for name, tensor in pairs
            if can_be_nan(tensor) and tensor.numel()
        )


def _spoil(part: nn.Module) -> None:
    with torch.no_grad():
        for _, tensor, _ in _owned(part):
            tensor.fill_(torch.nan)


def _reset(part: nn.Module) -> None:
    """Call the first reset that there is."""
    method = next(m for reset in _RESETS if callable(m := getattr(part, reset, None)))
    method()


def _left(parts: dict[str, nn.Module]) -> Iterator[tuple[str, str, bool]]:
    """What still holds NaN: its full name, whose reset left it, and whether it may."""
    for path, part in parts.items():
        reset = next(r for r in _RESETS if callable(getattr(part, r, None)))
        for name, tensor, is_buffer in _owned(part):
            if bool(tensor.isnan().any()):
                full = f"{path}.{name}" if path else name
                is_torchs = type(part).__module__.startswith("torch.")
                yield full, f"{type(part).__qualname__}.{reset}", is_buffer or is_torchs
