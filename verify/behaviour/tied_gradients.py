"""The gradient of a tied parameter is the sum of what its uses would get if they were untied."""

from __future__ import annotations

import itertools
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from verify.behaviour.exact import Comparison, compare
from verify.behaviour.promise import Promise, Question, Trial
from verify.behaviour.tied import functional, slopes, steps
from verify.behaviour.tied.reference import backward, has_shared_modules, off_sums, tied
from verify.outcome.outcome import Outcome
from verify.subjects import NETWORKS


def _early(trial: Trial) -> list[str]:
    network = tied(trial)
    return [name for name, found in network.named_parameters() if found.grad is not None]


def _off_after_one(trial: Trial) -> list[str]:
    network = tied(trial)
    backward(trial, network)
    return off_sums(trial, network)


def _off_after_several(trial: Trial) -> list[str]:
    network, calls = tied(trial), trial.arguments.calls
    for call in range(calls):
        backward(trial, network, call)
    return off_sums(trial, network, calls)


def _left_by_zero_grad(trial: Trial) -> list[str]:
    """Nothing, or zeros; and the next gradient is the sum again, as if it were the first."""
    network, found = tied(trial), list[str]()
    backward(trial, network)
    named = dict(network.named_parameters())
    owners: tuple[nn.Module | torch.optim.Optimizer, ...] = (network, steps.sgd(network))
    for owner, to_none in itertools.product(owners, (True, False)):
        owner.zero_grad(set_to_none=to_none)
        asked = f"{type(owner).__name__}.zero_grad(set_to_none={to_none})"
        left = {name: p.grad for name, p in named.items()}
        found += [f"{name} after {asked}" for name, g in left.items() if not _zeroed(g, to_none)]
        backward(trial, network)
        found += [problem + f" next to {asked}" for problem in off_sums(trial, network)]
    return found


def _zeroed(gradient: Tensor | None, to_none: bool) -> bool:
    return to_none if gradient is None else not (to_none or gradient.cpu().any())


def _off_by_checkpointing(trial: Trial) -> list[str]:
    """Held against passes without checkpoints, so that no lost share is its own reference.

    The first of two passes is made without gradients, maybe by another kernel: that is bounded.
    """
    found = list[str]()
    for reentrant in (False, True):
        network = tied(trial)
        network.through = partial(checkpoint, use_reentrant=reentrant)
        backward(trial, network)
        wrong = off_sums(trial, network)
        found += [problem + f" with use_reentrant={reentrant}" for problem in wrong]
    return found


PROMISE = Promise(
    name="tied gradient",
    check="tied_gradient",
    questions={
        "early": Question("gradients before the first backward", _early),
        "off-the-sum": Question("gradients off the sum", _off_after_one),
        "off-the-sum-after-several": Question(
            "gradients off the sum after several backward calls", _off_after_several
        ),
        "left-by-zero-grad": Question("what zero_grad does not reset", _left_by_zero_grad),
        "off-by-checkpointing": Question(
            "gradients off the sum under checkpointing",
            _off_by_checkpointing,
            under="checkpointing",
        ),
        "off-by-functional-call": Question(
            "gradients off the sum by functional_call", functional.off_by_functional_call
        ),
        "off-by-func-grad": Question(
            "gradients off the sum by torch.func.grad",
            functional.off_by_transform,
            lambda trial: trial.cell.is_wide,
        ),
        "off-without-tie-weights": Question(
            "gradients off a place's own without tie_weights",
            functional.off_without_tie,
            functional.holds_each_place_apart,
        ),
        "functional-call-leaves-values": Question(
            "values that functional_call leaves in its network",
            functional.left_behind,
            functional.holds_each_place_apart,
        ),
        "functional-call-leaves-values-in-shared-modules": Question(
            "values that functional_call leaves in shared modules",
            functional.left_behind,
            has_shared_modules,
        ),
        "different-values-taken": Question(
            "different values that functional_call takes for one", functional.different_values_taken
        ),
        "strictly-taken": Question(
            "names that a strict functional_call lacks and takes", functional.strictly_taken
        ),
        "some-names-refused": Question(
            "some names of a tensor that functional_call refuses",
            functional.some_names_refused,
            functional.has_many_names,
        ),
        "off-the-exact-slope": Question(
            "gradients off the exact slope", slopes.off_exact_slope, slopes.is_polynomial
        ),
        "off-sgd": Question("steps of SGD off the closed form", steps.off_sgd),
        "off-adam": Question(
            "steps of Adam off the closed form", steps.off_adam, steps.has_room_for_squares
        ),
    },
    words="the gradient of a tied parameter is the sum of what its uses get when untied, to the "
    "rounding of it; it accumulates until zeroed, and an optimizer applies it once",
    formula="∂L/∂w = Σᵢ ∂L/∂wᵢ at w₁ = … = wₖ = w, within γₖ₋₁·Σᵢ |∂L/∂wᵢ| + γ·condition",
    source="PyTorch documentation, “Autograd mechanics”, torch.Tensor.backward, "
    "torch.func.functional_call, torch.utils.checkpoint, torch.optim; Higham 2002, secs. 1.6, 3.5 "
    "and 4.2; Parker 1997; Kingma & Ba 2015, algorithm 1",
    subjects=tuple(network.name for network in NETWORKS),
)


def _example(is_tied: bool) -> nn.Sequential:
    """Two layers 2·x + 1 that made 7 of 1, with the gradients of loss = output − 3."""
    layers = [nn.Linear(1, 1, dtype=torch.float64) for _ in range(2)]
    network = nn.Sequential(layers[0], layers[0] if is_tied else layers[1])
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.fill_(2.0 if name.endswith("weight") else 1.0)
    loss = network(torch.ones(1, 1, dtype=torch.float64)) - 3
    loss.backward()
    return network


def _gradients(is_tied: bool) -> list[float]:
    return [float(p.grad) for p in _example(is_tied).parameters() if p.grad is not None]


def _stepped(is_tied: bool) -> list[float]:
    network = _example(is_tied)
    torch.optim.SGD(network.parameters(), lr=0.1).step()
    return [float(parameter.detach()) for parameter in network.parameters()]


_EXAMPLE = [
    Comparison("gradients of two layers", partial(_gradients, False), [2.0, 2.0, 3.0, 1.0]),
    Comparison("gradients of one layer twice", partial(_gradients, True), [5.0, 3.0]),
    Comparison(
        "a step of two layers",
        partial(_stepped, False),
        [2.0 - 0.1 * 2.0, 1.0 - 0.1 * 2.0, 2.0 - 0.1 * 3.0, 1.0 - 0.1 * 1.0],
    ),
    Comparison(
        "a step of one layer twice", partial(_stepped, True), [2.0 - 0.1 * 5.0, 1.0 - 0.1 * 3.0]
    ),
]


def verify_worked_example(host: str) -> Outcome:
    """Compare gradients and steps that were computed by hand.

    Gradients are whole numbers, and a step with a fused multiplication rounds to the same ones.
    """
    asked = Outcome(
        promise=PROMISE.name,
        subject=host,
        backend="host",
        dtype="float64",
        words="two layers with w = 2 and b = 1 make 7 of 1; tied, w gets 5, b gets 3",
        formula="loss = w₂·(w₁·x + b₁) + b₂ − 3, w ← w − 0.1·∂loss/∂w",
        source="the chain rule by hand",
    )
    return compare(asked, _EXAMPLE, PROMISE.check)
