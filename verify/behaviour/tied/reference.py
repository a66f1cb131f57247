"""What tied networks are asked with: their gradients, against those of untied copies.

The same network with independent copies of the same values in each place makes the gradients of
which the tied gradient is the sum. Two things are open, and neither is ever compared bit by bit:

- the order in which the sum is accumulated. Whatever it is, n terms are added with a relative error
  of at most γₙ₋₁ of the sum of their sizes (Higham 2002, Accuracy and Stability of Numerical
  Algorithms, secs. 3.1 and 4.2). Underflow adds nothing: sums that underflow are exact.
- the kernels that make the terms. PyTorch may choose others for a tensor that is shared, under
  ``no_grad`` (the first pass of reentrant checkpointing), in a transform, in another memory layout
  or with more threads, and none of them promises its last bits. `_kernels` bounds what they do.

A share that is lost, doubled or averaged moves a gradient by a third of itself or more. What would
be missed in the simplest case of a network is, of its largest entry, 2·10⁻¹³ in float64, 5·10⁻⁵ in
float32, 1/32 in float16 and 1/4 in bfloat16; `selftest/test_tied.py` holds the bound to that.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from strategies import TiedArguments
from verify.behaviour.promise import Trial
from verify.behaviour.rounding import gamma, least, sensitivities
from verify.behaviour.tensors import doubled, off
from verify.plan.run import derive
from verify.subjects.networks import META, Network, Ties
from verify.subjects.networks.parts import Parts

_STORED = 4
"""Roundings to a half precision in each layer, forward and back: of sums, activations, gates and
products, some of which cancel each other. Within a sum half precisions are added up in float32
(PyTorch documentation, “Numerical accuracy”)."""


@dataclass(frozen=True)
class Sum:
    """A gradient that is a sum: its value in float64, and how far off it may be.

    Attributes
    ----------
    value : Tensor
    order : Tensor
        The error of any order of summation, in the dtype of the terms and here.
    kernels : callable
        By how much kernels may have made it larger or smaller: dear to find out.
    """

    value: Tensor
    order: Tensor
    kernels: Callable[[], float]

    @classmethod
    def of(cls, terms: list[Tensor], kernels: Callable[[], float] = float) -> Sum:
        """The sum of these terms; by default, of which kernels leave nothing open: ``float()``."""
        wide = doubled(torch.stack(terms))
        n = len(terms)
        relative = gamma(n - 1, terms[0].dtype) + gamma(2 * n, torch.float64)
        return cls(wide.sum(dim=0), relative * wide.abs().sum(dim=0), kernels)

    @property
    def slack(self) -> Tensor:
        """How far off it may be."""
        return self.order + self.kernels()

    def wrong(self, name: str, found: Tensor | None) -> list[str]:
        """What is wrong with a gradient that should be this sum."""
        if found is None:
            return [f"{name} has none"]
        if found.shape != self.value.shape:
            return [f"{name} of shape {tuple(found.shape)}"]
        tiny = least(torch.float64)
        # The same kernels make the same terms nearly everywhere, and no more is to be forgiven.
        if not off(name, found, self.value, self.order + tiny):
            return []
        return off(name, found, self.value, self.slack + tiny)


def tied(trial: Trial, of: str = "") -> Parts:
    """The network of the case, its places tied."""
    network = trial.network.build(trial.arguments, trial.target(of))
    trial.settle()
    return network


def apart(trial: Trial) -> Parts:
    """The same values, in copies of their own in each place."""
    network = trial.network.apart(trial.arguments, trial.target())
    trial.settle()
    return network


def groups(trial: Trial) -> Ties:
    """Names of the parameters that are one."""
    return trial.network.groups(trial.arguments)


@functools.lru_cache(maxsize=64)
def _slots(network: Network, arguments: TiedArguments) -> list[tuple[int, int]]:
    """For each tensor that is tied: how many attributes of modules it is, and its names."""
    built, counts = network.build(arguments, META), list[tuple[int, int]]()
    for group in network.groups(arguments):
        parted = [name.rpartition(".") for name in group]
        slots = {(id(built.get_submodule(path)), name) for path, _, name in parted}
        counts.append((len(slots), len(group)))
    return counts


def has_shared_modules(trial: Trial) -> bool:
    """Whether a module that holds a tied tensor has several names."""
    return any(slots < names for slots, names in _slots(trial.network, trial.arguments))


def has_shared_tensors(trial: Trial) -> bool:
    """Whether a tensor is held in several ways, be it by one module."""
    return any(slots > 1 for slots, _ in _slots(trial.network, trial.arguments))


def values_of(network: Parts) -> dict[str, Tensor]:
    """Copies of the values, each under the first of its names."""
    return {name: p.detach().clone() for name, p in network.named_parameters()}


def inputs(trial: Trial, call: int = 0) -> Tensor:
    """What the network is given in one of its calls."""
    shape, rows = trial.network.shape(trial.arguments), trial.arguments.inputs
    drawn = trial.normals(*shape, of=f"inputs {call}")
    if trial.network.looks_up:
        numbers: Tensor = (doubled(drawn).abs() * 1000).long() % rows
        return numbers.to(trial.device)
    return drawn.requires_grad_()


def backward(trial: Trial, network: nn.Module, call: int = 0) -> None:
    """Give the network an input, and differentiate a random combination of what it makes."""
    output = network(inputs(trial, call))
    output.backward(cotangent(trial, output, call))
    trial.settle()


def cotangent(trial: Trial, output: Tensor, call: int = 0) -> Tensor:
    """The weights of that combination."""
    return trial.normals(*output.shape, of=f"cotangent {call}")


def terms(trial: Trial, calls: int = 1) -> dict[str, list[Tensor]]:
    """The gradients of the untied network by name, one for each call."""
    found = [_gradients(trial, call) for call in range(calls)]
    return {name: [gradients[name] for gradients in found] for name in found[0]}


@functools.lru_cache(maxsize=8)
def _gradients(trial: Trial, call: int) -> Mapping[str, Tensor]:
    """Of one call; several questions compare with them."""
    network = apart(trial)
    backward(trial, network, call)
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad
        for name, p in network.named_parameters()
    }


@functools.lru_cache(maxsize=8)
def sums(trial: Trial, calls: int = 1) -> Mapping[str, Sum]:
    """What the tied gradient of each name must be after so many calls."""
    untied, found = terms(trial, calls), dict[str, Sum]()
    for group in groups(trial):
        found |= dict.fromkeys(group, total(trial, untied, group))
    return {name: found.get(name) or total(trial, untied, [name]) for name in untied}


def total(trial: Trial, untied: Mapping[str, list[Tensor]], names: Sequence[str]) -> Sum:
    """The sum of all terms of some names."""
    calls = len(untied[names[0]])
    kernels = functools.partial(_of_kernels, trial, calls, names)
    return Sum.of([term for name in names for term in untied[name]], kernels)


def _of_kernels(trial: Trial, calls: int, names: Sequence[str]) -> float:
    """By how much kernels may move the sum of all terms of some names."""
    return sum(_kernels(trial, call)[name] for call in range(calls) for name in names)


def _on_host(trial: Trial) -> Parts:
    """The untied copies, where float64 is at hand."""
    return apart(trial).cpu().double()


@functools.lru_cache(maxsize=8)
def _kernels(trial: Trial, call: int) -> Mapping[str, float]:
    """By how much the kernels of two lawful passes may differ in any entry of each gradient.

    A sum in a layer has no more products than a row or column of a weight has entries, or than the
    input has: forward, back, and in the weight's gradient. So many roundings are made in the dtype
    of sums by either pass, and some in that of the results. The condition of the gradient turns
    them into its error (`verify.behaviour.rounding`).
    """
    host, given = _on_host(trial), inputs(trial, call).cpu()
    named, looked_up = values_of(host), trial.network.looks_up
    fans = (p.numel() // size for p in named.values() for size in p.shape[:2])
    layers, longest = trial.arguments.places + 1, max(given.numel(), *fans)
    wide = torch.promote_types(trial.dtype, torch.float32)
    relative = gamma(4 * layers * longest, wide) + gamma(_STORED * layers, trial.dtype)
    weights = cotangent(trial, host(given if looked_up else given.double()), call)

    def compute(data: list[Tensor]) -> list[Tensor]:
        combined, *values = data
        network = _on_host(trial)  # A new one: a fault may count how often a weight is used.
        parameters = [*network.parameters()]
        with torch.no_grad():
            for parameter, value in zip(parameters, values, strict=False):
                parameter.copy_(value)
        output = network(given if looked_up else values[-1].requires_grad_())
        found = torch.autograd.grad(output, parameters, combined, allow_unused=True)
        return [torch.zeros(()) if each is None else each for each in found]

    data = [weights, *named.values(), *([] if looked_up else [given])]
    found = sensitivities(compute, data, derive(trial.seed, f"nudges {call}"))
    return {name: relative * size for name, size in zip(named, found, strict=True)}


def off_sums(trial: Trial, network: nn.Module, calls: int = 1) -> list[str]:
    """Parameters of a tied network whose gradient is not the sum."""
    expected = sums(trial, calls)
    return [
        problem
        for name, parameter in network.named_parameters()
        for problem in expected[name].wrong(name, parameter.grad)
    ]
