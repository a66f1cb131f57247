"""States and files: how they are named, what hooks are told, and what loading leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.calls import alike
from verify.behaviour.parameters.networks import owned, scrambled
from verify.behaviour.promise import Promise, Question, Trial
from verify.behaviour.stored import QUESTIONS
from verify.behaviour.tensors import bits, copied, differing, through_file
from verify.torch_api import state

_PREFIX = "outer.inner."
_SPECIAL = (-0.0, 2.0**-149, torch.inf, -torch.inf)
_PAYLOAD = 0x7FC12345
"""A quiet NaN of single precision that is not the usual one."""


def _misnamed(trial: Trial) -> list[str]:
    """The prefix stands before every name; keep_vars hands over what the module holds."""
    module = scrambled(trial)
    plain, prefixed = module.state_dict(), module.state_dict(prefix=_PREFIX)
    kept = module.state_dict(keep_vars=True)
    expected = {f"{_PREFIX}{name}" for name in plain}
    found = [f"{name} with a prefix" for name in sorted(prefixed.keys() ^ expected)]
    found += [f"{name} is attached" for name, t in plain.items() if t.requires_grad]
    held = owned(trial, module)
    return found + [f"{name} is not kept" for name, p in held.items() if kept[name] is not p]


def _untied(trial: Trial) -> list[str]:
    """What is tied stays one parameter, and learns once, though the tensors are replaced."""
    one, two = scrambled(trial), scrambled(trial)
    for name, parameter in owned(trial, one).items():
        setattr(two, name, parameter)
    network = nn.Sequential(one, two)
    network.load_state_dict(network.state_dict(), assign=True)
    held = owned(trial, two)
    return [f"1.{name}" for name, p in owned(trial, one).items() if held[name] is not p]


class _Extra(nn.Module):
    """A module whose state holds more than tensors, and that notes what it is given back."""

    def __init__(self, inner: nn.Module, extra: object) -> None:
        super().__init__()
        self.inner, self.extra = inner, extra

    def get_extra_state(self) -> object:
        return self.extra

    def set_extra_state(self, state: object) -> None:
        self.extra = state


def _lost_extra(trial: Trial) -> list[str]:
    module = _Extra(scrambled(trial), {"step": 3})
    other = _Extra(scrambled(trial, "other"), None)
    missing, unexpected = other.load_state_dict(module.state_dict())
    found = [*missing, *unexpected, *differing(state(module), state(other))]
    return found if other.extra == module.extra else [*found, "the extra state"]


def _unhooked(trial: Trial) -> list[str]:
    """Each hook is called once for its module, with the arguments that are documented."""
    module, calls = scrambled(trial), dict[str, list[tuple[Any, ...]]]()

    def noting(name: str) -> Callable[..., None]:
        return lambda *given: calls.setdefault(name, []).append(given)

    module.register_state_dict_pre_hook(noting("before saving"))  # type: ignore[no-untyped-call]
    module.register_load_state_dict_pre_hook(noting("before loading"))  # type: ignore[no-untyped-call]
    module.register_load_state_dict_post_hook(noting("after loading"))  # type: ignore[no-untyped-call]
    network = nn.Sequential(module)
    network.load_state_dict(network.state_dict())
    expected = {"before saving": (1, "0."), "before loading": (2, "0.")}
    found = [
        f"the hook {name}"
        for name, (place, prefix) in expected.items()
        if [(g[0] is module, g[place]) for g in calls.get(name, [])] != [(True, prefix)]
    ]
    last = [(g[0] is module, *g[1]) for g in calls.get("after loading", [])]
    return found if last == [(True, [], [])] else [*found, "the hook after loading"]


def _touched(trial: Trial) -> list[str]:
    """Gradients, modes, what is frozen, and the state that is loaded."""
    module, saved = scrambled(trial).eval(), copied(state(scrambled(trial, "other")))
    before, held = copied(saved), owned(trial, module)
    for parameter in held.values():
        parameter.grad = torch.ones_like(parameter)
        parameter.requires_grad_(False)
    module.load_state_dict(saved)
    found = [f"{name} of the state" for name in differing(before, saved)]
    found += ["the mode"] if module.training else []
    for name, parameter in held.items():
        found += [f"{name}.requires_grad"] if parameter.requires_grad else []
        kept = parameter.grad is not None and bool((parameter.grad.cpu() == 1).all())
        found += [] if kept else [f"{name}.grad"]
    return found


def _misconverted(trial: Trial) -> list[str]:
    """Halves have room in any wider dtype; a copy keeps the dtype of the module."""
    module = scrambled(trial)
    saved = {n: t.half() if t.is_floating_point() else t for n, t in state(module).items()}
    expected = {n: t.to(state(module)[n].dtype) for n, t in saved.items()}
    module.load_state_dict(saved)
    return differing(expected, state(module))


def _special(trial: Trial) -> Tensor:
    numbers = torch.tensor(_SPECIAL, dtype=torch.float32)
    unusual = torch.tensor([_PAYLOAD], dtype=torch.int32).view(torch.float32)
    return torch.cat([numbers, unusual]).to(trial.device)


def _changed_by_file(trial: Trial) -> list[str]:
    """Every bit of a number stays, and what shares memory shares it again."""
    whole = _special(trial)
    loaded = through_file({"whole": whole, "view": whole[1:]}, weights_only=True)
    found = [] if torch.equal(bits(whole), bits(loaded["whole"])) else ["bits"]
    loaded["whole"].fill_(2)
    return found if bool((loaded["view"].cpu() == 2).all()) else [*found, "a shared memory"]


def _drawn(trial: Trial) -> list[str]:
    """Saving and loading draw nothing."""
    module, other = scrambled(trial), scrambled(trial, "other")
    trial.target()  # For its effect: the streams start anew.
    before = torch_api.streams(trial.device)
    other.load_state_dict(through_file(module.state_dict(), weights_only=True))
    return [] if alike(before, torch_api.streams(trial.device)) else ["the global stream"]


PROMISE = Promise(
    name="loading",
    check="loading",
    questions={
        "misnamed": Question("names in a state that are wrong", _misnamed),
        "untied-by-assigning": Question(
            "ties that assigning a state loses",
            _untied,
            lambda trial: bool(owned(trial, trial.build())),
        ),
        "lost-extra": Question("what an extra state loses", _lost_extra),
        "unhooked": Question("hooks of states that are called otherwise", _unhooked),
        "touched": Question("what loading touches besides", _touched),
        "misconverted": Question("halves that are loaded otherwise", _misconverted),
        "changed-by-file": Question("what a file changes", _changed_by_file),
        "drawn": Question("what saving and loading draw from", _drawn),
        **QUESTIONS,
    },
    words="states are named by their prefix, hooks are told what is documented, files keep every "
    "bit, and loading touches no gradient, no mode and no stream",
    formula="load(save(w)) = w",
    source="PyTorch documentation, torch.nn.Module, torch.save, “Serialization semantics”",
    subjects=("Linear", "BatchNorm1d"),
    dtypes=("float32",),
)
