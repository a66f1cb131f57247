"""The table of planted faults, keyed by the name that ``PLANTED`` takes.

Every module of this package adds its `FAULTS`, but for those by which they are made and planted.
"""

from __future__ import annotations

from selftest import planted
from selftest.planted.fault import Fault, modules, table

MACHINERY = ("fault", "faults", "lean", "module", "plugin", "runner")

FAULTS: dict[str, Fault] = table(
    *(row for module in modules(planted, *MACHINERY) for row in module.FAULTS.values())
)
