"""Promises about behaviour: questions about what fills the tensors of a cell, answered exactly.

The answer to a question lists what is wrong, one text for each tensor or attribute; an empty
list keeps the promise. Each question has an id, by which known defects name it, and words.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.exact import Comparison, Judge, refuse_idle
from verify.checks.finding import Finding
from verify.defects import known_defects
from verify.defects.known_defects import KnownDefect
from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.plan import watchdog
from verify.plan.drawing import smallest_failure
from verify.plan.run import Cell, Run, derive
from verify.subjects import Initializer, Module, Network, Subject, python_streams
from verify.subjects.case import A, C, Case, ModuleCase
from verify.subjects.fills import Target

_T = TypeVar("_T")
_S = TypeVar("_S", bound=Subject)

_MAX_NUMEL = 1 << 12
"""Entries of the largest drawn case: behaviour does not depend on size, and is asked often."""

_MAX_ANCHOR = {"initializer": 1 << 16, "operation": 1 << 16}
"""Entries of the largest anchor of a family whose trials make some hundred fills.

From 2^15 on PyTorch splits a fill among threads (``at::internal::GRAIN_SIZE``, ATen/Parallel.h);
what a size beyond changes is the matter of the laws."""

_MAX_ANCHOR_OF_OTHERS = 1 << 20

_SOUGHT = 200
"""Cases among which one is sought for each question that a known defect names: what one case in
seven can answer is asked but for a probability of 1e-13."""


@dataclass(frozen=True)
class Trial(Generic[C]):
    """One case of a cell, and where its tensors, modules and inputs are drawn.

    Attributes
    ----------
    cell : Cell
    case : Case
    device : torch.device
    seed : int
    """

    cell: Cell
    case: C
    device: torch.device
    seed: int

    @property
    def row(self) -> Module:
        """The row of a module; of another family a TypeError."""
        return self._of(Module)

    @property
    def network(self) -> Network:
        """The row of a network; of another family a TypeError."""
        return self._of(Network)

    def _of(self, family: type[_S]) -> _S:
        if not isinstance(self.cell.subject, family):
            raise TypeError(f"{self.cell.subject.name} is no {family.family}")
        return self.cell.subject

    @property
    def arguments(self: Trial[ModuleCase[A]]) -> A:
        """What a module or a network is built from."""
        return self.case.arguments

    def filler(self, generator: torch.Generator | None = None) -> torch_api.Filler:
        """The call of an initializer that the case stands for.

        Parameters
        ----------
        generator : torch.Generator, optional
            Handed over where the initializer takes one; else it draws from the global stream.

        Raises
        ------
        TypeError
            For a cell of another family.
        NotImplementedError
            By the function returned, where the backend has no kernel for the call.
        """
        subject = self._of(Initializer)
        fill = torch_api.filler(subject.name, subject.arguments(self.case), generator)
        return lambda tensor: supported(lambda: fill(tensor))

    def tensors(self, target: Target, fill_method: str = "") -> Mapping[str, Tensor]:
        """What one call of any subject fills there, by name.

        Parameters
        ----------
        target : Target
        fill_method : str, optional
            One of the subject's fill methods; by default the first.

        Raises
        ------
        NotImplementedError
            Where the backend has no kernel for the call.
        """
        fill_methods = self.cell.subject.fill_methods
        start = fill_methods[fill_method or next(iter(fill_methods))]
        filled = supported(lambda: start(self.case, target)())
        self.settle()
        return filled

    def settle(self) -> None:
        """Have a lazy device run what it has recorded: else the next call is a part of that.

        What a program leaves out to be read is computed again by the next one, and may be rounded
        otherwise there; each of them is compiled.
        """
        if self.cell.backend.is_lazy:
            self.cell.backend.synchronize(self.device)

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the cell."""
        return self.cell.dtype

    def target(self, of: str = "") -> Target:
        """Where values are drawn; its streams, the global ones too, start anew for each use."""
        generator = self.cell.backend.generator(self.device, derive(self.seed, of))
        return Target(self.device, self.dtype, generator)

    def build(self: Trial[ModuleCase], of: str = "") -> nn.Module:
        """The module of the case, the very same at every call; other values for each use."""
        return self.row.build(self.case, self.target(of))

    def normals(self, *shape: int, of: str) -> Tensor:
        """Standard normal input, a stream of its own for each use."""
        stream = torch.Generator().manual_seed(derive(self.seed, of))
        drawn = torch.randn(shape, generator=stream, dtype=torch.float64)
        return drawn.to(self.dtype).to(self.device)


