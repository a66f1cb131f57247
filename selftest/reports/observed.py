"""Small evidence as a run writes it: a statistic of every kind, and the lines of a night."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from reports.evidence import store
from selftest.reports import fakes
from verify.checks import statistics as kinds
from verify.laws import Family
from verify.outcome.evidence import Evidence


def observed(seed: int = 0) -> Evidence:
    """A statistic of every kind; those of many seeds together are lawful."""
    side = (-1.0) ** seed
    tails = np.full(2, 64 * kinds.BINS * kinds.TAIL).astype(np.int64)
    # As uneven as chance has it: equal counts in all bins would be a fault of their own.
    chance = np.full(kinds.BINS, 1 / kinds.BINS)
    counts = np.random.default_rng(seed).multinomial(64 * kinds.BINS, chance)
    pairs, triples = (np.full(n, 4) for n in (32**2, 8**3))
    normal = {
        "moments": kinds.NormalMoments(4096, 3.0 * side, 4100.0),
        "extremes": kinds.Extremes(4096, np.full(2, 1e-4), np.full(2, 1e-4), 0.0),
        "distribution": kinds.Histogram(counts, tails, 0.0),
        "correlation": kinds.Correlation({"a": 1.5 * side}, {"a": 99}),
        "position": kinds.Deviations(side * np.ones(3), np.full(3, 9), np.ones(3)),
        "atoms": kinds.Rare(0, 0.5, 100),
        "ends": kinds.Shares(4096, np.full(2, 9), np.full(2, 8.0), np.full(2, 16.0), 0.0),
        "orthogonality": kinds.Largest(4, 0.5),
        "singular_values": kinds.Tally(np.arange(12) / 8),
        "finite": kinds.Exact(100, 0),
        "products": kinds.Products(99, side, 98.0, 97.0, 200.0, 4.0, 200.0, 12.0),
        "lags": kinds.Lags(*np.full((2, 4095), 9 * int(side)), np.array([1, 1])),
        "joint": kinds.Cells(pairs, triples),
        "stretches": kinds.Stretches(1, 0.5, 100, 0.0, {"the first": 1}),
        "zero_position": kinds.Surplus(side * np.ones(3), np.full(3, 9), np.ones(3)),
        "call_means": kinds.CallMeans(64, 60.0, 66.0),
    }
    other = {"moments": kinds.SubGaussianMoments(4096, 3.0 * side, 4100.0)}
    signal = kinds.Signal(np.ones(9), np.ones(9), 99, 0.0, 0.1, 0.0)
    weight = Evidence(other, family=Family("uniform", ()))
    return Evidence({**normal, "signal": signal}, {"weight": weight}, Family("normal", ()))


def _line(seed: int) -> dict[str, Any]:
    seen = observed(seed)
    found = [*seen.findings("cell"), *seen.findings("case", "Case(n=1)")]
    return {
        **fakes.cell_line("normal_"), "schema": 2, "verdict": "pass", "n": 4096 + seed,
        "findings": [finding.to_json() for finding in found], "statistics": seen.to_json(),
        "tensors": {name: e.to_json() for name, e in seen.tensors.items()},
        "families": seen.families,
        "streams": {"a": "00"}, "excluded": ["far-tail"], "decisions": len(found),
    }  # fmt: skip


def night(seed: int) -> list[dict[str, Any]]:
    broken = {**fakes.cell_line("eye_"), "verdict": "known defect", "findings": [], "n": 0}
    cells = [_line(seed), {**broken, "statistics": {}}]
    defects = {"far-tail": {"versions": "all", "symptom": "too few", "link": "https://a.org/b"}}
    run = fakes.run_line(cell["nodeid"] for cell in cells)
    return [{**run, "schema": 2, "run_seed": seed, "defects": defects}, *cells]


def write(folder: Path, lines: list[bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / store.EVIDENCE).write_bytes(b"\n".join(lines))
    return folder


def raw(lines: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(line).encode() for line in lines]
