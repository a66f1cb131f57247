"""Parametrizations of one's own: their order, their checks, and where they go.

Weights are whole numbers, doubled, halved and added to: exact in every dtype.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from verify.behaviour.draws import usual
from verify.behaviour.parametrizations.applying import listed, tensor_of
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import identical
from verify.plan.run import derive


class _Noting(nn.Module):
    """Counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.forwards = self.backwards = 0


class _Twice(_Noting):
    def forward(self, value: Tensor) -> Tensor:
        self.forwards += 1
        return 2 * value

    def right_inverse(self, value: Tensor) -> Tensor:
        self.backwards += 1
        return value / 2


class _OneMore(_Noting):
    def forward(self, value: Tensor) -> Tensor:
        self.forwards += 1
        return value + 1

    def right_inverse(self, value: Tensor) -> Tensor:
        self.backwards += 1
        return value - 1


class _Forward(nn.Module):
    """Has no right inverse."""

    def forward(self, value: Tensor) -> Tensor:
        return 4 * value


class _Sum(nn.Module):
    """Depends on two tensors."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        return one + other

    def right_inverse(self, value: Tensor) -> tuple[Tensor, Tensor]:
        return value - 8, torch.full_like(value, 8)


class _Longer(nn.Module):
    """Changes the shape."""

    def forward(self, value: Tensor) -> Tensor:
        return torch.cat([value, value])


def asked_of_linear(trial: Trial) -> bool:
    """Whether it is asked here: what does not hang on a kind of module."""
    return trial.row.name == "Linear" and usual(trial)


def _linear(trial: Trial, of: str = "weight") -> nn.Linear:
    """A layer of whole numbers."""
    module = nn.Linear(4, 3, device=trial.device, dtype=trial.dtype)
    stream = torch.Generator().manual_seed(derive(trial.seed, of))
    with torch.no_grad():
        tensor_of(module).copy_(torch.randint(-9, 10, (3, 4), generator=stream))
    return module


def _registered(module: nn.Module, *parts: nn.Module, name: str = "weight") -> nn.Module:
    for part in parts:
        nn.utils.parametrize.register_parametrization(module, name, part)
    return module


def _unless(**answers: bool) -> list[str]:
    """What does not hold."""
    return [name.replace("_", " ") for name, holds in answers.items() if not holds]


def wrongly_chained(trial: Trial) -> list[str]:
    """The first one registered is applied first, an assignment undoes the last one first.

    What is registered first is undone in the tensor, what comes later is not.
    """
    before = _linear(trial)
    plain, parameter = tensor_of(before).detach().clone(), tensor_of(before)
    module = _registered(before, _Twice(), _OneMore())
    chain = listed(module)
    start = tensor_of(module).detach().clone()
    value = _linear(trial, of="value").weight.detach()
    module.weight = value
    other = chain.original.detach().clone()
    with torch.no_grad():
        chain.original.copy_(plain)
    return _unless(
        the_start=identical(start, plain + 1),
        the_order=[type(part) for part in chain] == [_Twice, _OneMore],
        an_assignment=identical(other, (value - 1) / 2),
        the_weight=identical(tensor_of(module).detach(), 2 * plain + 1),
        the_original_as_another_parameter=chain.original is parameter,
    )


def wrong_originals(trial: Trial) -> list[str]:
    """One tensor without a right inverse, ``original0`` and ``original1`` of two, and buffers."""
    one, two = _registered(_linear(trial), _Forward()), _registered(_linear(trial), _Sum())
    plain = _linear(trial).weight.detach()
    host = _linear(trial)
    host.register_buffer("kept", plain.clone())
    _registered(host, _Twice(), name="kept")
    pair, numbers = listed(two), dict(two.named_parameters()).keys()
    of_two = {"bias", "parametrizations.weight.original0", "parametrizations.weight.original1"}
    return _unless(
        the_original_without_a_right_inverse=identical(listed(one).original.detach(), plain),
        the_weight_without_a_right_inverse=identical(tensor_of(one).detach(), 4 * plain),
        the_names_of_two=numbers == of_two,
        the_first_of_two=identical(tensor_of(pair, "original0").detach(), plain - 8),
        the_weight_of_two=identical(tensor_of(two).detach(), plain),
        a_buffer=identical(tensor_of(host, "kept"), plain)
        and "parametrizations.kept.original" in dict(host.named_buffers()),
        a_buffer_that_learns=len([*host.parameters()]) == 2,
    )


def wrongly_called(trial: Trial) -> list[str]:
    """Once each at a registration; with ``unsafe`` the first right inverse, and nothing else."""
    register = nn.utils.parametrize.register_parametrization
    safe, unsafe, second = _Twice(), _Twice(), _OneMore()
    _registered(_linear(trial), safe)
    module = _linear(trial)
    register(module, "weight", unsafe, unsafe=True)
    register(module, "weight", second, unsafe=True)
    calls = {part: (part.forwards, part.backwards) for part in (safe, unsafe, second)}
    longer = _linear(trial)
    register(longer, "weight", _Longer(), unsafe=True)
    return _unless(
        a_safe_registration=calls[safe] == (1, 1),
        an_unsafe_registration=calls[unsafe] == (0, 1),
        an_unsafe_registration_of_a_second=calls[second] == (0, 0),
        a_longer_weight=len(tensor_of(longer)) == 6,
    ) + _not_refused({
        "a longer weight": lambda: _registered(_linear(trial), _Longer()),
        "a longer weight as the second": lambda: _registered(_linear(trial), _Twice(), _Longer()),
    })  # fmt: skip


def _not_refused(attempts: dict[str, Callable[[], object]]) -> list[str]:
    found = []
    for said, attempt in attempts.items():
        try:
            attempt()
        except (ValueError, RuntimeError):
            continue
        found.append(f"{said} is taken")
    return found


def wrongly_told(trial: Trial) -> list[str]:
    """``is_parametrized``, the type before, and the mode of a parametrization."""
    told, before = (
        nn.utils.parametrize.is_parametrized,
        nn.utils.parametrize.type_before_parametrizations,
    )
    plain, part, late = _linear(trial), _Twice(), _OneMore()
    module = _registered(_linear(trial).eval(), part)
    resting = part.training
    module.train()
    _registered(module, late)
    return _unless(
        a_plain_module=not told(plain) and not told(plain, "weight"),
        a_parametrised_module=told(module) and told(module, "weight"),
        another_tensor=not told(module, "bias") and not told(module, "none"),
        the_type=before(module) is nn.Linear and before(plain) is nn.Linear,
        the_class=isinstance(module, nn.Linear) and type(plain) is nn.Linear,
        eval_mode=not resting and part.training and late.training,
    )


def wrongly_transferred(trial: Trial) -> list[str]:
    """Parametrizations and what they are of go to another module; of one tensor if named."""
    transfer = nn.utils.parametrize.transfer_parametrizations_and_params
    giver = _registered(_registered(_linear(trial), _Twice(), _OneMore()), _Twice(), name="bias")
    with torch.no_grad():
        listed(giver, "bias").original.fill_(3.0)
    whole, half, left = (_linear(trial, of=of) for of in ("whole", "half", "left"))
    kept, weight = tensor_of(left).detach().clone(), tensor_of(giver).detach()
    bias = tensor_of(giver, "bias").detach()
    transfer(giver, whole)
    transfer(giver, half, "weight")
    transfer(_linear(trial), left)
    told = nn.utils.parametrize.is_parametrized
    return _unless(
        a_whole_module=identical(tensor_of(whole).detach(), weight)
        and identical(tensor_of(whole, "bias").detach(), bias)
        and told(whole, "bias"),
        one_tensor=identical(tensor_of(half).detach(), weight) and told(half, "weight"),
        the_other_tensor=not told(half, "bias"),
        of_no_parametrization=not told(left) and identical(tensor_of(left).detach(), kept),
        the_giver=told(giver, "weight")
        and told(giver, "bias")
        and identical(tensor_of(giver).detach(), weight),
    )


def wrongly_cached(trial: Trial) -> list[str]:
    """Computed the first time in `cached`, each time outside of it; for each tensor by itself."""
    part, told = _Twice(), nn.utils.parametrize.cached
    module = _registered(_registered(_linear(trial), part), _OneMore(), name="bias")
    other = _registered(_linear(trial, of="other"), _Twice())
    bias, weight, start = (
        tensor_of(module, "bias").detach(),
        tensor_of(other).detach(),
        part.forwards,
    )
    with told():
        one = tensor_of(module)
        same = tensor_of(module) is one
        inside = part.forwards - start
        apart = identical(tensor_of(module, "bias").detach(), bias) and identical(
            tensor_of(other).detach(), weight
        )
    with torch.no_grad():
        listed(module).original.add_(1)
    after = tensor_of(module).detach()
    outside = part.forwards - start - inside
    with told():
        anew = identical(tensor_of(module).detach(), after)
    return _unless(
        the_same_weight=same,
        one_call=inside == 1,
        other_tensors=apart,
        a_call_for_each_access=outside == 1,
        a_change=identical(after, one.detach() + 2),
        another_cache=anew,
    )


def mixed_up_with_a_copy(trial: Trial) -> list[str]:
    """In `cached` a copy has its own weight, not that of the module it was made from."""
    module = _registered(_linear(trial), _Twice())
    other = copy.deepcopy(module)
    with torch.no_grad():
        listed(other).original.add_(1)
    expected = tensor_of(other).detach()
    with nn.utils.parametrize.cached():
        before = tensor_of(module).detach()
        mixed_up = identical(tensor_of(other).detach(), before)
        right = identical(tensor_of(other).detach(), expected)
    return ["the weight of the module it was made from"] * mixed_up or _unless(the_weight=right)


def wrongly_removed(trial: Trial) -> list[str]:
    """All that are chained on a tensor go at once; those of others stay."""
    remove = nn.utils.parametrize.remove_parametrizations
    modules = [
        _registered(_registered(_linear(trial), _Twice(), _OneMore()), _OneMore(), name="bias")
        for _ in range(2)
    ]
    plain, told = _linear(trial).weight.detach(), nn.utils.parametrize.is_parametrized
    output, input = (
        remove(module, "weight", leave)
        for module, leave in zip(modules, (True, False), strict=True)
    )
    return _unless(
        the_output=identical(tensor_of(output).detach(), plain + 1),
        the_original=identical(tensor_of(input).detach(), plain / 2),
        the_other_tensor=all(told(module, "bias") for module in modules),
        the_tensor=not any(told(module, "weight") for module in modules),
        the_module=output is modules[0],
        the_class=type(remove(output, "bias")) is nn.Linear,
    )
