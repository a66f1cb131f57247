"""Each lawful alternative must pass; and must have been used."""

from __future__ import annotations

from pathlib import Path

import pytest

from selftest.lawful.alternative import Alternative, Declined
from selftest.lawful.alternatives import ALTERNATIVES, FAMILIES
from selftest.planted.runner import tried


@pytest.mark.parametrize("row", ALTERNATIVES.values(), ids=ALTERNATIVES)
def test_alternative_passes(row: Alternative, tmp_path: Path) -> None:
    """Every cell passes, as it does without the alternative."""
    result = tried(*row.nodes, folder=tmp_path, planted=row)
    wanted = f"{row.description}: lawful by {row.source}, so every cell must pass"
    assert result.exit_code == 0, result.explain(wanted)
    assert {cell["verdict"] for cell in result.cells} == {"pass"}, result.explain(wanted)
    assert len(result.cells) == len(row.nodes), result.explain(wanted)
    assert not row.missing(result.output), result.explain(
        f"{row.description}: it took no effect: the output lacks {row.missing(result.output)}"
    )


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_every_family_is_able_to_fail(family) -> None:
    """What is planted in the same way and breaks the law is among the planted faults."""
    assert family.CONTROLS


def _declining(*_args: object) -> None:
    raise Declined


def test_alternative_that_is_never_used_is_told() -> None:
    """What declines every call would pass whatever it were."""
    row = Alternative("idle", "idle", ("normal_",), lambda _: _declining, nodes=(), source="")
    assert row.replacement("normal_", lambda x: x + 1)(1) == 2
    assert row.missing(row.effect()) == ["normal_ was called "]
    used = Alternative("used", "used", ("normal_",), lambda original: original, nodes=(), source="")
    assert used.replacement("normal_", lambda x: x + 1)(1) == 2
    assert used.missing(used.effect()) == []
