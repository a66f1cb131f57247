"""Constructors in compiled functions: what a model that one builds draws, ties and leaves.

Source: PyTorch documentation, ``torch.compile``: it runs what the function does, captured or not;
`torch.nn.Embedding` for the padding row; the note "Reproducibility" for seeds.

One function builds a whole model, of every kind that many models have. Two parameters that are
drawn from one state of a stream have entries of the same order, whatever their bounds are.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.calls import alike, same
from verify.behaviour.draws import usual
from verify.behaviour.promise import Promise, Question, Trial
from verify.subjects import compiled
from verify.subjects.compiled import CONSTRUCTIONS, Way
from verify.subjects.fills import Factory

_WIDTH = 24
"""Entries whose order is looked at: by chance two of a hundred tensors agree in it with a
probability of 100² / 24!, which is 2e-20."""

_PADDING = 3


def _model(factory: Factory) -> nn.ModuleDict:
    """A model whose decoder shares the weight of its embedding."""
    model = nn.ModuleDict(
        {
            "embedding": nn.Embedding(40, _WIDTH, padding_idx=_PADDING, **factory),
            "linear": nn.Linear(_WIDTH, _WIDTH, **factory),
            "alike": nn.Linear(_WIDTH, _WIDTH, **factory),
            "convolution": nn.Conv2d(2, _WIDTH, 5, **factory),
            "recurrent": nn.GRU(_WIDTH, _WIDTH, **factory),
            "attention": nn.MultiheadAttention(_WIDTH, 2, **factory),
            "norm": nn.LayerNorm(_WIDTH, **factory),
            "decoder": nn.Linear(_WIDTH, 40, **factory),
        }
    )
    model["decoder"].weight = model["embedding"].weight
    return model


@dataclass(frozen=True)
class _Seen:
    """Models of consecutive calls, from the first seed again, and from another one.

    Attributes
    ----------
    moves : bool
        Whether the global streams went on at each call.
    """

    first: nn.Module
    then: nn.Module
    again: nn.Module
    other: nn.Module
    moves: bool


class _Slot:
    """What was seen in the last trial: every question is answered from it."""

    trial: Trial | None = None
    seen: dict[Way, _Seen] = {}  # noqa: RUF012  It is replaced, never shared.


def _seen(trial: Trial, way: Way) -> _Seen:
    if _Slot.trial is not trial:
        compiled.forget()
        _Slot.trial, _Slot.seen = trial, {}
    if way not in _Slot.seen:
        _Slot.seen[way] = _look(trial, way)
    return _Slot.seen[way]


def _look(trial: Trial, way: Way) -> _Seen:
    factory = trial.target().factory
    build = compiled.captured((way, "model"), trial.device, way, lambda: _model(factory))
    trial.target("first")
    states, models = [torch_api.streams(trial.device)], list[nn.Module]()
    for _ in range(2):
        models.append(build())
        states.append(torch_api.streams(trial.device))
    moves = not any(alike(a, b) for a, b in itertools.pairwise(states))
    trial.target("first")
    again = build()
    trial.target("other")
    return _Seen(models[0], models[1], again, build(), moves)


def _unlike(seen: _Seen, trial: Trial) -> list[str]:
    """What is no trainable parameter of the name, shape and dtype that a call has outside."""
    made = dict(seen.first.named_parameters(remove_duplicate=False))
    plain = dict(_model(trial.target().factory).named_parameters(remove_duplicate=False))
    others = sorted(made.keys() ^ plain.keys())
    return others + [n for n in plain if n in made and not _is_like(made[n], plain[n])]


def _is_like(one: Tensor, other: Tensor) -> bool:
    return (
        isinstance(one, nn.Parameter)
        and one.is_leaf
        and one.requires_grad
        and (one.shape, one.dtype, one.device) == (other.shape, other.dtype, other.device)
    )


def _weight(model: nn.Module, of: str) -> Tensor:
    return model.get_parameter(f"{of}.weight")


def _untied(seen: _Seen, _trial: Trial) -> list[str]:
    models = {"the first model": seen.first, "the second model": seen.then}
    return [
        name for name, m in models.items() if _weight(m, "decoder") is not _weight(m, "embedding")
    ]


def _padding(seen: _Seen, _trial: Trial) -> list[str]:
    rows = torch.stack([_weight(m, "embedding")[_PADDING] for m in (seen.first, seen.then)])
    left = int(rows.cpu().count_nonzero())
    return [f"{left} of {rows.numel()} entries of the padding row"] if left else []


def _orders(*models: nn.Module) -> Tensor:
    """In which order of size the first entries of each random parameter stand, a row each."""
    rows = [p.detach().reshape(-1)[:_WIDTH].cpu() for m in models for p in m.parameters()]
    return torch.stack([row.argsort() for row in rows if bool((row != row[0]).any())])


def _alike(*models: nn.Module) -> list[str]:
    orders = _orders(*models)
    again = len(orders) - len(torch.unique(orders, dim=0))
    return [f"{again} of {len(orders)} parameters"] if again else []


def _repeating(seen: _Seen, _trial: Trial) -> list[str]:
    return _alike(seen.first, seen.then)


def _baked_in(seen: _Seen, _trial: Trial) -> list[str]:
    return _alike(seen.first, seen.other)


def _not_repeated(seen: _Seen, _trial: Trial) -> list[str]:
    again = dict(seen.again.named_parameters())
    return [n for n, p in seen.first.named_parameters() if n in again and not same(p, again[n])]


def _standing(seen: _Seen, _trial: Trial) -> list[str]:
    return [] if seen.moves else ["the global stream"]


def _asked(words: str, wrong: Callable[[_Seen, Trial], list[str]]) -> Question:
    """A question about each way."""

    def answers(trial: Trial) -> list[str]:
        return [
            f"{each} under {way.words}"
            for way in CONSTRUCTIONS.values()
            for each in wrong(_seen(trial, way), trial)
        ]

    return Question(words, answers, usual)


PROMISE = Promise(
    name="compiled constructor",
    check="compiled",
    questions={
        "unlike": _asked("what a compiled function makes no parameter of", _unlike),
        "untied": _asked("models whose weights are not shared", _untied),
        "padding": _asked("what is not zero", _padding),
        "repeating": _asked("parameters that are drawn again", _repeating),
        "baked-in": _asked("parameters that another seed draws again", _baked_in),
        "not-repeated": _asked("parameters that one seed draws otherwise", _not_repeated),
        "standing": _asked("what does not go on", _standing),
    },
    words="a compiled function that builds a model draws each of its parameters anew, follows the "
    "seed, moves the stream, shares what is tied, and leaves the padding row zero",
    formula="W, W′ independent; E[padding_idx] = 0; decoder.weight is embedding.weight",
    source="PyTorch documentation: torch.compile, torch.nn.Embedding, note on reproducibility",
    subjects=("Linear",),
    dtypes=("float32",),
)
