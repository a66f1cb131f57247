"""What a text names in Python: ``package.module:attribute``."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path


class NotThere(LookupError):
    """A text that names nothing; what it says is meant for the user."""


def named(text: str, called: str) -> object:
    """Import a module, and give what it holds.

    Parameters
    ----------
    text : str
        ``package.module:attribute``, of which the attribute may have dots too.
    called : str
        What names the text in a sentence.

    Raises
    ------
    NotThere
        If the text has another form, or there is no such module or attribute.
    BaseException
        Whatever the module raises.
    """
    module, _, attribute = text.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *attribute.split("."))):
        raise NotThere(f"{called} is not of the form package.module:function.")
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if not _leads_to(error.name, module):
            raise
        raise NotThere(
            f"there is no module {module!r} in {str(Path.cwd())!r} or installed here: "
            f"check {called}."
        ) from None
    try:
        return functools.reduce(getattr, attribute.split("."), imported)
    except AttributeError:
        raise NotThere(f"the module {module!r} has no {attribute!r}: check {called}.") from None


def _leads_to(missing: str | None, module: str) -> bool:
    """Whether a module that is not found is the one asked for, or a package around it."""
    return missing is not None and f"{module}.".startswith(f"{missing}.")
