"""Draws whose bits are compared, and the streams that they come from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from verify.behaviour.promise import Trial
from verify.behaviour.tensors import doubled
from verify.subjects.fills import Target


def usual(trial: Trial) -> bool:
    """Whether it is the case that most users call: what hangs on no case is asked of it."""
    return bool(trial.case == trial.cell.subject.anchors[0])


def sized(trial: Trial, *shape: int) -> Trial:
    """The same parameters in another shape."""
    return replace(trial, case=replace(trial.case, shape=shape))


def draw(trial: Trial, target: Target, calls: int = 1) -> Tensor:
    """A row for each of some consecutive calls, on the host."""
    return torch.stack([trial.tensors(target)[""].cpu().reshape(-1) for _ in range(calls)])


def bits_of(values: Tensor) -> Tensor:
    """The bytes of values with at least one axis, on the host."""
    return values.cpu().contiguous().view(torch.uint8)


def unlike(drawn: Mapping[str, Tensor], reference: Tensor) -> list[str]:
    """Names of the draws that are not the reference, bit for bit."""
    same = bits_of(reference)
    return [name for name, values in drawn.items() if not torch.equal(bits_of(values), same)]


def stream_of(target: Target) -> torch.Generator:
    """The generator of a target; NotImplementedError where its device has none."""
    if target.generator is None:
        raise NotImplementedError(f"{target.device.type} has no generators")
    return target.generator


def seeded(trial: Trial, seed: int) -> Target:
    """A target whose streams, the global ones too, start from a given seed."""
    return replace(trial.target(), generator=trial.cell.backend.generator(trial.device, seed))


def draw_odd(trial: Trial, generator: torch.Generator | None) -> None:
    """Draw so that half of a pair of normals is left over."""
    for name in trial.cell.backend.dtypes:
        dtype, device = getattr(torch, name), trial.device
        torch.empty(1, dtype=dtype, device=device).normal_(generator=generator)
        torch.empty(3, dtype=dtype, device=device).uniform_(generator=generator)


def restore(device: torch.device, states: Iterable[Tensor]) -> None:
    """Set the states that `torch_api.streams` gave."""
    host, *on_device = states
    torch.set_rng_state(host)
    for state in on_device:
        torch.get_device_module(device).set_rng_state(state)


@contextlib.contextmanager
def forked(device: torch.device) -> Iterator[None]:
    """``torch.random.fork_rng`` for the host and a device."""
    on_device = {} if device.type == "cpu" else {"device_type": device.type}
    with torch.random.fork_rng([device] if on_device else [], **on_device):
        yield


def information(values: Tensor) -> float:
    """Bits b such that an independent draw equals these values with probability 2⁻ᵇ at most.

    Whatever the law of n independent entries is, it gives these values at most the probability
    that their own frequencies give them, ∏ (nᵢ/n)^nᵢ (maximum likelihood; Cover & Thomas 2006,
    theorem 11.1.2). Entries of a matrix of Haar measure and of a permutation depend on each
    other a little: of 100 bits, more than 60 are left.
    """
    entries = doubled(values)
    entries = torch.view_as_real(entries) if entries.is_complex() else entries
    counts = torch.unique(entries, return_counts=True)[1].double()
    return float((counts * (counts.sum() / counts).log2()).sum())
