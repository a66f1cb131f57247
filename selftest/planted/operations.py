"""Faults of random operations: their arguments, dtypes and forms."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from selftest.planted.fault import Fault, Function, Plant, table

_SUPPORT = frozenset({"support"})
_LAW = frozenset({"chi_square", "legendre", "kolmogorov_smirnov", "tails"})

Edit = Callable[..., object]


def operation(cell: str) -> str:
    """Return the node id of the test that holds an operation to its law."""
    return f"verify/test_operations.py::test_operation[cpu-{cell}]"


def edited(edit: Edit) -> Plant:
    """Run the original, and edit what it returned.

    Parameters
    ----------
    edit
        Called with what was returned, the arguments by position, and the generator; gives another
        result, or None to keep the one that it edited.
    """

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            other = edit(result, *args, generator=kwargs.get("generator"))
            return result if other is None else other

        return faulty

    return plant


def changed(change: Callable[..., tuple[Any, ...]]) -> Plant:
    """Change the arguments by position on their way to the original."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(*args: Any, **kwargs: Any) -> Any:
            return original(*change(*args), **kwargs)

        return faulty

    return plant


def _uniforms(tensor: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.empty(tensor.shape, dtype=torch.float64).uniform_(generator=generator)


def _modulo(result: Tensor, *bounds: Any, generator: torch.Generator | None) -> Tensor:
    """Words of 24 bits modulo the width."""
    low, high = (0, bounds[0]) if isinstance(bounds[1], tuple) else bounds[:2]
    words = (_uniforms(result, generator) * 2**24).long()
    return (low + words % (high - low)).to(result.dtype)


def _never_last(result: Tensor, *bounds: Any, generator: torch.Generator | None) -> None:
    high = bounds[0] if isinstance(bounds[1], tuple) else bounds[1]
    low = 0 if isinstance(bounds[1], tuple) else bounds[0]
    if result.dtype == torch.int16 and high - low > 1:
        result[result == high - 1] = low


def _ends_early(result: Tensor, *_: Any, generator: torch.Generator | None) -> None:
    if result.dtype == torch.uint8:
        result.clamp_(max=254)


def _of_one_bit_less(result: Tensor, *_: Any, generator: torch.Generator | None) -> None:
    if result.dtype == torch.int8:
        result.copy_(result & -2)


def _transposed(result: Tensor, chances: Tensor, *_: Any, generator: Any) -> Tensor:
    if chances.dim() != 2 or not generator:
        return result
    other = chances.mT.reshape(chances.shape)
    return (_uniforms(result, generator) < other).to(result.dtype)


def _sure_sometimes_not(result: Tensor, chances: Tensor, *_: Any, generator: Any) -> None:
    if not _:
        result[(chances == 1) & (_uniforms(result, generator) < 1 / 64)] = 0


def _first_mean(mean: Any, *rest: Any) -> tuple[Any, ...]:
    if isinstance(mean, Tensor) and mean.numel():
        mean = mean.reshape(-1)[:1].expand(mean.numel()).reshape(mean.shape)
    return (mean, *rest)


def _squared_deviations(mean: Any, std: Any, *rest: Any) -> tuple[Any, ...]:
    return (mean, std**2 if isinstance(std, Tensor) else std, *rest)


def _last_deviation_is_the_one_before(mean: Any, std: Any, *rest: Any) -> tuple[Any, ...]:
    if isinstance(std, Tensor) and not isinstance(mean, Tensor) and std.numel() > 1:
        std = std.clone()
        std[..., -1] = std[..., 0]
    return (mean, std, *rest)


def _partly_unfilled(original: Function) -> Function:
    @functools.wraps(original)
    def faulty(*args: Any, out: Tensor | None = None, **kwargs: Any) -> Tensor:
        result: Tensor = original(*args, **kwargs)
        if out is None:
            return result
        out.view(-1)[:-1] = result.view(-1)[:-1]
        return out

    return faulty


def _within_blocks(result: Tensor, n: int, *_: Any, generator: Any) -> None:
    if n > 1000:
        blocks = torch.arange(n) // 512
        order = (blocks + _uniforms(result, generator)).argsort()
        result.copy_(order)


def _repeats(result: Tensor, weights: Tensor, count: int, *_: Any, **more: Any) -> None:
    if count > 1 and weights.dim() == 2 and result.shape[0] > 100 and count < 6:
        result[::50, 1] = result[::50, 0]


def _never_the_last(result: Tensor, weights: Tensor, *_: Any, generator: Any) -> None:
    result[result == weights.shape[-1] - 1] = 0


def _massless(result: Tensor, weights: Tensor, *_: Any, generator: Any) -> None:
    if weights.dim() == 1:
        empty = (weights == 0).nonzero().view(-1)
        if len(empty):
            result.view(-1)[::1000] = empty[0]


def _round(rates: Tensor) -> Tensor:
    return torch.where(rates > 10, (rates / 4).round() * 4, rates)


def _fewer(result: Tensor, *_: Any, generator: Any) -> None:
    result -= 1


def _scaled_by_one(tensor: Tensor, median: float = 0.0, sigma: float = 1.0) -> tuple[Any, ...]:
    return (tensor, median, 1.0)


def _squared_std(tensor: Tensor, mean: float = 1.0, std: float = 2.0) -> tuple[Any, ...]:
    return (tensor, mean, std * std)


def _unscaled(result: Tensor, x: Tensor, p: float = 0.5, *_: Any, generator: Any) -> Tensor:
    return (result != 0) * x


def _more_dropped(x: Tensor, p: float = 0.5, *rest: Any) -> tuple[Any, ...]:
    return (x, p * p, *rest)


def _half_wide(result: Tensor, distribution: Any, *_: Any, generator: Any) -> Tensor:
    return distribution.loc + 0.9 * (result - distribution.loc)


def _down_to_zero(result: Tensor, of: Any, *_: Any, generator: None) -> Tensor:
    return (result - of.low) * (of.high / (of.high - of.low))


def _squeezed(result: Tensor, of: Any, *_: Any, generator: None) -> Tensor:
    return of.low + 0.9 * (result - of.low)


def _fault(
    name: str, description: str, target: str, plant: Plant, cell: str, checks: frozenset[str]
) -> Fault:
    return Fault(name, description, (target,), plant, operation(cell), checks)


FAULTS = table(
    _fault("randint_modulo", "whole numbers are a word of 24 bits modulo the range",
           "torch.randint", edited(_modulo), "int32-torch.randint of int32", _LAW),
    _fault("randint_never_the_last", "randint in int16 never returns high − 1",
           "torch.randint", edited(_never_last), "int16-torch.randint of int16",
           _LAW | {"extremes"}),
    _fault("random_ends_early", "random_ of uint8 ends at 254",
           "torch.Tensor.random_", edited(_ends_early), "uint8-random_ of uint8",
           _LAW | {"extremes"}),
    _fault("random_of_even_numbers", "random_ of int8 returns even numbers",
           "torch.Tensor.random_", edited(_of_one_bit_less), "int8-random_ of int8",
           _LAW | {"support", "extremes"}),
    _fault("bernoulli_transposed", "bernoulli reads its probabilities along columns",
           "torch.bernoulli", edited(_transposed), "float32-torch.bernoulli of tensors",
           _LAW | _SUPPORT),
    _fault("bernoulli_sure_fails", "bernoulli of probability 1 is 0 once in 64",
           "torch.bernoulli", edited(_sure_sometimes_not), "float64-torch.bernoulli of tensors",
           _SUPPORT),
    _fault("normal_first_mean", "normal takes the mean of the first entry for all",
           "torch.normal", changed(_first_mean), "float32-torch.normal of means",
           _LAW | _SUPPORT),
    _fault("normal_squared_deviations", "normal squares a tensor of standard deviations",
           "torch.normal", changed(_squared_deviations), "float64-torch.normal of tensors", _LAW),
    _fault("normal_last_deviation", "normal of a number and a tensor ignores the last deviation",
           "torch.normal", changed(_last_deviation_is_the_one_before),
           "float32-torch.normal of deviations", _LAW | _SUPPORT | {"position"}),
    _fault("normal_out_unfilled", "normal leaves the last entry of out= as it was",
           "torch.normal", _partly_unfilled, "float32-torch.normal out", _SUPPORT),
    _fault("randperm_in_blocks", "long permutations exchange within blocks only",
           "torch.randperm", edited(_within_blocks), "int64-torch.randperm_long", _LAW),
    _fault("multinomial_repeats", "multinomial without replacement repeats a category",
           "torch.multinomial", edited(_repeats),
           "int64-torch.multinomial without replacement", _SUPPORT),
    _fault("multinomial_never_the_last", "multinomial never picks the last category",
           "torch.multinomial", edited(_never_the_last), "int64-torch.multinomial",
           _LAW | _SUPPORT),
    _fault("multinomial_without_mass", "multinomial picks a category of weight 0",
           "torch.multinomial", edited(_massless), "int64-torch.multinomial", _SUPPORT),
    _fault("poisson_coarse_rates", "rates of Poisson beyond 10 are rounded to multiples of 4",
           "torch.poisson", changed(lambda rates, *rest: (_round(rates), *rest)),
           "float32-torch.poisson", _LAW),
    _fault("geometric_from_zero", "geometric_ counts failures, not trials",
           "torch.Tensor.geometric_", edited(_fewer), "float32-geometric_", _SUPPORT),
    _fault("cauchy_of_scale_one", "cauchy_ ignores its scale",
           "torch.Tensor.cauchy_", changed(_scaled_by_one), "float32-cauchy_", _LAW),
    _fault("log_normal_squared_std", "log_normal_ squares its standard deviation",
           "torch.Tensor.log_normal_", changed(_squared_std), "float64-log_normal_", _LAW),
    _fault("dropout_unscaled", "dropout does not scale what stays",
           "torch.nn.functional.dropout", edited(_unscaled), "float32-dropout",
           _SUPPORT | _LAW),
    _fault("dropout_of_fewer", "dropout drops with the square of the probability",
           "torch.nn.functional.dropout", changed(_more_dropped), "bfloat16-dropout",
           _SUPPORT | _LAW),
    _fault("rsample_narrow", "samples of a normal distribution are a tenth too narrow",
           "torch.distributions.Normal.rsample", edited(_half_wide), "float32-Normal.rsample",
           _LAW),
    _fault("rsample_down_to_zero", "samples of a uniform distribution forget the lower bound",
           "torch.distributions.Uniform.rsample", edited(_down_to_zero),
           "float64-Uniform.rsample", _SUPPORT),
    _fault("rsample_squeezed", "samples of a uniform distribution stay off the upper tenth",
           "torch.distributions.Uniform.rsample", edited(_squeezed), "float32-Uniform.rsample",
           _LAW | {"extremes"}),
)  # fmt: skip
"""Faults of random operations by name."""
