"""Whether two models start alike, without a law: tensor by tensor, by exact two-sample tests."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch

from initlaws.audits.glances import listed
from initlaws.builds import Builds, Progress, Unusable
from initlaws.comparisons.differing import Row, row
from initlaws.comparisons.sketches import Sketch, TensorSketch, sketch
from initlaws.comparisons.two_samples import can_reject
from verify.checks.bounds import ALPHA
from verify.plan.run import derive

_WIDTH = 40
"""Characters of a name in the table."""


@dataclass(frozen=True)
class Comparison:
    """What differs between two models.

    Attributes
    ----------
    called : tuple of str
        What builds each, and with what.
    builds : tuple of int
        How often each was built.
    problems : tuple of str
        What differs in names, shapes, dtypes and ties: a sentence each.
    rows : tuple of Row
        One for each tensor that both have.
    """

    called: tuple[str, str]
    builds: tuple[int, int]
    problems: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def wrong(self) -> tuple[str, ...]:
        """Every difference, a sentence each; one for all layers that differ in the same."""
        return (*self.problems, *_grouped(each for each in self.rows if each.wrong))

    @property
    def passed(self) -> bool:
        """Whether nothing differs."""
        return not self.wrong

    @property
    def decisions(self) -> int:
        """How many were made; each is wrong with a probability of at most 10⁻¹²."""
        return sum(each.decisions for each in self.rows)

    def table(self) -> str:
        """A line for each tensor, then each difference in a sentence."""
        lines = [
            f"one:   {self.called[0]}, {self.builds[0]} builds",
            f"other: {self.called[1]}, {self.builds[1]} builds",
            f"{'':5} {'tensor':<{_WIDTH}} {'shape':<16} {'std of one':>11} {'of other':>11} "
            f"{'seen from':>10}",
            *map(_line, self.rows),
            *(f"  {each}" for each in self.wrong),
        ]
        number = len(self.wrong)
        end = f"{number} {'differences' if number > 1 else 'difference'}" if number else "alike"
        chance = (
            f"{self.decisions} decisions, each wrongly red with probability {ALPHA:.0e} at most"
        )
        return "\n".join([*lines, f"{'FAIL' if number else 'PASS'}: {end}; {chance}."])


def _grouped(rows: Iterable[Row]) -> Iterator[str]:
    """One sentence for tensors whose names differ in numbers alone, and that differ in the same."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for each in rows:
        groups[re.sub(r"\d+", "*", each.name), each.worst].append(each)
    for first, *others in groups.values():
        more = f" (and {len(others)} more like it)" if others else ""
        yield f"{first.name}{more}: {first.wrong}"


def _line(each: Row) -> str:
    """A tensor, its standard deviations, and by how much they must differ to be seen."""
    seen = f"{each.seen_from:.4g} x" if each.is_random else "exact"
    shape = " x ".join(map(str, each.shape)) or "scalar"
    mark = "WRONG" if each.wrong else "ok"
    return (
        f"{mark:<5} {each.name:<{_WIDTH}} {shape:<16} {each.std:>11.4g} {each.other_std:>11.4g} "
        f"{seen:>10}"
    )


def compare(
    one: Builds,
    other: Builds,
    count: int = 32,
    progress: Progress | None = None,
    *,
    across_dtypes: bool = False,
) -> Comparison:
    """Build two models a number of times, and decide whether they start alike.

    Parameters
    ----------
    one, other : Builds
        If both have one seed, the other draws from a seed derived of it.
    count : int
        Builds of each, 22 at least.
    progress : callable, optional
    across_dtypes : bool
        Whether a tensor may have another floating-point dtype in the other model: both are then
        rounded to the coarser one. Draws that a backend makes in the coarse dtype itself may
        lie on another lattice than rounded ones, which is seen.

    Returns
    -------
    Comparison

    Raises
    ------
    initlaws.builds.Unusable
        If a model cannot be built, or the builds are too few.
    """
    _enough(count, count)
    if one.seed == other.seed:
        other = replace(other, seed=derive("other", other.seed))
    coarse = _coarser(one, other) if across_dtypes else {}

    def told(before: int) -> Callable[[int, int], None] | None:
        return (lambda done, of: progress(before + done, 2 * of)) if progress else None

    return compare_sketches(
        sketch(one, count, told(0), coarse), sketch(other, count, told(count), coarse)
    )


