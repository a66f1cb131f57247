"""Time one pool: draw batches by the initializer, check them as the suite does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from scipy import stats
from torch import Tensor

from benchmarks.timing import Stopwatch
from verify import backends, torch_api
from verify.engine.observation import observe
from verify.engine.sampling import Sample, Sampler
from verify.outcome.evidence import NOTHING
from verify.plan.profiles import PROFILES
from verify.plan.run import Cell, Run, derive
from verify.subjects import INITIALIZERS, Initializer

VALUES = 1 << 22
"""Values of a measured pool."""

BATCH = 1 << 19
"""Values drawn and checked at a time, as in `verify.engine.pool`."""

CALLS = 512

KSTEST = 1 << 20
"""Values handed to ``kstest``: about the size of the four-dimensional tensors of PyTorch's test."""

_SIZES = {"fill": BATCH, "draw": BATCH, "check": BATCH, "kstest": KSTEST}
_KSTEST_LAWS = {"normal_": "norm", "uniform_": "uniform"}
_SUBJECTS = {initializer.name: initializer for initializer in INITIALIZERS}
_RUN = Run(seed=1, profile=PROFILES["standard"], time_limit=600.0, worker=0)


@dataclass(frozen=True)
class Costs:
    """Nanoseconds for one value.

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
    kstest: float | None = None

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
    subject = _SUBJECTS[name]
    cell = Cell(subject, backends.known()["cpu"], dtype)
    watch = Stopwatch()
    for _ in range(rounds):
        _pool(subject, cell, watch)
    per_value = {key: 1e9 * seconds / _SIZES[key] for key, seconds in watch.seconds.items()}
    return Costs(**per_value)


def _pool(subject: Initializer, cell: Cell, watch: Stopwatch) -> None:
    """One round: each batch drawn, checked and filled again, then ``kstest``."""
    case = subject.anchors[0]
    tensors = subject.tensors(case)
    sampler, evidence = Sampler(cell, _RUN), NOTHING
    for batch in range(VALUES // BATCH):
        with watch.time("draw"):
            sample = sampler.draw(case, f"pool {batch}", sampler.calls(case, BATCH, CALLS))
        with watch.time("check"):
            evidence += observe(sample, tensors, sort=False).pooled()
        _fill_again(subject, cell, sample, watch)
    if not all(finding.passed for finding in evidence.findings("cell")):
        raise SystemExit(f"{cell.id} breaks its law: there is no point in timing it.")
    if subject.name in _KSTEST_LAWS:
        _kstest(subject, cell, watch)


def _fill(subject: Initializer, cell: Cell, tensors: Iterable[Tensor], seed: int) -> None:
    generator = cell.backend.generator(torch.device("cpu"), seed)
    fill = torch_api.filler(subject.name, subject.arguments(subject.anchors[0]), generator)
    for tensor in tensors:
        fill(tensor)


def _fill_again(subject: Initializer, cell: Cell, sample: Sample, watch: Stopwatch) -> None:
    """Fill the tensors of a sample once more, by the initializer alone."""
    tensors = [values.view(subject.anchors[0].shape) for values in sample.values]
    with watch.time("fill"):
        _fill(subject, cell, tensors, sample.seed)


def _kstest(subject: Initializer, cell: Cell, watch: Stopwatch) -> None:
    """PyTorch's own question: ``kstest`` of the flat list against the law's name."""
    tensor = torch.empty(KSTEST, dtype=cell.dtype)
    _fill(subject, cell, [tensor], derive(_RUN.seed, cell.id, "kstest"))
    with watch.time("kstest"):
        stats.kstest(tensor.tolist(), _KSTEST_LAWS[cell.subject.name], args=(0.0, 1.0))
