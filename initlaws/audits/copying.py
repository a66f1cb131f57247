"""Random tensors that are copies of each other, and no names of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from initlaws.audits.found import Found
from initlaws.audits.glances import can_be_nan, distinct
from initlaws.audits.seen import Seen

_LEAST = {True: 8, False: 32}
"""Entries, distinct ones, by which floating-point values and whole numbers are called a copy.

Two floats of eight entries agree by chance with 2⁻⁶⁴, two permutations of 32 numbers with 2⁻¹¹⁷;
and they must agree under two seeds. A law that chooses among a few tables could do it lawfully.
"""

_SCALED = 64
"""Entries by which a tensor is called a multiple of another."""

_PARALLEL = 0.9999
"""Cosine of an angle that is rounding alone: by chance 64 entries come so near with 10⁻¹¹⁷."""

_STEADY = 1e-3
"""By how much rounding may move the factor, relatively."""

_ALIKE = 0.9
"""Cosine of two differences between builds of a tensor that is one random number in all."""

_COPYING = (nn.TransformerEncoder, nn.TransformerDecoder)
"""Modules that copy the layer which they are given, as PyTorch documents: all start alike."""


def no_copies(seen: Seen) -> Found:
    """No random tensor is another one, its beginning, or a multiple of it, unless they are tied."""
    random = [name for name in seen.random if name not in seen.unsteady]
    wrong, remarks = [], []
    for (name, other), what, ends in _grouped(seen, random):
        more = f" (and {len(ends) - 1} more of its tensors)" if len(ends) > 1 else ""
        sentence = f"{name} is {what} {other}{more}"
        if _is_documented(seen, name, other):
            remarks.append(f"{sentence}: PyTorch copies the layer it is given; draw each anew")
        else:
            wrong.append(
                f"{sentence}: copy.deepcopy of an initialised layer, or one seed for both? "
                "Draw each by itself, or tie them"
            )
    return Found(tuple(wrong), tuple(remarks))


def _grouped(seen: Seen, random: list[str]) -> Iterator[tuple[tuple[str, str], str, list[str]]]:
    """The first pair of each two modules that are copies, in words, and how all their names end."""
    copies = list(_copies(seen, random))
    multiples = [pair for pair in _multiples(seen, random) if pair[0] not in dict(copies)]
    for what, pairs in (("a copy of", copies), ("a multiple of", multiples)):
        groups: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        for name, other in pairs:
            groups[_heads(name, other)].append((name, other))
        for found in groups.values():
            yield found[0], what, [name for name, _ in found]


def _heads(name: str, other: str) -> tuple[str, str]:
    """Two names without the end that they have in common."""
    one, two = name.split("."), other.split(".")
    while one and two and one[-1] == two[-1]:
        one.pop()
        two.pop()
    return ".".join(one), ".".join(two)


def _copies(seen: Seen, random: list[str]) -> Iterator[tuple[str, str]]:
    """Each tensor that begins as an earlier one does, all along the shorter of the two."""
    by_beginning: dict[bytes, list[str]] = defaultdict(list)
    for name in random:
        begins = seen.numbers[0].tensors[name].begins
        least = _LEAST[can_be_nan(begins)]
        key = begins[:least].view(torch.uint8).numpy().tobytes()
        if other := next((o for o in by_beginning[key] if _agree(seen, name, o, least)), ""):
            yield name, other
        by_beginning[key].append(name)


def _agree(seen: Seen, name: str, other: str, least: int) -> bool:
    """Whether two tensors agree under the first two seeds, and differ enough between the seeds."""
    (a, b), (c, d) = (
        [look.tensors[each].begins for look in seen.numbers[:2]] for each in (name, other)
    )
    length = min(a.numel(), c.numel())
    if a.dtype != c.dtype:
        return False
    a, b, c, d = (each[:length].view(torch.uint8) for each in (a, b, c, d))
    if not (torch.equal(a, c) and torch.equal(b, d)):
        return False
    one, two = (look.tensors[name].begins[:length] for look in seen.numbers[:2])
    return distinct(one[one != two]) >= least


def _multiples(seen: Seen, random: list[str]) -> Iterator[tuple[str, str]]:
    """Each tensor that is an earlier one times a number, the same under all seeds."""
    moved = {name: _moved(seen, name) for name in random}
    names = [name for name, each in moved.items() if each is not None]
    if len(names) < 2:
        return
    stacked = torch.stack([each for each in moved.values() if each is not None])
    norms = stacked.norm(dim=-1)
    cosines = torch.einsum("ibk,jbk->ijb", *[stacked / norms[..., None]] * 2)
    parallel = (cosines.abs() > _PARALLEL).all(-1)
    factors = norms[:, None] / norms[None]
    steady = (factors[..., 0] / factors[..., 1] - 1).abs() < _STEADY
    pairs = (parallel & steady).tril(-1).nonzero().numpy()
    yield from {names[i]: names[j] for i, j in pairs[::-1]}.items()


def _moved(seen: Seen, name: str) -> Tensor | None:
    """How the first entries that are drawn differ between builds 0 and 1, and 0 and 2.

    None where they are too few, or the same direction twice: one random number times a vector.
    """
    first, *others = (look.tensors[name].begins for look in seen.numbers)
    if not first.is_floating_point() or len(others) < 2:
        return None
    wide = [each.double() - first.double() for each in others[:2]]
    drawn = [each[each != 0][:_SCALED] for each in wide]
    if any(each.numel() < _SCALED for each in drawn):
        return None
    alike = torch.nn.functional.cosine_similarity(drawn[0], drawn[1], dim=0).abs()
    return torch.stack(drawn) if alike < _ALIKE else None


def _is_documented(seen: Seen, name: str, other: str) -> bool:
    """Whether one module of PyTorch's holds both in two of its layers, which it has copied."""
    owners = (
        path for path, part in seen.builds.first.named_modules() if isinstance(part, _COPYING)
    )
    for path in owners:
        inside = f"{path}.layers." if path else "layers."
        ends = [n.removeprefix(inside).partition(".") for n in (name, other)]
        if all(n.startswith(inside) for n in (name, other)) and ends[0][2] == ends[1][2]:
            return True
    return False
