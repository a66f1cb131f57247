"""What a young backend does wrong: each fault replaces one kernel of the device by another.

Source: PyTorch documentation, ``torch.library``.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial

import torch
from torch import Generator, Tensor

_KERNELS = torch.library.Library("aten", "IMPL")
_DEAF = torch.Generator()


def _replaced(operator: str, kernel: Callable[..., object]) -> Callable[[], None]:
    return partial(_KERNELS.impl, operator, kernel, "PrivateUse1")


def _host(generator: Generator | None) -> Generator:
    """A stream of the host that follows one of the device."""
    seed = torch.empty((), dtype=torch.int32, device="loom").random_(generator=generator)
    return torch.Generator().manual_seed(int(seed))


def _exponentials(of: Tensor, rate: float, generator: Generator | None) -> Tensor:
    drawn = torch.empty(of.shape, dtype=of.dtype)
    return of.copy_(drawn.exponential_(rate, generator=_host(generator)))


def _missing(*_arguments: object, **_keywords: object) -> None:
    raise NotImplementedError("loom has no kernel of aten::poisson")


def _wrong(of: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """The rate is taken for the mean."""
    return _exponentials(of, 1 / lambd, generator)


def _nan(of: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """The last entry is read before it is there."""
    _exponentials(of, lambd, generator)
    if of.numel() > 1:
        of.select(0, -1).fill_(torch.nan)
    return of


def _unseeded(
    of: Tensor, low: float = 0, high: float = 1, *, generator: Generator | None = None
) -> Tensor:
    """From a stream that goes on from wherever it was."""
    del generator
    return of.copy_(torch.empty(of.shape, dtype=of.dtype).uniform_(low, high, generator=_DEAF))


def _past_the_end(
    of: Tensor, low: float = 0, high: float = 1, *, generator: Generator | None = None
) -> Tensor:
    """By whole vectors of eight entries."""
    room = of.untyped_storage().nbytes() // of.element_size() - of.storage_offset()
    whole = min(room, -(-of.numel() // 8) * 8)
    flat = of.as_strided((whole,), (1,)) if of.is_contiguous() else of
    drawn = torch.empty(flat.shape, dtype=of.dtype).uniform_(low, high, generator=_host(generator))
    flat.copy_(drawn)
    return of


def _spinning(*_arguments: object, **_keywords: object) -> None:
    while True:
        pass


def _sleeping(*_arguments: object, **_keywords: object) -> None:
    """Native code that waits for an answer that never comes."""
    torch.ops.loom.sleep()


def _killing(*_arguments: object, **_keywords: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _late(
    of: Tensor, low: float = 0, high: float = 1, *, generator: Generator | None = None
) -> Tensor:
    """It goes wrong after the call has returned, which who waits is told once."""
    of.copy_(torch.empty(of.shape, dtype=of.dtype).uniform_(low, high, generator=_host(generator)))
    torch.ops.loom.trouble(False)
    return of


def _lost(*_arguments: object, **_keywords: object) -> None:
    """It goes wrong after the call has returned, and nothing goes right ever after."""
    torch.ops.loom.trouble(True)


def _limited() -> None:
    torch.ops.loom.limit(1 << 20)


FAULTS = {
    "missing": _replaced("poisson", _missing),
    "wrong": _replaced("exponential_", _wrong),
    "nan": _replaced("exponential_", _nan),
    "unseeded": _replaced("uniform_", _unseeded),
    "past the end": _replaced("uniform_", _past_the_end),
    "spinning": _replaced("geometric_", _spinning),
    "sleeping": _replaced("geometric_", _sleeping),
    "killing": _replaced("cauchy_", _killing),
    "late": _replaced("uniform_", _late),
    "lost": _replaced("log_normal_", _lost),
    "out of memory": _limited,
}
"""Each plants itself into the device of this process."""
