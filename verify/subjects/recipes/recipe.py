"""What a row of the table of recipes holds."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from verify.subjects.recipes import claims as claimed
from verify.subjects.recipes.claims import Claims, Unclaimed
from verify.subjects.subject import Fill, Place, Road, Subject, TensorLaw

_HOST = Place(torch.device("cpu"), torch.float32)


@dataclass(frozen=True, kw_only=True)
class Recipe(Subject):
    """A model and how the field initializes it.

    Attributes
    ----------
    make : callable
        The model, built and initialised, for a case and a place; draws from the global streams.
    claims : callable
        The law of each of its parameters for a case.
    package : str
        The package that it comes from, if that is not PyTorch; without it nothing is tested.
    """

    family = "recipe"

    make: Callable[[Any, Place], nn.Module]
    claims: Callable[[Any], Claims]
    package: str = ""

    def tensors(self, case: Any) -> tuple[TensorLaw, ...]:
        """Every claimed tensor; names and shapes are the model's own."""
        return _laws(self, case)

    @property
    def roads(self) -> Mapping[str, Road]:
        """The model as it is built."""
        return {"recipe": self._built}

    def _built(self, case: Any, place: Place) -> Fill:
        def filled() -> Mapping[str, Tensor]:
            model, claims = self.make(case, place), self.claims(case)
            if problems := claimed.problems(model, claims):
                raise Unclaimed(problems)
            return claimed.state(model, claims)

        return filled


@functools.lru_cache(maxsize=512)
def _laws(recipe: Recipe, case: Any) -> tuple[TensorLaw, ...]:
    with torch.random.fork_rng(devices=[]):  # Looking at a model must not move the streams.
        model = recipe.make(case, _HOST)
    return tuple(claimed.laws(model, recipe.claims(case)))
