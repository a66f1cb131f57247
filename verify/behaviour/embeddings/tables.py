"""Tables of small whole numbers, whose sums no rounding touches, and how they are looked up.

Whole numbers and multiples of powers of two have room in every dtype as long as no sum of their
sizes exceeds 2/eps times their unit: every order of summation then gives the same number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from verify.behaviour.promise import Trial
from verify.behaviour.tensors import off
from verify.plan.run import derive
from verify.subjects.case import ModuleCase

_PLAIN: Mapping[str, object] = {
    "padding_idx": None,
    "max_norm": None,
    "norm_type": 2.0,
    "scale_grad_by_freq": False,
    "sparse": False,
}
_PLAIN_BAG: Mapping[str, object] = {**_PLAIN, "mode": "sum", "include_last_offset": False}

_ROWS, _WIDTH = 200, 20
"""The largest table. Its rows fill two vectors of eight and leave a rest."""

_LARGEST = 8


def is_bag(trial: Trial) -> bool:
    """Whether the trial is about bags."""
    return trial.row.name == "EmbeddingBag"


def is_no_bag(trial: Trial) -> bool:
    """Whether the trial is about single rows."""
    return not is_bag(trial)


def with_options(trial: Trial, **options: object) -> Trial:
    """The same trial, its streams too, with some arguments changed."""
    return replace(trial, case=ModuleCase(replace(trial.arguments, **options)))


def plain(trial: Trial, **options: object) -> nn.Module:
    """A module of a small table, with the documented defaults but for some options."""
    sizes = {
        "num_embeddings": rows_of(trial),
        "embedding_dim": min(trial.arguments.embedding_dim, _WIDTH),
    }
    defaults = _PLAIN_BAG if is_bag(trial) else _PLAIN
    return with_options(trial, **{**defaults, **sizes, **options}).build()


def rows_of(trial: Trial) -> int:
    """Rows of the small table."""
    return min(int(trial.arguments.num_embeddings), _ROWS)


def whole(trial: Trial, *shape: int, of: str, largest: int = _LARGEST) -> Tensor:
    """Whole numbers in float64, on the host: of either sign, none of them zero."""
    stream = torch.Generator().manual_seed(derive(trial.seed, of))
    sizes = torch.randint(1, largest + 1, shape, generator=stream)
    signs = torch.randint(0, 2, shape, generator=stream) * 2 - 1
    return (sizes * signs).double()


def shuffled(trial: Trial, indices: Tensor, of: str) -> Tensor:
    """The same indices in a random order."""
    stream = torch.Generator().manual_seed(derive(trial.seed, of))
    return indices[torch.randperm(len(indices), generator=stream)]


def filled(module: nn.Module, table: Tensor) -> nn.Module:
    """The module with that table."""
    with torch.no_grad():
        module.get_parameter("weight").copy_(table)
    return module


def wholly_filled(trial: Trial, module: nn.Module) -> Tensor:
    """Fill a table with whole numbers, and return them in float64."""
    table = whole(trial, *module.get_parameter("weight").shape, of="table")
    filled(module, table)
    return table


def paddings(trial: Trial) -> Iterable[int | None]:
    """None, the first row, and the last one counted from the end; of one row it is the same."""
    return (None, 0, -1) if rows_of(trial) > 1 else (None, 0)


def without(indices: Tensor, padding: int | None, rows: int) -> Tensor:
    """Which indices are not those of the padding row."""
    return (
        torch.ones_like(indices, dtype=torch.bool)
        if padding is None
        else indices != (padding % rows)
    )


def wrong(
    name: str, values: Tensor, reference: Tensor, bound: Tensor | float, dtype: torch.dtype
) -> list[str]:
    """What is wrong with values: their shape, their dtype, or an entry beyond its bound."""
    if (values.shape, values.dtype) != (reference.shape, dtype):
        return [f"{name} of shape {tuple(values.shape)} in {values.dtype}"]
    return off(name, values.detach(), reference, bound) if values.numel() else []


def slack(sizes: Tensor, terms: Tensor, unit: Tensor | float, dtype: torch.dtype) -> Tensor:
    """How far sums may be from the exact ones, in any order of summation.

    Not at all where every term is a multiple of a unit and has room; else by a product, a quotient
    and the additions of the terms (Higham 2002, sec. 3.1).

    Parameters
    ----------
    sizes : Tensor
        Sums of the sizes of the terms.
    terms : Tensor
        How many they are.
    unit : Tensor or float
        Of which every term is a multiple, and the result too; zero where there is none.
    """
    room = sizes <= 2 / torch.finfo(dtype).eps * unit
    errors = (terms + 3) * (torch.finfo(dtype).eps / 2)
    gammas = torch.where(errors < 1, errors / (1 - errors), torch.inf)
    return torch.where(room, 0.0, gammas * sizes)
