"""Every profile stays within its budget of decisions on two backends: 10⁶ at 1e-12 each."""

from collections.abc import Iterator
from dataclasses import replace

from verify import (
    test_defaults,
    test_independence,
    test_laws,
    test_layouts,
    test_operations,
    test_propagation,
    test_recipes,
    test_resets,
    test_streams,
)
from verify.checks.bounds import ALPHA
from verify.engine.explore import verify_cell
from verify.plan.profiles import PROFILES, Extent, Profile
from verify.plan.run import Cell, Run, cells
from verify.subjects.layouts import LAYOUTS

BUDGET = 1e-6
SHARE = 0.8
"""Of the budget for what is drawn by a law; the rest is for exact comparisons, which no chance
turns red, but which are counted as decisions all the same."""

BACKENDS = 2
"""A CPU and an accelerator beside it."""

STRIDE = 11
EXAMPLES = 2

ASKED = {  # Promise: the test that asks for it, and whether it fills a pool.
    "law": (test_laws.test_law, 1.0),
    "default": (test_defaults.test_default, 1.0),
    "reset": (test_resets.test_reset, 1.0),
    "materialisation": (test_resets.test_materialisation, 0.0),
    "operation": (test_operations.test_operation, 1.0),
    "propagation": (test_propagation.test_propagation, 1.0),
    "recipe": (test_recipes.test_recipe, 1.0),
    "independence": (test_independence.test_independence, 1.0),
    "neighbouring seeds": (test_streams.test_neighbouring_seeds, 0.0),
    **dict.fromkeys(LAYOUTS, (test_layouts.test_layout, 0.0)),
}

_FEW = Extent(EXAMPLES, 1 << 8, 4, 1 << 8, 1 << 10, stratum_values=1 << 8, largest=1 << 16)
_LEAN = replace(_FEW, examples=4 * EXAMPLES, case_values=1 << 10, case_calls=16, max_numel=1 << 13)


def named(test, marker: str) -> set[str]:
    return {name for mark in test.pytestmark if mark.name == marker for name in mark.args}


def asked(promise: str) -> list[Cell]:
    """The cells of a promise, as collection chooses them."""
    test, _ = ASKED[promise]
    names, families, dtypes = (named(test, m) for m in ("subjects", "families", "dtypes"))
    return [
        cell
        for cell in cells(["cpu"])
        if promise in cell.subject.fill_methods
        and (not names or cell.subject.name in names)
        and (not families or cell.subject.family in families)
        and (not dtypes or cell.dtype_name in dtypes)
    ]


def measured(promise: str) -> Iterator[tuple[float, Cell, float, int]]:
    """Of some cells how many they stand for, and their decisions: of a case, and of the pool."""
    pool = ASKED[promise][1]
    every = asked(promise)
    some = every[len(every) % STRIDE // 2 :: STRIDE] or every[:1]
    few = Profile("few", *[_FEW if pool else _LEAN] * 2)
    for cell in some:
        outcome = verify_cell(cell, Run(1, few, 60.0, 0), promise, pool=pool)
        whole = sum(finding.scope == "cell" for finding in outcome.findings)
        of_case = (outcome.decisions - whole) / max(1, outcome.cases)
        yield len(every) / len(some), cell, of_case, whole


def test_the_union_bound_of_a_run_stays_below_one_in_a_million():
    """Predicted from every eleventh cell, as if no case were drawn twice."""
    sampled = {promise: [*measured(promise)] for promise in ASKED}
    for name in PROFILES:
        total = BACKENDS * sum(_predicted(name, sampled))
        print(f"{name}: {total:,.0f} decisions predicted")
        assert total > 10_000
        assert total * ALPHA < SHARE * BUDGET, name


def _predicted(name: str, sampled: dict[str, list[tuple[float, Cell, float, int]]]):
    """The decisions of all the cells that each sampled one stands for, in a profile."""
    for promise, found in sampled.items():
        for times, cell, of_case, whole in found:
            extent = PROFILES[name].of(cell.subject.family)
            extent = extent if ASKED[promise][1] else extent.lean()
            cases = extent.examples + len(cell.subject.anchors)
            yield times * (of_case * cases + whole)
