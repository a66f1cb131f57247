"""The distribution: built, installed, and used beside packages of the same names as the suite's."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from initlaws_build import backend, contents
from selftest.initlaws.user import OURS, repository

ROOT = Path(__file__).resolve().parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
ALONE = ("--no-deps", "--no-build-isolation", "--no-index")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([*PIP, "wheel", *ALONE, "-w", folder, ROOT], check=True, cwd=folder)
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return folder / backend.build_sdist(str(folder))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([*PIP, "install", *ALONE, "--target", folder, wheel], check=True, cwd=folder)
    return folder


@pytest.fixture
def user(tmp_path):
    """Somebody's repository, with packages of their own that nobody else may import."""
    return repository(tmp_path / "user")


def environment(installed):
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("PYTEST_", "PYTHON"))}
    return {**kept, "PYTHONPATH": str(installed)}


def python(code, user, installed, *arguments):
    """Run code that sees what is installed, and the user's repository, which comes first."""
    return subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(user)!r})\n{code}",
         *arguments],
        cwd=user, env=environment(installed), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_wheel_of_the_source_archive_is_the_same(wheel, sdist, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    subprocess.run([*PIP, "wheel", *ALONE, "-w", tmp_path, unpacked], check=True, cwd=tmp_path)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_source_archive_is_the_same_every_time(sdist, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert (tmp_path / backend.build_sdist(str(tmp_path))).read_bytes() == sdist.read_bytes()


def test_one_import_name_and_all_that_it_needs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.partition("/")[0] for name in names} == {"initlaws", "initlaws-0.1.0.dist-info"}
    inside = {f"initlaws/_suite/{n}" for n in ("verify/known_defects.toml", "verify/laws/base.py")}
    assert {"initlaws/py.typed", "initlaws/following.py", *inside} <= names
    assert not [name for name in names if "test_" in name or name.endswith(".pyc")]


def test_no_module_of_the_wheel_names_those_of_this_repository(wheel):
    """Asked of the source once more, in another way than it was rewritten."""
    with zipfile.ZipFile(wheel) as archive:
        sources = {n: archive.read(n).decode() for n in archive.namelist() if n.endswith(".py")}
    for name, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            said = [alias.name for alias in getattr(node, "names", []) if type(alias) is ast.alias]
            if isinstance(node, ast.ImportFrom):
                said = [] if node.level else [node.module]
            assert not [each for each in said if each.partition(".")[0] in OURS], name


def test_what_is_needed_of_reports_would_be_refused(tmp_path):
    for package in ("initlaws", "verify", "strategies"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("import reports\n")
    with pytest.raises(Exception, match="imports reports, which does not come along"):
        contents.installed(tmp_path)


def test_a_line_that_hangs_on_the_place_is_watched(tmp_path):
    for package in ("initlaws", "verify/ranks", "strategies"):
        (tmp_path / package).mkdir(parents=True)
    (tmp_path / "verify/ranks/group.py").write_text("_ROOT = Path()\n")
    with pytest.raises(contents.Unbuildable, match="mend _ELSEWHERE"):
        contents.installed(tmp_path)


FOLLOW = """
import runpy
import model
from initlaws.builds import Builds
from initlaws.following import budget, follow
laws = runpy.run_path("laws.py")["LAWS"]
four, makes = budget(builds=4), (model.build, model.faulty)
print(*(follow(Builds(make), laws, four).passed for make in makes))
print(sys.modules["verify"].__file__)
print(*(getattr(m, "__file__", None) for m in sys.modules.values()), sep="\\n")
"""


def test_a_model_is_verified_in_a_repository_with_packages_of_the_same_names(user, installed):
    ended = python(FOLLOW, user, installed)
    assert ended.returncode == 0, ended.stderr
    passed, theirs, *files = ended.stdout.splitlines()
    assert passed == "True False"
    assert theirs == str(user / "verify/__init__.py")
    here = tuple(str(ROOT / package) for package in (*OURS, "initlaws", "selftest"))
    assert not [file for file in files if file.startswith(here)]


@pytest.mark.parametrize(
    ("how", "model", "code"), [("script", "model:build", 0), ("module", "model:faulty", 1)]
)
def test_the_command_verifies_it_too(how, model, code, user, installed):
    start = {
        "script": (installed / "bin/initlaws",),
        "module": (sys.executable, "-P", "-m", "initlaws"),
    }
    ended = subprocess.run(
        [*start[how], "verify", model, "--laws", "laws.py", "--builds", "4"],
        cwd=user, env=environment(installed), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == code, ended.stderr
    assert ended.stderr.startswith("5.44 k values a build, 4 builds, about ")
    last = f"cd {user} && initlaws verify model:faulty --laws=laws.py --seed=0 --builds=4"
    assert ended.stdout.rstrip().endswith(last) == (code == 1), ended.stdout


def test_the_guard_of_the_users_packages_sees_a_stranger(user, installed, tmp_path):
    """The test above could not fail otherwise: as if a name had been left as it is here."""
    (tmp_path / "stranger.py").write_text("import verify.rules\n")
    code = f"sys.path.append({str(tmp_path)!r})\nimport stranger"
    assert "is the user's, not for" in python(code, user, installed).stderr


RANKS = """
import os
from initlaws._suite.verify.ranks import group
print(group.missing() or group.Group().call(os.getcwd))
"""


def test_processes_that_are_started_by_name_find_their_module(user, installed):
    """Also where it is on this process's path alone."""
    code = f"sys.path.append({str(installed)!r})\n{RANKS}"
    ended = python(code, user, user / "nowhere")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(("not tested", f"[{str(installed)!r}")), ended.stdout
