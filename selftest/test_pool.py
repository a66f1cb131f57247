"""The pool of a cell: how many values it draws, and where it gives up."""

from __future__ import annotations

import pytest

from strategies import Interval
from verify import backends
from verify.engine.cases import Cases
from verify.engine.pool import Pool
from verify.plan.profiles import PROFILES
from verify.plan.run import Cell, Run
from verify.subjects import SUBJECTS
from verify.subjects.initializer_cases import SparseCase, UniformCase
from verify.subjects.subject import Stratum

RUN = Run(20_260_101, PROFILES["smoke"], 60.0, 0)


def filled(case: SparseCase, values: int) -> tuple[int, int]:
    """Values in the pool of a single case, and calls that were made for it."""
    cases = Cases(Cell(SUBJECTS["sparse_"], backends.known()["cpu"], "float32"), RUN, "law")
    pool = Pool(cases)
    pool.add(case, cases.draw(case, "0", 1, sort=True))
    pool.fill(values)
    return pool.evidence.statistics["distribution"].n, cases.calls


@pytest.mark.parametrize("sparsity", [0.1, 0.9])
def test_a_pool_is_filled(sparsity: float) -> None:
    held, calls = filled(SparseCase((100, 3), sparsity, 1.0), 1 << 12)
    assert held >= 1 << 12 and calls < 200


def test_a_pool_of_what_is_nearly_all_zeros_ends_by_its_cost() -> None:
    """One value in 10,000 is drawn: a pool of all that are wanted would take hours."""
    held, calls = filled(SparseCase((10_000, 1), 0.9999, 1.0), 1 << 12)
    assert 0 < held < 1 << 12 and calls < 1 << 9


def test_a_pool_leaves_out_what_a_known_deviation_explains() -> None:
    """On [6.9375, 7) one value in 2^18 is the excluded bound: it must not spoil the pool."""
    case = UniformCase((1 << 12,), Interval(6.9375, 7.0))
    cell = Cell(SUBJECTS["Uniform.rsample"], backends.known()["cpu"], "float32")
    pool = Pool(Cases(cell, RUN, "operation"), lambda _case: ("support",))
    pool.add(case, pool.drawn.draw(case, "0", 1, sort=True))
    pool.fill(1 << 20)
    pool.stratify(Stratum("narrow", (case,)), 1 << 12)
    assert pool.evidence.statistics["distribution"].n >= 1 << 20
    assert "support" not in pool.evidence.statistics
