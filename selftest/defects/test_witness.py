"""The case that shows a defect, built from the plain values of its entry."""

import math

import pytest

from strategies import Truncation
from verify.engine.witness import build
from verify.subjects.initializer_cases import GainCase, TruncatedCase

TRUNCATED = TruncatedCase((1,), Truncation(0.0, 1.0, -2.0, 2.0))
GAIN = GainCase((1, 1), 1.0)


class TestBuild:
    def test_nested_dataclasses_from_plain_values(self):
        window = {"mean": 0.0, "std": 1.0, "a": 1.0, "b": math.inf}
        built = build(TRUNCATED, {"shape": [2, 3], "window": window})
        assert built == TruncatedCase((2, 3), Truncation(0.0, 1.0, 1.0, math.inf))
        assert isinstance(hash(built), int)

    @pytest.mark.parametrize(
        ("values", "sentence"),
        [
            ({"shape": [2]}, "gain"),
            ({"gain": 1.0}, "shape"),
            ({"shape": [2], "gain": 1.0, "colour": 3}, "colour"),
            ({}, "shape"),
        ],
    )
    def test_missing_and_unknown_fields_are_named(self, values, sentence):
        with pytest.raises(ValueError, match=f"does not describe a GainCase: .*{sentence}"):
            build(GAIN, values)

    def test_fields_of_fields_are_checked_too(self):
        with pytest.raises(ValueError, match="does not describe a Truncation"):
            build(TRUNCATED, {"shape": [2], "window": {"mean": 0.0}})

    def test_windows_that_mean_nothing_are_refused(self):
        window = {"mean": 0.0, "std": 1.0, "a": 1.0, "b": 1.0}
        with pytest.raises(ValueError, match="not a truncated normal"):
            build(TRUNCATED, {"shape": [2], "window": window})
