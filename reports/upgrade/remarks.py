"""What makes two runs less comparable than they could be, each in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from reports.evidence.records import Report, RunRecord

# What may differ between two environments without a word: it is what is compared.
_COMPARED = frozenset({"torch", "python"})

_ASKED: tuple[tuple[str, Callable[[RunRecord], object], str], ...] = (
    ("profiles", lambda run: run.profile, "the larger one sees smaller errors"),
    ("run seeds", lambda run: run.run_seed, "a difference may come from the cases drawn"),
    ("selections", lambda run: run.selected or "all", "only cells of both are compared"),
    ("levels", lambda run: run.alpha, "one of them decides more strictly"),
)


def remarks(baseline: Report, candidate: Report, *, alike: bool) -> Iterator[str]:
    """Yield a sentence for whatever differs beside PyTorch, and for what could not be read.

    Parameters
    ----------
    baseline, candidate : Report
    alike : bool
        Whether both are of the same kinds of device.
    """
    for name, asked, so in _ASKED:
        old, new = asked(baseline.run), asked(candidate.run)
        if old != new:
            yield f"The runs are of different {name} ({old} and {new}): {so}."
    yield from _environments(baseline.run, candidate.run)
    if alike and baseline.run.torch == candidate.run.torch != "unknown":
        yield f"Both runs are of PyTorch {candidate.run.torch}."
    for side, evidence in (("baseline", baseline), ("candidate", candidate)):
        yield from (f"In the {side}: {problem}" for problem in evidence.problems)


def _environments(baseline: RunRecord, candidate: RunRecord) -> Iterator[str]:
    """What a run was told of itself, and what describes its machine."""
    for name, old, new in _differing(baseline.environment, candidate.environment):
        yield (
            f"The runs are not of the same {name} ({old} and {new}): a difference may come "
            "from that."
        )
    machine = [
        f"{backend}: {name}: {old} and {new}"
        for backend in sorted(baseline.backends.keys() & candidate.backends.keys())
        for name, old, new in _differing(baseline.backends[backend], candidate.backends[backend])
    ]
    if machine:
        yield (
            f"The runs are of different machines ({'; '.join(machine)}): bits and times may "
            "differ for that reason."
        )


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield each name in both whose entries differ, and both entries."""
    for name in sorted(one.keys() & other.keys() - _COMPARED):
        if one[name] != other[name]:
            yield name, one[name], other[name]
