"""What goes into the distribution, and under which name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from initlaws_build.relocation import Relocation

PACKAGE = "initlaws"
"""The one import name of the distribution."""

INSIDE = f"{PACKAGE}._suite"
"""The package in which those of the suite lie, where they clash with nobody's."""

SUITE = ("strategies", "verify")
"""The packages of this repository that `initlaws` needs."""

OUTSIDE = ("benchmarks", "conftest", "docs", "initlaws_build", "reports", "selftest", "zoo")
"""What lies beside them here and is not installed: none of them may be needed."""

_TESTS = "verify/test_*.py"
"""Cells of the suite's own run, which need this repository's conftest."""

_BESIDE = ("pyproject.toml", "README.md", "LICENSE")

_SUITE_SAYS = (
    '"""The suite that `initlaws` stands on: not public, it may change without notice."""\n'
)

_ELSEWHERE = {
    # Ranks are started with `python -m` in the folder from which their module is imported.
    "verify/ranks/group.py": ("_ROOT = Path(__file__).resolve().parents[2]\n", "[2]", "[4]"),
}
"""Lines that hold only where a package lies now: the line, what is replaced in it, by what."""


class Unbuildable(Exception):
    """The source cannot be built; the sentence says why."""


def source(root: Path) -> dict[str, bytes]:
    """The files from which a wheel is built, by their names.

    Parameters
    ----------
    root : Path
        The folder that holds the packages.
    """
    names = [*_BESIDE]
    for package in (PACKAGE, *SUITE, "initlaws_build"):
        names += _files(root, package)
    return {name: (root / name).read_bytes() for name in sorted(names)}


def installed(root: Path) -> dict[str, bytes]:
    """The files that are installed, by their names there.

    Parameters
    ----------
    root : Path
        The folder that holds the packages.

    Raises
    ------
    Unbuildable
        If a line that holds only here has changed.
    initlaws_build.relocation.Immovable
        If a module names another in a way that cannot be rewritten.
    """
    ours = {package: _files(root, package) for package in (PACKAGE, *SUITE)}
    modules = frozenset(map(_module, (n for package in SUITE for n in ours[package])))
    relocation = Relocation(INSIDE, SUITE, modules, OUTSIDE)
    inside = INSIDE.replace(".", "/")
    files = {f"{inside}/__init__.py": _SUITE_SAYS.encode()}
    for package, names in ours.items():
        for name in names:
            content = (root / name).read_bytes()
            if name.endswith(".py"):
                text = relocation.moved(name, content.decode("utf-8"))
                content = _elsewhere(name, text).encode()
            files[name if package == PACKAGE else f"{inside}/{name}"] = content
    return files


def _files(root: Path, package: str) -> list[str]:
    found = (path for path in _walked(root / package) if not path.match(_TESTS))
    return sorted(path.relative_to(root).as_posix() for path in found)


def _walked(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name == "__pycache__" or path.suffix == ".pyc":
            continue
        if path.is_dir():
            yield from _walked(path)
        else:
            yield path


def _module(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _elsewhere(name: str, text: str) -> str:
    if name not in _ELSEWHERE:
        return text
    line, old, new = _ELSEWHERE[name]
    if text.count(line) != 1:
        raise Unbuildable(
            f"{name} must hold the line {line.strip()!r} once, which is another in a wheel: "
            "mend _ELSEWHERE in initlaws_build/contents.py."
        )
    return text.replace(line, line.replace(old, new))
