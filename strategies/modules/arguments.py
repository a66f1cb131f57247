"""What the arguments of every module have in common."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Arguments:
    """Constructor arguments of a module, by their documented names and in their documented order.

    Fields without a default are required, the others have the documented default.
    """

    def keywords(self) -> dict[str, Any]:
        """Return the arguments by name, for ``Module(**arguments.keywords())``.

        What equals its documented default is left out: the code under test has to supply it.

        Examples
        --------
        >>> from strategies import LinearArguments
        >>> LinearArguments(3, 5).keywords()
        {'in_features': 3, 'out_features': 5}
        """
        drawn = {field.name: getattr(self, field.name) for field in fields(self)}
        return {f.name: drawn[f.name] for f in fields(self) if drawn[f.name] != f.default}
