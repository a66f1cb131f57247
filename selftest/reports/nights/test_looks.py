"""Sums of any number of nights: whatever is decided late is decided with numbers."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

from reports.__main__ import main
from reports.nights import pool
from selftest.reports.observed import night, raw, write
from verify.checks import bounds, correlation_bounds, count_bounds
from verify.checks import statistics as kinds
from verify.checks.finding import Finding
from verify.outcome.evidence import Evidence

LOOKS = (1, 2, 3, 10, 30, 51, 52, 53, 54, 60, 100, 365, 1000, 3650, 10_000, 100_000)
LEVELS = [pool.level(bounds.ALPHA, look) for look in LOOKS]


def _large(n: int = 1 << 24) -> Evidence:
    """A statistic of every kind, of as many values as a cell pools."""
    # Each of 64 cells is a standard error too full or too empty: chi-square is at its mean.
    uneven = round(math.sqrt(n / 64) / 64) * np.repeat(np.resize([1, -1], 64), kinds.BINS // 64)
    counts = n // kinds.BINS + uneven
    tails = np.full(2, int(n * kinds.TAIL))
    return Evidence(
        {
            "moments": kinds.NormalMoments(n, 0.0, float(n)),
            "extremes": kinds.Extremes(n, np.full(2, 1 / n), np.full(2, 1 / n), 0.0),
            "distribution": kinds.Histogram(counts, tails, 0.0),
            "kolmogorov_smirnov": kinds.Kolmogorov(n, 1e-4, 0.0),
            "correlation": kinds.Correlation({"a": 1.5}, {"a": n}),
            "position": kinds.Deviations(np.ones(3), np.full(3, n), np.ones(3)),
            "atoms": kinds.Rare(0, 0.5, n),
            "duplicates": kinds.Rare(900, 1000.0, n),
            "products": kinds.Products(n, 0.0, n, n, 2.0 * n, 4.0, 8.0 * n, 12.0),
            "signal": kinds.Signal(np.ones(9), np.ones(9), n, 0.0, 1e-3, 0.0),
        },
        {"weight": Evidence({"moments": kinds.SubGaussianMoments(n, 0.0, float(n))})},
    )


def _sizes(findings: list[Finding]) -> dict[tuple[str, str], float]:
    return {(f.tensor, f.check): f.detectable.size for f in findings if f.detectable is not None}


@pytest.mark.parametrize("n", [1 << 20, 1 << 24, 1 << 34])
def test_whatever_could_be_seen_is_a_number_and_grows_with_the_looks(n: int) -> None:
    sizes = [_sizes(_large(n).findings("cell", level=level)) for level in LEVELS]
    first = sizes[0]
    assert len(first) >= 11  # Chi-square says no size.
    for earlier, later in itertools.pairwise(sizes):
        assert later.keys() == first.keys()
        for place, size in later.items():
            assert 0 < earlier[place] <= size < math.inf, place


def test_a_lawful_sum_passes_at_every_look() -> None:
    for level in LEVELS:
        found = _large().findings("cell", level=level)
        assert [f.check for f in found if not f.passed] == []
        assert not any(f.p_value is not None and math.isnan(f.p_value) for f in found)


def test_levels_fall_and_never_vanish() -> None:
    for earlier, later in itertools.pairwise(LEVELS):
        assert 0 < later < earlier
    assert pool.level(bounds.ALPHA, 10**9) > 0


@pytest.mark.parametrize("level", [*LEVELS, 1e-60, 1e-200])
def test_every_threshold_is_a_number(level: float) -> None:
    n = 1 << 24
    found = {
        "band": bounds.dkw_band(n, level),
        "ks": bounds.ks_detectable(n, 1e-9, level),
        "scale": bounds.scale_detectable(n, level),
        "sub-Gaussian": bounds.sub_gaussian_scale_detectable(n, level),
        "sub-gamma": bounds.sub_gamma_quantile(2.0 * n, 4.0, level),
        "correlation": correlation_bounds.threshold(n, level),
        **{f"rare {e}": count_bounds.rare_threshold(10.0**e, level) for e in range(-30, 13)},
        **{f"count {e}": count_bounds.count_detectable(10.0**e, level / 4) for e in range(-6, 13)},
    }
    assert {name for name, value in found.items() if not 0 < value < math.inf} == set()


@pytest.mark.parametrize("level", [1e-3, 1e-12, 1e-16, 1e-25])
@pytest.mark.parametrize("expected", [1e-3, 0.5, 10.0, 1024.0, 1e6])
def test_a_count_is_detectable_with_the_power_that_is_said(level: float, expected: float) -> None:
    """The alarm is the smallest count whose Poisson probability is at most the level."""
    alarm = math.ceil(special.gdtrib(1.0, level, expected))
    assert stats.poisson.sf(alarm - 1, expected) <= level * (1 + 1e-6)
    assert stats.poisson.sf(alarm - 2, expected) > level * (1 - 1e-6)
    seen = expected * (1 + count_bounds.count_detectable(expected, level))
    assert stats.poisson.sf(alarm - 1, seen) == pytest.approx(0.999, abs=1e-9)


def test_sixty_nights_add_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nights = [write(tmp_path / f"{seed}", raw(night(seed))) for seed in range(60)]
    out = tmp_path / "sum"
    assert main(["merge", str(out), *map(str, nights)]) == 0
    assert "PASS: The one cell keeps its promise; known defects" in capsys.readouterr().out
    # And the sum of so many is a part like any other.
    more = write(tmp_path / "60", raw(night(60)))
    assert main(["merge", str(out), str(out), str(more)]) == 0
    assert "61 run seeds" in (out / "cpu.html").read_text(encoding="utf-8")


def test_a_sum_that_cannot_be_decided_is_an_error_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each night can be read, but its histogram has bins of another suite."""
    nights = []
    for seed in range(3):
        run, cell, other = night(seed)
        odd = {"kind": "histogram", "counts": [50, 50], "tails": [0, 0], "resolution": 0.0}
        cell["statistics"] = {**cell["statistics"], "distribution": odd}
        nights.append(write(tmp_path / f"{seed}", raw([run, cell, other])))
    assert main(["merge", str(tmp_path / "sum"), *map(str, nights)]) == 3
    said = capsys.readouterr().out
    assert "error: normal_ · float32 · cpu · law" in said
    assert "adds up to nothing that can be decided" in said and "leave it out" in said


def test_a_lost_line_or_run_line_makes_the_sum_incomplete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though nothing that is planned is missing: a damaged run line planned who knows what."""
    whole = write(tmp_path / "1", raw(night(1)))
    for number, bad in enumerate((b"{", raw(night(2))[0].replace(b"1e-12", b"0"))):
        torn = write(tmp_path / f"torn {number}", [*raw(night(2)), bad])
        assert main(["merge", str(tmp_path / f"sum {number}"), str(whole), str(torn)]) == 3
        assert "Line 4 of evidence.jsonl was not used" in capsys.readouterr().out


def test_a_damaged_target_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, target = write(tmp_path / "1", raw(night(1))), write(tmp_path / "2", raw(night(2))[1:])
    before = (target / "evidence.jsonl").read_bytes()
    with pytest.raises(SystemExit, match="4"):
        main(["merge", str(target), str(whole)])
    assert "would be lost" in capsys.readouterr().err
    assert (target / "evidence.jsonl").read_bytes() == before
