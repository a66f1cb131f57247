"""Pictures of whole matrices: singular values, and where the zeros of sparse ones lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reports.evidence.records import CellRecord
from reports.page import matrices, pictures, views
from selftest.checks import test_orthogonal as orthogonal
from selftest.checks import test_sparsity as sparsity
from selftest.checks.support import stream
from selftest.reports import fakes
from selftest.reports.page.test_values import _columns
from verify.checks.spectrum import BEYOND, BINS, WITHIN
from verify.laws import Sparse

HAAR = orthogonal.haar(40, 8, 6, stream("haar"))


def _spectrum(made: np.ndarray) -> pictures.Picture:
    counts = orthogonal.reduced(made, dtype="float32")["singular_values"].counts
    drawn = matrices.singular_values(counts.tolist())
    assert drawn is not None
    return drawn


def _scaled_row(factor: float) -> np.ndarray:
    made = HAAR.transpose(0, 2, 1).copy()
    made[:, 0] *= factor
    return made


def test_lawful_singular_values_stand_at_the_gain() -> None:
    drawn = _spectrum(HAAR)
    assert not _columns(drawn.svg, "bar bad")
    assert drawn.meaning == (
        "All 240 singular values that were taken equal the gain, but for rounding."
    )


@pytest.mark.parametrize(
    ("made", "below", "above", "farthest"),
    [
        (2**0.5 * HAAR, 0, 240, "18 to 56 %"),
        (0.5 * HAAR, 240, 0, "18 to 56 %"),
        (1.01 * HAAR, 0, 240, "0.56 to 1.8 %"),
        (_scaled_row(1.1), 0, 40, "5.6 to 18 %"),
        (_scaled_row(0.0), 40, 0, "56 to 100 %"),
    ],
    ids=["√2", "half", "one percent", "a row too long", "a row of zeros"],
)
def test_a_fault_shows_at_its_size(made: np.ndarray, below: int, above: int, farthest: str) -> None:
    drawn = _spectrum(made)
    assert drawn.meaning == (
        f"Of 240 singular values, {below} are smaller than the gain and {above} larger, by more "
        f"than rounding may do; the farthest by {farthest}."
    )
    assert _columns(drawn.svg, "bar bad")
    assert bool(_columns(drawn.svg, "bar")) == (below + above < 240)


def test_one_of_thousands_is_seen() -> None:
    counts = np.zeros(BINS)
    counts[BEYOND + WITHIN // 2], counts[-4] = 1e6, 1
    drawn = matrices.singular_values(counts.tolist())
    assert drawn is not None
    ((_, _, height),) = _columns(drawn.svg, "bar bad")
    assert height >= 1


@pytest.mark.parametrize("counts", [[0.0] * BINS, [1.0] * (BINS - 1), []])
def test_no_singular_values_no_picture(counts: list[float]) -> None:
    assert matrices.singular_values(counts) is None
    assert matrices.rows_of_zeros([]) is None


LAW = Sparse(0.1, 1.0)


def _rows(places: np.ndarray | None = None) -> pictures.Picture:
    made = sparsity.matrices(20, 100, 50, LAW, stream("rows"), places)
    counts = sparsity.reduced(made, LAW)["zero_rows"].counts
    drawn = matrices.rows_of_zeros(counts.tolist())
    assert drawn is not None
    return drawn


def test_zeros_that_fall_anywhere_keep_to_the_band() -> None:
    drawn = _rows()
    assert not _columns(drawn.svg, "bar bad") and len(_columns(drawn.svg, "bar")) == 32
    assert "10\u202f000 zeros" in drawn.meaning and "all keep to the band" in drawn.meaning


def test_zeros_that_prefer_the_first_rows_show() -> None:
    rng = stream("first rows")
    score = rng.random((20, 100, 50)) * np.linspace(1, 3, 100)[None, :, None]
    drawn = _rows(score.argsort(1).argsort(1) < LAW.zeros(100))
    bad = _columns(drawn.svg, "bar bad")
    assert min(x for x, *_ in bad) < 60 and "leave the band of chance" in drawn.meaning
    # The first bars are the tallest.
    every = sorted([*bad, *_columns(drawn.svg, "bar")])
    assert every[0][2] > 2 * every[-1][2]


def _meanings(tallies: dict[str, Any], **entries: Any) -> list[str]:
    line = {**fakes.cell_line("orthogonal_"), **entries}
    line["statistics"] = {name: {"kind": "tally", "counts": c} for name, c in tallies.items()}
    (view,) = views.views([CellRecord.from_json(line)])
    return [picture.meaning for picture in view.pictures(fakes.ALPHA) if picture]


def test_a_cell_shows_its_tallies() -> None:
    counts = np.zeros(BINS)
    counts[BEYOND] = 9
    told = _meanings({"singular_values": counts.tolist(), "zero_rows": [4.0] * 8})
    assert any(meaning.startswith("All 9 singular values") for meaning in told)
    assert any(meaning.startswith("32 zeros") for meaning in told)


def test_the_tensor_that_failed_is_the_one_that_is_drawn() -> None:
    wrong = "weight_hh"
    line = fakes.module_line(scaled=wrong)
    tally = {"zero_rows": {"kind": "tally", "counts": [1.0] * 4}}
    line["tensors"] = {"a": tally, wrong: tally, "z": tally}
    (view,) = views.views([CellRecord.from_json(line)])
    told = [p.meaning for p in view.pictures(fakes.ALPHA) if p and "Rows of the" in p.svg]
    assert len(told) == 1 and told[0].startswith(f"{wrong}: 4 zeros")
