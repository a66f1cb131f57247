"""From evidence to one verdict: pure functions of a run and its cells."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TypeGuard

from reports.evidence import fills, promises
from reports.evidence.records import CellRecord, Defect, Detectable, Finding, Report, Verdict
from reports.evidence.words import count, listing, plural

BUDGET = 1e-6
HOST = "host"
"""The backend of what is asked of no device."""


class RunVerdict(StrEnum):
    """What a run says as a whole, the worst first."""

    FAIL = "fail"
    INCOMPLETE = "incomplete"
    PASS = "pass"

    @property
    def exit_code(self) -> int:
        """0 pass, 1 something is wrong with the subject, 3 incomplete."""
        return {RunVerdict.FAIL: 1, RunVerdict.INCOMPLETE: 3, RunVerdict.PASS: 0}[self]

    @property
    def rank(self) -> int:
        """Place among all verdicts, the worst first."""
        return list(RunVerdict).index(self)


@dataclass(frozen=True)
class Overview:
    """The verdict of some cells, and the numbers that back it.

    Attributes
    ----------
    fills
        Which fill methods were not looked at, in a sentence; nothing where all were.

    """

    verdict: RunVerdict
    sentence: str
    counts: dict[Verdict, int]
    cells: int
    values: int
    decisions: int
    union_bound: float
    planned: int
    seen: int
    fills: str = ""
    budget: float = BUDGET

    @property
    def within_budget(self) -> bool:
        """Whether the chance of a false alarm keeps to the budget: every night has its own."""
        return self.union_bound <= self.budget


@dataclass(frozen=True)
class Power:
    """The smallest errors that one kind of check would have caught, over the cells."""

    check: str
    name: str
    unit: str
    cells: int
    best: float
    middle: float
    worst: float
    worst_cell: CellRecord
    worst_tensor: str


def overall(cells: Sequence[CellRecord]) -> RunVerdict:
    """Return the verdict of some cells; a backend on which nothing passed is no pass."""
    verdicts = {cell.verdict for cell in cells}
    if any(verdict.is_wrong for verdict in verdicts):
        return RunVerdict.FAIL
    sound = verdicts and all(verdict.is_sound for verdict in verdicts) and not _unverified(cells)
    return RunVerdict.PASS if sound else RunVerdict.INCOMPLETE


def _unverified(cells: Sequence[CellRecord]) -> list[str]:
    """Return the backends that have cells, but none on which anything was verified."""
    verified = {cell.backend for cell in cells if cell.verdict.is_verified}
    return sorted({cell.backend for cell in cells} - verified)


def overview(evidence: Report, cells: Sequence[CellRecord] | None = None) -> Overview:
    """Sum up a run, or those of its cells that one page shows."""
    own = evidence.cells if cells is None else cells
    counts = Counter(cell.verdict for cell in own)
    decisions = sum(cell.decisions for cell in own)
    asked = {*evidence.run.planned}
    planned = [cell for cell in own if cell.nodeid in asked]
    # What is asked of the host alone says nothing of devices, hence of no fill method either.
    of_devices = {cell.backend for cell in own} - {"", HOST}
    unseen = fills.unseen(fills.looked_at(own)) if of_devices else ""
    verdict, said = overall(own), sentence(own, evidence.run.defects)
    if evidence.problems and verdict is RunVerdict.PASS:
        # What could not be read may have been wrong.
        verdict = RunVerdict.INCOMPLETE
        gaps = "the evidence has gaps: mend what the warnings say, or run again"
        said = f"{said.rstrip('.')}, but {gaps}."
    return Overview(
        verdict=verdict,
        sentence=said,
        counts={name: counts[name] for name in (*Verdict, *sorted({*counts} - {*Verdict}))},
        cells=len(own),
        values=sum(cell.n for cell in own),
        decisions=decisions,
        union_bound=min(1.0, decisions * evidence.run.alpha),
        planned=len(planned),
        seen=sum(cell.verdict is not Verdict.LOST for cell in planned),
        fills=f"{unseen[0].upper()}{unseen[1:]}." if unseen else "",
        budget=BUDGET * max(1, len(evidence.run.nights)),
    )


def sentence(cells: Sequence[CellRecord], known: Mapping[str, Defect]) -> str:
    """Return the verdict in one sentence, told what was known to be wrong before the run."""
    counts = Counter(cell.verdict for cell in cells)
    passed, total = counts[Verdict.PASS], len(cells)
    gaps = [f"{count(counts[name])} {name}" for name in Verdict if name.is_gap and counts[name]]
    idle = (Verdict.UNSUPPORTED, Verdict.NOT_TESTED)
    asides = [f"; {count(counts[name])} more {name}" for name in idle if counts[name]]
    still = counts[Verdict.KNOWN_DEFECT]
    left = sum(bool(cell.excluded) for cell in cells if cell.verdict is Verdict.PASS)
    if still or left:
        shown = [f"still there in {plural(still, 'cell')}"] if still else []
        shown += [f"left out of {plural(left, 'cell')}"] if left else []
        asides.append(f"; known defects {', '.join(shown)}")
    aside = "".join(asides)
    if wrong := [cell for cell in worst_first(cells) if cell.verdict.is_wrong]:
        held = _wrong(wrong, total, known)
        return held + "".join(f"; {gap}" for gap in gaps) + aside + "."
    if gaps:
        return f"No cell is wrong, but the run has gaps: {', '.join(gaps)}{aside}."
    if overall(cells) is RunVerdict.PASS:
        every = "The one cell keeps its" if passed == 1 else f"All {count(passed)} cells keep their"
        return f"{every} promise{aside}."
    where = [name for name in _unverified(cells) if any(c.verdict.is_verified for c in cells)]
    unverified = [cell for cell in cells if cell.backend in where] or cells
    on = f" on {listing(where)}" if where else ""
    return f"Nothing was verified{on}: {plural(len(unverified), 'cell')}, none of which passed."


def _wrong(wrong: Sequence[CellRecord], total: int, known: Mapping[str, Defect]) -> str:
    """Return how many cells are wrong, those that show what is known elsewhere apart."""
    own = [cell for cell in wrong if not cell.elsewhere]
    more = len(wrong) - len(own)
    told = own or wrong
    names = listing(dict.fromkeys(cell.title for cell in told))
    verb = "breaks its" if len(told) == 1 else "break their"
    held = f"{count(len(told))} of {plural(total, 'cell')} {verb} promise"
    where = known_on(known, {id for cell in wrong for id in cell.elsewhere})
    if not own:
        return f"{held}, all as PyTorch is known to do on {where}: {names}"
    show = f"{count(more)} more {'shows' if more == 1 else 'show'}"
    return f"{held}: {names}" + (f"; {show} what PyTorch is known to do on {where}" if more else "")


def known_on(known: Mapping[str, Defect], ids: Collection[str]) -> str:
    """Return the backends of which the entries of these known defects speak."""
    backends = {name for id in ids if id in known for name in known[id].backends}
    return listing(sorted(backends)) or "another backend"


def finding_key(finding: Finding) -> tuple[bool, float]:
    """Order findings: failures first, then the smallest p-value; a failed exact one leads."""
    exact = 1.0 if finding.passed else 0.0
    # What is no number compares with nothing; it counts as an exact comparison does.
    return (finding.passed, finding.p_value if _is_real(finding.p_value) else exact)


def _is_real(p_value: float | None) -> TypeGuard[float]:
    return p_value is not None and not math.isnan(p_value)


def worst_finding(cell: CellRecord) -> Finding | None:
    """Return the finding that says most about a cell."""
    return min(cell.findings, key=finding_key, default=None)


def cell_key(cell: CellRecord) -> tuple[int, bool, bool, float, int, str, str, str]:
    """Order cells: verdict, wrong values before wrong behaviour, then the smallest p-value.

    The p-value is adjusted for the number of the cell's findings. What other backends are known to
    do comes behind what else has the verdict.
    """
    worst = worst_finding(cell)
    p = 1.0 if worst is None else finding_key(worst)[1]
    return (
        cell.verdict.rank,
        bool(cell.elsewhere),
        cell.verdict.is_wrong and not promises.is_of_values(cell.promise),
        min(1.0, p * max(1, len(cell.findings))),
        promises.rank(cell.promise),
        cell.title,
        cell.dtype,
        cell.nodeid,
    )


def worst_first(cells: Iterable[CellRecord]) -> list[CellRecord]:
    """Return cells with the most worrying first."""
    return sorted(cells, key=cell_key)


def power(cells: Iterable[CellRecord]) -> list[Power]:
    """Return, for each kind of check, what it could have seen in its best and worst pool.

    A pool is what one decision of a whole cell looks at: each kind of a module's tensors is one.
    """
    groups: dict[tuple[str, str, str], dict[tuple[str, str], _Seen]] = defaultdict(dict)
    for cell in cells:
        for finding in cell.findings:
            if finding.detectable is None or finding.scope != "cell" or not finding.n:
                continue
            size, unit = _comparable(finding.detectable)
            pools = groups[finding.check, finding.detectable.name, unit]
            seen = _Seen(size, cell, finding.tensor)
            pool = cell.nodeid, finding.tensor
            pools[pool] = max(seen, pools.get(pool, seen), key=_size)
    return [_power(key, list(groups[key].values())) for key in sorted(groups)]


@dataclass(frozen=True)
class _Seen:
    """The smallest error that a check would have caught in one pool."""

    size: float
    cell: CellRecord
    tensor: str


def _comparable(seen: Detectable) -> tuple[float, str]:
    """Turn a count ``3 of 1000`` into a share: pools differ in how many values they hold."""
    return (seen.size / seen.of, "share") if seen.of else (seen.size, seen.unit)


def _size(seen: _Seen) -> float:
    return seen.size


def _power(key: tuple[str, str, str], pools: list[_Seen]) -> Power:
    worst = max(pools, key=_size)
    return Power(
        *key,
        cells=len({pool.cell.nodeid for pool in pools}),
        best=min(pool.size for pool in pools),
        middle=median(pool.size for pool in pools),
        worst=worst.size,
        worst_cell=worst.cell,
        worst_tensor=worst.tensor,
    )
