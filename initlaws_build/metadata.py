"""What a distribution says of itself, from pyproject.toml (core metadata 2.4)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WHEEL = "Wheel-Version: 1.0\nGenerator: initlaws_build\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class Project:
    """The table ``project`` of pyproject.toml.

    Attributes
    ----------
    table : mapping
    """

    table: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Of the distribution."""
        return str(self.table["name"])

    @property
    def version(self) -> str:
        """Of the distribution."""
        return str(self.table["version"])

    @property
    def info(self) -> str:
        """The folder of a wheel that says what it is."""
        return f"{self.name}-{self.version}.dist-info"


def project(root: Path) -> Project:
    """What pyproject.toml says.

    Parameters
    ----------
    root : Path
        The folder that holds it.
    """
    return Project(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def described(root: Path, project: Project) -> bytes:
    """The file METADATA of a wheel, and PKG-INFO of a source archive.

    Parameters
    ----------
    root : Path
        The folder that holds what the project names.
    project : Project
    """
    table = project.table
    lines = {
        "Metadata-Version": ["2.4"],
        "Name": [project.name],
        "Version": [project.version],
        "Summary": [table["description"]],
        "License-Expression": [table["license"]],
        "License-File": table["license-files"],
        "Keywords": [",".join(table["keywords"])],
        "Classifier": table["classifiers"],
        "Requires-Python": [table["requires-python"]],
        "Requires-Dist": table["dependencies"],
        "Description-Content-Type": ["text/markdown; charset=UTF-8"],
    }
    head = "".join(f"{key}: {value}\n" for key, values in lines.items() for value in values)
    return f"{head}\n{(root / table['readme']).read_text(encoding='utf-8')}".encode()


def of_wheel(root: Path, project: Project) -> dict[str, bytes]:
    """The files that say what a wheel is, but for RECORD.

    Parameters
    ----------
    root : Path
        The folder that holds what the project names.
    project : Project
    """
    scripts = "".join(f"{name} = {place}\n" for name, place in project.table["scripts"].items())
    return {
        f"{project.info}/METADATA": described(root, project),
        f"{project.info}/WHEEL": _WHEEL.encode(),
        f"{project.info}/entry_points.txt": f"[console_scripts]\n{scripts}".encode(),
        **{
            f"{project.info}/licenses/{name}": (root / name).read_bytes()
            for name in project.table["license-files"]
        },
    }
