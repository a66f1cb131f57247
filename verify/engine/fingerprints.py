"""Fingerprints of seeded streams: whether another build draws the same bits from a seed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import replace

import torch

from verify.engine.sampling import Sample, Sampler, SubjectRaised, Unsupported
from verify.plan import watchdog
from verify.subjects.case import Case, TensorCase
from verify.torch_api import OutOfMemory

_SEED = 42
"""The same in every run: two runs of different run seeds can be compared."""

_MOST = 1 << 20
"""Entries of the largest case that is drawn once more for its fingerprint."""

_MOST_ASIDE = 1 << 16
"""The same for every fill method but the first: larger tensors are cut down to this."""


def fingerprints(sampler: Sampler, cases: Iterable[Case]) -> dict[str, str]:
    """The fingerprint of each random case.

    Parameters
    ----------
    sampler : Sampler
        Of the cell, one of the subject's fill methods.
    cases : iterable of Case
        The same in every run.

    Returns
    -------
    dict
        Hexadecimal digits by the case's text. A case that cannot be drawn has none: why it
        cannot is the cell's own verdict.
    """
    found = {}
    for case in dict.fromkeys(_cut(sampler, case) for case in cases):
        if not _worthwhile(sampler, case):
            continue
        try:
            found[repr(case)] = _digest(sampler.draw(case, "fingerprint", 1, seed=_SEED))
        except (Unsupported, SubjectRaised):
            continue
        except (watchdog.TimedOut, OutOfMemory):
            break
    return found


def _cut(sampler: Sampler, case: Case) -> Case:
    """The case, or the same call on a smaller tensor."""
    most = _most(sampler)
    if not isinstance(case, TensorCase) or most == _MOST:
        return case
    shape = list(case.shape)
    while math.prod(shape) > most:
        longest = shape.index(max(shape))
        shape[longest] //= 2
    return replace(case, shape=tuple(shape))


def _most(sampler: Sampler) -> int:
    """Entries of the largest case of the fill method that the backend bears."""
    first = next(iter(sampler.cell.subject.fill_methods))
    most = _MOST if sampler.promise == first else _MOST_ASIDE
    return sampler.cell.backend.bearable(most)


def _worthwhile(sampler: Sampler, case: Case) -> bool:
    """Whether there is a stream, and no need to draw for long."""
    subject = sampler.cell.subject
    random = any(tensor.law.is_random(tensor.shape) for tensor in subject.tensors(case))
    return random and 0 < subject.numel(case) <= sampler.cell.backend.bearable(_MOST)


def _digest(sample: Sample) -> str:
    """BLAKE2b of 128 bits over each tensor's name, dtype, shape and bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for name, values in sorted(sample.tensors.items()):
        digest.update(
            f"{name} {values.dtype} {sample.shapes[name]}\n".encode(errors="surrogatepass")
        )
        # The one place where values themselves cross to the host: only there are bytes hashed.
        digest.update(bytes(values[0].contiguous().view(torch.uint8).cpu().numpy()))
    return digest.hexdigest()
