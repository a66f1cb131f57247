"""Imports that are rewritten as a wheel is built, and those that are refused."""

from __future__ import annotations

import ast

import pytest

from initlaws_build.relocation import Immovable, Relocation

RELOCATION = Relocation(
    "a.b",
    ("verify", "strategies"),
    frozenset({"verify", "verify.x", "verify.x.y", "strategies"}),
    ("reports",),
)

MOVED = {  # What is written here: what must stand in a wheel.
    "from verify.x import y": "from a.b.verify.x import y",
    "from verify import x": "from a.b.verify import x",
    "from \\\n  verify.x \\\n  import (y,\n  z)": "from \\\n  a.b.verify.x \\\n  import (y,\n  z)",
    "import strategies": "import a.b.strategies as strategies",
    "import strategies as s": "import a.b.strategies as s",
    "import verify.x.y as y, os": "import a.b.verify.x.y as y, os",
    "import os, verify.x.y": "import os, a.b.verify.x.y, a.b.verify as verify",
    "if 1: import verify.x; print(verify.x)": (
        "if 1: import a.b.verify.x, a.b.verify as verify; print(verify.x)"
    ),
    "if 1:\n  'é'; from verify.x import y\n": "if 1:\n  'é'; from a.b.verify.x import y\n",
    "import_module('verify.x')": "import_module('a.b.verify.x')",
    "importlib.import_module('strategies')": "importlib.import_module('a.b.strategies')",
    "LATER = ('verify.x.y', r'verify.x')": "LATER = ('a.b.verify.x.y', r'a.b.verify.x')",
    "s = '\u2028'\nimport strategies": "s = '\u2028'\nimport a.b.strategies as strategies",
}


@pytest.mark.parametrize("text", MOVED, ids=[*map(repr, MOVED)])
def test_names_of_modules_move(text):
    moved = RELOCATION.moved("file.py", text)
    assert moved == MOVED[text]
    assert moved.count("\n") == text.count("\n")
    ast.parse(moved)


STAY = [
    '"""from verify.x import y"""',
    '"""verify.x"""',
    "# import verify.x\nx = 1",
    "from . import verify",
    "from .verify import x",
    "from hypothesis import strategies",
    "import hypothesis.strategies as strategies",
    "from verify_more import x",
    "name == 'verify'",
    "raise E('choose from verify.x, for example')",
    "path = 'verify/x.py'",
    "text = 'verify.no_module'",
]


@pytest.mark.parametrize("text", STAY)
def test_all_else_stays_byte_for_byte(text):
    assert RELOCATION.moved("file.py", text) == text


REFUSED = {  # What is written: what is said of it.
    "import os\nimport reports.page": "line 2, imports reports.page, which does not come along",
    "def f():\n    from reports import page": "line 2, imports reports, which does not come along",
    "import_module('reports.page')": "imports reports.page, which does not come along",
    "import_module('verify.gone')": "imports 'verify.gone', which is no module",
    "import_module(f'verify.x.{name}')": "names a module within the text 'verify.x.'",
    "import_module('verify.' + name)": "names a module within the text 'verify.'",
    "x = 'verify.' 'x'": "puts together the name of the module 'verify.x'",
    "exec('import os; import verify')": "names a module within the text",
    "run('''\nfrom verify.x import y\n''')": "names a module within the text",
}


@pytest.mark.parametrize("text", REFUSED, ids=[*map(repr, REFUSED)])
def test_what_is_not_seen_through_is_refused(text):
    with pytest.raises(Immovable) as told:
        RELOCATION.moved("file.py", text)
    assert str(told.value).startswith("file.py, line ") and REFUSED[text] in str(told.value)


def test_a_name_that_is_bound_by_a_moved_import_is_the_moved_package(tmp_path, monkeypatch):
    """Also while the package is still being imported, from within it."""
    for name, text in {
        "a/__init__.py": "",
        "a/b/__init__.py": "",
        "a/b/verify/__init__.py": "from verify.x import seen",
        "a/b/verify/x.py": "import verify.y\nseen = verify.y.value",
        "a/b/verify/y.py": "import verify\nvalue = 7; module = verify",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(RELOCATION.moved(name, text))
    monkeypatch.syspath_prepend(str(tmp_path))
    space = {}
    exec(RELOCATION.moved("file.py", "import verify.y, verify.x"), space)
    assert space["verify"].__name__ == "a.b.verify" and space["verify"].seen == 7
    assert space["verify"].y.module is space["verify"]
