"""The table of planted faults, keyed by the name that ``PLANTED`` takes.

Every module of this package that has `FAULTS` adds to it.
"""

from __future__ import annotations

from selftest import planted
from selftest.planted.fault import Fault, modules, table

FAULTS: dict[str, Fault] = table(
    *(
        row
        for module in modules(planted, "faults", "plugin", "runner")
        for row in getattr(module, "FAULTS", {}).values()
    )
)
