"""The Dirac initializer makes a convolution pass its input through."""

from __future__ import annotations

import torch
from torch import Tensor

from verify.checks.statistics import Exact
from verify.engine.sampling import Sampler
from verify.outcome.evidence import NOTHING, Evidence
from verify.outcome.outcome import Outcome
from verify.plan.drawing import for_each_case
from verify.plan.run import Cell, Run, derive
from verify.subjects.initializer_cases import DiracCase

_MAX_NUMEL = 1 << 12
_NEAR = 0.25
"""Nearer to a whole number than this is that number: of a weight, 0.1 % show."""

_CONVOLUTIONS = {
    3: torch.nn.functional.conv1d,
    4: torch.nn.functional.conv2d,
    5: torch.nn.functional.conv3d,
}


def _passed_through(weight: Tensor, groups: int) -> Evidence:
    """Convolve whole numbers of which neighbours differ, to less than the half of one.

    Direct sums are exact here. Winograd's algorithms and Fourier's round, by at most a constant
    of the algorithm times ‖x‖∞·‖w‖₁ roundings (Barabasz, Anderson, Soodhalter & Gregg 2020; Higham
    2002, chapter 24), where ‖x‖∞ ≤ 250 and ‖w‖₁ ≤ 1: a constant of 16,000 stays below `_NEAR` even
    in float32.
    """
    out, inputs, *kernel = weight.shape
    sides = [3] * len(kernel)
    signal = torch.arange(1, groups * inputs * 3 ** len(kernel) + 1, device=weight.device) % 251
    signal = signal.to(weight.dtype).view(1, groups * inputs, *sides)
    padding = [k // 2 for k in kernel]
    convolved = _CONVOLUTIONS[weight.dim()](signal, weight, padding=padding, groups=groups)
    # An even kernel answers one place more on each axis; the identity is in the first ones.
    answer = convolved[0][:, *(slice(side) for side in sides)]
    answer = answer.view(groups, out // groups, *sides)
    passed = min(out // groups, inputs)
    expected = torch.zeros_like(answer)
    expected[:, :passed] = signal[0].view(groups, inputs, *sides)[:, :passed]
    near = (answer - expected).abs() < _NEAR
    return Evidence({"exact": Exact(answer.numel(), int((~near).sum()))})


def verify_convolutions(cell: Cell, run: Run) -> Outcome:
    """Convolve with drawn weights: the preserved channels pass, the rest is zero."""
    sampler, parts = Sampler(cell, run), list[Evidence]()
    # It holds what any narrower dtype does; the question is what the weights are. Samples lie
    # where float64 is at hand.
    dtype = torch.promote_types(cell.dtype, torch.float64)

    def convolve(case: DiracCase) -> None:
        weight = sampler.draw(case, "convolution", 1).values.view(case.shape)
        parts.append(_passed_through(weight.to(dtype), case.groups))

    for_each_case(
        cell.subject.cases(_MAX_NUMEL),
        convolve,
        seed=derive(run.seed, cell.id, "convolutions"),
        examples=run.profile.initializer.examples,
    )
    evidence = sum(parts, NOTHING)
    findings = evidence.findings("cell")
    return Outcome(
        "convolution",
        *cell.names,
        words="the identity on as many channels of each group as possible, zero on the rest",
        formula="conv(x, w, padding=k//2)[g·f + d] = x[g·in + d]",
        source="PyTorch documentation, torch.nn.init.dirac_; Zagoruyko & Komodakis 2017",
        findings=tuple(findings),
        evidence=evidence,
        n=sum(finding.n for finding in findings),
        cases=len(parts),
        calls=len(parts),
        decisions=len(findings),
    )
