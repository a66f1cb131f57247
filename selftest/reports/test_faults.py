"""What needs attention: one fault for each cause, and what is said of it in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.evidence import store
from reports.evidence.causes import Kind, causes
from reports.evidence.diagnosis import FACTORS, LONGEST, SAYINGS, clause, leading, sentence, times
from reports.evidence.faults import Fault, faults, parted
from reports.evidence.records import CellRecord, Defect, Detectable, Effect, Finding, Verdict
from reports.evidence.records import Kind as How
from selftest.reports import fakes
from verify.checks.finding import Raised

UNIFORM, NORMAL = "U(−b, b), b = gain·√(3 / fan)", "N(mean, std²)"
HOSTILE = "<b>{size}{0}\x1b[31m|`x`"


def failed(check: str = "scale", *bounds: float, **fields: Any) -> Finding:
    """A failed finding with an effect and its interval, if one is given."""
    estimate, low, high = bounds if len(bounds) == 3 else [*bounds, *bounds, *bounds][:3] or [0] * 3
    name, unit = fields.pop("name", "effect"), fields.pop("unit", "")
    effect = Effect(name, estimate, low, high, unit) if bounds else None
    given = {"n": 2**20, "message": f"{check} is off", "p_value": 1e-30, **fields}
    return Finding(check, False, effect=effect, **given)


def exact(message: str, check: str = "call", **fields: Any) -> Finding:
    """A failed question of an exact promise, and what is answered behind a colon."""
    asked, _, answer = message.partition(": ")
    given = {"case": "Case()", "asked": asked, "answer": answer, **fields}
    return Finding(check, False, None, 1, message, scope="case", **given)


def cell(*findings: Finding, subject: str = "normal_", **fields: Any) -> CellRecord:
    names = {"promise": "law", "dtype": "float32", "backend": "cpu", "law_formula": NORMAL}
    names |= {"verdict": Verdict.FAIL, **fields}
    name = f"{subject}{names['promise']}{names['dtype']}{names['backend']}{names['verdict']}"
    return CellRecord(nodeid=name, subject=subject, findings=findings, **names)


def told(*cells: CellRecord) -> list[str]:
    return [fault.sentence for fault in faults(cells)]


SAID = {
    "finite": ((512, 2**20), "one in 2,048 values are NaN or infinite, or were never filled"),
    "exact": ((2**20, 2**20), "all values differ from the exact ones"),
    "fresh": ((), "every build gives the same values"),
    "copies": ((1024, 2**20), "one in 1,024 values differ between a copy and its original"),
    "permutation": ((1, 512), "one in 512 values are missing or repeated"),
    "zero_count": ((1, 64), "columns have the wrong number of zeros"),
    "extra_zeros": ((1, 512), "one in 512 values are zero beyond those that should be"),
    "zero_share": ((-0.031, 9), "3.1 % too few values are zero"),
    "scale": ((1.031, 9), "values are 3.1 % too wide"),
    "mean": ((-0.2, 9), "the mean of values is 0.2 standard deviations too low"),
    "atoms": ((2048, 2**20), "one number comes again and again: one in 512 values"),
    "support": ((2, 1024), "one in 512 values lie outside the range that they may take"),
    "ends": ((1 / 512, 9), "the lower bound itself is drawn too often, by one in 512 values"),
    "extremes": ((0.001, 27840), "no values come near the lower end: the last 0.1 % stay empty"),
    "tails": ((0.5, 9), "in the lower tail values come about 2 times too seldom"),
    "contract": ((0.086, 9), "8.6 % of the values are more than one step of the number format off"),
    "kolmogorov_smirnov": ((0.01, 9), "1 % of the values lie in the wrong place"),
    "chi_square": ((), "some values come too often, others too seldom"),
    "neighbours": ((0.1, 9), "values depend on the one or two just before"),
    "joint": ((0.1, 9), "two tensors that should share nothing depend on each other"),
    "repeats": ((3, 9), "whole rows, columns or blocks repeat, 3 of them"),
    "duplicates": ((1, 512), "values repeat each other: one in 512 values"),
    "bits": ((0.04, 9), "a bit of the mantissa is one in 52 % of all values"),
    "orthogonality": (
        (5, 9),
        "rows or columns are not orthonormal, by 5 times the rounding allowed",
    ),
    "haar_entry": ((0.1, 9), "entries are not those of a random rotation"),
    "haar_sign": ((-0.5, 9), "an entry that should have either sign is negative in 75 % of all"),
    "haar_determinant": (
        (1, 9),
        "100 % of all matrices have the determinant +1, where half should",
    ),
    "haar_trace": ((0.7, 9), "the trace averages 0.7, not zero"),
    "zero_position": ((0.1, 9), "zeros prefer some rows"),
    "zero_overlap": ((0.02, 9), "columns share 2 % more zeros than by chance"),
    "product_mean": ((-0.1, 9), "draws that should be independent are opposed: correlation −0.1"),
    "product_variance": ((0.9, 9), "products of independent draws have 10 % too little variance"),
    "signal": ((1.1, 9), "a layer makes the signal 10 % too strong"),
}
NAMED = {
    "width": (
        failed("legendre", 1.2, 1.19, 1.21, name="spread of F(x)", unit="× law"),
        "values are 28 % too wide",
    ),
    "location": (
        failed("legendre", 1.2, place="location"),
        "values are shifted as a whole",
    ),
    "legendre": (failed("legendre", 0.9), "values crowd around the middle"),
    "position": (
        failed("position", 0.1, place="in the mean of entry -3"),
        "values depend on their place in the tensor: those in the mean of entry -3 are others",
    ),
    "correlation": (
        failed("correlation", 0.5, place="the neighbour on axis -1"),
        "values follow the neighbour on axis -1: correlation +0.5",
    ),
    "lags": (
        failed("lags", -0.5, place="the size 777 further"),
        "values at a distance are opposed to the size 777 further: correlation −0.5",
    ),
    "stretches": (
        failed("stretches", 1, place="bias from entry 0 on, as weight from entry 37 on"),
        "a stretch of values comes again: bias from entry 0 on, as weight from entry 37 on",
    ),
    "between": (
        failed("between", -0.5, place="bias and w"),
        "two tensors that should share nothing are opposed: bias and w, correlation −0.5",
    ),
}


@pytest.mark.parametrize("check", SAID)
def test_each_check_has_its_sentence(check: str) -> None:
    size, said = SAID[check]
    finding = failed(check, *size[:1], n=size[-1] if size else 9)
    assert sentence(cell(), finding).replace("\u202f", ",").startswith(said)


@pytest.mark.parametrize("name", NAMED)
def test_what_was_looked_at_tells_more(name: str) -> None:
    finding, said = NAMED[name]
    where = cell(law_formula=UNIFORM if name == "width" else NORMAL)
    assert sentence(where, finding) == said


def test_every_row_of_the_table_is_demanded() -> None:
    assert {*SAID, *NAMED} == {*SAYINGS}
    assert len({row.over for row in SAYINGS.values()}) == len(SAYINGS) - 1  # scale and width


UPPER = {"ends": "at the upper end", "tails": "upper tail", "extremes": "largest value"}


@pytest.mark.parametrize("check", UPPER)
def test_the_upper_end_is_named(check: str) -> None:
    finding = failed(check, 0.5, place=UPPER[check])
    assert "upper" in sentence(cell(), finding)
    lowest = failed("extremes", 0.0, place="largest value")
    assert sentence(cell(), lowest) == "the largest of the values lies where none should"


def test_well_known_factors_are_told_where_the_interval_means_something() -> None:
    for name, factor in FACTORS.items():
        for ratio in (factor, 1 / factor):
            effect = Effect("scale", ratio, ratio * 0.99, ratio * 1.01)
            assert times(effect) == f"about {name} times"
    assert times(Effect("scale", 1.43, 1.42, 1.44)) == "43 %"
    assert times(Effect("scale", 1.5, 1.2, 1.9)) == "1.5 times", "too wide an interval"
    assert times(Effect("scale", 1.69, 1.6, 1.8)) == "1.7 times", "5/3 or √3"
    assert times(Effect("scale", 0.0, 0.0, 0.0)) == "infinitely"
    assert sentence(cell(), failed("scale", 0.0)) == "values are all alike, or nearly so"


def test_the_width_of_a_uniform_law_is_that_of_its_values() -> None:
    uniform = cell(law_formula=UNIFORM)
    spread = math.sqrt(3 - 2 / math.sqrt(2))
    by_spread = failed("legendre", spread, spread - 0.01, spread + 0.01, unit="× law")
    outside = failed("support", 4096 * (1 - 1 / math.sqrt(2)), n=4096)
    for finding in (by_spread, outside):
        assert sentence(uniform, finding, ("real part", "imaginary part")) == (
            "complex values are about √2 times too wide"
        )
    assert "lie too far from the middle" in sentence(cell(), by_spread), "of no uniform law"


def test_what_explains_the_others_leads() -> None:
    ordered = [failed(check, 0.3, 0.2, 0.4) for check in ("scale", "tails", "position", "bits")]
    uniform = cell(law_formula=UNIFORM)
    spread = failed("legendre", 1.25, 1.2, 1.3)
    for rank in range(len(ordered) - 1):
        assert leading(cell(), [*ordered[:rank:-1], ordered[rank]]) is ordered[rank]
    extreme = failed("extremes", 0.0, p_value=0.0, name="tail probability of the smallest value")
    assert leading(uniform, [extreme, spread]) is spread
    assert leading(cell(), [failed("scale", 2, 1.9, 2.1), failed("finite", 9)]).check == "finite"


def test_a_mean_that_is_off_explains_the_spread_about_the_right_one() -> None:
    mean = failed("mean", 1.29, 1.1, 1.5, unit="std")
    explained, own = failed("scale", 1.62, 1.4, 1.9), failed("scale", 3.0, 2.8, 3.2)
    assert leading(cell(), [explained, mean]) is mean
    assert leading(cell(), [own, mean]) is own


def test_a_number_that_comes_again_explains_the_spread() -> None:
    scale = failed("scale", 0.7, 0.69, 0.71)
    half, few = failed("atoms", 2**19), failed("atoms", 40)
    assert leading(cell(), [scale, half]) is half
    assert leading(cell(), [scale, few]) is scale


SUBJECTS = ("normal_", "xavier_normal_", "kaiming_normal_", "randn", "a", "b", "c")


def test_one_cause_over_seven_subjects_is_one_fault() -> None:
    wide = failed("scale", 1.01, 1.009, 1.011, unit="× law")
    cells = [cell(wide, subject=s, dtype=d) for s in SUBJECTS for d in ("float32", "float16")]
    calm = cell(subject="normal_", dtype="bfloat16", verdict=Verdict.PASS)
    (fault,) = faults([*cells, calm])
    assert fault.sentence == "values are 1 % too wide"
    assert len(fault.cells) == 14 and len(fault.places) == 7
    assert fault.where == "a, b, c and 4 more · float32 and float16 · cpu · law"


def test_causes_of_alike_sizes_stay_apart() -> None:
    one, other = failed("scale", 1.01, 1.009, 1.011), failed("scale", 1.02, 1.019, 1.021)
    narrow = failed("scale", 0.99, 0.989, 0.991)
    unsure = failed("scale", 1.018, 0.95, 1.08)
    found = faults(
        cell(finding, subject=subject)
        for subject, finding in zip("abcd", (one, other, narrow, unsure), strict=True)
    )
    assert [[c.subject for c in fault.cells] for fault in found] == [["b", "d"], ["c"], ["a"]]


def test_tensors_of_other_roles_stay_apart_unless_one_cell_shows_both() -> None:
    def wide(tensor: str) -> Finding:
        return failed("scale", 1.01, 1.009, 1.011, tensor=tensor)

    apart = [
        cell(wide("weight_hh_l0"), subject="LSTM", promise="default"),
        cell(wide("0.weight"), subject="GRU", promise="default"),
        cell(wide("bias"), subject="Linear", promise="default"),
        cell(wide("")),
    ]
    assert sorted(len(fault.cells) for fault in faults(apart)) == [1, 1, 2]
    both = cell(wide("weight_hh_l0"), wide("bias_hh_l0"), subject="LSTM", promise="default")
    (fault,) = faults([both])
    assert fault.sentence == "values of bias_hh_l0 and weight_hh_l0 are 1 % too wide"
    assert len(faults([both, *apart[1:3]])) == 2


def test_dependence_that_a_shift_makes_is_no_fault_of_its_own() -> None:
    shifted = failed("mean", 1.0, 0.9, 1.1, tensor="weight")
    between = failed("between", 0.5, name="correlation with bias")
    assert len(causes(cell(shifted, between))) == 1
    assert len(causes(cell(failed("tails", 2.0, tensor="weight"), between))) == 2


def test_laws_of_other_kinds_are_mended_apart() -> None:
    lattice = failed("contract", 0.1, 0.05, 0.15)
    laws = (UNIFORM, NORMAL, "N(mean, std²) given a ≤ x ≤ b")
    cells = [
        cell(lattice, subject=f"{i}{x}", law_formula=law)
        for i, law in enumerate(laws)
        for x in "ab"
    ]
    assert [len(fault.cells) for fault in faults(cells)] == [2, 2, 2]


def test_a_question_is_one_fault_whatever_the_answer_names() -> None:
    cells = [
        cell(exact(f"ties lost on meta: parts.{i} is not parts.0", "tie"), subject=f"tied {i}")
        for i in range(7)
    ]
    (fault,) = faults(cells)
    assert fault.sentence.startswith("ties lost on meta: parts.")
    others = cell(exact("ties lost by copying: a is not b", "tie"), subject="tied 1")
    assert len(faults([*cells, others])) == 2


def test_the_sum_of_questions_is_no_fault_beside_them() -> None:
    total = Finding("call", False, None, 36, "the call does otherwise than documented: 1 of 36")
    assert told(cell(total, exact("what goes wrong: it moves"))) == ["what goes wrong: it moves"]
    assert told(cell(total)) == ["the call does otherwise than documented: 1 of 36"]
    assert len(faults([cell(total), cell(total, subject="sparse_")])) == 2


def test_an_exception_is_one_fault_wherever_it_is_raised() -> None:
    def raising(asked: str, answer: str, said: str, check: str) -> Finding:
        raised = Raised(answer[: answer.index("Error") + 5], said)
        return exact("the call raises", check, asked=asked, answer=answer, raised=raised)

    said = "to is out of bounds for {}"
    one, other = said.format("float"), said.format("c10::Half")
    cells = [
        cell(raising("", f"RuntimeError: {one}", one, "raises")),
        cell(raising("from 10 on", f"RuntimeError ({other})", other, "call"), promise="bounded"),
    ]
    (fault,) = faults(cells)
    assert fault.kind is Kind.BEHAVIOUR
    assert fault.sentence.startswith("a lawful call fails: RuntimeError")
    zero = raising("", "ZeroDivisionError: by zero", "by zero", "raises")
    apart = [cell(zero, subject=s) for s in ("xavier_normal_", "trunc_normal_")]
    assert len(faults([*cells, *apart])) == 3


def test_cases_that_are_answered_alike_in_the_same_cells_are_one_fault() -> None:
    def refused(*cases: str, subject: str = "sparse_") -> CellRecord:
        told = {"check": "errors", "answer": "nothing is raised"}
        found = (exact(f"{c}: nothing is raised, by f({c})", case=c, **told) for c in cases)
        return cell(*found, subject=subject, promise="errors")

    below = refused("below zero", "above one")
    (fault,) = faults([below])
    assert fault.sentence == "below zero and above one: nothing is raised"
    assert len(faults([below, refused("below zero", subject="dirac_")])) == 2


def test_ways_of_one_question_are_one_fault() -> None:
    ways = ("weight_norm", "orthogonal, cayley")
    asked = [exact("weights that a reset misses: weight", under=way) for way in ways]
    assert told(cell(*asked)) == [
        "weights that a reset misses under weight_norm and orthogonal/cayley"
    ]


ORDER = [
    cell(failed("mean", 0.5, 0.4, 0.6)),
    cell(failed("scale", 1.01, 1.009, 1.011)),
    cell(exact("values that are lost: all", "tied_gradient"), promise="tied gradient"),
    cell(exact("seeds that coincide: 0 and 1", "streams"), promise="streams"),
    cell(exact("what else changes: the stride"), promise="contract of the call"),
    cell(exact("no groups: nothing is raised", "errors"), promise="errors"),
    cell(verdict=Verdict.TIMED_OUT, reason="It ran past its limit of 300 s."),
    cell(verdict=Verdict.CRASHED, reason="The worker died."),
    cell(verdict=Verdict.LOST, reason="It was planned."),
    cell(exact("fixed upstream: gone", kind=How.FIXED_UPSTREAM), promise="known defect"),
]


def test_the_worst_for_a_user_comes_first() -> None:
    assert [fault.cell for fault in faults(reversed(ORDER))] == ORDER
    assert [fault.label for fault in faults(ORDER)][3:] == [
        "streams", "behaviour", "refusals", "time", "crashed", "lost", "list",
    ]  # fmt: skip


def test_counts_are_compared_as_shares() -> None:
    stray, wide = failed("finite", 4, n=2**20), failed("scale", 1.5, 1.4, 1.6)
    assert [f.cell.subject for f in faults([cell(stray), cell(wide, subject="rand")])] == [
        "rand",
        "normal_",
    ]


def test_gaps_of_one_reason_are_one_fault() -> None:
    lost = [
        cell(verdict=Verdict.LOST, reason=f"It was lost by worker {i}.", subject=f"s{i}")
        for i in range(50)
    ]
    (fault,) = faults(lost)
    assert len(fault.cells) == 50 and fault.finding is None and fault.size == ""
    assert fault.sentence == "It was lost by worker 0."


def test_nothing_needs_attention() -> None:
    calm = (Verdict.PASS, Verdict.KNOWN_DEFECT, Verdict.UNSUPPORTED, Verdict.NOT_TESTED)
    assert faults(cell(verdict=verdict) for verdict in calm) == []
    assert faults([]) == []


@pytest.mark.parametrize("size", [math.nan, math.inf, -math.inf, 0.0, 1e300, -1.0])
@pytest.mark.parametrize("check", [*SAYINGS, "unheard"])
def test_no_number_stops_the_table(check: str, size: float) -> None:
    seen = Detectable("effect", size, "relative")
    found = failed(check, size, size, size, n=0, detectable=seen, unit="× law")
    for formula in (UNIFORM, NORMAL):
        (fault,) = faults([cell(found, law_formula=formula)])
        assert fault.sentence and "{" not in fault.sentence
        assert isinstance(fault.size + fault.smallest, str)
        assert math.isnan(fault.decades) or 0 <= fault.decades <= 1
        assert fault.key() == fault.key()


def test_sizes_stand_in_natural_units() -> None:
    def sized(finding: Finding, formula: str = NORMAL) -> tuple[str, str]:
        (fault,) = faults([cell(finding, law_formula=formula)])
        return fault.size, fault.smallest

    relative = Detectable("scale", 0.0065, "relative")
    assert sized(failed("scale", 1.01, unit="× law", detectable=relative)) == (
        "1.01 × law",
        "0.65 %",
    )
    assert sized(failed("scale", 1.00421, unit="× law"))[0] == "1.0042 × law"
    assert sized(failed("scale", 0.99958, unit="× law"))[0] == "0.99958 × law"
    assert sized(failed("scale", 12.3456, unit="× law"))[0] == "12.3 × law"
    share = Detectable("KS distance", 0.0053)
    assert sized(failed("kolmogorov_smirnov", 0.08, detectable=share)) == ("8 %", "0.53 %")
    counted = Detectable("mismatches", 1, of=512)
    assert sized(failed("support", 1, n=512, detectable=counted)) == ("1 of 512", "1 value")
    width = failed("support", 128, n=256, detectable=replace(counted, of=256))
    assert sized(width, UNIFORM) == ("2 × law", "0.39 %")
    assert sized(failed("chi_square")) == ("", "")


def test_dtypes_are_folded() -> None:
    def of(names: Sequence[str], tried: Sequence[str]) -> str:
        wide = failed("scale", 1.01, 1.009, 1.011)
        wrong = [cell(wide, dtype=dtype) for dtype in names]
        calm = [cell(dtype=d, verdict=Verdict.PASS) for d in tried if d not in names]
        return faults([*wrong, *calm])[0].of_dtypes

    every = ("float64", "float32", "bfloat16", "float16", "complex64", "complex128")
    assert of(every, every) == "all dtypes"
    assert of(every[:3], every[:4]) == "all dtypes but float16"
    assert of(every[4:], every) == "complex dtypes"
    assert of(every[:4], every) == "real dtypes"
    assert of(every[1:2], every) == "float32"
    assert of(every[:2], every) == "float64 and float32"


def test_hostile_text_stays_text() -> None:
    names = {"tensor": HOSTILE, "message": HOSTILE, "name": HOSTILE, "case": HOSTILE}
    hostile = cell(
        failed("scale", 1.5, **names),
        failed("correlation", 0.5, **names),
        exact(f"{HOSTILE}: {HOSTILE}"),
        subject=HOSTILE, dtype=HOSTILE, backend=HOSTILE, promise=HOSTILE, law_formula=HOSTILE,
    )  # fmt: skip
    found = faults([hostile])
    assert HOSTILE in found[0].sentence and HOSTILE in found[0].where
    assert len(clause(HOSTILE * 100)) <= LONGEST + 2


def test_a_long_message_keeps_its_first_clause() -> None:
    rest = ", ".join(f"parts.{i}.weight is not parts.0.weight" for i in range(9))
    assert clause(f"ties lost on the meta device: {rest}") == (
        "ties lost on the meta device: parts.0.weight is not parts.0.weight …"
    )
    assert clause("short: as it is (run seed 7)") == "short: as it is"
    assert clause("word " * 50).endswith("word …")


def test_of_several_nights_the_first_that_failed_is_told(tmp_path: Path) -> None:
    def night(verdict: str) -> dict[str, Any]:
        counts = dict.fromkeys(("n", "cases", "calls", "decisions"), 0)
        texts = {"reason": "", "replay": "", "digest": "d"}
        return {**counts, **texts, "verdict": verdict, "findings": []}

    line = fakes.cell_line("normal_", "bfloat16")
    nights = {"12": night("fail"), "9": night("fail"), "7": night("pass")}
    other = {**fakes.cell_line("kaiming_normal_", "float32"), "nights": {"30": night("fail")}}
    fakes.write(tmp_path, [{**line, "nights": nights}, other])
    evidence = store.read(tmp_path / store.EVIDENCE)
    found = faults(evidence.cells)
    assert {fault.since for fault in found} == {"30", "9"}
    assert faults([cell(failed("scale", 1.5))])[0].since == ""


def test_a_fault_speaks_through_the_middle_of_those_that_saw_most() -> None:
    def seen(size: float, n: int) -> Finding:
        return failed("scale", size, 1.2, 1.6, n=n)

    sizes = ((1.3, 256), (1.41, 256), (1.5, 256), (1.25, 64))
    cells = [cell(seen(*size), subject=f"s{i}") for i, size in enumerate(sizes)]
    (fault,) = faults(cells)
    assert isinstance(fault, Fault) and fault.cell.subject == "s1"
    assert fault.places[0].subject == "s1"


def test_entries_that_are_wrong_for_different_reasons_are_told_apart() -> None:
    def entry(answer: str, subject: str) -> CellRecord:
        return cell(exact(f"matches nothing: {answer}", "entry"), subject=subject, promise="entry")

    same = [entry(f"there is no subject {name!r}", name) for name in ("a", "b")]
    other = entry("its witness lies outside its region", "c")
    assert len(faults(same)) == 1 and len(faults([*same, other])) == 2


KNOWN = {"k": Defect(backends=("cpu",))}


class TestWhatOtherBackendsAreKnownToDo:
    def test_is_one_line_for_each_entry_behind_all_faults(self) -> None:
        own = exact("a call: raises", question="q")
        known = exact("another call: nothing", elsewhere="k")
        worse = failed("scale", 1.5, elsewhere="k", p_value=1e-100)
        cells = [
            cell(known, own, subject="eye_", promise="errors", backend="loom"),
            cell(known, subject="dirac_", promise="errors", backend="loom"),
            cell(worse, subject="uniform_", backend="loom"),
        ]
        own_faults, others = parted(faults(cells, KNOWN))
        assert [fault.sentence for fault in own_faults] == ["a call: raises"]
        (fault,) = others
        assert fault.sentence == "known on cpu: k" and len(fault.cells) == 3
        assert (fault.kind, fault.defect, fault.size, fault.smallest) == (Kind.KNOWN, "k", "", "")
        assert [each.kind for each in causes(cells[0])] == [Kind.BEHAVIOUR, Kind.KNOWN]
        assert causes(cells[1])[0].sentence == "another call: nothing"

    def test_has_a_line_for_each_entry(self) -> None:
        both = [exact(f"{id}: wrong", elsewhere=id) for id in "ab"]
        assert told(cell(*both)) == ["known on another backend: a", "known on another backend: b"]
