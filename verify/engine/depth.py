"""Run an experiment of many layers, and hold what is seen layer by layer against theory.

Each layer's squares are held against the law given the layer before, as it was computed: no
rounding adds up over layers. In float64 a layer's own are off by at most γ₂₅₈ = 3e-14 of a sum of
sizes (Higham 2002, sec. 4.2), beside a spread of a hundredth, whatever kernel multiplies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from verify import torch_api
from verify.checks.signal import signal
from verify.checks.statistics import Exact
from verify.laws.propagation import recursion
from verify.outcome.evidence import Evidence
from verify.outcome.outcome import Outcome
from verify.plan import watchdog
from verify.plan.run import Cell, Run, derive
from verify.subjects.depth import BATCH, DEPTH, WIDTH, Experiment
from verify.subjects.propagation import ACTIVATIONS


@dataclass(frozen=True)
class Seen:
    """What became of a signal.

    Attributes
    ----------
    squares, rows : list of float
        Mean squares of the input and of each layer's activations, computed in float64: of all
        inputs together, and of the first.
    last : Tensor
        The last layer's activations, computed in the dtype of the cell, on the host.
    """

    squares: list[float]
    rows: list[float]
    last: Tensor


def verify_depth(cell: Cell, run: Run) -> Outcome:
    """Send some inputs through the network of a cell, and decide.

    Raises
    ------
    TypeError
        For a cell of another family.
    """
    experiment = cell.subject
    if not isinstance(experiment, Experiment):
        raise TypeError(f"{experiment.name} is no experiment")
    seen = _sent(cell, run, experiment)
    evidence = against_theory(experiment, seen)
    findings = evidence.findings("cell")
    return replace(
        Outcome.for_cell("depth", cell.names, experiment),
        findings=tuple(findings),
        evidence=evidence,
        n=BATCH * WIDTH * DEPTH,
        cases=1,
        calls=DEPTH,
        decisions=len(findings),
    )


def _sent(cell: Cell, run: Run, experiment: Experiment) -> Seen:
    device = cell.backend.device(run.worker)
    generator = cell.backend.generator(device, derive(run.seed, cell.id, "weights"))
    stream = torch.Generator().manual_seed(derive(run.seed, cell.id, "inputs"))
    inputs = torch.randn(BATCH, WIDTH, generator=stream, dtype=torch.float64)
    function, there = ACTIVATIONS[experiment.nonlinearity], cell.backend.reduces_on(device)
    exact, plain = inputs.to(there), inputs.to(cell.dtype).to(device)
    arguments = dict(experiment.arguments)
    if experiment.recommended:
        arguments["gain"] = torch_api.calculate_gain(*experiment.recommended)
    fill = torch_api.filler(experiment.initializer, arguments, generator)
    squares = [exact.square().mean(1)]
    with watchdog.limit(run.time_limit) as restart:
        for _ in range(DEPTH):
            restart()
            empty = torch.full((WIDTH, WIDTH), torch.nan, dtype=cell.dtype, device=device)
            weight = fill(empty)
            exact = function(exact @ weight.to(there).double().T, 0.0)
            plain = function(plain @ weight.T, 0.0)
            squares.append(exact.square().mean(1))
    every = torch.stack(squares).cpu().numpy()
    return Seen([*map(float, every.mean(1))], [*map(float, every[:, 0])], plain.cpu())


def against_theory(experiment: Experiment, seen: Seen) -> Evidence:
    """The evidence of an experiment; of a signal that float64 cannot hold, its fate alone."""
    if not all(0 < square < math.inf for square in (*seen.squares, *seen.rows)):
        return Evidence({"fate": Exact(1, 1)})
    fate = Exact(1, int(not meets_its_fate(experiment, seen)))
    found = signal(experiment.nonlinearity, experiment.gain, seen.squares, seen.rows, WIDTH)
    return Evidence({"fate": fate, "signal": found})


def meets_its_fate(experiment: Experiment, seen: Seen) -> bool:
    """Whether the last layer's activations are where the recursion says.

    Beyond the dtype's largest number they are infinite or NaN, below its smallest zero, elsewhere
    neither. In every experiment the recursion is farther from these two than from any network
    that is drawn, by more than thirty orders of magnitude.
    """
    numbers = torch.finfo(seen.last.dtype)
    squares = recursion(experiment.nonlinearity, experiment.gain, seen.squares[0], DEPTH)
    size = math.sqrt(squares[-1])
    if size > numbers.max:
        return not bool(seen.last.isfinite().all())
    if size < numbers.smallest_normal * numbers.eps:
        return not bool(seen.last.any())
    return bool(seen.last.isfinite().all() and seen.last.any())
