"""The vectors from which spectral norm starts: random, anew for each module, from the stream.

Algorithm 1 of Miyato et al. 2018 draws them from an isotropic distribution. The identity keeps
every vector: under it, the one that a module starts with is uniform on the sphere.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.parametrizations.ways import Way, asked_once
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import doubled, identical
from verify.checks import bounds

_SIZE = 64
_MODULES = 48
"""A coordinate of all of them has one sign with a probability of 2⁻⁴⁷: that is 5·10⁻¹³ for any."""

_RAREST = 1e-12
_CELLS = (("Linear", "float32"), ("Conv2d", "float64"))


def _start(trial: Trial, way: Way) -> Tensor:
    """The vector of one module more, from the streams as they stand."""
    module = nn.Linear(_SIZE, _SIZE, bias=False, device="meta").to_empty(device=trial.device)
    module.to(trial.dtype)
    torch_api.initializer("eye_")(module.weight)
    return way.vectors_of(way.on(module))[0].clone()


def not_at_random(way: Way, trial: Trial) -> list[str]:
    """Directions that are not uniform, or not those of the stream.

    A direction times a length of the law of χ is a row of independent normals (Muller 1959).
    """
    trial.target(of="starts")
    before = torch_api.streams(trial.device)
    drawn = doubled(torch.stack([_start(trial, way) for _ in range(_MODULES)]))
    lengths = doubled(trial.normals(_MODULES, _SIZE, of="lengths")).norm(dim=1, keepdim=True)
    moved = torch_api.streams(trial.device)
    trial.target(of="starts")
    again = _start(trial, way)
    still = all(map(torch.equal, before, moved))
    return [
        *_not_normal(drawn * lengths),
        *(["no stream is moved"] if still else []),
        *([] if identical(doubled(again), drawn[0]) else ["the seed gives another start"]),
    ]


def _not_normal(values: Tensor) -> list[str]:
    n = values.numel()
    cdf = torch.special.ndtr(values.flatten().sort().values)
    steps = torch.arange(n + 1, dtype=cdf.dtype, device=cdf.device) / n
    distance = float(torch.maximum(cdf - steps[:-1], steps[1:] - cdf).max())
    largest = float(values.abs().max())
    none_larger = math.erf(largest / math.sqrt(2)) ** n
    signs = (values > 0).sum(dim=0)
    fixed = int(((signs == 0) | (signs == len(values))).sum())
    return [
        *([f"{distance:.3g} from uniform directions"] * (bounds.dkw(distance, n) < _RAREST)),
        *([f"no entry is larger than {largest:.3g} deviations"] * (none_larger < _RAREST)),
        *([f"{fixed} entries never change their sign"] * (fixed > 0)),
    ]


def asked_by_turns(trial: Trial) -> bool:
    """Whether it is asked here: of each kind of module in one dtype, for it takes many."""
    return asked_once(trial) and (trial.row.name, trial.cell.dtype_name) in _CELLS
