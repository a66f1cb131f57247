"""What tied networks are asked with: their gradients, against those of untied copies.

The same network with independent copies of the same values in each place computes the very same
numbers, so the gradients of its copies are the terms of which the tied gradient is the sum. Only
the order in which a sum is accumulated is open. Whatever it is, n terms are added with a relative
error of at most γₙ₋₁ = (n−1)u / (1 − (n−1)u) of the sum of their sizes, u half the distance from 1
to the next number (Higham 2002, Accuracy and Stability of Numerical Algorithms, secs. 3.1 and 4.2).
Underflow adds nothing: sums that underflow are exact.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from strategies import TiedArguments
from verify.conduct import Trial, off
from verify.subjects.networks import META, Network, Ties
from verify.subjects.networks.parts import Parts

Change = Callable[[Parts], Parts]
"""Something done to a network before it learns."""


@dataclass(frozen=True)
class Sum:
    """A gradient that is a sum: its value in float64, and how far off it may be.

    Attributes
    ----------
    value : Tensor
    slack : Tensor
        The error of any order of summation, in the dtype of the terms and here.
    """

    value: Tensor
    slack: Tensor

    @classmethod
    def of(cls, terms: list[Tensor]) -> Sum:
        """The sum of these terms."""
        wide = torch.stack(terms).double()
        n = len(terms)
        relative = gamma(n - 1, terms[0].dtype) + gamma(2 * n, torch.float64)
        return cls(wide.sum(dim=0), relative * wide.abs().sum(dim=0))

    def wrong(self, name: str, found: Tensor | None) -> list[str]:
        """What is wrong with a gradient that should be this sum."""
        if found is None:
            return [f"{name} has none"]
        if found.shape != self.value.shape:
            return [f"{name} of shape {tuple(found.shape)}"]
        return off(name, found, self.value, self.slack + least(torch.float64))


def gamma(roundings: int, dtype: torch.dtype) -> float:
    """The relative error of so many roundings: Higham's γ."""
    error = roundings * torch.finfo(dtype).eps / 2
    return error / (1 - error)


def least(dtype: torch.dtype) -> float:
    """The smallest positive number of a dtype."""
    numbers = torch.finfo(dtype)
    return numbers.smallest_normal * numbers.eps


def tied(trial: Trial, of: str = "") -> Parts:
    """The network of the case, its places tied."""
    return trial.network.build(trial.arguments, trial.place(of))


def apart(trial: Trial) -> Parts:
    """The same values, in copies of their own in each place."""
    return trial.network.apart(trial.arguments, trial.place())


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
        numbers: Tensor = (drawn.double().abs() * 1000).long() % rows
        return numbers
    return drawn.requires_grad_()


def backward(trial: Trial, network: nn.Module, call: int = 0) -> None:
    """Give the network an input, and differentiate a random combination of what it makes."""
    output = network(inputs(trial, call))
    output.backward(cotangent(trial, output, call))


def cotangent(trial: Trial, output: Tensor, call: int = 0) -> Tensor:
    """The weights of that combination."""
    return trial.normals(*output.shape, of=f"cotangent {call}")


def _as_it_is(network: Parts) -> Parts:
    return network


def terms(trial: Trial, calls: int = 1, change: Change = _as_it_is) -> dict[str, list[Tensor]]:
    """The gradients of the untied network by name, one for each call."""
    found = [_gradients(trial, call, change) for call in range(calls)]
    return {name: [gradients[name] for gradients in found] for name in found[0]}


@functools.lru_cache(maxsize=8)
def _gradients(trial: Trial, call: int, change: Change) -> Mapping[str, Tensor]:
    """Of one call; several questions compare with them."""
    network = change(apart(trial))
    backward(trial, network, call)
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad
        for name, p in network.named_parameters()
    }


@functools.lru_cache(maxsize=8)
def sums(trial: Trial, calls: int = 1, change: Change = _as_it_is) -> Mapping[str, Sum]:
    """What the tied gradient of each name must be after so many calls."""
    return summed(trial, terms(trial, calls, change))


def summed(trial: Trial, untied: Mapping[str, list[Tensor]]) -> dict[str, Sum]:
    """The sum for each name, of the terms of all names that are tied to it."""
    found = dict[str, Sum]()
    for group in groups(trial):
        together = Sum.of([term for name in group for term in untied[name]])
        found |= dict.fromkeys(group, together)
    return {name: found.get(name) or Sum.of(own) for name, own in untied.items()}


def off_sums(
    trial: Trial, network: nn.Module, calls: int = 1, change: Change = _as_it_is
) -> list[str]:
    """Parameters of a tied network whose gradient is not the sum."""
    expected = sums(trial, calls, change)
    return [
        problem
        for name, parameter in network.named_parameters()
        for problem in expected[name].wrong(name, parameter.grad)
    ]
