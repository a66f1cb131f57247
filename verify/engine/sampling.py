"""Draw samples: seeds, replicates, and calls into the code under test."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from verify import torch_api
from verify.plan import watchdog
from verify.plan.run import Cell, Run, derive
from verify.subjects import python_streams
from verify.subjects.case import Case
from verify.subjects.fills import Target
from verify.subjects.unlawful import Unlawful

_ONE_CALL_FROM = 1 << 18
"""Tensors of this size are not drawn twice for a single case."""

_WORD = (1 << 32) - 1


class SubjectRaised(Exception):
    """The subject raised on a valid case, or its fill method found something unlawful.

    Attributes
    ----------
    check : str
        The check that has found it.
    error : Exception or None
        What the subject raised.
    """

    def __init__(self, said: str, check: str = "raises", error: Exception | None = None) -> None:
        super().__init__(said)
        self.check = check
        self.error = error


class Unsupported(Exception):
    """The backend says that it has not implemented the case."""


@dataclass(frozen=True)
class Sample:
    """Consecutive calls of one subject on one stream.

    Attributes
    ----------
    tensors : mapping
        Each tensor by name, of shape ``(calls, numel)``, where the backend reduces them.
    shapes : mapping
        The shape of each tensor as it was filled.
    seed : int
        The derived seed of the stream.
    calls : int
    """

    tensors: Mapping[str, Tensor]
    shapes: Mapping[str, tuple[int, ...]]
    seed: int
    calls: int

    @property
    def values(self) -> Tensor:
        """The nameless tensor of an initializer."""
        return self.tensors[""]

    @property
    def n(self) -> int:
        """Entries of all tensors, in all calls."""
        return sum(tensor.numel() for tensor in self.tensors.values())

    def host_stream(self, tensor: str = "") -> np.random.Generator:
        """Randomness for checks that need their own, independent of the code under test.

        One for each tensor: tensors of one kind are pooled as if they shared nothing.
        """
        low, high = self.seed & _WORD, self.seed >> 32
        named = [low, high, 1, *tensor.encode(errors="surrogatepass")]
        return np.random.default_rng(np.array(named, dtype=np.uint32))


@dataclass
class Sampler:
    """Draws a cell's samples, each from its own derived seed.

    Attributes
    ----------
    cell : Cell
    run : Run
    promise : str
        Which of the subject's fill methods is taken. It enters the seeds: what is drawn for one
        promise is independent of what is drawn for another.
    """

    cell: Cell
    run: Run
    promise: str = "law"
    _seeds: dict[int, str] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where this worker draws."""
        return self.cell.backend.device(self.run.worker)

    def calls(self, case: Case, values: int, most: int) -> int:
        """How many calls draw `values` entries: at most `most`, but two unless one is large."""
        numel = self.cell.subject.numel(case)
        if numel == 0:
            return 1
        least = 2 if numel < _ONE_CALL_FROM else 1
        return min(max(least, -(-values // numel)), most)

    def draw(
        self,
        case: Case,
        replicate: str,
        calls: int,
        seed: int | None = None,
        only: Collection[str] = (),
    ) -> Sample:
        """Fill fresh tensors by consecutive calls, every global stream seeded before the first.

        Parameters
        ----------
        case : Case
        replicate : str
            Names this draw among all draws of the case; it enters the seed.
        calls : int
            How many.
        seed : int, optional
            A fixed seed in place of the derived one.
        only : collection of str
            The tensors to keep, of a module; all by default.

        Raises
        ------
        SubjectRaised, Unsupported, watchdog.TimedOut, verify.torch_api.OutOfMemory
            What the subject did instead of filling the tensors.
        """
        seed = self._seed(case, replicate) if seed is None else seed
        generator = self.cell.backend.generator(self.device, seed)
        python_streams.seed(seed)
        target = Target(self.device, self.cell.dtype, generator)
        fill_method = self.cell.subject.fill_methods[self.promise]
        filled: list[Mapping[str, Tensor]] = []
        with (
            watchdog.limit(self.run.time_limit) as restart,
            watchdog.staying(),
            warnings.catch_warnings(),
        ):
            # Deprecation and tail warnings are promises of their own, tested elsewhere.
            warnings.simplefilter("ignore")
            try:
                with torch_api.memory_for(case):
                    fill = fill_method(case, target)
                    for _ in range(calls):
                        restart()
                        tensors = fill()
                        kept = {n: t for n, t in tensors.items() if not only or n in only}
                        filled.append(self._run(kept) if self.cell.backend.is_lazy else kept)
                    self.cell.backend.synchronize(self.device)
            except Unlawful as reason:
                raise SubjectRaised(f"{reason}", reason.check) from reason
            except Exception as reason:
                if torch_api.unsupported(reason):
                    raise Unsupported(f"{reason}") from reason
                said = f"{type(reason).__name__}: {reason}"
                raise SubjectRaised(said, error=reason) from reason
        with torch_api.memory_for(case):
            return _stacked(filled, seed, self.cell.backend.reduces_on(self.device))

    def _run(self, recorded: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Run a call by itself, that the next one finds its program: what was filled, on the host.

        Two calls that are run together are another program than one, and so are their streams.
        """
        self.cell.backend.synchronize(self.device)
        return {name: tensor.detach().cpu() for name, tensor in recorded.items()}

    def _seed(self, case: Case, replicate: str) -> int:
        """A derived seed that no other draw of this cell uses."""
        identity = f"{self.promise} {case!r} {replicate}"
        for attempt in range(1 << 10):
            seed = derive(self.run.seed, self.cell.id, identity, attempt)
            if self._seeds.setdefault(seed, identity) == identity:
                return seed
        raise AssertionError("derived seeds collide without end")


def _stacked(filled: list[Mapping[str, Tensor]], seed: int, where: torch.device) -> Sample:
    first = filled[0]
    tensors = {name: _rows([each[name] for each in filled]).to(where) for name in first}
    shapes = {name: tuple(tensor.shape) for name, tensor in first.items()}
    return Sample(tensors, shapes, seed, len(filled))


def _rows(calls: list[Tensor]) -> Tensor:
    """One call a row, entries in the order of their indices, however each lies in memory."""
    stacked = calls[0][None] if len(calls) == 1 else torch.stack(calls)
    return stacked.reshape(len(calls), -1)