def supported(call: Callable[[], _T]) -> _T:
    """Make a call, and let a missing kernel be known by one exception."""
    try:
        return call()
    except RuntimeError as reason:
        if torch_api.unsupported(reason):
            raise NotImplementedError(f"{reason}") from reason
        raise


def _always(_trial: Trial) -> bool:
    return True


@dataclass(frozen=True)
class Wording:
    """What a question is called wherever an answer is read.

    Attributes
    ----------
    words : str
    under : str
        What the words say last, behind the word "under": questions that differ in it are one.
    """

    words: str
    under: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Question(Wording):
    """Something to find out about a trial.

    Attributes
    ----------
    words : str
    wrong : callable
        What is wrong in a trial, one text each.
    arises : callable
        Whether a trial can answer it.
    """

    wrong: Callable[[Trial], list[str]]
    arises: Callable[[Trial], bool] = _always


Q_co = TypeVar("Q_co", bound=Wording, covariant=True)


@dataclass(frozen=True)
class Promise(Generic[Q_co]):
    """What is promised of some subjects, in words and as questions.

    Attributes
    ----------
    name, check : str
        The promise, and the check under which it is decided.
    questions : mapping
        Each question by its id, which known defects name and nobody changes.
    words, formula, source : str
        For readers, and where it is documented.
    subjects, dtypes : tuple of str
        The cells in which it is asked; nothing stands for all of them.
    """

    name: str
    check: str
    questions: Mapping[str, Q_co]
    words: str
    formula: str
    source: str
    subjects: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()

    @property
    def ids(self) -> Mapping[str, str]:
        """The id of each question by its words."""
        return {question.words: id for id, question in self.questions.items()}

    def by_id(self, defect: KnownDefect) -> KnownDefect:
        """A defect whose comparisons are named by their ids, where they are questions."""
        ids = self.ids
        return replace(defect, calls=tuple(ids.get(call, call) for call in defect.calls))

    def in_words(self, defects: Iterable[KnownDefect]) -> tuple[KnownDefect, ...]:
        """Defects whose comparisons are named by the words that are compared with.

        Raises
        ------
        ValueError
            For a defect of no question of this promise, or of another check.
        """
        named = tuple(self.by_id(defect) for defect in defects)
        refuse_idle(named, self.questions, self.check)
        return tuple(
            replace(defect, calls=tuple(self.questions[call].words for call in defect.calls))
            for defect in named
        )

    def known_in(self, cell: Cell) -> tuple[KnownDefect, ...]:
        """The known defects of a cell, in words."""
        return self.in_words(known_defects.for_promise(self.name, *cell.names))

    def known_elsewhere(self, cell: Cell) -> tuple[KnownDefect, ...]:
        """Those of such a cell of other backends, in words."""
        return self.in_words(known_defects.for_promise_elsewhere(self.name, *cell.names))

    def is_asked_in(self, subject: str, _backend: str, dtype: str) -> bool:
        """Whether the cell of that name is one of those in which it is asked."""
        return subject in (self.subjects or (subject,)) and dtype in (self.dtypes or (dtype,))

    def asked_of(self, cell: Cell) -> Outcome:
        """What is asked of a cell, before any answer."""
        return Outcome.for_cell(self.name, cell.names, self)


