"""The tensors of a module as a reader meets them: one row for each kind, and what they show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from reports.evidence.records import CellRecord, Finding
from reports.evidence.verdict import finding_key
from reports.evidence.words import TOGETHER
from reports.page import pictures
from reports.page.values import values


@dataclass(frozen=True)
class Tensor:
    """All findings of one kind of tensors, or of one tensor that failed in one case.

    Attributes
    ----------
    findings
        The most worrying first.

    """

    tensor: str
    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """The name that its row shows."""
        return self.tensor or TOGETHER

    @property
    def passed(self) -> bool:
        """Whether no finding failed."""
        return self.worst.passed

    @property
    def worst(self) -> Finding:
        """The finding that says most about the tensor."""
        return self.findings[0]

    @property
    def telling(self) -> Finding:
        """The first finding that has an effect to show, if any has."""
        return next((f for f in self.findings if f.effect is not None), self.worst)

    @property
    def n(self) -> int:
        """How many values were looked at."""
        return max(finding.n for finding in self.findings)

    @property
    def scope(self) -> str:
        """Whether the pool of the cell was looked at, or one case alone."""
        scopes = {finding.scope for finding in self.findings}
        return "cell" if "cell" in scopes else self.worst.scope


@dataclass(frozen=True)
class Sentence:
    """One diagnosis, and the findings that share it."""

    message: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Failure:
    """All that is wrong with a tensor, or with several in the same words."""

    tensors: tuple[str, ...]
    sentences: tuple[Sentence, ...]


def tensors(cell: CellRecord) -> tuple[Tensor, ...]:
    """Return the tensors of a module, those that failed first; none for an initializer.

    Of the cases, which name tensors one by one, only failures are shown: the pools hold the rest.
    """
    if not any(finding.tensor for finding in cell.findings):
        return ()
    by_tensor: dict[str, list[Finding]] = defaultdict(list)
    for finding in sorted(cell.findings, key=finding_key):
        if finding.scope == "cell" or not finding.passed:
            by_tensor[finding.tensor].append(finding)
    found = [Tensor(name, tuple(findings)) for name, findings in by_tensor.items()]
    return tuple(sorted(found, key=_key))


def failures(findings: Iterable[Finding]) -> tuple[Failure, ...]:
    """Group failed findings by what they say of each tensor, in their order."""
    by_tensor: dict[str, dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in findings:
        if not finding.passed:
            by_tensor[finding.tensor][finding.message or finding.check].append(finding)
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for tensor, messages in by_tensor.items():
        alike[tuple(messages)].append(tensor)
    return tuple(
        Failure(
            tuple(name or TOGETHER for name in names) if any(by_tensor) else (),
            tuple(
                _sentence(message, [by_tensor[name][message] for name in names])
                for message in messages
            ),
        )
        for messages, names in alike.items()
    )


def _sentence(message: str, of_each: Sequence[Sequence[Finding]]) -> Sentence:
    """Return a sentence; findings that differ in nothing but the tensor are told once."""
    first, *others = ([replace(f, tensor="") for f in found] for found in of_each)
    if all(map(partial(_alike, first), others)):
        return Sentence(message, tuple(first))
    return Sentence(message, tuple(chain.from_iterable(of_each)))


def _alike(some: Sequence[Finding], others: Sequence[Finding]) -> bool:
    return [*map(_decision, some)] == [*map(_decision, others)]


def _decision(finding: Finding) -> tuple[object, ...]:
    return (finding.check, finding.scope, finding.n, finding.p_value, finding.confirmation)


def module_pictures(
    shown: Iterable[Tensor], cell: CellRecord, alpha: float, points: int
) -> tuple[pictures.Picture, ...]:
    """Return the pictures of a module's tensors.

    All kinds together, each in units of its own band; before them what failed worst, alone. Of
    a single case there are none.
    """
    pooled = {kind: counts for kind, counts in cell.tensors.items() if sum(counts)}
    wrong = (t.tensor for t in shown if not t.passed and t.tensor in pooled)
    alone = next((_kind_pictures(kind, cell, alpha) for kind in wrong), ())
    if len(pooled) <= bool(alone):
        return alone
    return (*alone, pictures.together(pooled, alpha, points))


def _kind_pictures(kind: str, cell: CellRecord, alpha: float) -> tuple[pictures.Picture, ...]:
    counts = cell.tensors[kind]
    over = values(counts, cell.families.get(kind), pictures.POINTS)
    found = (pictures.deviation(counts, alpha), over or pictures.histogram(counts))
    return tuple(picture.of(kind) for picture in found)


def _key(tensor: Tensor) -> tuple[object, ...]:
    """Failures first, the worst of them leading; then by name, the whole last."""
    if tensor.passed:
        return (True, not tensor.tensor, tensor.tensor)
    return (False, *finding_key(tensor.worst), tensor.tensor)
