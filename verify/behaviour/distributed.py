"""Verdicts of what several processes are asked together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.ranks.group import RankDied, missing

_HELD = ("cpu", "host")
"""Backends whose tensors ranks can hold: NCCL and its like have never been tried."""


def on_ranks(asked: Outcome, verify: Callable[[], Outcome]) -> Outcome:
    """What is found out with the help of ranks: one that dies takes no other cell with it.

    Parameters
    ----------
    asked : Outcome
        Without findings.
    verify : callable
    """
    if asked.backend not in _HELD:
        lacking = f"not tested: ranks hold tensors of the CPU, not of {asked.backend}"
        return replace(asked, verdict=Verdict.NOT_TESTED, reason=lacking)
    if lacking := missing():
        return replace(asked, verdict=Verdict.NOT_TESTED, reason=lacking)
    try:
        return verify()
    except RankDied as reason:
        return replace(asked, verdict=Verdict.CRASHED, reason=f"{reason}")
