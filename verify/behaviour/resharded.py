"""What is divided anew among ranks is the same: stored and loaded in another number, redistributed.

No value may change: everything is compared by its bits, after the memory to load into was poisoned.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, TypeVar

from verify.behaviour.distributed import on_ranks
from verify.behaviour.exact import Comparison, compare
from verify.outcome.outcome import Outcome
from verify.plan.run import Run
from verify.ranks.group import ask
from verify.ranks.placements import WORLD, digest

if TYPE_CHECKING:
    from verify.ranks.redistribution import Redistributed
    from verify.ranks.reloading import Reloaded, Stored
    from verify.ranks.resharding import Held

_T = TypeVar("_T")

_Directions = tuple[tuple[int, int], ...]
"""How many ranks store, and how many load."""


@dataclass(frozen=True)
class _Extent:
    """What is asked.

    Attributes
    ----------
    tensors, modules : tuple
        In which directions these are stored and loaded.
    meshes : tuple
        On which tensors are redistributed.
    """

    tensors: _Directions = ((WORLD, 2), (2, WORLD))
    modules: _Directions = ((WORLD, 2), (2, WORLD))
    meshes: tuple[tuple[int, ...], ...] = ((WORLD,), (2, 2))


_EXTENTS: Mapping[str, _Extent] = {
    "smoke": _Extent(tensors=(), modules=((WORLD, 2),), meshes=((WORLD,),))
}
"""By profile; others ask everything."""


@dataclass(frozen=True)
class _Seen:
    """What a rank held after it stored or loaded, and the digests of what it should have held."""

    place: str
    held: Held
    wanted: Mapping[str, bytes]

    def changed(self) -> Iterator[str]:
        """Tensors that are others, and those not there; what is unwritten is told besides."""
        for name, wanted in self.wanted.items():
            if self.held.digests.get(name) != wanted and name not in self.held.unwritten:
                yield f"{name} on {self.place}"

    def unwritten(self) -> Iterator[str]:
        """Tensors of which entries are as they were poisoned."""
        for name, count in self.held.unwritten.items():
            yield f"{count} of {name} on {self.place}"

    def moved(self) -> Iterator[str]:
        """The rank, where its stream went on."""
        yield from [self.place] if self.held.drew else []


@dataclass(frozen=True)
class _Checkpoint:
    """What ranks saw of what they stored and loaded."""

    saved: Sequence[_Seen]
    loaded: Sequence[_Seen]
    parted: Sequence[str] = ()
    silent: Sequence[str] = ()


def _tensors(saving: int, loading: int) -> _Checkpoint:
    """Tensors, divided in every way."""
    from verify.ranks import resharding

    with tempfile.TemporaryDirectory() as folder:
        answers = ask(resharding.reshard, saving, loading, folder)
    items = [(each, each.values) for each in resharding.items(saving, loading)]

    def seen(rank: int, held: Held, after: str) -> _Seen:
        ways = {each.name: (getattr(each, after), whole) for each, whole in items}
        wanted = {name: digest(w[way.slices(rank, w.shape)]) for name, (way, w) in ways.items()}
        return _Seen(f"rank {rank}", held, wanted)

    return _Checkpoint(
        [seen(rank, each, "saved") for rank, (each, _) in enumerate(answers) if each],
        [seen(rank, each, "loaded") for rank, (_, each) in enumerate(answers) if each],
    )


def _module(saving: int, loading: int) -> _Checkpoint:
    """A module with a tied weight and buffers, loaded in every way."""
    from verify.ranks import reloading

    with tempfile.TemporaryDirectory() as folder:
        answers: Sequence[Reloaded] = ask(reloading.reload, saving, loading, folder)
    stored: Mapping[str, Stored] = reloading.stored()

    def seen(place: str, held: Held, rank: int, ranks: int) -> _Seen:
        wanted = {name: digest(each.part(ranks, rank)) for name, each in stored.items()}
        return _Seen(place, held, wanted)

    def loaded(rank: int, answer: Reloaded) -> Iterator[_Seen]:
        for way, held in answer.loaded.items():
            part = (0, 1) if way in reloading.WHOLE else (rank, loading)
            yield seen(f"rank {rank}, {way}", held, *part)

    ranks = [*enumerate(answers)]
    return _Checkpoint(
        [seen(f"rank {rank}", each.saved, rank, saving) for rank, each in ranks if each.saved],
        [one for rank, each in ranks for one in loaded(rank, each)],
        [f"rank {rank}, {way}" for rank, each in ranks for way in each.parted],
        [f"{what} on rank {rank}" for rank, each in ranks for what in each.silent],
    )


_Question = Callable[[_Checkpoint], list[str]]


def _listed(of: Callable[[_Seen], Iterator[str]], *phases: str) -> _Question:
    return lambda made: [
        text for phase in phases for seen in getattr(made, phase) for text in of(seen)
    ]


_COMMON: Mapping[str, _Question] = {
    "values that storing changes": _listed(_Seen.changed, "saved"),
    "values that loading changes": _listed(_Seen.changed, "loaded"),
    "entries that loading leaves unwritten": _listed(_Seen.unwritten, "loaded"),
    "streams that go on": _listed(_Seen.moved, "saved", "loaded"),
}
_OF_MODULES: Mapping[str, _Question] = {
    **_COMMON,
    "ties that loading parts": lambda made: [*made.parted],
    "what is missing without a word": lambda made: [*made.silent],
}


def _stored(extent: _Extent) -> Iterator[Comparison]:
    """Questions about what is stored and loaded."""
    for of, make, questions, directions in (
        ("tensors", _tensors, _COMMON, extent.tensors),
        ("modules", _module, _OF_MODULES, extent.modules),
    ):
        for saving, loading in directions:
            made = cache(partial(make, saving, loading))
            for words, question in questions.items():
                call = f"{words}, of {of} from {saving} to {loading} ranks"
                yield Comparison(call, partial(_answer, question, made), [])


def _answer(question: Callable[[_T], list[str]], made: Callable[[], _T]) -> list[str]:
    return question(made())


def _redistributed(mesh: tuple[int, ...]) -> Sequence[Redistributed]:
    from verify.ranks import redistribution

    return ask(redistribution.redistribute, mesh)


def _parts(made: Sequence[Redistributed]) -> list[str]:
    """Parts that are not those of the whole."""
    from verify.ranks.redistribution import whole

    return [
        f"{shape} from {before.name} to {after.name} on rank {rank}"
        for rank, each in enumerate(made)
        for (shape, before, after), found in each.parts.items()
        if found != digest(whole(shape)[after.slices(rank, shape)])
    ]


def _wholes(made: Sequence[Redistributed]) -> list[str]:
    from verify.ranks.redistribution import whole

    return [
        f"{shape} from {before.name} on rank {rank}"
        for rank, each in enumerate(made)
        for (shape, before), found in each.wholes.items()
        if found != digest(whole(shape))
    ]


def _changed(made: Sequence[Redistributed]) -> list[str]:
    return [
        f"{shape}, {before.name} on rank {rank}"
        for rank, each in enumerate(made)
        for shape, before in each.changed
    ]


def _moved(made: Sequence[Redistributed]) -> list[str]:
    return [f"rank {rank}" for rank, each in enumerate(made) if each.drew]


_OF_REDISTRIBUTED: Mapping[str, Callable[[Sequence[Redistributed]], list[str]]] = {
    "values that redistribute changes": _parts,
    "values that full_tensor changes": _wholes,
    "originals that are changed": _changed,
    "streams that go on": _moved,
}


def _divided_anew(extent: _Extent) -> Iterator[Comparison]:
    """Questions about what is redistributed."""
    for mesh in extent.meshes:
        made = cache(partial(_redistributed, mesh))
        for words, question in _OF_REDISTRIBUTED.items():
            call = f"{words}, on a mesh of {' by '.join(map(str, mesh))} ranks"
            yield Comparison(call, partial(_answer, question, made), [])


def verify_resharding(host: str, run: Run) -> Outcome:
    """Store and load in another number of ranks, and redistribute, in every way."""
    extent = _EXTENTS.get(run.profile.name, _Extent())
    asked = Outcome(
        promise="resharding",
        subject=host,
        backend="host",
        dtype="any",
        words="what is loaded by another number of ranks, by one process, or redistributed, keeps "
        "every bit and every tie; nothing is left unwritten, what is missing is told, and no "
        "stream goes on",
        formula="x′[slices(r′)] = x[slices(r′)] for each rank r′ of the new placement",
        source="PyTorch documentation, torch.distributed.checkpoint (load, DefaultLoadPlanner), "
        "torch.distributed.checkpoint.state_dict, DTensor.redistribute, DTensor.full_tensor",
    )
    comparisons = (*_stored(extent), *_divided_anew(extent))
    return on_ranks(asked, lambda: compare(asked, comparisons, "resharding"))
