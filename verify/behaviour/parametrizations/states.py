"""What a normalised module keeps, stores, copies and gives back."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.parametrizations.applying import tensor_of
from verify.behaviour.parametrizations.spectral import prepared
from verify.behaviour.parametrizations.ways import SPECTRAL, Form, Way, built, forms
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import differing, identical, through_file


def _normalised(trial: Trial, way: Way, form: Form, of: str = "") -> nn.Module:
    """A module that was used twice since it was normalised."""
    module = way.on(built(trial, form, of))
    way.update(module)
    way.update(module)
    trial.settle()
    return module


def _now(way: Way, module: nn.Module) -> Tensor:
    """The weight in eval mode, where vectors stay."""
    return way.update(module.eval()).detach().clone()


def wrongly_kept(way: Way, trial: Trial) -> list[str]:
    """What learns is what the weight is computed from, by its documented name; nothing else is."""
    form = forms(trial)[0]
    plain, module = built(trial, form), _normalised(trial, way, form)
    expected = {name for name, _ in plain.named_parameters()} - {"weight"} | {*way.originals}
    parameters, buffers = dict(module.named_parameters()), dict(module.named_buffers())
    learns = {name for name, each in parameters.items() if each.requires_grad and each.is_leaf}
    stored = module.state_dict().keys()
    return [
        *(f"{name} is no parameter" for name in sorted(expected - learns)),
        *(f"{name} is a parameter" for name in sorted(parameters.keys() - expected)),
        *(f"{name} is no buffer" for name in way.vectors if name not in buffers),
        *(f"{name} is not stored" for name in sorted({*expected, *way.vectors} - stored)),
        *(f"{name} is stored" for name in sorted(stored - {*parameters, *buffers})),
    ]


def not_restored(way: Way, trial: Trial) -> list[str]:
    """A state gives another module the weight, through a file too."""
    form, found = forms(trial)[0], []
    module = _normalised(trial, way, form)
    weight = _now(way, module)
    for road, state in (
        ("a state", module.state_dict()),
        ("a file", through_file(module.state_dict(), weights_only=True)),
    ):
        other = _normalised(trial, way, form, of=road)
        other.load_state_dict(state)
        trial.settle()
        found += [road] * (not identical(_now(way, other), weight))
    return found


def wrongly_copied(way: Way, trial: Trial) -> list[str]:
    """A copy gives the weight, and is one of its own."""
    with torch.no_grad():
        module = _normalised(trial, way, forms(trial)[0])
        copied = copy.deepcopy(module)
        weight = _now(way, module)
        found = ["a copy"] * (not identical(_now(way, copied), weight))
        for original in way.originals_of(copied):
            original.view(-1)[1:] *= 2.0
        found += ["what a copy is computed from"] * (not identical(_now(way, module), weight))
        follows = not identical(_now(way, copied), weight)
    return found if follows else [*found, "a copy does not follow what it is computed from"]


def not_copied(way: Way, trial: Trial) -> list[str]:
    """A module can be copied after a forward pass that has gradients."""
    module = _normalised(trial, way, forms(trial)[0])
    return [] if identical(_now(way, copy.deepcopy(module)), _now(way, module)) else ["a copy"]


def _breaks(trial: Trial, other_of: Callable[[nn.Module], nn.Module]) -> list[str]:
    """Whether a removal from one module changes another."""
    module = nn.utils.parametrizations.weight_norm(built(trial, forms(trial)[0]))
    other = other_of(module)
    weight = tensor_of(other).detach().clone()
    nn.utils.parametrize.remove_parametrizations(module, "weight")
    kept = hasattr(other, "weight") and identical(tensor_of(other).detach(), weight)
    return [] if kept else ["the weight"]


def broken_copy(trial: Trial) -> list[str]:
    """A removal from a module leaves its copy as it is."""
    return _breaks(trial, copy.deepcopy)


def broken_other(trial: Trial) -> list[str]:
    """A removal from a module leaves another one as it is."""
    form = forms(trial)[0]
    return _breaks(trial, lambda _: nn.utils.parametrizations.weight_norm(built(trial, form)))


def wrong_after_removal(way: Way, trial: Trial) -> list[str]:
    """A plain module is left, of the weight that it had: what it computes does not change."""
    form = forms(trial)[-1]
    module = _normalised(trial, way, form)
    weight = _now(way, module)
    module = way.remove(module, way.kind, "weight")
    found = _not_plain(built(trial, form), module)
    found += ["the weight"] * (not identical(tensor_of(module).detach(), weight))
    torch_api.recompute(module)
    changed = not identical(tensor_of(module).detach(), weight)
    return [*found, "what a forward pass makes of the weight"] if changed else found


def _not_plain(plain: nn.Module, module: nn.Module) -> list[str]:
    """What is left of a parametrization."""
    names, expected = (dict(each.named_parameters()).keys() for each in (module, plain))
    stored, wanted = (each.state_dict().keys() for each in (module, plain))
    learns = all(each.requires_grad and each.is_leaf for each in module.parameters())
    return [
        *(["parameters that cannot learn"] * (not learns)),
        *(["another class"] * (type(module) is not type(plain))),
        *(f"{name} as a parameter" for name in sorted(names ^ expected)),
        *(f"{name} in the state" for name in sorted(stored ^ wanted)),
    ]


def wrong_original_left(trial: Trial) -> list[str]:
    """``leave_parametrized=False`` leaves the original, the default the output of one access more.

    In training mode that access takes an iteration, in eval mode it does not.
    """
    form, found = forms(trial)[0], []
    way, remove = SPECTRAL["spectral-norm"], nn.utils.parametrize.remove_parametrizations
    for mode in (True, False):
        left, accessed, other = (prepared(trial, way, form, {}).train(mode) for _ in range(3))
        (original,) = (tensor.clone() for tensor in way.originals_of(left))
        expected = tensor_of(accessed).detach()
        remove(left, "weight")
        remove(other, "weight", leave_parametrized=False)
        plain = built(trial, form)
        wrong = [*_not_plain(plain, left), *_not_plain(plain, other)]
        wrong += ["the weight"] * (not identical(tensor_of(left).detach(), expected))
        wrong += ["the original"] * (not identical(tensor_of(other).detach(), original))
        found += [f"{text} in {'training' if mode else 'eval'} mode" for text in wrong]
    return found


def not_refused(trial: Trial) -> list[str]:
    """Removing what is not there, or one of several tensors: ValueError is documented."""
    form = forms(trial)[0]
    remove = nn.utils.parametrize.remove_parametrizations
    several = torch_api.parametrize(built(trial, form), "weight_norm", "weight")
    attempts: dict[str, Callable[[], object]] = {
        "a removal of nothing": lambda: remove(built(trial, form), "weight"),
        "a removal that leaves one of two tensors": lambda: remove(several, "weight", False),
        "a tensor that is not there": lambda: nn.utils.parametrize.register_parametrization(
            built(trial, form), "missing", nn.Identity()
        ),
    }
    found = []
    for said, attempt in attempts.items():
        try:
            attempt()
        except ValueError:
            continue
        found.append(said)
    return found


def changed_by_the_older_state(trial: Trial) -> list[str]:
    """The newer weight_norm takes the state of the older one: migration guide of the latter."""
    found = []
    for form in forms(trial)[:1]:
        old = torch_api.renormalize(built(trial, form), "weight_norm", "weight")
        with torch.no_grad():
            tensor_of(old, "weight_g").mul_(-3.0)
        new = torch_api.parametrize(built(trial, form, of="new"), "weight_norm", "weight")
        new.load_state_dict(old.state_dict())
        state = torch_api.state(new)
        for number, name in enumerate("gv"):
            loaded = {name: state[f"parametrizations.weight.original{number}"]}
            found += differing({name: torch_api.state(old)[f"weight_{name}"]}, loaded)
    return found
