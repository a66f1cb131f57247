"""Random operations in each form that takes a generator: it is the one stream they draw from."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

import torch
from torch import Generator, Tensor

from verify import torch_api
from verify.behaviour.calls import alike
from verify.behaviour.draws import seeded, stream_of
from verify.behaviour.promise import Trial
from verify.behaviour.tensors import identical

_COUNT = 512
"""Entries of a call. The least information that they hold is that of coins: 512 bits."""

_Form = Callable[[Generator | None, torch.device], Tensor]


def _chances(device: torch.device) -> Tensor:
    return torch.full((_COUNT,), 0.5, device=device)


def _filled(name: str, *arguments: object) -> _Form:
    """A method that fills a tensor in place."""

    def call(generator: Generator | None, device: torch.device) -> Tensor:
        result: Tensor = getattr(_chances(device), name)(*arguments, generator=generator)
        return result

    return call


def _made(name: str, *arguments: object) -> _Form:
    """A function that makes a tensor of a shape."""

    def call(generator: Generator | None, device: torch.device) -> Tensor:
        result: Tensor = getattr(torch, name)(*arguments, generator=generator, device=device)
        return result

    return call


FORMS: Mapping[str, _Form] = {
    "torch.rand": _made("rand", _COUNT),
    "torch.randn": _made("randn", _COUNT),
    "torch.randint": _made("randint", 1 << 20, (_COUNT,)),
    "torch.randint from a number": _made("randint", -9, 1 << 20, (_COUNT,)),
    "torch.randperm": _made("randperm", _COUNT),
    "torch.normal of numbers": _made("normal", 0.5, 0.5, (_COUNT,)),
    "torch.normal of tensors": lambda g, at: torch.normal(_chances(at), _chances(at), generator=g),
    "torch.normal of means": lambda g, at: torch.normal(_chances(at), 0.5, generator=g),
    "torch.normal of deviations": lambda g, at: torch.normal(0.5, _chances(at), generator=g),
    "torch.bernoulli": lambda g, at: torch.bernoulli(_chances(at), generator=g),
    "torch.bernoulli of a number": lambda g, at: torch.bernoulli(_chances(at), 0.5, generator=g),
    "torch.poisson": lambda g, at: torch.poisson(8 * _chances(at), generator=g),
    "torch.multinomial": lambda g, at: torch.multinomial(_chances(at), _COUNT, True, generator=g),
    "torch.multinomial without replacement": lambda g, at: torch.multinomial(
        _chances(at), _COUNT, False, generator=g
    ),
    "Tensor.bernoulli": _filled("bernoulli"),
    "Tensor.bernoulli of a number": _filled("bernoulli", 0.5),
    "bernoulli_": _filled("bernoulli_"),
    "bernoulli_ of a number": _filled("bernoulli_", 0.25),
    "bernoulli_ of tensors": lambda g, at: _chances(at).bernoulli_(_chances(at), generator=g),
    "random_": _filled("random_"),
    "random_ to a number": _filled("random_", 1 << 20),
    "random_ from a number": _filled("random_", -9, 1 << 20),
    "uniform_": _filled("uniform_"),
    "normal_": _filled("normal_"),
    "exponential_": _filled("exponential_"),
    "geometric_": _filled("geometric_", 0.25),
    "cauchy_": _filled("cauchy_"),
    "log_normal_": _filled("log_normal_"),
}
"""Each documented form of a call, with an argument `generator`."""


def _seeded(trial: Trial, seed: int) -> Generator:
    return stream_of(seeded(trial, seed))


def _drawn(trial: Trial, form: _Form, own: int, globally: int) -> Tensor:
    """What a call draws from one seed of its own and one of the global stream, on the host."""
    generator = _seeded(trial, own)
    torch.manual_seed(globally)
    return form(generator, trial.device).cpu()


def without_generator(trial: Trial) -> list[str]:
    """Forms in which the generator does not decide: it stays, or other values have one seed.

    Two seeds give the same values by chance with a probability below 2⁻²⁰⁰: most calls hold more
    than 256 bits.
    """
    return [name for name, form in FORMS.items() if not _decides(trial, form)]


def _decides(trial: Trial, form: _Form) -> bool:
    generator = _seeded(trial, 1)
    before = generator.get_state()
    form(generator, trial.device)
    moves = not torch.equal(before, generator.get_state())
    one, again, other = (_drawn(trial, form, seed, 3) for seed in (1, 1, 2))
    return moves and torch.equal(one, again) and not torch.equal(one, other)


def with_other_streams(trial: Trial) -> list[str]:
    """Forms that move the global stream besides, or take values from it."""
    return [name for name, form in FORMS.items() if _strays(trial, form)]


def _strays(trial: Trial, form: _Form) -> bool:
    generator = _seeded(trial, 1)
    before = torch_api.streams(trial.device)
    form(generator, trial.device)
    moved = not alike(before, torch_api.streams(trial.device))
    one, other = (_drawn(trial, form, 1, seed) for seed in (3, 4))
    return moved or not torch.equal(one, other)


def without_seed(trial: Trial) -> list[str]:
    """Forms that, without a generator, do not draw from the global stream."""
    return [name for name, form in FORMS.items() if not _follows(trial, form)]


def _follows(trial: Trial, form: _Form) -> bool:
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(form(None, trial.device).cpu())
    return torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


_LAST = {"bfloat16": 1 << 8, "float16": 1 << 11, "float32": 1 << 24, "float64": 1 << 53}
"""The last of the whole numbers that a dtype holds without a gap, 2^mantissa."""


def refused_ranges(trial: Trial) -> list[str]:
    """``random_(from)`` at the last whole number, of which the range holds one.

    PyTorch documentation, torch.Tensor.random_: "for floating point types, if unspecified, range
    will be [0, 2^mantissa]". What the range holds is drawn, as it is for whole numbers.
    """
    return [name for name in trial.cell.backend.dtypes if not _fills(trial, name, _LAST[name])]


def _fills(trial: Trial, name: str, last: int) -> bool:
    tensor = torch.zeros(2, dtype=getattr(torch, name), device=trial.device)
    try:
        tensor.random_(last, None)
    except RuntimeError:
        return False
    return bool((tensor.cpu() == last).all())


_FAR, _NARROW = 5.0, 2.0**-10
"""A mean, and a deviation so small that no draw comes near another mean."""


_INTO: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "out=mean": lambda mean, std: torch.normal(mean, std, out=mean),
    "out=std": lambda mean, std: torch.normal(mean, std, out=std),
    "out=mean, std a number": lambda mean, _: torch.normal(mean, _NARROW, out=mean),
    "out=std, mean a number": lambda _, std: torch.normal(_FAR, std, out=std),
}


def normals_into_arguments(trial: Trial) -> list[str]:
    """Arguments of torch.normal that are overwritten before they are read, where out is one.

    Not refused, the call fills ``out`` by its law: 512 values lie within 512 deviations of their
    mean.
    """
    mean = torch.full((_COUNT,), _FAR, device=trial.device)
    std = torch.full_like(mean, _NARROW)
    return [
        name
        for name, fill in _INTO.items()
        if (_filled_into(fill, mean, std).cpu() - _FAR).abs().max() > _COUNT * _NARROW
    ]


def coins_into_arguments(trial: Trial) -> list[str]:
    """Probabilities of bernoulli that are overwritten before they are read.

    Sure and impossible ones decide every value.
    """
    sure = torch.arange(_COUNT).remainder(2).float().to(trial.device)
    fills: Mapping[str, Callable[[Tensor], Tensor]] = {
        "torch.bernoulli": lambda p: torch.bernoulli(p, out=p),
        "bernoulli_": lambda p: p.bernoulli_(p),
    }
    return [n for n, fill in fills.items() if not identical(_filled_into(fill, sure), sure)]


def _filled_into(fill: Callable[..., Tensor], *given: Tensor) -> Tensor:
    """What a fill makes of copies of its arguments; the first as it was, where it refuses."""
    with contextlib.suppress(RuntimeError):
        return fill(*map(torch.clone, given))
    return given[0]
