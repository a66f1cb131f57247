"""An initializer under subclasses, modes, tensors without data, and ``torch.func.vmap``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import combinations

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from verify import torch_api
from verify.behaviour.calls import (
    agree,
    alike,
    blank,
    changed,
    definite,
    diffuse,
    filled,
    filled_values,
    fixed,
    random,
    same,
    seeded,
)
from verify.behaviour.draws import stream_of
from verify.behaviour.promise import Promise, Question, Trial
from verify.subjects.initializers import INITIALIZERS
from verify.subjects.refusals.refusal import REFUSED

_ROWS = 3
"""Tensors that vmap fills at once."""

_WHOLE = ("uniform_", "normal_", "constant_", "kaiming_uniform_")
"""Listed by ``torch.overrides.get_testing_overrides``: the call itself can be overridden."""


class _Named(Tensor):
    """A subclass that overrides nothing."""


def _changed_of_subclass(trial: Trial) -> list[str]:
    tensor = blank(trial).as_subclass(_Named)
    found = changed(tensor, trial.filler(trial.target().generator))
    values = agree(trial, tensor.as_subclass(Tensor), filled_values(trial))
    return found if values else [*found, "values"]


def _overriding(memory: Tensor, seen: list[tuple[str, int]]) -> type[Tensor]:
    """A subclass that notes each function it overrides, and how often that wrote to `memory`."""

    class Watching(Tensor):
        @classmethod
        def __torch_function__(
            cls,
            func: Callable[..., object],
            types: Iterable[type],
            args: tuple[object, ...] = (),
            kwargs: Mapping[str, object] | None = None,
        ) -> object:
            call: Callable[..., object] = super().__torch_function__
            before = memory._version
            result = call(func, types, args, kwargs or {})
            seen.append((func.__name__, memory._version - before))
            return result

    return Watching


def _not_overridden(trial: Trial) -> list[str]:
    """Every function that writes goes by way of the override, some as a whole."""
    memory, seen = blank(trial), list[tuple[str, int]]()
    tensor, version = memory.as_subclass(_overriding(memory, seen)), memory._version
    trial.filler(trial.target().generator)(tensor)
    unseen = memory._version - version - sum(writes for _, writes in seen)
    name = trial.cell.subject.name
    return [
        *([f"{unseen} writes"] if unseen else []),
        *([] if seen else ["the call"]),
        *(["the call as a whole"] if name in _WHOLE and (name not in dict(seen)) else []),
        *([] if agree(trial, memory, filled_values(trial)) else ["values"]),
    ]


class _Counter:
    """Counts what a mode sees."""

    calls = 0

    def count(
        self,
        func: Callable[..., object],
        _types: Iterable[type],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        """Count one call, and make it."""
        self.calls += 1
        return func(*args, **(kwargs or {}))


class _Functions(_Counter, TorchFunctionMode):
    """Counts the functions that are called."""

    __torch_function__ = _Counter.count


class _Operators(_Counter, torch_api.DispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operators that are dispatched."""

    __torch_dispatch__ = _Counter.count


def _changed_by_counting(trial: Trial) -> list[str]:
    found, plain = [], filled_values(trial)
    operators = _Operators()  # type: ignore[no-untyped-call]
    for name, mode in (("functions", _Functions()), ("operators", operators)):
        tensor, fill = blank(trial), trial.filler(trial.target().generator)
        with mode:
            result = fill(tensor)
        found += [] if mode.calls else [f"no {name} are seen"]
        found += [] if result is tensor and agree(trial, plain, tensor) else [f"counted {name}"]
    return found


def _changed_without_data(
    trial: Trial, device: torch.device, within: Callable[[], AbstractContextManager[object]]
) -> list[str]:
    """Nothing can be filled: what changes of the tensor and of the streams all the same."""
    generator = stream_of(trial.target())
    before = [*torch_api.streams(trial.device), generator.get_state()]
    with within():
        tensor = torch.empty(trial.case.shape, dtype=trial.dtype, device=device)
        found = changed(tensor, trial.filler(), placed=False)
        found += changed(tensor, trial.filler(generator), placed=False)
    after = [*torch_api.streams(trial.device), generator.get_state()]
    return found if alike(before, after) else [*found, "a stream moves"]


def _changed_on_meta(trial: Trial) -> list[str]:
    return _changed_without_data(trial, torch.device("meta"), nullcontext)


def _changed_of_fake(trial: Trial) -> list[str]:
    return _changed_without_data(trial, trial.device, torch_api.fake_tensors)


def _mapped(trial: Trial, randomness: str) -> Tensor:
    """Some tensors of the case, filled by one call that vmap makes of many."""
    rows, fill = blank(trial, _ROWS), seeded(trial)
    mapped = torch.func.vmap(fill, randomness=randomness)(rows)
    if not same(mapped, rows):
        raise AssertionError("what is returned is not what was filled")
    return rows


def _alike_when_mapped(trial: Trial) -> list[str]:
    rows = _mapped(trial, "different")
    pairs = combinations(range(_ROWS), 2)
    return [f"rows {i} and {j}" for i, j in pairs if same(rows[i], rows[j])]


def _different_when_mapped(trial: Trial) -> list[str]:
    first, *rows = _mapped(trial, "same")
    return [f"row {i}" for i, row in enumerate(rows, 1) if not agree(trial, first, row)]


def _let_pass(trial: Trial) -> list[str]:
    """By default vmap refuses what is random, by an error of its own choice ("will error")."""
    try:
        _mapped(trial, "error")
    except REFUSED:
        return []
    return ["a random call"]


def _other_when_mapped(trial: Trial) -> list[str]:
    rows, plain = _mapped(trial, "error"), filled_values(trial)
    return [f"row {i}" for i, row in enumerate(rows) if not same(plain, row)]


PROMISE = Promise(
    name="call under transforms",
    check="call",
    questions={
        "changed-by-a-subclass": Question("what a subclass changes", _changed_of_subclass, filled),
        "not-overridden": Question("what an override does not see", _not_overridden, filled),
        "changed-by-counting": Question("what counting changes", _changed_by_counting, filled),
        "changed-on-meta": Question("what changes of a meta tensor", _changed_on_meta, definite),
        "changed-when-fake": Question("what changes of a fake tensor", _changed_of_fake, definite),
        "vmap-different-is-alike": Question(
            "rows that vmap makes alike with randomness='different'", _alike_when_mapped, diffuse
        ),
        "vmap-same-is-different": Question(
            "rows that vmap makes different with randomness='same'", _different_when_mapped, random
        ),
        "vmap-error-lets-pass": Question(
            "what vmap lets pass with randomness='error'", _let_pass, random
        ),
        "vmap-fills-otherwise": Question(
            "rows that vmap fills otherwise",
            _other_when_mapped,
            lambda trial: fixed(trial) and filled(trial),
        ),
    },
    words="subclasses and modes see the call and do not change it, a tensor without data stays "
    "as it is, and vmap fills a batch as its randomness asks",
    formula="vmap(f)(w)[i] = f(w[i]); the same for all i, or independent",
    source="PyTorch documentation: notes on extending PyTorch, meta device, torch.overrides, "
    "torch.func.vmap",
    subjects=tuple(row.name for row in INITIALIZERS if not row.deprecated),
)
