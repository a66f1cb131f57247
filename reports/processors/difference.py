"""Which settings differ: in verdicts, which must not, and in bits, which may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from reports.evidence.records import CellRecord, Report, Verdict
from reports.evidence.verdict import RunVerdict, overview
from reports.evidence.words import count, listing, plural
from reports.processors.runs import Ended
from reports.processors.settings import SETTINGS
from reports.text.summary import diagnosis
from reports.upgrade.streams import streams

_VERDICTS = {verdict.exit_code: verdict for verdict in RunVerdict}
_NOTHING = "–"
MOST = 20
"""More cells than this are counted."""


def verdict(ended: Mapping[str, Ended]) -> RunVerdict:
    """The worst verdict of any setting."""
    return min(map(_verdict, ended.values()), key=lambda verdict: verdict.rank)


def text(ended: Mapping[str, Ended]) -> Iterator[str]:
    """Yield the lines of a comparison: verdicts, the cells that differ, and what may differ."""
    yield ""
    yield f"{'setting':<16}{'verdict':<12}{'seconds':>8}  what it found"
    for name, run in ended.items():
        said = overview(run.evidence).sentence if run.evidence else f"exit code {run.code}"
        yield f"{name:<16}{_verdict(run):<12}{run.seconds:>8.0f}  {said}"
    yield ""
    yield from _cells(ended)
    yield from _remarks({name: run.evidence for name, run in ended.items() if run.evidence})
    yield _sentence(ended)


def differing(ended: Mapping[str, Ended]) -> dict[str, dict[str, str]]:
    """Cells whose verdicts are not the same under all settings: the verdict by setting."""
    left = {name: run.evidence for name, run in ended.items() if run.evidence}
    found: dict[str, dict[str, str]] = defaultdict(lambda: dict.fromkeys(left, _NOTHING))
    for name, evidence in left.items():
        for cell in evidence.cells:
            found[cell.nodeid][name] = cell.verdict
    return {nodeid: row for nodeid, row in sorted(found.items()) if len({*row.values()}) > 1}


def _verdict(run: Ended) -> RunVerdict:
    """Of the exit code, which knows of failures beside cells too."""
    return _VERDICTS.get(run.code, RunVerdict.INCOMPLETE)


def _cells(ended: Mapping[str, Ended]) -> Iterator[str]:
    found = differing(ended)
    if not found:
        yield "No cell's verdict depends on the setting."
        return
    yield f"The verdict depends on the setting in {plural(len(found), 'cell')}:"
    for nodeid, row in list(found.items())[:MOST]:
        groups: dict[str, list[str]] = defaultdict(list)
        for name, word in row.items():
            groups[word].append(name)
        told = "; ".join(f"{word} under {listing(names, 8)}" for word, names in groups.items())
        yield f"  {nodeid}: {told}"
        yield from _replay(nodeid, row, ended)
    if len(found) > MOST:
        yield f"  … and {count(len(found) - MOST)} more"


def _replay(nodeid: str, row: Mapping[str, str], ended: Mapping[str, Ended]) -> Iterator[str]:
    """The command that shows it again, under the first setting that is wrong."""
    for name, word in row.items():
        run = ended[name].evidence
        if Verdict(word).is_wrong and run is not None:
            cell = next(cell for cell in run.cells if cell.nodeid == nodeid)
            yield f"    {diagnosis(cell)}"
            yield f"    {SETTINGS[name].command(cell.replay)}"
            return


def _remarks(left: Mapping[str, Report]) -> Iterator[str]:
    """What other kernels may change: bits of seeded streams, and statistics of other values."""
    (first, *others) = left or [""]
    for name in others:
        after = {cell.nodeid: cell for cell in left[name].cells}
        pairs = [(c, after[c.nodeid]) for c in left[first].cells if c.nodeid in after]
        bits = streams(pairs)
        moved = sum(_statistics(before) != _statistics(now) for before, now in pairs)
        yield (
            f"note: {name} against {first}: {count(bits.changed)} of {count(bits.compared)} seeded "
            f"streams and the statistics of {count(moved)} of {plural(len(pairs), 'cell')} are "
            "not the same bits; this decides nothing."
        )


def _statistics(cell: CellRecord) -> tuple[object, ...]:
    p_values = [(f.check, f.tensor, f.case, f.p_value) for f in cell.findings]
    return cell.histogram, cell.tensors, cell.others, cell.places, cell.signal, p_values


def _sentence(ended: Mapping[str, Ended]) -> str:
    word = verdict(ended)
    bad = [name for name, run in ended.items() if _verdict(run) == word]
    settings = plural(len(ended), "setting")
    if word is RunVerdict.PASS:
        return f"PASS: every one of {settings} says the same." if len(ended) > 1 else "PASS."
    return f"{word.upper()}: {listing(bad, 8)} of {settings}."
