"""Verdicts of what several processes are asked together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.ranks.group import RankDied, missing


def on_ranks(asked: Outcome, verify: Callable[[], Outcome]) -> Outcome:
    """What is found out with the help of ranks: one that dies takes no other cell with it.

    Parameters
    ----------
    asked : Outcome
        Without findings.
    verify : callable
    """
    if lacking := missing("cpu" if asked.backend == "host" else asked.backend):
        return replace(asked, verdict=Verdict.NOT_TESTED, reason=lacking)
    try:
        return verify()
    except RankDied as reason:
        return replace(asked, verdict=Verdict.CRASHED, reason=f"{reason}")
