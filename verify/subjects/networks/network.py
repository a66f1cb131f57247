"""What a row of the table of networks holds."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from strategies.networks import TiedArguments
from verify.subjects.case import ModuleCase
from verify.subjects.fills import Target
from verify.subjects.networks.parts import Parts
from verify.subjects.subject import Subject

Ties = tuple[tuple[str, ...], ...]
"""Groups of names, of modules or of parameters, that are to be one."""

META = Target(torch.device("meta"), torch.float32)
"""Where a network has names, and no values."""


@dataclass(frozen=True, kw_only=True)
class Network(Subject[ModuleCase[TiedArguments]]):
    """A network that uses some of its parameters in several places.

    How its modules start is verified module by module.

    Attributes
    ----------
    untied : callable
        The network with parameters of its own in each place, drawn at random.
    ties : callable
        What is to be one in it. Of groups that overlap, the last one holds all the others' names.
    shape : callable
        The shape of an input.
    looks_up : bool
        Whether inputs are numbers of rows.
    polynomial : bool
        Whether, without activations, the output is a polynomial of the tied parameters, of as
        high a degree as there are places.
    """

    family = "network"

    untied: Callable[[TiedArguments, Target], Parts]
    ties: Callable[[TiedArguments], Ties]
    shape: Callable[[TiedArguments], tuple[int, ...]]
    looks_up: bool = False
    polynomial: bool = False

    def build(self, arguments: TiedArguments, target: Target) -> Parts:
        """The network, every group of which is one object."""
        network = self.untied(arguments, target)
        for first, *others in self.ties(arguments):
            for name in others:
                path, _, attribute = name.rpartition(".")
                setattr(network.get_submodule(path), attribute, _named(network, first))
        return network

    def apart(self, arguments: TiedArguments, target: Target) -> Parts:
        """The network with independent copies of the same values in each place."""
        network = self.untied(arguments, target)
        named = dict(network.named_parameters())
        with torch.no_grad():
            for first, *others in self.groups(arguments):
                for name in others:
                    named[name].copy_(named[first])
        return network

    def groups(self, arguments: TiedArguments) -> Ties:
        """Names of the parameters that are to be one, those of shared modules among them."""
        return _groups(self, arguments)


@functools.lru_cache(maxsize=64)
def _groups(of: Network, arguments: TiedArguments) -> Ties:
    network = of.untied(arguments, META)
    together = dict[str, tuple[str, ...]]()
    for group in of.ties(arguments):
        first = _named(network, group[0])
        inner = first.named_parameters() if isinstance(first, nn.Module) else [("", first)]
        for name, _ in inner:
            names = tuple(f"{path}.{name}".rstrip(".") for path in group)
            together |= dict.fromkeys(names, names)
    return tuple(dict.fromkeys(together.values()))


def _named(network: nn.Module, name: str) -> nn.Module | Tensor:
    path, _, attribute = name.rpartition(".")
    found: nn.Module | Tensor = getattr(network.get_submodule(path), attribute)
    return found
