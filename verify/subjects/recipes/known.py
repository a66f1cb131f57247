"""What may be said of a tensor besides a law: its very values, that it is written, or nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Exactly:
    """The very values of a tensor, as a function of its shape.

    Attributes
    ----------
    values : callable from shape to tensor
        On the host; whole numbers and truth values must be the same, and so must their kind.
    rounding : float
        How far each value may be off, in units of the dtype's machine epsilon.
    """

    values: Callable[[Shape], Tensor]
    rounding: float = 0.0


@dataclass(frozen=True)
class Written:
    """A tensor without a law: it is written, and the same in every build."""


@dataclass(frozen=True)
class Unchecked:
    """A tensor that is not looked at.

    Attributes
    ----------
    why : str
    """

    why: str


Known = Exactly | Written | Unchecked


def positions(shape: Shape) -> Tensor:
    """0, 1, 2, … along the last axis: position ids."""
    return torch.arange(shape[-1]).expand(shape)


def zeros(shape: Shape) -> Tensor:
    """Whole zeros: ids of the first type of token."""
    return torch.zeros(shape, dtype=torch.int64)


def causal(shape: Shape) -> Tensor:
    """Whether a position, a row, may look at another, a column: at none after it."""
    rows, columns = (torch.arange(side) for side in shape[-2:])
    return (columns <= rows[:, None]).expand(shape)


def local(window: int) -> Callable[[Shape], Tensor]:
    """The same, at none so far before it as `window` either (Child et al. 2019, sec. 4.2)."""

    def banded(shape: Shape) -> Tensor:
        rows, columns = (torch.arange(side) for side in shape[-2:])
        return causal(shape) & (columns > rows[:, None] - window)

    return banded


def inverse_frequencies(base: float) -> Exactly:
    """base^(−2i / d) for the i-th of d/2 pairs (Su et al. 2021, sec. 3.4.2).

    An exponent below 1 that is rounded moves its power by at most ln(base) roundings; the power
    and its reciprocal may be off by some units of their own.
    """

    def frequencies(shape: Shape) -> Tensor:
        return base ** (-torch.arange(shape[-1], dtype=torch.float64) / shape[-1])

    return Exactly(frequencies, rounding=8 + math.log(base))


def sinusoids(shape: Shape) -> Tensor:
    """Sines and cosines of t / 10000^(2i / d) by turns (Vaswani et al. 2017, sec. 3.5)."""
    columns = torch.arange(shape[-1])
    exponents = (columns - columns % 2).to(torch.float64) / shape[-1]
    angles = torch.arange(shape[-2], dtype=torch.float64)[:, None] / 10_000.0**exponents
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos()).expand(shape)


def wrong(name: str, values: Tensor, claim: Known, there: Mapping[str, Tensor]) -> str:
    """What is wrong with a tensor of which something is known, in a sentence; or nothing.

    Parameters
    ----------
    name : str
    values : Tensor
    claim : Known
    there : mapping
        The tensors that are the same in every build, as another build has them.
    """
    values = plain(values)
    if isinstance(claim, Exactly):
        return _off(name, values, claim)
    if isinstance(claim, Written):
        return _unwritten(name, values, there.get(name))
    return ""


def plain(values: Tensor) -> Tensor:
    """A tensor whose entries can be compared: sparse ones are filled up, quantised ones scaled."""
    values = values.detach()
    if values.is_quantized:
        return values.dequantize()
    values = values if values.layout is torch.strided else values.to_dense()
    # Formats of a byte compare nothing themselves.
    narrow = values.is_floating_point() and values.element_size() == 1
    return values.float() if narrow else values


def _off(name: str, values: Tensor, claim: Exactly) -> str:
    """Which entries are not the exact values."""
    expected = claim.values(tuple(values.shape)).to(values.device)
    if values.is_floating_point() != expected.is_floating_point():
        return f"{name} is of the dtype {values.dtype}, which its values are not"
    if values.is_floating_point():
        wide = expected.to(torch.float64)
        unit = torch.finfo(values.dtype).eps
        allowed = (claim.rounding + 1) * unit * wide.abs()
        # Infinite values are off by nothing or by NaN.
        good = (values == wide) | ((values.to(torch.float64) - wide).abs() <= allowed)
    else:
        good = values == expected
    if bool(good.all()):
        return ""
    place = tuple(map(int, (~good).nonzero()[0]))
    return (
        f"{int((~good).sum())} of {good.numel()} entries of {name} are wrong: the one at {place} "
        f"is {values[place].item()}, not {expected[place].item()}"
    )


def _unwritten(name: str, values: Tensor, there: Tensor | None) -> str:
    """Whether a tensor is left as memory was, or drawn."""
    if (values.is_floating_point() or values.is_complex()) and bool(values.isnan().any()):
        return f"the buffer {name} holds NaN: is it left unwritten?"
    if there is None or torch.equal(values, there):
        return ""
    return (
        f"the buffer {name} is not the same in two builds: is it left unwritten? "
        "If it is drawn, give it a law"
    )
