"""Copies of generators and of their states: each goes on as its original, and by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from verify import torch_api
from verify.behaviour.copies.ways import WAYS
from verify.behaviour.draws import draw_odd, forked
from verify.behaviour.promise import Trial


def _by_state(of: torch.Generator) -> torch.Generator:
    return _set(torch_api.generator(of.device), of.get_state())


def _set(of: torch.Generator, state: Tensor) -> torch.Generator:
    """Set a state; nothing is documented to be returned."""
    of.set_state(state)
    return of


_Way = Callable[[torch.Generator], torch.Generator]
_WAYS: Mapping[str, _Way] = {
    "set_state": _by_state,
    "clone_state": lambda of: of.clone_state(),
    "deepcopy": WAYS["deepcopy"],
}


def _started(trial: Trial) -> torch.Generator:
    """A generator with half of a pair of normals left over."""
    made = torch_api.generator(trial.device).manual_seed(trial.seed)
    draw_odd(trial, made)
    return made


def _draws(of: torch.Generator) -> Tensor:
    """What some calls draw: normals first, of which half of a pair may be left over."""
    normals = torch.randn(3, generator=of, device=of.device)
    return torch.cat([normals, torch.rand(5, generator=of, device=of.device)]).cpu()


def copied_otherwise(trial: Trial) -> list[str]:
    """By set_state and clone_state, as documented, and by ``copy.deepcopy``."""
    return _otherwise(trial, _WAYS)


def pickled_otherwise(trial: Trial) -> list[str]:
    """By pickle, and by ``torch.save`` and ``torch.load``."""
    return _otherwise(trial, {name: WAYS[name] for name in ("pickle", "file")})


def _otherwise(trial: Trial, ways: Mapping[str, _Way]) -> list[str]:
    """A copy draws what its original would draw, from the same seed, and neither moves both."""
    expected = _draws(_started(trial))
    found = list[str]()
    for way, make in ways.items():
        original = _started(trial)
        one, other = make(original), make(original)
        facts = {
            "is the original": one is original,
            "draws otherwise": not torch.equal(_draws(one), expected),
            "moves the original": not torch.equal(_draws(original), expected),
            "moves with the original": not torch.equal(_draws(other), expected),
            "is of another device": one.device != original.device,
            "forgets the seed": way != "set_state" and one.initial_seed() != trial.seed,
        }
        found += [f"by {way} {fact}" for fact, is_so in facts.items() if is_so]
    return found


def states_not_copied(trial: Trial) -> list[str]:
    """A state is bytes of the host's, which stay; what is written to it changes no generator."""
    own, other, moved = (_started(trial) for _ in range(3))
    expected, state, read = _draws(_started(trial)), own.get_state(), moved.get_state()
    before = state.clone()
    _draws(_set(other, state))
    _draws(moved)
    moved.get_state()
    found = [] if state.dtype == torch.uint8 and state.device.type == "cpu" else ["other bytes"]
    found += [] if torch.equal(state, before) else ["a draw changes a state that was set"]
    found += [] if torch.equal(read, before) else ["a draw changes a state that was read"]
    other.set_state(state)
    state.zero_()
    written = {"whose state was read": own, "whose state was set": other}
    found += [
        f"a state is part of the generator {name}"
        for name, of in written.items()
        if not torch.equal(of.get_state(), before) or not torch.equal(_draws(of), expected)
    ]
    return [*found, *_global_not_copied(trial)]


def _global_not_copied(trial: Trial) -> list[str]:
    """The same of the global stream."""
    with forked(trial.device):
        torch.manual_seed(trial.seed)
        state = torch.get_rng_state()
        before = state.clone()
        first = torch.rand(5)
        torch.set_rng_state(state)
        kept = torch.equal(state, before)
        state.zero_()
        again = torch.rand(5)
    return [] if kept and torch.equal(first, again) else ["the state of the global stream"]
