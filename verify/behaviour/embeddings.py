"""Rows of embeddings: padding learns nothing, given values stay, long rows shrink when used."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.promise import Promise, Question, Trial
from verify.behaviour.tensors import identical, off
from verify.subjects.case import ModuleCase

_RENORM_EPS = 1e-7
"""Added to a norm before something is divided by it."""


def _looked_up(trial: Trial) -> Tensor:
    """Every other row, backwards, and the padding row."""
    arguments = trial.arguments
    rows = set(range(0, arguments.num_embeddings, 2)) | _padding(trial)
    return torch.tensor(sorted(rows, reverse=True), device=trial.device)


def _padding(trial: Trial) -> set[int]:
    arguments = trial.arguments
    index = arguments.padding_idx
    return set() if index is None else {index % arguments.num_embeddings}


def _look_up(module: nn.Module, rows: Tensor) -> Tensor:
    """One vector for each row; of a bag, each row in a bag of its own."""
    bags: tuple[Tensor, ...] = ()
    if isinstance(module, nn.EmbeddingBag):
        bags = (torch.arange(len(rows) + module.include_last_offset, device=rows.device),)
    found: Tensor = module(rows, *bags)
    return found


def _differentiable(trial: Trial) -> bool:
    """Sparse gradients that are scaled by frequency are documented as not implemented."""
    arguments = trial.arguments
    return not (arguments.sparse and arguments.scale_grad_by_freq)


def _wrong_gradients(trial: Trial) -> list[str]:
    """Rows that learn and must not, or the other way round."""
    module, rows = trial.build(), _looked_up(trial)
    vectors = _look_up(module, rows)
    weight = module.get_parameter("weight")
    (gradient,) = torch.autograd.grad(
        vectors, weight, trial.normals(*vectors.shape, of="gradients")
    )
    dense = gradient.to_dense()
    learns = dense.ne(0).any(dim=1)
    expected = torch.zeros_like(learns)
    expected[rows] = True
    expected[sorted(_padding(trial))] = False
    wrong = (learns != expected).nonzero().flatten()
    return [] if dense.isfinite().all() and not len(wrong) else [_named(wrong)]


def _named(rows: Tensor) -> str:
    shown = ", ".join(str(int(row)) for row in rows[:5])
    return f"{len(rows)} rows: {shown}{', …' if len(rows) > 5 else ''}"


def _lost_when_given(trial: Trial) -> list[str]:
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
    sizes = ("num_embeddings", "embedding_dim")
    return {name: value for name, value in keywords.items() if name not in sizes}


def _with_norm(trial: Trial, max_norm: float | None) -> Trial:
    """The same trial, its streams too, with another largest norm."""
    return replace(trial, case=ModuleCase(replace(trial.arguments, max_norm=max_norm)))


def _shortened_at_construction(trial: Trial) -> list[str]:
    bounded, free = (_with_norm(trial, norm).build() for norm in (0.5, None))
    rows = (bounded.get_parameter("weight") != free.get_parameter("weight")).any(dim=1)
    return [_named(rows.nonzero().flatten())] if rows.any() else []


def _wrongly_shortened(trial: Trial) -> list[str]:
    """Only rows that are looked up and too long shrink, to the largest norm."""
    largest = _median_norm(trial)
    module, rows = _with_norm(trial, largest).build(), _looked_up(trial)
    before = module.get_parameter("weight").detach().clone()
    with torch.no_grad():
        _look_up(module, rows)
    after, expected = module.get_parameter("weight").detach(), before.double()
    norms = _norms(trial, before)
    shrunk = expected * (largest / norms.clamp(min=largest))
    # A sum of powers in any order, a root, a quotient and a product, with powers off by 16 units in
    # the last place at most (OpenCL specification, "Relative error as ULPs").
    roundings = (before.shape[1] + 16) * torch.finfo(trial.dtype).eps
    slack = (roundings + 2 * _RENORM_EPS / norms.clamp(min=largest)) * shrunk.abs()
    untouched = torch.ones(len(before), dtype=torch.bool, device=trial.device)
    untouched[rows] = False
    return [
        *off("looked-up rows", after[rows], shrunk[rows], slack[rows] + _tiny(trial)),
        *([] if identical(after[untouched], before[untouched]) else ["rows not looked up"]),
    ]


def _tiny(trial: Trial) -> float:
    return torch.finfo(trial.dtype).tiny


def _norms(trial: Trial, weight: Tensor) -> Tensor:
    order = trial.arguments.norm_type
    norms: Tensor = torch.linalg.vector_norm(weight.double(), ord=order, dim=1, keepdim=True)
    return norms


def _median_norm(trial: Trial) -> float:
    """A largest norm that some rows exceed and others do not."""
    norms = _norms(trial, trial.build().get_parameter("weight").detach())
    return max(0.5, float(norms.median()) * 0.9)


PROMISE = Promise(
    name="embedding",
    check="embedding",
    questions={
        "wrong-rows-learn": Question(
            "rows that learn or do not, wrongly", _wrong_gradients, _differentiable
        ),
        "lost-by-from-pretrained": Question("what from_pretrained does not keep", _lost_when_given),
        "shortened-at-construction": Question(
            "rows that max_norm shortens at construction", _shortened_at_construction
        ),
        "wrongly-shortened": Question(
            "rows that max_norm shortens wrongly when used", _wrongly_shortened
        ),
    },
    words="the padding row learns nothing, given values are kept, and rows longer than max_norm "
    "shrink to it when they are looked up, not before",
    formula="∂/∂w[padding_idx] = 0; w[i] ← w[i] · min(1, max_norm / ‖w[i]‖) for i looked up",
    source="PyTorch documentation, torch.nn.Embedding, torch.nn.EmbeddingBag",
    subjects=("Embedding", "EmbeddingBag"),
    dtypes=("float32", "float64"),
)
