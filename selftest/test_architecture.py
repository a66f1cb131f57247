"""The arrows of the design, read off the source."""

import ast
import math
import re
from functools import cache
from pathlib import Path

import pytest

from verify.checks.words import WORDS

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("strategies", "verify", "reports", "initlaws", "initlaws_build", "zoo")
OURS = {*PACKAGES, "conftest", "selftest", "benchmarks"}
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


ROOMS = {  # From the ground up: each room, and those below it that it may import.
    "strategies": "",
    "verify.laws": "",
    "verify.quoting": "",
    "verify.torch_api": "",
    "verify.backends": "verify.quoting verify.torch_api",
    "verify.ranks": "verify.torch_api",
    "verify.subjects": "strategies verify.laws verify.quoting verify.torch_api verify.ranks",
    "verify.recipes": "verify.laws verify.subjects",
    "verify.checks": "verify.laws",
    "verify.plan": "verify.laws verify.quoting verify.backends verify.subjects",
    "verify.outcome": "verify.laws verify.checks",
    "verify.defects": "verify.quoting verify.torch_api verify.subjects verify.checks verify.plan",
    "verify.engine": "verify.laws verify.torch_api verify.subjects verify.checks verify.plan "
    "verify.outcome verify.defects",
    "verify.behaviour": "strategies verify.laws verify.torch_api verify.ranks verify.subjects "
    "verify.checks verify.plan verify.outcome verify.defects",
    "verify.command_line": "verify.laws verify.quoting verify.torch_api verify.backends "
    "verify.subjects verify.plan verify.outcome verify.defects verify.engine",
    "verify.audit": "verify verify.torch_api verify.backends verify.subjects verify.plan "
    "verify.outcome verify.defects verify.engine verify.behaviour",
    "reports.evidence": "verify.checks verify.outcome",
    "reports.text": "reports.evidence",
    "reports.page": "reports.evidence reports.text verify.checks verify.outcome",
    "reports.nights": "reports.evidence reports.text reports.page verify.checks verify.outcome",
    "reports.upgrade": "reports.evidence reports.text reports.page verify.checks",
    "reports.live": "reports.evidence reports.text reports.page verify.outcome",
    "reports.processors": "reports.evidence reports.text reports.upgrade",
    "reports.calibration": "reports.evidence reports.text reports.processors",
    "reports.commands": "reports.evidence reports.text reports.page reports.nights "
    "reports.upgrade reports.processors reports.calibration verify.checks",
    "reports.__main__": "reports.evidence reports.live reports.commands",
}
LOOSE = 3  # Modules outside every room: the one door to PyTorch, and what is public.


def room_of(name):
    """The room of a module, by its dotted name."""
    return ".".join(name.split(".")[:2]) if not name.startswith("strategies") else "strategies"


def source_of(room):
    path = ROOT / room.replace(".", "/")
    return sources(path.relative_to(ROOT)) if path.is_dir() else [path.with_suffix(".py")]


@pytest.mark.parametrize("room", ROOMS)
def test_imports_follow_the_arrows(room):
    allowed = {room, *ROOMS[room].split()}
    for path in source_of(room):
        for name in ours(path):
            # `from verify import plan` names the package and the room.
            assert name in ("verify", "reports") or room_of(name) in allowed, (
                f"{path.relative_to(ROOT)} imports {name}"
            )


ALONE = {  # What stands beside the rooms, and of ours what it may import.
    "initlaws": {"initlaws", "verify", "strategies"},
    "initlaws_build": {"initlaws_build"},
    "zoo": {"zoo", "initlaws", "verify"},
    "conftest.py": {"conftest", "verify", "strategies", "reports"},
}


@pytest.mark.parametrize("package", ALONE)
def test_the_package_for_others_is_imported_by_nobody_here(package):
    """`initlaws` is installed with the suite, and without its reports; the suite needs neither."""
    place = ROOT / package
    for path in [place] if place.is_file() else sources(package):
        above = {name.split(".")[0] for name in ours(path)} - ALONE[package]
        assert not above, f"{path.relative_to(ROOT)} imports {', '.join(above)}"


def test_no_arrow_leads_upwards():
    """What is imported comes before: no circle is possible."""
    below = set()
    for room, allowed in ROOMS.items():
        assert set(allowed.split()) - {"verify"} <= below, room
        below.add(room)


