"""The law that a configuration documents for the weights of its model.

Source: the documentation of transformers, of each configuration: ``initializer_range`` (or
``init_std``) is "the standard deviation of the truncated_normal_initializer for initializing all
weight matrices". Where it is cut is not said: the law is a normal. Of anything but weights it says
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

from initlaws.builds import Builds, Place
from initlaws.laws import Normal, Rows, Same, TruncatedNormal, Unchecked

_NAMES = ("initializer_range", "init_std")

_MATRICES = (nn.Linear, nn.Embedding, nn.Conv1d, nn.Conv2d)
_OF_TRANSFORMERS = "Conv1D"
"""What it calls a linear layer whose weight lies transposed."""

_UNSAID = Unchecked("its configuration documents weight matrices alone")


def _gpt2(config: Any) -> Mapping[str, object]:
    """Radford et al. 2019, sec. 2.3: residual layers by 1/√N, for N residual layers."""
    std = config.initializer_range / math.sqrt(2 * config.n_layer)
    return {"*.c_proj.weight": Normal(0.0, std)}


def _modernbert(config: Any) -> Mapping[str, object]:
    """Its configuration documents where it is cut, and its paper what depth narrows.

    Warner et al. 2024: the initialization of Shoeybi et al. 2019, output layers by 1/√(2·layers).
    """

    def cut(std: float) -> TruncatedNormal:
        reach = config.initializer_cutoff_factor * std
        return TruncatedNormal(0.0, std, -reach, reach)

    std = config.initializer_range
    narrow = cut(std / math.sqrt(2 * config.num_hidden_layers))
    return {"*": cut(std), "*.Wo.weight": narrow}


_BESIDES: Mapping[str, Callable[[Any], Mapping[str, object]]] = {
    "gpt2": _gpt2,
    "modernbert": _modernbert,
}
"""What other documents of an architecture say of weights, by patterns: the last that fits holds."""


def documented(name: str, builds: Builds) -> Mapping[str, object] | None:
    """The laws of a model by its documents; None where its configuration documents none.

    Parameters
    ----------
    name : str
        What transformers calls the architecture.
    builds : Builds
    """
    config: Any = getattr(builds.first, "config", None)
    std = next((getattr(config, each) for each in _NAMES if hasattr(config, each)), None)
    if std is None:
        return None
    besides = _BESIDES[name](config) if name in _BESIDES else {}
    laws = dict[str, object]()
    for place in builds.places:
        if not place.is_buffer:
            laws[place.name] = _law(place, Normal(0.0, std), besides)
            laws |= {other: Same(place.name) for other in place.names[1:]}
    return laws


def _law(place: Place, usual: Normal, besides: Mapping[str, object]) -> object:
    """That of a weight matrix that is trained; what is not trained is computed."""
    module = place.module
    is_matrix = isinstance(module, _MATRICES) or type(module).__name__ == _OF_TRANSFORMERS
    if not (is_matrix and place.attribute == "weight" and place.tensor.requires_grad):
        return _UNSAID
    if said := [law for pattern, law in besides.items() if fnmatchcase(place.name, pattern)]:
        return said[-1]
    padding = module.padding_idx if isinstance(module, nn.Embedding) else None
    return usual if padding is None else Rows(usual, padding)
