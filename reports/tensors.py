"""The tensors of a module as a reader meets them: one row for each kind, and what they show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports import pictures
from reports.records import Cell, Finding
from reports.verdict import finding_key
from reports.words import TOGETHER, told


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
        """Whether the pool was looked at, or one case alone."""
        return max((finding.scope for finding in self.findings), key=("case", "cell").index)


@dataclass(frozen=True)
class Failure:
    """One diagnosis, and the findings that share it."""

    message: str
    findings: tuple[Finding, ...]


def tensors(cell: Cell) -> tuple[Tensor, ...]:
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
    """Group failed findings by tensor and by what they say, in their order."""
    by_message: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if not finding.passed:
            message = told(finding.tensor, finding.message or finding.check)
            by_message[message].append(finding)
    return tuple(Failure(message, tuple(found)) for message, found in by_message.items())


def drawn(cell: Cell, alpha: float, points: int) -> tuple[pictures.Picture, ...]:
    """Return the pictures of a module.

    While it passes, one of all its tensors: every transform is uniform under its own law, so
    they add up. Otherwise those of the tensor that failed worst, of one with a histogram if
    there is any.
    """
    wrong = [tensor for tensor in tensors(cell) if not tensor.passed]
    if not wrong:
        return _together(list(cell.tensors.values()), alpha, points)
    shown = next((t for t in wrong if t.tensor in cell.tensors), wrong[0])
    found = []
    counts = cell.tensors.get(shown.tensor, ())
    if sum(counts):
        found += [pictures.deviation(counts, alpha), pictures.histogram(counts)]
    strip = pictures.strip(shown.findings, alpha)
    return tuple(picture.of(shown.name) for picture in (*found, *([strip] if strip else [])))


def _together(
    histograms: Sequence[Sequence[int]], alpha: float, points: int
) -> tuple[pictures.Picture, ...]:
    counts = [sum(column) for column in zip(*histograms, strict=True)]
    if not sum(counts):
        return ()
    words = f"{TOGETHER[0].upper()}{TOGETHER[1:]}"
    return (pictures.deviation(counts, alpha, points).of(words),)


def _key(tensor: Tensor) -> tuple[object, ...]:
    """Failures first, the worst of them leading; then by name, the whole last."""
    if tensor.passed:
        return (True, not tensor.tensor, tensor.tensor)
    return (False, *finding_key(tensor.worst), tensor.tensor)
