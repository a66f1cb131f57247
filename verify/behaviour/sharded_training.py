"""Ranks that train a network together get the gradients that one process would.

All values are whole numbers, and averages divide by a power of two: every order of summation
gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

import torch
from torch import Tensor

from verify.behaviour.distributed import on_ranks
from verify.behaviour.exact import Comparison, compare
from verify.outcome.outcome import Outcome
from verify.ranks.group import ask
from verify.ranks.placements import WORLD

_ROUNDINGS = 32
"""Roundings of a norm: squares of each, their sum over entries, ranks and tensors, a root for
each of these (Higham 2002, sec. 3.1: of sums of positive terms each counts once). The squares and
their sums over entries are exact here."""

_WAYS = ("data parallel", "fully sharded", "tensor parallel")
_NORM = 1e-6
"""What `clip_grad_norm_` adds to the norm before it divides by it (documented in its source)."""


def _expected(way: str, tied: bool) -> tuple[Tensor, Mapping[str, Tensor]]:
    """Outputs and gradients, by the chain rule.

    With e the weights of the loss: ∂L/∂V = eᵀ·(W·x + b), ∂L/∂c = Σ e, ∂L/∂W = (e·V)ᵀ·x,
    ∂L/∂b = Σ e·V; of tied layers the first and the third added up.
    """
    from verify.ranks import training

    splits = way in training.SPLITS
    size, ranks = (training.UNEVEN, WORLD) if splits else (training.EVEN, 1)
    w, b, v, c = (training.values_of(name, size, tied=tied) for name in training.NAMES)
    x, e = training.inputs(size), training.weights(size)
    hidden = x @ w.t() + b
    back = e @ v
    found = dict(zip(training.NAMES, (back.t() @ x, back.sum(0), e.t() @ hidden, e.sum(0)),
                     strict=True))  # fmt: skip
    if tied:
        both = found["first.weight"] + found["second.weight"]
        found |= {"first.weight": both, "second.weight": both}
    return hidden @ v.t() + c, {name: each / ranks for name, each in found.items()}


def _norm(gradients: Mapping[str, Tensor], tied: bool) -> float:
    counted = [each for name, each in gradients.items() if not (tied and name == "second.weight")]
    return math.sqrt(sum(float(each.square().sum()) for each in counted))


def _close(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=_ROUNDINGS * 2.0**-53)


class _Training:
    """What every rank has made, and what it should have."""

    def __init__(self, way: str, tied: bool) -> None:
        from verify.ranks import training

        self.tied = tied
        self.made: Sequence[training.Trained] = ask(training.train, way, tied)
        outputs, self.gradients = _expected(way, tied)
        splits = way in training.SPLITS
        self.outputs = outputs[:, None].unbind() if splits else (outputs,) * WORLD
        self.norm = _norm(self.gradients, tied)

    def off_outputs(self) -> list[str]:
        pairs = zip(self.made, self.outputs, strict=True)
        wrong = (not torch.equal(made.outputs, expected) for made, expected in pairs)
        return [f"rank {rank}" for rank, each in enumerate(wrong) if each]

    def off_gradients(self) -> list[str]:
        return [
            f"{name} on rank {rank}"
            for rank, made in enumerate(self.made)
            for name, expected in self.gradients.items()
            if not torch.equal(made.gradients.get(name, torch.empty(0)), expected)
        ]

    def lost_ties(self) -> list[str]:
        return [f"rank {rank}" for rank, made in enumerate(self.made) if made.tied != self.tied]

    def off_norms(self) -> list[str]:
        return [
            f"{function} on rank {rank}: {found:.17g}, not {self.norm:.17g}"
            for rank, made in enumerate(self.made)
            for function, found in (
                ("get_total_norm", made.total),
                ("clip_grad_norm_", made.clipping),
            )
            if not _close(found, self.norm)
        ]

    def off_clipped(self) -> list[str]:
        factor = 1 / (self.norm + _NORM)
        return [
            f"{name} on rank {rank}"
            for rank, made in enumerate(self.made)
            for name, expected in self.gradients.items()
            if not _agree(made.clipped.get(name, torch.empty(0)), expected * factor)
        ]


def _agree(found: Tensor, expected: Tensor) -> bool:
    bound = 2 * _ROUNDINGS * 2.0**-53 * expected.abs()
    return found.shape == expected.shape and bool(((found - expected).abs() <= bound).all())


_QUESTIONS: Mapping[str, Callable[[_Training], list[str]]] = {
    "outputs off the closed form": _Training.off_outputs,
    "gradients off the sum over uses and ranks": _Training.off_gradients,
    "ties that are lost": _Training.lost_ties,
    "norms off that of all gradients": _Training.off_norms,
    "clipped gradients off their share": _Training.off_clipped,
}


def _comparisons() -> list[Comparison]:
    trained = cache(_Training)

    def answer(question: Callable[[_Training], list[str]], way: str, tied: bool) -> list[str]:
        return question(trained(way, tied))

    return [
        Comparison(
            f"{words} of {'tied' if tied else 'untied'} layers, {way}",
            partial(answer, question, way, tied),
            [],
        )
        for way in _WAYS
        for tied in (False, True)
        for words, question in _QUESTIONS.items()
    ]


def verify_training(host: str) -> Outcome:
    """Train two layers on four ranks, by each kind of parallelism, and compare with one process."""
    asked = Outcome(
        promise="sharded training",
        subject=host,
        backend="host",
        dtype="float64",
        words="ranks get the outputs and gradients of one process: averaged over batches, summed "
        "over the uses of what is tied; a norm is that of all gradients, each counted once",
        formula="∂L/∂W = (e·V)ᵀ·x, ∂L/∂V = eᵀ·(W·x + b); ‖g‖ = √Σ g²; g ← g / (‖g‖ + 10⁻⁶)",
        source="PyTorch documentation, DistributedDataParallel, fully_shard, parallelize_module, "
        "torch.nn.utils.clip_grad_norm_; the chain rule by hand",
    )
    return on_ranks(asked, lambda: compare(asked, _comparisons(), "sharded_training"))
