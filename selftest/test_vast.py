"""Rows of vectors that 31 bits cannot number, with 16 bits in their place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from verify import backends
from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan.profiles import PROFILES
from verify.plan.run import Cell, Run
from verify.subjects.operations import vast

ROWS = {row.name.split()[0]: row for row in vast.VAST}
FIRST = 1 << 16


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vast, "FIRST", FIRST)
    monkeypatch.setattr(vast, "_PIECE", 1 << 12)


def verified(name: str) -> Outcome:
    row = ROWS[name]
    cell = Cell(row, backends.known()["cpu"], row.dtypes[0])
    return verify_cell(cell, Run(1, PROFILES["smoke"], 60.0, 0), "operation", pool=0.0)


@pytest.mark.parametrize("name", ROWS)
def test_what_pytorch_draws_passes(name: str) -> None:
    outcome = verified(name)
    assert (outcome.final_verdict, outcome.calls) == ("pass", 1)


def _left(fill: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Indices end with 16 bits: what lies beyond stays as it was."""

    def filled(whole: Tensor, *arguments: float, generator: torch.Generator) -> Tensor:
        fill(whole[:FIRST], *arguments, generator=generator)
        return whole

    return filled


def _wrapped(fill: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The counter of the generator has 16 bits: it begins anew."""

    def filled(whole: Tensor, *arguments: float, generator: torch.Generator) -> Tensor:
        fill(whole[:FIRST], *arguments, generator=generator)
        end = len(whole) - FIRST
        whole[FIRST:] = whole[:FIRST].repeat(-(-end // FIRST))[:end]
        return whole

    return filled


def _halved(fill: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Beyond, values have half their size."""

    def filled(whole: Tensor, *arguments: float, generator: torch.Generator) -> Tensor:
        fill(whole, *arguments, generator=generator)
        whole[FIRST:] = (whole[FIRST:].double() / 2).to(whole.dtype)
        return whole

    return filled


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("planted", [_left, _wrapped, _halved])
def test_what_narrow_indices_do_is_found(
    name: str,
    planted: Callable[[Callable[..., Tensor]], Callable[..., Tensor]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.Tensor, name, planted(getattr(torch.Tensor, name)))
    assert verified(name).final_verdict == "fail"


def test_only_the_deep_profile_has_room() -> None:
    assert [name for name, profile in PROFILES.items() if profile.vast] == ["deep"]
