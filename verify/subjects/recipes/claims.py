"""Which law each parameter of a model must follow, told by patterns of names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from torch import Tensor, nn

from verify.laws import Constant, Law
from verify.subjects.subject import TensorLaw

_ZERO = Constant(0.0)

Lawful = Law | Callable[[tuple[int, ...]], Law]
"""A law, or what gives the law of a tensor from its shape."""


@dataclass(frozen=True)
class Rows:
    """A matrix with one row of a law of its own: the padding row of an embedding.

    Attributes
    ----------
    law : Law, or callable from shape to law
        Of all other rows.
    row : int
        Which row; negative numbers count from the end.
    its_law : Law
        Of that row; zero by default.
    """

    law: Lawful
    row: int
    its_law: Law = _ZERO


@dataclass(frozen=True)
class Blocks:
    """A tensor whose first axis holds equal parts, each drawn by itself: the gates of an LSTM.

    Attributes
    ----------
    law : Law, or callable from the shape of a part to law
    count : int
        How many parts.
    """

    law: Lawful
    count: int


@dataclass(frozen=True)
class Same:
    """Another name of a tensor that is claimed under its own: a tied weight.

    Attributes
    ----------
    name : str
        The full name of that tensor.
    """

    name: str


Claim = Law | Callable[[tuple[int, ...]], Law] | Rows | Blocks | Same
Claims = Mapping[str, Claim]
"""Pattern of full names (``*`` and ``?`` as in a shell) → what it says of them."""


class Unclaimed(ValueError):
    """Parameters and patterns that do not fit each other one to one; its text names them all."""


def problems(model: nn.Module, claims: Claims) -> str:
    """What keeps every parameter from being claimed by exactly one law; or nothing.

    A tensor of several names is one parameter under its first name; the others may be claimed by
    `Same`, and need not be. Buffers may be claimed too. A claim that claims nothing is a problem.
    """
    every = dict(model.named_parameters(remove_duplicate=False))
    first = dict(model.named_parameters())
    buffers = dict(model.named_buffers())
    found = []
    for name, tensor in first.items():
        claiming = _claiming(name, claims)
        if not claiming:
            found.append(f"no law claims the parameter {name} of shape {tuple(tensor.shape)}")
        if len(claiming) > 1:
            found.append(f"{name} is claimed by {' and by '.join(map(repr, claiming))}")
    for pattern, claim in claims.items():
        if isinstance(claim, Same):
            if pattern not in every or every[pattern] is not every.get(claim.name):
                found.append(f"{pattern} is not the tensor {claim.name}")
        elif not any(fnmatchcase(name, pattern) for name in (*first, *buffers)):
            found.append(f"the pattern {pattern!r} claims no parameter")
    return "; ".join(found)


def laws(model: nn.Module, claims: Claims) -> Iterator[TensorLaw]:
    """The law of each claimed tensor and part."""
    for name, tensor in _tensors(model).items():
        for pattern in _claiming(name, claims)[:1]:
            yield from _of_tensor(name, tuple(tensor.shape), claims[pattern], pattern)


def state(model: nn.Module, claims: Claims) -> dict[str, Tensor]:
    """The claimed tensors of a model by name, those of several parts part by part."""
    found: dict[str, Tensor] = {}
    for name, tensor in _tensors(model).items():
        for pattern in _claiming(name, claims)[:1]:
            claim = claims[pattern]
            if isinstance(claim, Blocks):
                parts = tensor.detach().chunk(claim.count)
                found |= {_part(name, i): part.contiguous() for i, part in enumerate(parts)}
            else:
                found[name] = tensor.detach()
    return found


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers, each under its first name."""
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def _claiming(name: str, claims: Claims) -> list[str]:
    """The patterns that claim a tensor for a law."""
    return [
        p for p, claim in claims.items() if not isinstance(claim, Same) and fnmatchcase(name, p)
    ]


def _part(name: str, index: int) -> str:
    return f"{name}[part {index}]"


def _of_tensor(name: str, shape: tuple[int, ...], claim: Claim, kind: str) -> Iterator[TensorLaw]:
    """The laws of one tensor, pooled by pattern."""
    if isinstance(claim, Blocks):
        part = (shape[0] // claim.count, *shape[1:])
        for index in range(claim.count):
            yield TensorLaw(_part(name, index), part, _law(claim.law, part), kind)
    elif isinstance(claim, Rows):
        row = claim.row % shape[0]
        law = TensorLaw(name, shape, _law(claim.law, shape), kind)
        yield replace(law, but_row=row)
        yield replace(law, row=row, law=claim.its_law, kind=f"{kind}[{row}]")
    elif not isinstance(claim, Same):
        yield TensorLaw(name, shape, _law(claim, shape), kind)


def _law(claim: Lawful, shape: tuple[int, ...]) -> Law:
    return claim(shape) if callable(claim) else claim
