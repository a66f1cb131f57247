"""What is kept of a tensor that somebody's build holds: a hash, how it begins, who shares it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

BEGINNING = 1 << 14
"""Entries by which tensors are held against each other; all of them enter the hash."""

_SHOWN = 6
"""Names that a sentence lists; all are counted."""


@dataclass(frozen=True)
class Glance:
    """A tensor of one build, as far as later builds are compared with it.

    Attributes
    ----------
    digest : bytes
        Two tensors of one dtype, shape and bits have the same.
    begins : Tensor
        Its first entries.
    numel : int
    missing : int
        How many entries are NaN.
    """

    digest: bytes
    begins: Tensor
    numel: int
    missing: int

    @classmethod
    def of(cls, tensor: Tensor) -> Glance:
        """Of a parameter or buffer of any dtype and layout."""
        plain = strided(tensor)
        missing = int(plain.isnan().sum()) if can_be_nan(plain) else 0
        begins = plain.reshape(-1)[:BEGINNING].clone()
        return cls(digest(tensor), begins, plain.numel(), missing)


def can_be_nan(tensor: Tensor) -> bool:
    """Whether the dtype has NaN."""
    return tensor.is_floating_point() or tensor.is_complex()


def strided(tensor: Tensor) -> Tensor:
    """The values on the host, adjacent: sparse ones filled up, quantised ones as whole numbers."""
    plain = tensor.detach().cpu()
    plain = plain.int_repr() if plain.is_quantized else plain
    plain = plain if plain.layout is torch.strided else plain.to_dense()
    return plain.resolve_conj().resolve_neg().contiguous()


def digest(tensor: Tensor) -> bytes:
    """A hash of dtype, shape and every bit."""
    found = hashlib.blake2b(f"{tensor.dtype} {tuple(tensor.shape)}".encode(), digest_size=16)
    found.update(strided(tensor).reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.digest()


_WORDS = {1: torch.uint8, 2: torch.int16, 4: torch.int32}


def distinct(tensor: Tensor) -> int:
    """How many different values adjacent entries hold, told apart by their bits."""
    words = tensor.view(_WORDS.get(tensor.element_size(), torch.int64))
    return int(np.unique(words.numpy()).size)


def named(model: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer under each of its names."""
    found: dict[str, Tensor] = dict(model.named_parameters(remove_duplicate=False))
    return found | dict(model.named_buffers(remove_duplicate=False))


def digests(tensors: Mapping[str, Tensor]) -> dict[str, bytes]:
    """The hash of each tensor."""
    return {name: digest(tensor) for name, tensor in tensors.items()}


def tied(tensors: Mapping[str, Tensor], *, memory: bool = False) -> dict[str, frozenset[str]]:
    """The names of one tensor, by each of them; of those that have several.

    Parameters
    ----------
    tensors : mapping
    memory : bool
        Whether it is enough to lie in the same place: `Module.load_state_dict` with
        ``assign=True`` takes the tensors of a state, of which two may be one in memory alone.
    """
    groups: dict[object, set[str]] = defaultdict(set)
    for name, tensor in tensors.items():
        shares = memory and tensor.numel() and tensor.layout is torch.strided
        groups[_location(tensor) if shares else id(tensor)].add(name)
    return {name: frozenset(g) for g in groups.values() if len(g) > 1 for name in g}


def _location(tensor: Tensor) -> tuple[object, ...]:
    return tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride()


def repeated(keys: Mapping[str, Hashable]) -> dict[str, str]:
    """Names whose key an earlier name has, and the first such name."""
    first: dict[Hashable, str] = {}
    held = {name: first.setdefault(key, name) for name, key in keys.items()}
    return {name: holder for name, holder in held.items() if holder != name}


def listed(names: Iterable[str]) -> str:
    """Names in one line, the first of them if they are many."""
    every = list(names)
    if len(every) <= _SHOWN:
        return " and ".join([", ".join(every[:-1]), every[-1]] if every[1:] else every)
    return f"{', '.join(every[:_SHOWN])} and {len(every) - _SHOWN} more"
