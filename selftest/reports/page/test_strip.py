"""The overview and what is printed: every cell a point, and never more than some sheets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.evidence.records import CellRecord, Report, RunRecord
from reports.page import matrix, paper, render, strip, views
from verify.outcome.verdict import Verdict


def _cells(amount: int, promise: str = "law", kind: str = "pass") -> list[CellRecord]:
    names = {"promise": promise, "dtype": "float32", "backend": "cpu", "verdict": Verdict(kind)}
    return [
        CellRecord(nodeid=f"{promise}{kind}{i}", subject=f"{kind}{i}", **names)
        for i in range(amount)
    ]


def _groups(*cells: CellRecord) -> list[matrix.Group]:
    return matrix.groups(views.views(cells))


@pytest.fixture
def page(tmp_path: Path) -> str:
    cells = (*_cells(2990), *_cells(3, "reset", "fail"), *_cells(7, "reset"))
    other = [cell for cell in _cells(7, "default") if cell.subject != "pass3"]
    run = Report(RunRecord(), (*cells, *other, *_cells(1, "default", "crashed")))
    render.build(run, tmp_path)
    return (tmp_path / "cpu.html").read_text(encoding="utf-8")


def test_each_tile_has_its_point_in_the_same_order(page: str) -> None:
    tiles = re.findall(r'class="tile ([\w-]+)"', page)
    overview = page.partition('<div class="patches"')[2].partition('<p class="muted key">')[0]
    points = [slug or "pass" for slug in re.findall(r'<i(?: class="([\w-]+)")?></i>', overview)]
    assert points == tiles and len(points) == 3007
    assert points[:3] == ["fail"] * 3
    assert len(overview.encode()) < 60_000
    assert "3 fail, 1 crashed, 3\u202f003 pass" in overview


def test_a_patch_has_room_for_its_title_and_for_every_subject() -> None:
    small, large = strip.patches(_groups(*_cells(1, "default"), *_cells(250)))[::-1]
    assert small.width > len(small.group.title)
    assert large.width >= strip.MOST_COLUMNS and large.height >= 3 * 2
    assert small.height < large.height


def test_few_rows_are_all_printed() -> None:
    groups = _groups(*_cells(20), *_cells(2, "law", "fail"))
    sheet = paper.printed(groups, 22)
    assert all(sheet.has(row) for group in groups for row in group.rows)
    assert sheet.omitted(groups[0]) == 0


def test_of_many_rows_what_needs_attention_is_printed() -> None:
    groups = _groups(*_cells(20), *_cells(2, "law", "fail"))
    sheet = paper.printed(groups, 21)
    assert {row.subject for row in groups[0].rows if sheet.has(row)} == {"fail0", "fail1"}
    assert sheet.omitted(groups[0]) == 20


def test_of_many_failures_the_first_are_printed() -> None:
    groups = _groups(*_cells(30, "reset", "fail"), *_cells(30, "law", "fail"))
    sheet = paper.printed(groups, 40)
    assert [sheet.omitted(group) for group in groups] == [0, 20]


def test_what_is_not_printed_is_said(page: str) -> None:
    assert page.count('<tr class="unprinted">') == 2990 + 7 + 6
    assert '<p class="paper">2\u202f990 subjects not listed on paper</p>' in page
    assert "The cells themselves" in page
