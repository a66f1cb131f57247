"""Every parameter of a model follows its recipe."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verify.checks.finding import Finding
from verify.checks.words import WORDS
from verify.engine.explore import verify_cell
from verify.outcome.outcome import Outcome
from verify.plan import watchdog
from verify.plan.run import Cell, Run
from verify.quoting import said
from verify.subjects import Recipe


@pytest.mark.families("recipe")
def test_recipe(cell: Cell, run: Run, conclude: Callable[[Outcome], None]) -> None:
    """Parameter by parameter: the model is built anew for every call."""
    recipe = cell.subject
    assert isinstance(recipe, Recipe)
    if reason := recipe.untested:
        conclude(_outcome(cell, "not tested", reason=reason))
    else:
        conclude(_unbuilt(cell, recipe, run) or verify_cell(cell, run, "recipe"))


def _unbuilt(cell: Cell, recipe: Recipe, run: Run) -> Outcome | None:
    """What is to be said of a recipe whose models cannot be built aside; nothing if they can."""
    for anchor in recipe.anchors:
        try:
            with watchdog.limit(run.time_limit):
                recipe.tensors(anchor)
        except watchdog.TimedOut as error:
            return _broken(cell, "timed out", "time_limit", anchor, str(error))
        except ImportError as error:
            if recipe.package:  # It loads what it needs when a model is built.
                reason = f"not tested: broken companion: {recipe.package} raises {said(error)}"
                return _outcome(cell, "not tested", reason=reason)
            return _broken(cell, "fail", "raises", anchor, said(error))
        except Exception as error:
            return _broken(cell, "fail", "raises", anchor, said(error))
    return None


def _broken(cell: Cell, verdict: str, check: str, case: object, reason: str) -> Outcome:
    message = f"{WORDS[check].broken}: {reason}"
    finding = Finding(check, False, None, 1, message, scope="case", case=repr(case))
    return _outcome(cell, verdict, finding)


def _outcome(cell: Cell, verdict: str, *findings: Finding, reason: str = "") -> Outcome:
    return Outcome(
        promise="recipe",
        subject=cell.subject.name,
        backend=cell.backend.name,
        dtype=cell.dtype_name,
        words=cell.subject.words,
        formula=cell.subject.formula,
        source=cell.subject.source,
        findings=findings,
        verdict=verdict,
        reason=reason,
    )
