"""The table of lawful alternatives, keyed by the name that ``PLANTED`` takes."""

from __future__ import annotations

from selftest import lawful
from selftest.lawful.alternative import Alternative
from selftest.planted.fault import Fault, modules, table

FAMILIES = modules(lawful, "alternative", "alternatives")

ALTERNATIVES: dict[str, Alternative] = table(
    *(row for family in FAMILIES for row in family.ALTERNATIVES.values())
)

CONTROLS: dict[str, Fault] = table(
    *(row for family in FAMILIES for row in family.CONTROLS.values())
)
"""The same machinery with one constant wrong: what proves that the corpus is able to fail."""
