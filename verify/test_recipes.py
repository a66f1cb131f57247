"""Every parameter of a model follows its recipe."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable

import pytest

from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan.run import Cell, Run
from verify.subjects import Recipe


@pytest.mark.families("recipe")
def test_recipe(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Parameter by parameter: the model is built anew for every call."""
    recipe = cell.subject
    assert isinstance(recipe, Recipe)
    if recipe.untested:
        conclude(_untested(cell, recipe))
        return
    if recipe.package and (broken := _broken(recipe.package)):
        pytest.fail(broken, pytrace=False)
    conclude(verify_cell(cell, run, "recipe"))


def _broken(package: str) -> str:
    """Why an installed package cannot be imported; or nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # What a package warns of while it is imported.
            importlib.import_module(package)
    except Exception as reason:
        said = str(reason).partition("\n")[0]
        return f"{package} is installed, but importing it raises {type(reason).__name__}: {said}"
    return ""


def _untested(cell: Cell, recipe: Recipe) -> Outcome:
    return Outcome(
        promise="recipe",
        subject=recipe.name,
        backend=cell.backend.name,
        dtype=cell.dtype_name,
        words=recipe.words,
        formula=recipe.formula,
        source=recipe.source,
        findings=(),
        verdict="not tested",
        reason=recipe.untested,
    )
