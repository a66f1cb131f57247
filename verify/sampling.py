"""Draw samples: seeds, replicates, and calls into the code under test."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from verify import torch_api, watchdog
from verify.run import Cell, Run, derive
from verify.subjects.subject import Case

_ONE_CALL_FROM = 1 << 18
"""Tensors of this size are not drawn twice for a single case."""


class SubjectRaised(Exception):
    """The subject raised on a valid case."""


class Unsupported(Exception):
    """The backend says that it has not implemented the case."""


@dataclass(frozen=True)
class Sample:
    """Consecutive calls of one subject on one stream.

    Attributes
    ----------
    values : Tensor
        Shape ``(calls, numel)``, on the device they were drawn on.
    seed : int
        The derived seed of the stream.
    """

    values: Tensor
    seed: int

    @property
    def host_stream(self) -> np.random.Generator:
        """Randomness for checks that need their own, independent of the code under test."""
        return np.random.default_rng([self.seed, 1])


@dataclass
class Sampler:
    """Draws a cell's samples, each from its own derived seed."""

    cell: Cell
    run: Run
    _seeds: dict[int, str] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where this worker draws."""
        return self.cell.backend.device(self.run.worker)

    def calls(self, case: Case, values: int, most: int) -> int:
        """How many calls draw `values` entries: at most `most`, but two unless one is large."""
        numel = math.prod(case.shape)
        if numel == 0:
            return 1
        least = 2 if numel < _ONE_CALL_FROM else 1
        return min(max(least, -(-values // numel)), most)

    def draw(self, case: Case, replicate: str, calls: int, seed: int | None = None) -> Sample:
        """Fill fresh tensors by consecutive calls.

        Parameters
        ----------
        case : Case
        replicate : str
            Names this draw among all draws of the case; it enters the seed.
        calls : int
            How many.
        seed : int, optional
            A fixed seed in place of the derived one.

        Raises
        ------
        SubjectRaised, Unsupported, watchdog.TimedOut
            What the subject did instead of filling the tensor.
        """
        seed = self._seed(case, replicate) if seed is None else seed
        generator = self.cell.backend.generator(self.device, seed)
        subject = self.cell.subject
        fill = torch_api.filler(subject.name, subject.arguments(case), generator)
        filled: list[Tensor] = []
        with watchdog.limit(self.run.time_limit) as restart, warnings.catch_warnings():
            # Deprecation and tail warnings are promises of their own, tested elsewhere.
            warnings.simplefilter("ignore")
            try:
                for _ in range(calls):
                    restart()
                    filled.append(self._filled(fill, case.shape))
                self.cell.backend.synchronize(self.device)
            except NotImplementedError as reason:
                raise Unsupported(f"{reason}") from reason
            except Exception as reason:
                raise SubjectRaised(f"{type(reason).__name__}: {reason}") from reason
        return Sample(filled[0][None] if calls == 1 else torch.stack(filled), seed)

    def _filled(self, fill: torch_api.Filler, shape: tuple[int, ...]) -> Tensor:
        """A tensor full of NaN, filled: what the subject leaves untouched stays NaN."""
        tensor = torch.full(shape, torch.nan, dtype=self.cell.dtype, device=self.device)
        fill(tensor)
        return tensor.view(-1)

    def _seed(self, case: Case, replicate: str) -> int:
        """A derived seed that no other draw of this cell uses."""
        identity = f"{case!r} {replicate}"
        for attempt in range(1 << 10):
            seed = derive(self.run.seed, self.cell.id, identity, attempt)
            if self._seeds.setdefault(seed, identity) == identity:
                return seed
        raise AssertionError("derived seeds collide without end")
