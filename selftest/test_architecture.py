"""The arrows of the design, read off the source."""

import ast
from functools import cache
from pathlib import Path

import pytest

from verify.checks.words import WORDS

ROOT = Path(__file__).resolve().parents[1]
OURS = {"strategies", "verify", "reports", "conftest", "selftest", "benchmarks"}
PACKAGES = ("strategies", "verify", "reports")
LONGEST = 400


def sources(package):
    return sorted((ROOT / package).rglob("*.py"))


MODULES = [path for package in PACKAGES for path in sources(package)]
IDS = [str(path.relative_to(ROOT)) for path in MODULES]
modules = pytest.mark.parametrize("path", MODULES, ids=IDS)


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path):
    """Every module that a file imports, wherever in the file, by its full name."""
    package = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: -node.level]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def ours(path):
    return {name for name in imported(path) if name.split(".")[0] in OURS}


def name_of(node):
    """``a.b.c`` of an attribute chain."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([*([node.id] if isinstance(node, ast.Name) else []), *reversed(parts)])


ARROWS = {  # Folder: what it may import of ours.
    "strategies": ("strategies",),
    "verify": ("verify", "strategies"),
    "verify/laws": ("verify.laws",),
    "verify/checks": ("verify.checks", "verify.laws"),
    "verify/backends": ("verify.backends",),
    "reports": ("reports", "verify.evidence", "verify.checks"),
}


@pytest.mark.parametrize("folder", ARROWS)
def test_imports_follow_the_arrows(folder):
    for path in sources(folder):
        for name in ours(path):
            allowed = any(
                name == target or name.startswith(f"{target}.") or target.startswith(f"{name}.")
                for target in ARROWS[folder]
            )
            assert allowed, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("path", sources("verify/laws"), ids=lambda path: path.stem)
def test_laws_never_import_torch(path):
    assert not {name for name in imported(path) if name.split(".")[0] == "torch"}


@pytest.mark.parametrize("path", sources("strategies"), ids=lambda path: path.stem)
def test_strategies_draw_without_numpy(path):
    assert not {name for name in imported(path) if name.split(".")[0] in {"numpy", "scipy"}}


@modules
def test_one_place_speaks_to_the_initializers(path):
    """`torch.nn.init` is reached through verify/torch_api.py alone."""
    if path == ROOT / "verify" / "torch_api.py":
        return
    assert not {name for name in imported(path) if name.startswith("torch.nn.init")}
    used = {name_of(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
    assert not {name for name in used if name.startswith(("torch.nn.init", "nn.init"))}


@pytest.mark.parametrize("path", sources("verify"), ids=lambda p: str(p.relative_to(ROOT)))
def test_tensors_are_never_turned_into_lists(path):
    """Only the JSON of a statistic does: arrays of fixed size."""
    places = [
        function.name
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "tolist"
    ]
    everywhere = sum(
        isinstance(node, ast.Attribute) and node.attr == "tolist" for node in ast.walk(tree(path))
    )
    statistics = ROOT / "verify" / "checks" / "statistics"
    allowed = {"_plain"} if statistics in path.parents else set()
    assert set(places) <= allowed
    assert everywhere == len(places)


@modules
def test_statistics_never_come_from_global_generators(path):
    """Hypothesis seeds `random` and `numpy.random` with 0 before every example.

    One module seeds them anew, for what models of other libraries draw from them.
    """
    if path == ROOT / "verify/python_streams.py":
        return
    assert "random" not in set(imported(path))
    used = {name_of(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
    drawn = {name for name in used if name.startswith(("np.random.", "numpy.random."))}
    assert drawn <= {"np.random.Generator", "np.random.default_rng"}


@pytest.mark.parametrize("path", sources("selftest"), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_fault_is_left_to_chance(path):
    """``Generator.seed()`` and ``torch.seed()`` take a number from the system."""
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    names = [name_of(call.func).split(".")[-1] for call in calls if not call.args]
    assert "seed" not in names


@modules
def test_modules_are_short(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{lines} lines; take a hard look beyond {LONGEST}"


@modules
def test_modules_say_what_they_are_for(path):
    assert ast.get_docstring(tree(path))


def checks_named(path):
    """Literal check names: given to whatever makes findings, or keys of a reduction."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            function = name_of(node.func).rpartition(".")[2]
            if function in {"Finding", "_decided", "_broken"} and node.args:
                yield node.args[0]
            if function in {"Finding", "_decided", "_broken", "compare"}:
                yield from (k.value for k in node.keywords if k.arg == "check")


@pytest.mark.parametrize("path", sources("verify"), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_check_named_in_the_source_has_words(path):
    for value in checks_named(path):
        if isinstance(value, ast.Constant):
            assert value.value in WORDS


def test_every_word_is_a_check_that_can_be_produced():
    """Words of checks that nobody makes would mislead whoever reads the table."""
    spoken = {
        node.value
        for path in sources("verify")
        if path.name != "words.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(WORDS) <= spoken
