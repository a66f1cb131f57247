"""A calibration for readers: Markdown, which a terminal shows as well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from reports.calibration.ledger import Entry
from reports.evidence.uniformity import (
    CONFIDENCE,
    rate_bound,
    smallest,
    uniformity,
)
from reports.evidence.words import count, number, p_value, plain, plural
from reports.processors.settings import SETTINGS, Setting

_CONFIDENCE = f"{100 * CONFIDENCE:.0f} %"


def markdown(entries: Sequence[Entry], version: tuple[str, str]) -> str:
    """Return what the runs of one version say: of that PyTorch, and of that suite.

    Parameters
    ----------
    entries
        All of a ledger; runs of other versions are named and not counted.
    version
        PyTorch's, and the digest of the suite.

    """
    own = [each for each in entries if each.version == version]
    counted = [each for each in own if each.is_complete]
    lines = [
        "# Calibration",
        "",
        "<!-- Written by `tox run -e calibrate -- --runs 0 --write FILE` from the ledger. -->",
        "",
        f"PyTorch {version[0]} is taken to be correct: each alarm is then a false one. "
        f"Suite {version[1]}.",
        "",
        *_runs(counted),
        *_notes(entries, own),
        *_alarms(counted),
        *_p_values([p for each in counted for p in each.exact.values()]),
        *_kernels(counted),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _runs(counted: Sequence[Entry]) -> Iterator[str]:
    yield "## Runs and alarms"
    yield ""
    yield (
        f"The last column is the upper confidence bound ({_CONFIDENCE}, Clopper–Pearson) of the "
        "share of runs that raise an alarm; of no alarm in n runs it is about 3/n."
    )
    yield ""
    yield "| profile | setting | runs | decisions | values | hours | alarms | alarm rate below |"
    yield "| --- | --- | --: | --: | --: | --: | --: | --: |"
    for profile in dict.fromkeys(each.profile for each in counted):
        of_profile = [each for each in counted if each.profile == profile]
        for name in SETTINGS:
            yield from _row(profile, name, [e for e in of_profile if e.setting == name])
        yield from _row(profile, "all", of_profile)
    yield from _row("all", "all", counted)
    yield ""


def _row(profile: str, setting: str, counted: Sequence[Entry]) -> Iterator[str]:
    if counted or profile == "all":
        alarms = sum(each.is_alarm for each in counted)
        hours = sum(each.seconds for each in counted) / 3600
        yield (
            f"| {profile} | {setting} | {count(len(counted))} "
            f"| {count(sum(each.decisions for each in counted))} "
            f"| {count(sum(each.values for each in counted))} | {number(hours, 2)} "
            f"| {count(alarms)} | {number(rate_bound(alarms, len(counted)), 2)} |"
        )


def _notes(entries: Sequence[Entry], own: Sequence[Entry]) -> Iterator[str]:
    others: dict[tuple[str, str], int] = defaultdict(int)
    for each in entries:
        others[each.version] += each not in own
    for (torch, suite), amount in others.items():
        if amount:
            yield (
                f"{plural(amount, 'run')} of PyTorch {torch} and suite {suite} in the ledger "
                "cannot be added to these and are not counted."
            )
            yield ""
    gaps = [each for each in own if not each.is_complete]
    if gaps:
        seeds = ", ".join(f"{each.seed} (exit code {each.code})" for each in gaps)
        yield f"Runs with gaps, which are not counted: run seeds {seeds}."
        yield ""


def _alarms(counted: Iterable[Entry]) -> Iterator[str]:
    found = [each for each in counted if each.is_alarm]
    if not found:
        return
    yield "Alarms, each kept with its evidence:"
    yield ""
    for each in found:
        setting = SETTINGS.get(each.setting, Setting(each.setting))
        yield f"- run seed {each.seed}, {each.profile}, {setting.name} ({setting.words}):"
        if not each.alarms:
            yield "  - a failure beside the cells"
        for alarm in each.alarms:
            yield f"  - {plain(alarm.get('said', ''))}  "
            yield f"    `{plain(setting.command(alarm.get('replay', '')))}`"
    yield ""


def _p_values(values: Sequence[float]) -> Iterator[str]:
    yield "## Exact p-values"
    yield ""
    found = uniformity(values)
    if found is None:
        yield "No run has any."
        yield ""
        return
    yield (
        "One for each cell and run, chosen by a rule that does not look at the values; they are "
        "independent and, if the suite and PyTorch are right, uniform. The k-th smallest of m "
        "follows Beta(k, m − k + 1); the last column is the probability of one as small."
    )
    yield ""
    yield "| k | k-th smallest | its median | probability |"
    yield "| --: | --: | --: | --: |"
    for rank in smallest(values):
        yield (
            f"| {rank.rank} | {p_value(rank.seen)} | {p_value(rank.median)} "
            f"| {number(rank.probability, 2)} |"
        )
    yield ""
    yield found.sentence if found.usual else f"**{found.sentence}**"
    yield ""


def _kernels(counted: Iterable[Entry]) -> Iterator[str]:
    yield "## Kernels"
    yield ""
    rows: dict[str, set[str]] = defaultdict(set)
    for each in counted:
        known = ", ".join(f"{name} {value}" for name, value in each.kernels.items())
        rows[each.setting].add(known)
    yield "| setting | environment | kernels |"
    yield "| --- | --- | --- |"
    for name, setting in SETTINGS.items():
        for known in sorted(rows.get(name, ())):
            yield f"| {name} | `{setting.words}` | {plain(known)} |"