def test_the_page_shows_this_table():
    """docs/architecture.md has a row for each room of `verify/`, and says what it may import."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)(?:/|\.py)` \|.*\| (.*) \|$", page, re.MULTILINE)
    shown = {room: set(arrows.split(", ")) - {"nothing"} for room, arrows in rows}
    tested = {
        room.removeprefix("verify."): {to.removeprefix("verify.") for to in arrows.split()}
        for room, arrows in ROOMS.items()
        if room.startswith("verify.")
    }
    assert shown == {room: arrows - {"verify"} for room, arrows in tested.items()}


@pytest.mark.parametrize("package", ["verify", "reports"])
def test_every_module_has_a_room(package):
    files = {path for path in (ROOT / package).glob("*.py") if not path.stem.startswith("test_")}
    rooms = {path.name for path in (ROOT / package).iterdir() if (path / "__init__.py").exists()}
    assert len(files - {ROOT / package / "__init__.py"}) <= LOOSE
    assert {f"{package}.{name}" for name in rooms} <= ROOMS.keys()


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


@pytest.mark.parametrize(
    "path", sources("verify") + sources("initlaws"), ids=lambda p: str(p.relative_to(ROOT))
)
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
    wrong = sorted({*places} - allowed) or ["the module itself"] * (everywhere - len(places))
    assert not wrong, f"{', '.join(wrong)} calls tolist: compare and count on the device instead"


@modules
def test_statistics_never_come_from_global_generators(path):
    """Hypothesis seeds `random` and `numpy.random` with 0 before every example.

    One module seeds them anew, for what models of other libraries draw from them; one looks
    whether a model has moved them.
    """
    seeds, looks = "verify/subjects/python_streams.py", "initlaws/audits/seen.py"
    if path in (ROOT / seeds, ROOT / looks):
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


FOR_READERS = {"message", "asked", "answer"}
"""Entries of a finding that are sentences."""


def is_taken_apart(node, parents):
    """Whether something is searched, split or compared, by itself or as one of several."""
    while isinstance(parents[node], ast.BoolOp):
        node = parents[node]
    parent = parents[node]
    if isinstance(parent, ast.Attribute | ast.Subscript):  # One of its methods, a part of it.
        return parent.value is node
    if isinstance(parent, ast.Call):  # Of an expression, which is a constant.
        module, _, _ = name_of(parent.func).rpartition(".")
        return module == "re" or module.strip("_").isupper()
    return isinstance(parent, ast.Compare | ast.Assign)


@pytest.mark.parametrize("path", sources("reports"), ids=lambda p: str(p.relative_to(ROOT)))
def test_reports_never_take_sentences_apart(path):
    """What follows from a finding follows from its other entries; sentences are shown.

    Whoever cuts one to a length, or writes its numbers otherwise, is handed the whole.
    """
    parents = {child: node for node in ast.walk(tree(path)) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and node.attr in FOR_READERS:
            assert not is_taken_apart(node, parents), f"line {node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("f.message.partition(': ')", True),
        ("(f.message or f.check).split(': ')", True),
        ("_COUNT.search(f.message)", True),
        ("re.sub('a', '', f.message)", True),
        ("'of F(x)' in f.message", True),
        ("f.message[:4]", True),
        ("said = f.message", True),
        ("by_message[f.message].append(f)", False),
        ("clause(f.message or f.check)", False),
        ("f'{f.message} (run seed {seed})'", False),
        ("dict.fromkeys(f.message for f in failed)", False),
    ],
)
def test_sentences_that_are_taken_apart_are_seen(code, expected):
    module = ast.parse(code)
    parents = {child: node for node in ast.walk(module) for child in ast.iter_child_nodes(node)}
    read = [n for n in ast.walk(module) if isinstance(n, ast.Attribute) and n.attr == "message"]
    assert [is_taken_apart(node, parents) for node in read] == [expected]


NAMING = {"Finding": 0, "broken": 0, "decided": 0, "Judge": 0, "compare": 2, "counted": 3}
"""What is given the name of a check, and at which place; by keyword anything may be."""


def checks_named(path):
    """Literal check names: given to whatever makes findings, or keys of evidence."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            function = name_of(node.func).rpartition(".")[2]
            place = NAMING.get(function, math.inf)
            yield from (arg for at, arg in enumerate(node.args) if at == place)
            yield from (k.value for k in node.keywords if k.arg == "check")
            if function == "Evidence" and node.args and isinstance(node.args[0], ast.Dict):
                yield from node.args[0].keys


def test_the_functions_that_name_checks_are_known():
    """A function that was renamed would go unwatched."""
    defined = {
        node.name
        for path in sources("verify")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    assert NAMING.keys() <= defined


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
