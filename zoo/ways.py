"""Ways to a model of the transformers package besides building it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from verify.subjects.recipes.ways import quiet


def from_a_checkpoint_that_lacks_it(build: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """Load a checkpoint that holds one tensor of a model, each time another.

    Source: the documentation of transformers, `PreTrainedModel.from_pretrained`: what a checkpoint
    lacks is newly initialised, as in a new model.

    Parameters
    ----------
    build : callable
        Builds the model that is stored.
    """

    def loaded() -> nn.Module:
        stored: Any = build()
        state = [*stored.state_dict().items()]
        name, values = state[int(torch.randint(len(state), ()))]
        with tempfile.TemporaryDirectory() as folder, quiet():
            stored.save_pretrained(folder, state_dict={name: values})
            model: nn.Module = type(stored).from_pretrained(folder)
        return model

    return loaded
