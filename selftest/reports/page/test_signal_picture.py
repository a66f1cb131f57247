"""The picture of a signal on its way through many layers."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from reports.evidence.records import CellRecord
from reports.page import pictures
from selftest.reports import fakes


def _classes(picture: pictures.Picture) -> set[str]:
    return {element.get("class", "") for element in ElementTree.fromstring(picture.svg).iter()}


@pytest.mark.parametrize("factor", [0.16, 1.0, 16.0])
def test_signal_and_theory_are_drawn(factor: float) -> None:
    picture = pictures.signal([(1.1 * factor**i, factor**i) for i in range(1, 101)])
    assert picture is not None
    assert {"line", "theory"} <= _classes(picture)
    assert picture.meaning.startswith("After 100 layers")
    assert len(picture.svg) < 5_000


def test_a_signal_that_overflows_ends_where_it_does() -> None:
    sizes = [10.0, 100.0, math.inf, math.nan]
    picture = pictures.signal([(size, 10.0**i) for i, size in enumerate(sizes, start=1)])
    assert picture is not None
    assert picture.meaning == (
        "After 2 layers the standard deviation is 100; "
        "theory, for infinitely wide layers, says 100."
    )


def test_a_signal_beyond_its_dtype_says_where_that_ends() -> None:
    layers = [(16.0**i, 16.0**i) for i in range(1, 101)]
    picture = pictures.signal(layers, "float32")
    assert picture is not None and "limit" in _classes(picture)
    assert "float32 ends here" in picture.svg
    assert picture.meaning.endswith("in float32 it overflows at layer 32.")
    faded = pictures.signal([(1 / a, 1 / b) for a, b in layers], "float32")
    assert faded is not None and faded.meaning.endswith("in float32 it vanishes at layer 38.")
    held = pictures.signal(layers, "float64")
    assert held is not None and "limit" not in _classes(held)


@pytest.mark.parametrize("layers", [[], [(0.0, 1.0)], [(math.nan, 1.0)]])
def test_nothing_to_show(layers: list[tuple[float, float]]) -> None:
    assert pictures.signal(layers) is None


def test_the_layers_are_read_from_the_evidence() -> None:
    line = fakes.cell_line()
    signal = {"kind": "signal", "observed": [1.0, 2.0], "expected": [1.5, 2.5]}
    cell = CellRecord.from_json({**line, "statistics": {"signal": signal}})
    assert cell.signal == ((1.0, 1.5), (2.0, 2.5))
    assert CellRecord.from_json(line).signal == ()
