"""Drawn cases follow from the seed and the strategy alone."""

import sys
import types

from hypothesis import strategies as st

from verify.plan.drawing import for_each_case

SOURCE = "ODD = 738_251_947\n"


def drawn():
    seen = []
    for_each_case(st.integers(0, 1 << 40), seen.append, seed=7, examples=300)
    return seen


def test_cases_do_not_depend_on_constants_of_local_modules(tmp_path, monkeypatch):
    """Hypothesis looks for constants in the source of whatever local module is loaded."""
    before = drawn()
    path = tmp_path / "odd.py"
    path.write_text(SOURCE)
    module = types.ModuleType("odd")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "odd", module)
    monkeypatch.chdir(tmp_path)
    assert drawn() == before
    assert 738_251_947 not in before