def verify_behaviour(cell: Cell, run: Run, promise: Promise[Question]) -> Outcome:
    """Ask every question about drawn cases and the anchors, and show the smallest failure."""
    judge = Judge(promise.check, promise.known_in(cell), promise.known_elsewhere(cell))
    seen = _Seen()
    try:
        judge.problems = _smallest(cell, run, promise, judge, seen)
    except watchdog.TimedOut as reason:
        return promise.asked_of(cell).timed_out(reason)
    except torch_api.OutOfMemory as reason:
        return replace(promise.asked_of(cell), verdict=Verdict.ERROR, reason=f"{reason}")
    outcome = replace(judge.outcome(promise.asked_of(cell)), cases=len(seen.cases))
    if not seen.gap:
        return outcome
    verdict = outcome.verdict if judge.asked else Verdict.UNSUPPORTED
    return replace(outcome, reason=f"not implemented for {seen.gap}", verdict=verdict)


def _asked_of(cell: Cell) -> Iterator[Case]:
    """The first anchor, on which what hangs on no case is asked, and the others up to a size."""
    subject = cell.subject
    allowed = _MAX_ANCHOR.get(subject.family, _MAX_ANCHOR_OF_OTHERS)
    largest = cell.backend.bearable(allowed)
    first, *others = subject.anchors
    yield first
    yield from (anchor for anchor in others if subject.numel(anchor) <= largest)


@dataclass
class _Seen:
    """The cases that were looked at, and the first thing that is not implemented."""

    cases: set[Case] = field(default_factory=set)
    gap: str = ""


def _smallest(
    cell: Cell, run: Run, promise: Promise[Question], judge: Judge, seen: _Seen
) -> list[Finding]:
    """The problems of the smallest case that has any."""
    subject, device = cell.subject, cell.backend.device(run.worker)

    def ask(id: str, question: Question, trial: Trial) -> None:
        restart()
        call, gap = partial(question.wrong, trial), (NotImplementedError,)
        words, case = question.words, repr(trial.case)
        raising = known_defects.excluding(trial.case, elsewhere)
        try:
            judge.judge(Comparison(words, call, [], case, gap, id, question.under, raising))
        except NotImplementedError as reason:
            seen.gap = seen.gap or f"{question.words}: {reason}"

    here, elsewhere = (
        tuple(defect for defect in known if defect.check == "raises")
        for known in (
            known_defects.for_cell(cell, "law"),
            known_defects.for_cell_elsewhere(cell, "law"),
        )
    )

    def is_sound(case: Case) -> bool:
        return known_defects.excluding(case, here) is None and cell.holds(case)

    def trial_of(case: Case) -> Trial:
        return Trial(cell, case, device, derive(run.seed, cell.id, promise.name, repr(case)))

    def examine(case: Case) -> list[Finding]:
        if not is_sound(case):
            return []
        seen.cases.add(case)
        trial, before = trial_of(case), len(judge.problems)
        # Once a trial, not once a place: torch's seed alone must decide what torch draws.
        python_streams.seed(trial.seed)
        for id, question in promise.questions.items():
            if question.arises(trial):
                ask(id, question, trial)
        return judge.problems[before:]

    def seek(case: Case) -> list[Finding]:
        """Examine a case that a question of a known defect has waited for."""
        sought = [q for q in promise.questions.values() if q.words in judge.unmade]
        waited = sought and is_sound(case) and any(q.arises(trial_of(case)) for q in sought)
        return examine(case) if waited else []

    def smallest(of: str, wrong: Callable[[Case], list[Finding]], examples: int) -> list[Finding]:
        seed = derive(run.seed, cell.id, f"{promise.name} {of}")
        cases = subject.cases(cell.backend.bearable(_MAX_NUMEL))
        return smallest_failure(cases, wrong, seed=seed, examples=examples)

    limit = run.time_limit * cell.backend.patience
    with watchdog.limit(limit) as restart, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of shapes and dropout; here only behaviour matters.
        if broken := smallest("cases", examine, run.profile.module.examples // 2):
            return broken
        for anchor in _asked_of(cell):
            if broken := examine(anchor):
                return broken
        return smallest("sought", seek, _SOUGHT) if judge.unmade else []
