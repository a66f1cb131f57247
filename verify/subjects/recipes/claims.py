"""Which law each parameter of a model must follow, said by patterns of names."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from verify.laws import Constant, Law
from verify.subjects.recipes.known import Known
from verify.subjects.tensor_law import TensorLaw

_ZERO = Constant(0.0)

_SHOWN = 8
"""Problems that are listed; all are counted."""

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


Claim = Law | Callable[[tuple[int, ...]], Law] | Rows | Blocks | Same | Known
Claims = Mapping[str, Claim]
"""Pattern of full names (``*`` and ``?`` as in a shell) → what it says of them."""


@dataclass(frozen=True)
class Claimed:
    """A tensor of a model, under one name, and the patterns that claim it.

    Attributes
    ----------
    name : str
        The first of its names that no `Same` speaks of.
    tensor : Tensor
    patterns : tuple of str
        One, if all is well.
    """

    name: str
    tensor: Tensor
    patterns: tuple[str, ...]


def parameters(model: nn.Module, claims: Claims) -> list[Claimed]:
    """Every parameter once, however many names it has."""
    return list(_once(model.named_parameters(remove_duplicate=False), claims, claims))


def buffers(model: nn.Module, claims: Claims) -> list[Claimed]:
    """Every buffer once, persistent or not; patterns that speak of a parameter speak of none."""
    spoken = {pattern for each in parameters(model, claims) for pattern in each.patterns}
    of_buffers = {p: claim for p, claim in claims.items() if p not in spoken}
    return list(_once(model.named_buffers(remove_duplicate=False), claims, of_buffers))


def claimed(model: nn.Module, claims: Claims) -> list[Claimed]:
    """Every parameter and every buffer, claimed or not."""
    return [*parameters(model, claims), *buffers(model, claims)]


def _once(
    named: Iterable[tuple[str, Tensor]], claims: Claims, of_these: Claims
) -> Iterator[Claimed]:
    """Each tensor under the one of its names that is claimed."""
    names: dict[Tensor, list[str]] = defaultdict(list)  # Tensors are hashed by identity.
    for name, tensor in named:
        names[tensor].append(name)
    patterns = tuple(pattern for pattern, claim in of_these.items() if _is_law(claim))
    for tensor, found in names.items():
        name = _canonical(found, claims)
        yield Claimed(name, tensor, _claiming(name, patterns))


def problems(model: nn.Module, claims: Claims) -> str:
    """What keeps every parameter and buffer from being claimed by exactly one law; or nothing.

    A tensor of several names is one tensor. Other names may be claimed by `Same`, and need not
    be. A claim that claims nothing is a problem.
    """
    every: dict[str, Tensor] = dict(model.named_buffers(remove_duplicate=False))
    every |= dict(model.named_parameters(remove_duplicate=False))
    of = {"parameter": parameters(model, claims), "buffer": buffers(model, claims)}
    found = list(itertools.chain.from_iterable(of.values()))
    spoken = {pattern for each in found for pattern in each.patterns}
    sentences = [
        *_untied(every, claims),
        *(_unclaimed(each, kind) for kind in of for each in of[kind] if not each.patterns),
        *(_overlapping(each) for each in found if len(each.patterns) > 1),
        *(_idle(p, every) for p, c in claims.items() if p not in spoken and _is_law(c)),
    ]
    more = [f"and {len(sentences) - _SHOWN} more"] if len(sentences) > _SHOWN else []
    return "; ".join([*sentences[:_SHOWN], *more])


def _untied(every: Mapping[str, Tensor], claims: Claims) -> Iterator[str]:
    for name, claim in claims.items():
        if not isinstance(claim, Same):
            continue
        if name not in every or every[name] is not every.get(claim.name):
            yield f"{name} is not the tensor {claim.name}"


def _unclaimed(tensor: Claimed, kind: str) -> str:
    shape = tuple(tensor.tensor.shape)
    return f"no law claims the {kind} {tensor.name} of shape {shape}"


def _overlapping(parameter: Claimed) -> str:
    return f"{parameter.name} is claimed by {' and by '.join(map(repr, parameter.patterns))}"


def _idle(pattern: str, every: Mapping[str, Tensor]) -> str:
    if any(fnmatchcase(name, pattern) for name in every):
        return f"the pattern {pattern!r} claims nothing but other names of tied parameters"
    return f"the pattern {pattern!r} claims no parameter"


def laws(model: nn.Module, claims: Claims) -> Iterator[TensorLaw]:
    """The law of each claimed tensor and part."""
    for each in claimed(model, claims):
        for pattern in each.patterns[:1]:
            yield from tensor_laws(each.name, tuple(each.tensor.shape), claims[pattern], pattern)


def state(model: nn.Module, claims: Claims) -> dict[str, Tensor]:
    """Copies of the claimed tensors by name, those of several parts part by part."""
    found: dict[str, Tensor] = {}
    for each in claimed(model, claims):
        for pattern in each.patterns[:1]:
            claim, values = claims[pattern], each.tensor.detach()
            if isinstance(claim, Known):
                continue
            if isinstance(claim, Blocks):
                parts = values.chunk(claim.count)
                found |= {_part(each.name, i): _copied(part) for i, part in enumerate(parts)}
            else:
                found[each.name] = _copied(values)
    return found


def _copied(values: Tensor) -> Tensor:
    return values.clone(memory_format=torch.contiguous_format)


def _is_law(claim: Claim) -> bool:
    return not isinstance(claim, Same)


def _canonical(names: list[str], claims: Claims) -> str:
    """The name under which a parameter is claimed."""
    return next((name for name in names if _is_law(claims.get(name, _ZERO))), names[0])


@functools.lru_cache(maxsize=1 << 14)
def _claiming(name: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns that claim a tensor: the same in every build."""
    return tuple(pattern for pattern in patterns if fnmatchcase(name, pattern))


def _part(name: str, index: int) -> str:
    return f"{name}[part {index}]"


def tensor_laws(name: str, shape: tuple[int, ...], claim: Claim, kind: str) -> Iterator[TensorLaw]:
    """The laws of one tensor, pooled by pattern.

    Raises
    ------
    IndexError
        For a row that the tensor does not have.
    """
    if isinstance(claim, Blocks):
        part = (shape[0] // claim.count, *shape[1:])
        for index in range(claim.count):
            yield TensorLaw(_part(name, index), part, _law(claim.law, part), kind)
    elif isinstance(claim, Rows):
        row = range(shape[0])[claim.row]
        law = TensorLaw(name, shape, _law(claim.law, shape), kind)
        yield replace(law, but_row=row)
        yield replace(law, row=row, law=claim.its_law, kind=f"{kind}[{row}]")
    elif not isinstance(claim, Same | Known):
        yield TensorLaw(name, shape, _law(claim, shape), kind)


def _law(claim: Lawful, shape: tuple[int, ...]) -> Law:
    return claim(shape) if callable(claim) else claim
