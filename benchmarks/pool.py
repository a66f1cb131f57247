"""Time one pool: draw batches by the initializer, check them as the suite does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from scipy import stats

from benchmarks.timing import Stopwatch, least
from verify import backends, torch_api
from verify.checks.reduce import reduce
from verify.evidence import NOTHING
from verify.profiles import PROFILES
from verify.run import Cell, Run, derive
from verify.sampling import Sample, Sampler
from verify.subjects import SUBJECTS

VALUES = 1 << 22
"""Values of a measured pool."""

BATCH = 1 << 19
"""Values drawn and checked at a time, as in `verify.explore`."""

CALLS = 512

KSTEST = 1 << 20
"""Values handed to ``kstest``: about the size of the four-dimensional tensors of PyTorch's test."""

_KSTEST_LAWS = {"normal_": "norm", "uniform_": "uniform"}
_RUN = Run(seed=1, profile=PROFILES["standard"], time_limit=600.0, worker=0)


@dataclass(frozen=True)
class Costs:
    """CPU nanoseconds for one value.

    Attributes
    ----------
    fill : float
        The initializer alone, into memory that is already there.
    draw, check : float
        The suite's sampling (seeding, fresh memory, time limit and the initializer) and its
        reduction to evidence.
    kstest : float or None
        ``scipy.stats.kstest`` on a Python list of the values, for the laws it names.
    """

    fill: float
    draw: float
    check: float
    kstest: float | None

    @property
    def checking(self) -> float:
        """Checking relative to the initializer alone."""
        return self.check / self.fill

    @property
    def advantage(self) -> float | None:
        """How many times cheaper drawing and checking are than ``kstest`` alone."""
        return None if self.kstest is None else self.kstest / (self.draw + self.check)


def measure(name: str, dtype: str, rounds: int) -> Costs:
    """The costs of a subject's first anchor in `dtype` on the CPU."""
    cell = Cell(SUBJECTS[name], backends.known()["cpu"], dtype)
    seconds = least(partial(_pool, cell), rounds)
    per_value = {key: 1e9 * value / VALUES for key, value in seconds.items()}
    kstest = 1e9 * seconds["kstest"] / KSTEST if "kstest" in seconds else None
    return Costs(per_value["fill"], per_value["draw"], per_value["check"], kstest)


def _pool(cell: Cell, watch: Stopwatch) -> None:
    """One round: the pool batch by batch, and ``kstest`` between its halves."""
    case = cell.subject.anchors[0]
    law = cell.subject.law(case)
    sampler, evidence = Sampler(cell, _RUN), NOTHING
    for batch in range(VALUES // BATCH):
        with watch.time("draw"):
            sample = sampler.draw(case, f"pool {batch}", BATCH, CALLS)
        with watch.time("check"):
            evidence += reduce(sample, case.shape, law, sort=False).pooled()
        _fill_again(cell, sample, watch)
        if batch == VALUES // BATCH // 2:
            _kstest(cell, watch)
    if not all(finding.passed for finding in evidence.findings("cell")):
        raise SystemExit(f"{cell.id} breaks its law: there is no point in timing it.")


def _fill_again(cell: Cell, sample: Sample, watch: Stopwatch) -> None:
    """Fill the tensors of a sample by the initializer alone."""
    case = cell.subject.anchors[0]
    generator = cell.backend.generator(torch.device("cpu"), sample.seed)
    fill = torch_api.filler(cell.subject.name, cell.subject.arguments(case), generator)
    tensors = [values.view(case.shape) for values in sample.values]
    with watch.time("fill"):
        for tensor in tensors:
            fill(tensor)


def _kstest(cell: Cell, watch: Stopwatch) -> None:
    """PyTorch's own question: ``kstest`` of the flat list against the law's name."""
    law = _KSTEST_LAWS.get(cell.subject.name)
    if law is None:
        return
    generator = cell.backend.generator(torch.device("cpu"), derive(_RUN.seed, cell.id, "kstest"))
    case = cell.subject.anchors[0]
    tensor = torch.empty(KSTEST, dtype=cell.dtype)
    torch_api.filler(cell.subject.name, cell.subject.arguments(case), generator)(tensor)
    with watch.time("kstest"):
        stats.kstest(tensor.tolist(), law, args=(0.0, 1.0))
