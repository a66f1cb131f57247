"""The suite's own list of known defects: complete, and within the tables."""

import pytest

from verify import backends
from verify.checks.words import WORDS
from verify.defects.known_defects import excluding, load, tolerating
from verify.engine.witness import build, shown_on
from verify.outcome.promises import EAGER, fill
from verify.plan.run import cells
from verify.subjects import SUBJECTS

DEFECTS = load()
REGIONAL = [d for d in DEFECTS if not d.calls]
each = pytest.mark.parametrize("defect", DEFECTS, ids=[d.id for d in DEFECTS])
regional = pytest.mark.parametrize("defect", REGIONAL, ids=[d.id for d in REGIONAL])


DTYPES = {cell.dtype_name for cell in cells(["cpu"])}


def case_of(defect, subject):
    return build(SUBJECTS[subject].anchors[0], defect.witness)


def holding(case, defect):
    """Whether the region holds the case, and spoils it or explains its deviation."""
    return excluding(case, (defect,)) is defect or tolerating(case, (defect,)) == (defect,)


class TestEntries:
    def test_there_are_some_and_each_has_its_own_name(self):
        assert DEFECTS
        assert len({d.id for d in DEFECTS}) == len(DEFECTS)

    @each
    def test_is_complete(self, defect):
        assert defect.id and defect.symptom.strip().endswith(".")
        assert (defect.subjects or defect.calls) and set(defect.subjects) <= set(SUBJECTS)
        assert defect.backends and set(defect.backends) <= set(backends.known())
        assert set(defect.dtypes) <= DTYPES
        assert defect.since < defect.until
        assert defect.check in WORDS
        assert defect.link == "" or defect.link.startswith("https://github.com/pytorch/pytorch/")
        assert defect.seed is None or 0 <= defect.seed < 2**32

    @regional
    def test_its_region_is_made_of_features(self, defect):
        assert defect.region or defect.deviation  # Which leaves every case where it is.
        for subject in shown_on(defect):
            features = case_of(defect, subject).features()
            assert set(defect.region) <= set(features)
        for low, high in defect.region.values():
            assert low <= high

    @regional
    def test_its_witness_lies_in_its_region(self, defect):
        for subject in shown_on(defect):
            assert holding(case_of(defect, subject), defect)

    @regional
    def test_its_region_leaves_the_anchors_alone(self, defect):
        """What most users call is never excluded, in the dtypes, layouts and fills most use.

        That is of the CPU: another device may get wrong all that it does.
        """
        usual = not defect.dtypes or {"float32", "float64"} & set(defect.dtypes)
        eager = EAGER in map(fill, defect.promises)
        if "cpu" not in defect.seen_on or not usual or not eager or "strided" in defect.promises:
            return
        for subject in defect.subjects:
            for anchor in SUBJECTS[subject].anchors:
                assert excluding(anchor, (defect,)) is None