def compare_sketches(one: Sketch, other: Sketch) -> Comparison:
    """Decide whether two models start alike, from what was kept of their builds.

    Under the null all builds of both are exchangeable: they are independent, of one law. Units
    are builds, so that entries of one build may hang together in any way.

    Raises
    ------
    initlaws.builds.Unusable
        If both are drawn from one seed, or the builds are too few.
    """
    _enough(one.builds, other.builds)
    if one.seed == other.seed:
        raise Unusable(
            f"both sketches are drawn from the seed {one.seed}, so that they are not independent: "
            "make one from another seed."
        )
    there = {name: tensor for tensor in other.tensors for name in tensor.names}
    rows = tuple(
        row(tensor, there[tensor.name], derive("ranks", one.seed, other.seed, tensor.name))
        for tensor in one.tensors
        if tensor.name in there and _facts(tensor) == _facts(there[tensor.name])
    )
    called = tuple(f"{each.called} (seed {each.seed}, {each.versions})" for each in (one, other))
    problems = (*_names(one, other), *_ties(one, other), *_copies(one, other), *_unlike(one, there))
    return Comparison((called[0], called[1]), (one.builds, other.builds), problems, rows)


def _enough(count: int, others: int) -> None:
    if not can_reject(count, others):
        raise Unusable(
            f"{count} builds and {others} can tell no difference at the level {ALPHA:.0e}: "
            "22 of each can."
        )


def _coarser(one: Builds, other: Builds) -> Mapping[str, torch.dtype]:
    """To which dtype tensors are rounded whose dtypes differ, by each of their names."""
    there = {name: place.tensor.dtype for place in other.places for name in place.names}
    found: dict[str, torch.dtype] = {}
    for place in one.places:
        dtypes = [place.tensor.dtype, there.get(place.name, place.tensor.dtype)]
        if dtypes[0] != dtypes[1] and {*map(_kind, dtypes)} in ({"real"}, {"complex"}):
            coarse = max(dtypes, key=lambda dtype: torch.finfo(dtype).eps)
            found |= dict.fromkeys(place.names, coarse)
    return found


def _kind(dtype: torch.dtype) -> str:
    return "complex" if dtype.is_complex else "real" if dtype.is_floating_point else ""


def _facts(tensor: TensorSketch) -> tuple[object, ...]:
    return tensor.shape, tensor.dtype


def _names(one: Sketch, other: Sketch) -> Iterator[str]:
    here, there = ({n for t in each.tensors for n in t.names} for each in (one, other))
    for names, where in ((here - there, "one"), (there - here, "the other")):
        if names:
            yield f"{listed(sorted(names))}: in {where} alone"


def _ties(one: Sketch, other: Sketch) -> Iterator[str]:
    """Names that are one tensor in one model, and several in the other."""
    for first, second, where in ((one, other, "one"), (other, one, "the other")):
        of = {name: tensor.name for tensor in second.tensors for name in tensor.names}
        for tensor in first.tensors:
            if len({of[name] for name in tensor.names if name in of}) > 1:
                yield f"{listed(tensor.names)}: one tensor, tied, in {where} alone"


def _copies(one: Sketch, other: Sketch) -> Iterator[str]:
    """Random tensors that are copies in one model, and have values of their own in the other."""
    for first, second, where in ((one, other, "one"), (other, one, "the other")):
        of = {
            name: tensor.copy_of or tensor.name
            for tensor in second.tensors
            for name in tensor.names
        }
        for tensor in first.tensors:
            pair = (tensor.name, tensor.copy_of)
            if tensor.copy_of and all(name in of for name in pair) and of[pair[0]] != of[pair[1]]:
                yield f"{tensor.name}: a copy of {tensor.copy_of} in every build, in {where} alone"


def _unlike(one: Sketch, there: Mapping[str, TensorSketch]) -> Iterator[str]:
    """Tensors of another shape, dtype or kind."""
    for tensor in one.tensors:
        other = there.get(tensor.name)
        if other is None:
            continue
        for what, a, b in (
            ("of shape", tensor.shape, other.shape),
            ("of the dtype", tensor.dtype, other.dtype),
            ("a", *("buffer" if t.is_buffer else "parameter" for t in (tensor, other))),
        ):
            if a != b:
                yield f"{tensor.name}: {what} {a} in one and {b} in the other"
