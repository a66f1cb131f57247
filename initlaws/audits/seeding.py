"""What a model's memory and seeds must be to it: nothing, and everything."""

from __future__ import annotations

from collections.abc import Iterator

from initlaws.audits.drawn import drawn
from initlaws.audits.found import Found
from initlaws.audits.glances import can_be_nan, distinct, listed
from initlaws.audits.seen import STREAMS, Seen

_MANY = 16
"""So many distinct values look drawn, or computed; fewer are a pattern of constants."""


def written(seen: Seen) -> Found:
    """Every tensor is written in full, whatever memory held before.

    `torch.empty` promises nothing of its values (PyTorch documentation). Two builds from one seed
    whose memory held two numbers, NaN in floating point, show what was left of it.
    """
    parameters = {p.name for p in seen.builds.places if not p.is_buffer}
    first = seen.numbers[0].tensors
    return Found(
        tuple(
            f"the {'parameter' if name in parameters else 'buffer'} {name} "
            + (
                f"holds NaN in {first[name].missing} of {first[name].numel} entries: is it left "
                "unwritten? Write all of it"
                if first[name].missing
                else "holds what memory held before: write all of it"
            )
            for name in seen.unwritten
        )
    )


def follows_the_seed(seen: Seen) -> Found:
    """One seed gives the same bits, another seed others.

    The note "Reproducibility" of PyTorch's documentation promises the same bits to one program on
    one machine whose generators are seeded. A build that ends with a global stream in the same
    state under all seeds has set it.
    """
    fixed, lawful = _same(seen)
    return Found((*_unsteady(seen), *_set(seen), *fixed), (*_seldom(seen), *lawful))


def _unsteady(seen: Seen) -> Iterator[str]:
    if seen.unsteady:
        yield (
            f"{listed(seen.unsteady)}: depends on something besides the seeds of torch, NumPy and "
            "Python, for two builds from the same seeds differ; draw from their global generators"
        )


def _set(seen: Seen) -> Iterator[str]:
    for name in STREAMS:
        if len({look.streams[name] for look in seen.numbers}) == 1:
            yield (
                f"the build sets the seed of {name} itself, for it leaves that generator in one "
                "state under all seeds: leave seeds to the caller"
            )


def _seldom(seen: Seen) -> Iterator[str]:
    """Tensors that differ between some seeds, and are the same, bit for bit, under others."""
    for name in seen.random:
        glances = [look.tensors[name] for look in seen.numbers]
        many = distinct(glances[0].begins) >= _MANY
        if many and name not in seen.unsteady and len({g.digest for g in glances}) < len(glances):
            yield f"{name} is the same under two seeds, and another under a third"


def _same(seen: Seen) -> tuple[list[str], list[str]]:
    """What is wrong, and what is not, with tensors that look drawn and that no seed changes."""
    first, random = seen.numbers[0].tensors, {*seen.random, *seen.unsteady}
    same = [n for n in first if n not in random and distinct(first[n].begins) >= _MANY]
    held = drawn(seen.builds) if same else frozenset()
    trained = {p.name for p in seen.builds.places if p.tensor.requires_grad}
    # Whole numbers that nobody drew are indices: positions, permutations.
    whole = {p.name for p in seen.builds.places if not can_be_nan(p.tensor)} - held
    wrong = [name for name in same if name in held & trained]
    lawful = [name for name in same if name not in wrong and name not in whole]
    return (
        [
            f"{listed(wrong)}: drawn, and the same under every seed; draw from the global "
            "generator, without a seed"
        ]
        if wrong
        else [],
        [f"{listed(lawful)}: many values, and the same under every seed"] if lawful else [],
    )
