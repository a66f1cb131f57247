"""Evidence: adds up statistic by statistic, and survives JSON."""

import json

import numpy as np
import pytest

from verify.checks.statistics import Correlation, Exact, Extremes, Kolmogorov, NormalMoments, Rare
from verify.laws import Family
from verify.outcome.evidence import NOTHING, Evidence, family_from_json

FIRST = Evidence(
    {
        "finite": Exact(100, 0),
        "atoms": Rare(1, 0.5, 100),
        "kolmogorov_smirnov": Kolmogorov(100, 0.05, 0.0),
        "correlation": Correlation({"a": 1.5}, {"a": 99}),
    }
)
SECOND = Evidence(
    {
        "finite": Exact(50, 2),
        "moments": NormalMoments(50, 3.0, 45.0),
        "extremes": Extremes(50, np.full(2, 0.01), np.full(2, 0.01), 2.0**-20),
        "correlation": Correlation({"b": 0.5}, {"b": 49}),
    }
)


def test_addition_merges_what_both_have_and_keeps_the_rest():
    both = FIRST.pooled() + SECOND
    assert set(both.statistics) == {"finite", "atoms", "correlation", "moments", "extremes"}
    assert both.statistics["finite"] == both.statistics["finite"]
    assert both.statistics["finite"].to_json() == Exact(150, 2).to_json()
    assert both.statistics["correlation"].sums == {"a": 1.5, "b": 0.5}
    assert both.statistics["atoms"] is FIRST.statistics["atoms"]


def test_addition_is_commutative_and_associative():
    a, b, c = FIRST.pooled(), SECOND, Evidence({"atoms": Rare(2, 0.25, 10)})
    assert (a + b).to_json() == (b + a).to_json()
    assert ((a + b) + c).to_json() == (a + (b + c)).to_json()


def test_nothing_is_the_identity():
    assert (NOTHING + SECOND).to_json() == (SECOND + NOTHING).to_json() == SECOND.to_json()
    assert NOTHING.findings("cell") == []


def test_addition_leaves_its_parts_alone():
    before = json.dumps([FIRST.to_json(), SECOND.to_json(), NOTHING.to_json()])
    total = NOTHING
    for part in (FIRST.pooled(), SECOND, SECOND):
        total += part
    assert json.dumps([FIRST.to_json(), SECOND.to_json(), NOTHING.to_json()]) == before


def test_one_sample_statistics_are_not_pooled():
    assert set(FIRST.pooled().statistics) == set(FIRST.statistics) - {"kolmogorov_smirnov"}


def test_findings_are_labelled_and_ordered():
    found = (FIRST.pooled() + SECOND).findings("cell")
    assert [f.check for f in found] == [
        "atoms",
        "correlation",
        "extremes",
        "finite",
        "mean",
        "scale",
    ]
    assert {(f.scope, f.case) for f in found} == {("cell", None)}
    labelled = FIRST.findings("case", ("any", "case"))
    assert {(f.scope, f.case) for f in labelled} == {("case", "('any', 'case')")}
    assert [f.check for f in found if not f.passed] == ["finite"]


def test_json_round_trip():
    both = FIRST.pooled() + SECOND
    text = json.dumps(both.to_json(), allow_nan=False)
    again = Evidence.from_json(json.loads(text))
    assert json.dumps(again.to_json()) == text
    assert again.findings("cell") == both.findings("cell")
    assert (again + again).to_json() == (both + both).to_json()


def test_the_order_of_insertion_does_not_show():
    backwards = Evidence(dict(reversed(SECOND.statistics.items())))
    assert json.dumps(backwards.to_json()) == json.dumps(SECOND.to_json())


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"atoms": {"kind": "rarer"}}, "unknown statistic kind 'rarer'"),
        (
            {"atoms": {"kind": "rare", "count": 1, "n": 2}},
            "statistic 'rare' lacks the field 'rate'",
        ),
        (
            {"atoms": {"kind": "rare", "count": "1", "n": 2, "rate": 0.5}},
            "the field 'count' of the statistic 'atoms' is not a count",
        ),
        (
            {"correlation": {"kind": "correlation", "pairs": {"a": 9}, "sums": {"b": 0.5}}},
            "the fields of the statistic 'correlation' disagree on 'a'",
        ),
    ],
)
def test_foreign_documents_are_refused(document, sentence):
    with pytest.raises(ValueError, match=sentence):
        Evidence.from_json(document)


def test_findings_become_json_objects():
    for found in SECOND.findings("case", "a case"):
        document = json.loads(json.dumps(found.to_json(), allow_nan=False))
        assert document["check"] == found.check
        assert document["effect"]["estimate"] == pytest.approx(found.effect.estimate)
        assert set(document) >= {"passed", "p_value", "n", "message", "scope", "case"}
        assert not set(document) & {"confirmation", "tensor"}, "defaults need not be written"


NORMAL, UNIFORM = Family("normal", ()), Family("uniform", ())


def of_family(family):
    return Evidence({"finite": Exact(9, 0)}, family=family)


def test_the_family_of_a_law_adds_up():
    normal, uniform = of_family(NORMAL), of_family(UNIFORM)
    assert (NOTHING + normal).family == (normal + NOTHING).family == NORMAL
    assert (normal + normal).family == normal.pooled().family == NORMAL
    assert (normal + uniform + normal).family == Family("several")
    module = Evidence({}, {"w[0]": normal, "w[1]": normal, "b": uniform})
    pooled = module.pooled({"w[0]": "w", "w[1]": "w"}) + module.pooled({"w[0]": "w", "w[1]": "b"})
    assert (pooled.tensors["w"].family, pooled.tensors["b"].family) == (NORMAL, Family("several"))
    assert pooled.family is None


def test_families_survive_json():
    truncated = Family("truncated normal", (-2.0, 2.0))
    seen = Evidence({}, {"w": of_family(truncated), "b": of_family(Family("constant"))}, NORMAL)
    written = json.loads(json.dumps(seen.families))
    assert {name: family_from_json(each) for name, each in written.items()} == {
        "": NORMAL, "w": truncated, "b": Family("constant"),
    }  # fmt: skip
    assert NOTHING.families == {}


def test_narrowed_evidence_keeps_what_is_asked_for():
    seen = FIRST + Evidence({}, {"w": SECOND, "b": SECOND}, NORMAL)
    kept = seen.narrowed(["w"], ["exact", "extremes"])
    assert (set(kept.statistics), set(kept.tensors)) == (set(), {"w"})
    assert set(kept.tensors["w"].statistics) == {"finite", "extremes"}
    whole = seen.narrowed([""], ["rare"])
    assert (set(whole.statistics), whole.tensors, whole.family) == ({"atoms"}, {}, NORMAL)
