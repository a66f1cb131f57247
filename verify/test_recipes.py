"""Every parameter and buffer of a model follows its recipe, however it is come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from verify import torch_api
from verify.checks.finding import Finding
from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.outcome.verdict import Verdict
from verify.plan import containment, watchdog
from verify.plan.run import Cell, Run
from verify.quoting import said
from verify.subjects import Recipe
from verify.subjects.recipes import ARCHITECTURES, RECIPES
from verify.subjects.recipes.ways import FROM_CHECKPOINT, FROM_META

_FEW = tuple(row.name for row in RECIPES if row not in ARCHITECTURES)
"""What smoke asks."""


@pytest.mark.families("recipe")
@pytest.mark.smoke(*_FEW)
def test_recipe(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Parameter by parameter: the model is built anew for every call."""
    # How a dtype rounds each draw is the matter of the initializers' laws.
    narrow = cell.subject in RECIPES and not cell.is_wide
    conclude(_verified(cell, run, "recipe", pool=0.0 if narrow else 1.0))


@pytest.mark.subjects(*(row.name for row in RECIPES if FROM_META in row.fill_methods))
@pytest.mark.dtypes("float32")
@pytest.mark.smoke(*_FEW)
def test_from_meta(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Built on the meta device, moved to memory that holds anything, and initialised there."""
    conclude(_verified(cell, run, FROM_META, pool=0.0))


@pytest.mark.subjects(*(row.name for row in RECIPES if FROM_CHECKPOINT in row.fill_methods))
@pytest.mark.dtypes("float32")
@pytest.mark.smoke(*_FEW)
def test_from_checkpoint(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Loaded from a checkpoint that lacks half of the tensors, others in every call."""
    conclude(_verified(cell, run, FROM_CHECKPOINT, pool=0.0))


def _verified(cell: Cell, run: Run, promise: str, *, pool: float = 1.0) -> Outcome:
    recipe = cell.subject
    assert isinstance(recipe, Recipe)
    asked = Outcome.for_cell(promise, cell.names, recipe)
    if reason := _untested(recipe, run):
        return replace(asked, verdict=Verdict.NOT_TESTED, reason=reason)
    return _unbuilt(asked, recipe, run) or verify_cell(cell, run, promise, pool=pool)


def _untested(recipe: Recipe, run: Run) -> str:
    """Why nothing of a recipe can be tested. Importing its package may do anything."""
    with (
        watchdog.limit(max(run.time_limit, watchdog.IMPORT)),
        watchdog.staying(everywhere=True),
        containment.contained(),
    ):
        return recipe.untested


def _unbuilt(asked: Outcome, recipe: Recipe, run: Run) -> Outcome | None:
    """What is to be said of a recipe whose models cannot be built aside; nothing if they can."""
    for anchor in recipe.anchors:
        try:
            with watchdog.limit(run.time_limit), torch_api.memory_for(anchor):
                recipe.tensors(anchor)
        except watchdog.TimedOut as error:
            return asked.timed_out(error, anchor)
        except torch_api.OutOfMemory as error:
            return replace(asked, verdict=Verdict.ERROR, reason=str(error))
        except Exception as error:
            # A package loads what it needs when a model is built.
            if recipe.package and isinstance(error, ImportError):
                reason = f"not tested: broken companion: {recipe.package} raises {said(error)}"
                return replace(asked, verdict=Verdict.NOT_TESTED, reason=reason)
            broken = Finding.broken("raises", said(error), anchor, error)
            return replace(asked, findings=(broken,), verdict=Verdict.FAIL)
    return None
