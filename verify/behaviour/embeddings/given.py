"""What from_pretrained keeps of the values and of the options that it is given."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.embeddings.lookup import look_up
from verify.behaviour.embeddings.tables import is_bag, plain
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import identical

_SIZES = ("num_embeddings", "embedding_dim")


def lost(trial: Trial) -> list[str]:
    """From given values, frozen by default."""
    arguments = trial.arguments
    given = trial.normals(arguments.num_embeddings, arguments.embedding_dim, of="given") + 3
    kept, found = given.clone(), list[str]()
    for options, frozen in (({}, True), ({"freeze": True}, True), ({"freeze": False}, False)):
        module = torch_api.from_pretrained(trial.row.name, given, **options, **_options(trial))
        weight = module.get_parameter("weight")
        if not identical(weight, kept):
            found.append(f"the values with {options}")
        if weight.requires_grad == frozen:
            found.append(f"requires_grad with {options}")
    return found


def _options(trial: Trial) -> dict[str, object]:
    keywords = trial.arguments.keywords()
    return {name: value for name, value in keywords.items() if name not in _SIZES}


def _settings(trial: Trial) -> Iterator[dict[str, object]]:
    """Options, each with another value than its default at least once."""
    bag = {"mode": "sum", "include_last_offset": True} if is_bag(trial) else {}
    yield {"padding_idx": -1, "max_norm": 0.5, "norm_type": 1.0, "sparse": True, **bag}
    yield {"scale_grad_by_freq": True}


def otherwise(trial: Trial) -> list[str]:
    """Settings in which a module of given values differs from one that is constructed.

    Either is asked for what it says of itself, and for the gradient of the same look-ups.
    """
    found = list[str]()
    for options in _settings(trial):
        built = plain(trial, **options)
        values = built.get_parameter("weight").detach().clone()
        given = torch_api.from_pretrained(trial.row.name, values, freeze=False, **options)
        names = (*options, *_SIZES)
        found += (name for name in names if getattr(given, name) != getattr(built, name))
        found += _other_use(given, built)
    return found


def _other_use(*modules: nn.Module) -> list[str]:
    """The layout of the gradient, the rows that it has, and the table after a look-up."""
    layouts, learning, tables = list[torch.layout](), list[Tensor](), list[Tensor]()
    for module in modules:
        weight = module.get_parameter("weight")
        rows = torch.arange(len(weight), device=weight.device)
        (gradient,) = torch.autograd.grad(look_up(module, rows).sum(), weight)
        layouts.append(gradient.layout)
        learning.append(gradient.to_dense().cpu().ne(0).any(dim=1))
        tables.append(weight.cpu())
    same = {
        "layout of gradients": layouts[0] == layouts[1],
        "rows that learn": torch.equal(*learning),
        "rows that shrink": torch.equal(*tables),
    }
    return [name for name, alike in same.items() if not alike]


def not_refused(trial: Trial) -> list[str]:
    """Values that are no table of two dimensions, and are taken."""
    found = list[str]()
    for shape in ((3,), (), (2, 3, 1)):
        values = torch.ones(shape, device=trial.device, dtype=trial.dtype)
        try:
            torch_api.from_pretrained(trial.row.name, values)
        except (AssertionError, RuntimeError, TypeError, ValueError):
            continue
        found.append(f"shape {shape}")
    return found
