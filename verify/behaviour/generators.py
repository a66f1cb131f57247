"""Generators keep their seeds, and choose one when asked."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import torch

from verify import torch_api
from verify.behaviour import forms
from verify.behaviour.draws import draw, forked, unlike, usual
from verify.behaviour.promise import Promise, Question, Trial

_SEEDS = (0, 1, 2, 1 << 32, (1 << 32) + 1, 1 << 40, (1 << 63) - 1)
_LEAST, _MOST = -(1 << 63), (1 << 64) - 1


def _generator(trial: Trial) -> torch.Generator:
    return torch_api.generator(trial.device)


def _forgotten_seeds(trial: Trial) -> list[str]:
    found = []
    for seed in (*_SEEDS, _MOST):
        own = _generator(trial)
        if own.manual_seed(seed) is not own or own.initial_seed() != seed:
            found.append(f"{seed} by a generator")
        with forked(trial.device):
            if torch.manual_seed(seed).initial_seed() != seed or torch.initial_seed() != seed:
                found.append(f"{seed} globally")
    return found


def _wrongly_remapped(trial: Trial) -> list[str]:
    """Documented: by the formula 0xffff_ffff_ffff_ffff + seed."""
    became = {s: _generator(trial).manual_seed(s).initial_seed() for s in (-1, -2, _LEAST)}
    return [f"{s} to {seed}" for s, seed in became.items() if seed != _MOST + s]


def _taken_out_of_range(trial: Trial) -> list[str]:
    """Below −2⁶³ and above 2⁶⁴ − 1."""
    return [str(seed) for seed in (_LEAST - 1, _MOST + 1) if _is_taken(trial, seed)]


def _is_taken(trial: Trial, seed: int) -> bool:
    try:
        _generator(trial).manual_seed(seed)
    except (RuntimeError, ValueError, OverflowError):
        return False
    return True


def _badly_chosen(trial: Trial) -> list[str]:
    """Documented: a random number of 64 bits, which becomes the seed.

    Four of them are alike, or below 2³² all together, with probability 2⁻⁶¹.
    """
    own, found = _generator(trial), list[str]()
    with forked(trial.device):
        for name, seed, initial in (
            ("Generator.seed", own.seed, own.initial_seed),
            ("torch.seed", torch.seed, torch.initial_seed),
        ):
            chosen = [(seed(), initial()) for _ in range(4)]
            numbers = {number for number, _ in chosen}
            wrong = {
                "is not what it seeds with": any(one != other for one, other in chosen),
                "repeats": len(numbers) < len(chosen),
                "has few bits": max(numbers) < 1 << 32 or not 0 <= max(numbers) <= _MOST,
            }
            found += [f"{name} {what}" for what, is_so in wrong.items() if is_so]
    return found


def _not_started_by(trial: Trial) -> list[str]:
    """What `seed` returned gives the same values by `manual_seed`."""
    own = _generator(trial)
    chosen = own.seed()
    values = draw(trial, replace(trial.target(), generator=own))
    again = replace(trial.target(), generator=_generator(trial).manual_seed(chosen))
    return unlike({"seed": draw(trial, again)}, values)


def _foreign_generators(trial: Trial) -> list[str]:
    """A generator draws on its own device; those of others are refused."""
    host, found = torch.device("cpu"), []
    for own, device in ((host, trial.device), (trial.device, host)):
        with contextlib.suppress(RuntimeError, ValueError):
            torch.rand(2, device=device, generator=torch_api.generator(own))
            found.append(f"a generator of {own} on {device}")
    return found


PROMISE = Promise(
    name="generators",
    check="streams",
    questions={
        "seeds-forgotten": Question("seeds that are forgotten", _forgotten_seeds, usual),
        "negative-seeds-remapped": Question(
            "negative seeds that are remapped otherwise", _wrongly_remapped, usual
        ),
        "out-of-range-taken": Question(
            "seeds out of range that are taken", _taken_out_of_range, usual
        ),
        "chosen-seed-wrong": Question("what is wrong with a chosen seed", _badly_chosen, usual),
        "chosen-seed-starts-otherwise": Question(
            "what a chosen seed does not start", _not_started_by, usual
        ),
        "foreign-generators-taken": Question(
            "generators that are taken for another device's",
            _foreign_generators,
            lambda trial: usual(trial) and trial.device.type != "cpu",
        ),
        "generator-undecided-form": Question(
            "forms of a call in which the generator does not decide",
            forms.without_generator,
            usual,
        ),
        "global-stream-form": Question(
            "forms of a call with a generator that use the global stream",
            forms.with_other_streams,
            usual,
        ),
        "global-seed-undecided-form": Question(
            "forms of a call in which the global seed does not decide", forms.without_seed, usual
        ),
        "last-whole-number-refused": Question(
            "dtypes whose last whole number random_ cannot start from",
            forms.refused_ranges,
            usual,
        ),
        "normal-arguments-overwritten": Question(
            "arguments of torch.normal that are overwritten before they are read",
            forms.normals_into_arguments,
            usual,
        ),
        "coin-arguments-overwritten": Question(
            "forms of bernoulli that overwrite their probabilities before they read them",
            forms.coins_into_arguments,
            usual,
        ),
    },
    words="a generator keeps its seed, maps negative ones as documented, refuses those out of "
    "range, and chooses one of 64 bits itself when asked",
    formula="initial_seed() = s for 0 ≤ s < 2⁶⁴; 2⁶⁴ − 1 + s for −2⁶³ ≤ s < 0",
    source="PyTorch documentation, torch.Generator, torch.manual_seed, torch.seed",
    subjects=("torch.rand",),
    dtypes=("float32",),
)
