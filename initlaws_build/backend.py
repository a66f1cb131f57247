"""The hooks that pip and others call (PEP 517): the working directory is the root of the source."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from initlaws_build import archives, contents, metadata


def build_wheel(
    wheel_directory: str,
    config_settings: Mapping[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Write the wheel of the source in the working directory.

    Parameters
    ----------
    wheel_directory : str
        The folder that gets it.
    config_settings : mapping, optional
        Nothing is asked of them.
    metadata_directory : str, optional
        Nothing is asked of it.

    Returns
    -------
    str
        The name of the file.
    """
    root = Path.cwd()
    project = metadata.project(root)
    files = contents.installed(root) | metadata.of_wheel(root, project)
    name = f"{project.name}-{project.version}-py3-none-any.whl"
    archives.write_wheel(Path(wheel_directory) / name, files, project.info)
    return name


def build_sdist(sdist_directory: str, config_settings: Mapping[str, Any] | None = None) -> str:
    """Write the archive of what a wheel is built from.

    Parameters
    ----------
    sdist_directory : str
        The folder that gets it.
    config_settings : mapping, optional
        Nothing is asked of them.

    Returns
    -------
    str
        The name of the file.
    """
    root = Path.cwd()
    project = metadata.project(root)
    base = f"{project.name}-{project.version}"
    files = contents.source(root) | {"PKG-INFO": metadata.described(root, project)}
    archives.write_sdist(Path(sdist_directory) / f"{base}.tar.gz", files, base)
    return f"{base}.tar.gz"
