"""A finding survives the evidence file."""

import json

import pytest

from verify.checks.finding import Detectable, Effect, Finding, Raised

BARE = Finding("exact", True, None, 3, "every entry is exact: 0 of 3 mismatch")
FULL = Finding(
    "scale", False, 1e-40, 1 << 20, "the scale is off",
    effect=Effect("scale", 1.01, 1.007, 1.013, "× law"),
    detectable=Detectable("scale", 0.007, "relative"),
    scope="case", case="NormalCase(shape=(3, 4))", confirmation=1e-90, place="upper tail",
)  # fmt: skip
ASKED = Finding(
    "lazy", False, None, 1, "sizes under x: KeyError (no)", scope="case", question="an-id",
    asked="sizes", under="x", answer="KeyError (no)", raised=Raised("KeyError", "no"),
    rounding=1.29,
)  # fmt: skip


@pytest.mark.parametrize("finding", [BARE, FULL, ASKED])
def test_round_trip(finding):
    assert Finding.from_json(json.loads(json.dumps(finding.to_json()))) == finding


def test_an_exception_that_says_nothing_is_shown_by_its_class():
    class MuteError(Exception):
        def __str__(self):
            raise SystemExit

    assert Raised.by(MuteError()) == Raised("MuteError")
    assert Raised.by(ValueError("no\nmore")) == Raised("ValueError", "no")


@pytest.mark.parametrize("field", ["check", "passed"])
def test_a_missing_field_is_an_error(field):
    document = FULL.to_json()
    del document[field]
    with pytest.raises(KeyError):
        Finding.from_json(document)
