"""What two runs say about an upgrade, cell by cell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.evidence.records import (
    CellRecord,
    Defect,
    Detectable,
    Effect,
    Finding,
    Kind,
    Report,
    RunRecord,
)
from reports.upgrade.comparison import Change, compare
from reports.upgrade.speed import Times
from verify.outcome.verdict import Verdict

SEED = {"run_seed": "7", "profile": "standard"}
OLD = RunRecord(**SEED, backends={"cpu": {"torch": "2.13.0"}})
NEW = RunRecord(**SEED, backends={"cpu": {"torch": "2.15.0"}})
FIXED = Finding("call", False, None, 1, "x", scope="case", kind=Kind.FIXED_UPSTREAM)
BROKEN = replace(FIXED, kind=Kind.COMPARISON)


def cell(
    subject: str = "normal_", verdict: str = "pass", promise: str = "law", **more
) -> CellRecord:
    backend, dtype = more.pop("backend", "cpu"), more.pop("dtype", "float32")
    nodeid = f"verify/test_x.py::test_{promise}[{backend}-{dtype}-{subject}]"
    return CellRecord(nodeid, promise, subject, backend, dtype, Verdict(verdict), **more)


def found(
    before: list[CellRecord], after: list[CellRecord], old: RunRecord = OLD, new: RunRecord = NEW
):
    return compare(Report(old, tuple(before)), Report(new, tuple(after)), Times())


PASS, FAIL, KNOWN = cell(), cell(verdict="fail"), cell(verdict="known defect")
REFUSED, LOST, LATE = cell(verdict="unsupported"), cell(verdict="lost"), cell(verdict="timed out")
UNTESTED = cell(verdict="not tested")


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (PASS, PASS, "same"),
        (PASS, FAIL, "regressions"),
        (PASS, LATE, "regressions"),
        (PASS, REFUSED, "regressions"),
        (PASS, KNOWN, "regressions"),
        (KNOWN, FAIL, "regressions"),
        (REFUSED, FAIL, "regressions"),
        (LOST, FAIL, "regressions"),
        (None, FAIL, "regressions"),
        (None, KNOWN, "added"),
        (LOST, KNOWN, "gaps"),
        (FAIL, PASS, "fixes"),
        (LATE, PASS, "fixes"),
        (KNOWN, PASS, "fixes"),
        (REFUSED, PASS, "fixes"),
        (FAIL, REFUSED, "fixes"),
        (FAIL, LATE, "still_wrong"),
        (FAIL, KNOWN, "still_wrong"),
        (KNOWN, KNOWN, "same"),
        (PASS, LOST, "gaps"),
        (LOST, PASS, "gaps"),
        (None, LOST, "gaps"),
        (PASS, cell(verdict="a verdict of tomorrow"), "gaps"),
        (None, PASS, "added"),
        (PASS, None, "removed"),
        (UNTESTED, UNTESTED, "same"),
        (UNTESTED, PASS, "added"),
        (PASS, UNTESTED, "removed"),
        (UNTESTED, FAIL, "regressions"),
        (KNOWN, replace(FAIL, findings=(FIXED,)), "fixes"),
        (KNOWN, replace(FAIL, findings=(FIXED, BROKEN)), "regressions"),
    ],
)
def test_what_became_of_a_cell(before, after, kind):
    assert Change(before, after).kind == kind


def test_a_defect_that_is_gone_must_be_told_in_full():
    """Of many mismatches only the first are told: the others may be anything."""
    many = replace(BROKEN, scope="cell", effect=Effect("mismatches", 3, 3, 3))
    one = replace(BROKEN, scope="cell", effect=Effect("mismatches", 1, 1, 1))
    assert Change(KNOWN, replace(FAIL, findings=(one, FIXED))).kind == "fixes"
    assert Change(KNOWN, replace(FAIL, findings=(many, FIXED))).kind == "regressions"


@pytest.mark.parametrize(
    ("before", "after", "code", "said"),
    [
        ([PASS], [PASS], 0, "none of the 1 cell in both runs got worse."),
        ([PASS], [FAIL], 1, "1 cell got worse: normal_."),
        ([PASS], [LOST], 3, "1 cell cannot be compared."),
        ([PASS, cell("eye_")], [PASS], 3, "1 cell of the baseline missing."),
        ([FAIL], [FAIL], 3, "1 cell wrong in both."),
        ([PASS, cell("eye_", "fail")], [PASS, cell("eye_", "fail")], 0, "1 cell wrong in both."),
        ([PASS, cell("eye_", "fail")], [PASS, cell("eye_")], 0, "1 cell better."),
        ([REFUSED], [REFUSED], 3, "there are gaps"),
        ([PASS, cell("eye_")], [FAIL, cell("eye_", "lost")], 1, "1 cell cannot be compared."),
    ],
)
def test_the_verdict(before, after, code, said):
    result = found(before, after)
    assert result.exit_code == code
    assert result.sentence.startswith("PyTorch 2.15.0 against 2.13.0: ")
    assert said in result.sentence


def test_a_witness_that_is_not_planned_any_more_is_a_defect_that_is_gone():
    gone, there = (cell(name, "known defect", "known defect") for name in ("a", "b"))
    result = found([PASS, gone, there], [PASS, there])
    assert [change.before for change in result.gone] == [gone]
    assert (result.removed, result.exit_code) == ((), 0)
    # Where no witness was planned at all, nothing is known about the defects.
    assert [c.before for c in found([PASS, gone, there], [PASS]).removed] == [gone, there]


def test_a_witness_that_only_the_candidate_plans_is_a_defect_that_is_new():
    there, new = (cell(name, "known defect", "known defect") for name in ("a", "b"))
    result = found([PASS, there], [PASS, there, new])
    assert [change.after for change in result.regressions] == [new]
    assert (result.added, result.exit_code) == ((), 1)
    # Where the baseline looked at no witness, nothing is known about when it came.
    result = found([PASS], [PASS, new])
    assert ([change.after for change in result.added], result.exit_code) == ([new], 0)


def test_laws_that_changed_are_told_once_for_all_dtypes():
    old = [cell(dtype=dtype, law_formula="U(0, 1)") for dtype in ("float32", "float64")]
    new = [replace(each, law_formula="1", law_history="since 2.14") for each in old]
    (law,) = found(old, new).laws
    assert (law.dtypes, law.before, law.after) == (
        ("float32", "float64"),
        "U(0, 1)",
        "1; since 2.14",
    )
    assert found(old, old).laws == ()


def test_a_crashed_cell_has_no_law_that_could_have_changed():
    assert found([cell(law_formula="1")], [cell(verdict="crashed")]).laws == ()


def test_known_defects_left_out_of_one_run_only():
    old, new = cell(excluded=("a", "b")), cell(excluded=("b", "c"))
    assert found([old], [new]).excluded == {("a", "baseline"): 1, ("c", "candidate"): 1}


def test_two_backends_are_compared_cell_by_cell():
    host = cell("gain", backend="host")
    result = found([cell(), host], [cell(backend="cuda", verdict="fail"), host])
    assert result.shared == 2
    assert [change.cell.backend for change in result.regressions] == ["cuda"]


def test_streams_by_subject_dtype_and_layout():
    streams = {"anchor 1": "aa", "anchor 2": "bb"}
    other = {"anchor 1": "aa", "anchor 2": "cc", "anchor 3": "dd"}
    places = [("law", "float32"), ("law", "float64"), ("strided", "float32")]
    old = [cell(promise=p, dtype=d, streams=streams) for p, d in places]
    new = [replace(old[0], streams=other), old[1], replace(old[2], streams={"anchor 1": "zz"})]
    result = found(old, new).streams
    assert (result.compared, result.changed) == (5, 2)
    assert (result.cells, result.changed_cells, result.dtypes) == (3, 2, ("float32",))
    told = {name: str(tally) for name, tally in result.rows["normal_"]["float32"].items()}
    assert told == {"law": "1 of 2", "strided": "all"}


def test_subjects_whose_streams_changed_alike_are_one_line():
    old = [cell(name, streams={"x": "a"}) for name in ("normal_", "randn", "uniform_")]
    new = [replace(each, streams={"x": "b"}) for each in old[:2]] + old[2:]
    ((subjects, entries),) = found(old, new).streams.grouped
    assert subjects == ["normal_", "randn"]
    assert [dtypes for dtypes, _ in entries] == [["float32"]]


def test_streams_of_two_backends_are_never_the_same_and_not_compared():
    result = found([cell(streams={"x": "a"})], [cell(backend="cuda", streams={"x": "b"})])
    assert result.shared == 1
    assert result.streams.compared == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"profile": "smoke"}, "different profiles (standard and smoke)"),
        ({"run_seed": "8"}, "different run seeds (7 and 8)"),
        ({"alpha": 1e-6}, "different levels"),
        ({"selections": (("-k", "a b"),)}, "different selections (all and -k 'a b')"),
        ({"environment": {"suite": "b"}}, "not of the same suite (a and b)"),
        (
            {"backends": {"cpu": {"torch": "2.15.0", "vector": "AVX2"}}},
            "different machines (cpu: vector: SSE and AVX2)",
        ),
    ],
)
def test_what_makes_runs_less_comparable_is_said(changes, said):
    backends = {"cpu": {"torch": "2.13.0", "vector": "SSE"}}
    old = replace(OLD, environment={"suite": "a"}, backends=backends)
    (remark,) = found([PASS], [PASS], old, replace(NEW, **changes)).remarks
    assert said in remark


def test_comparable_runs_go_without_remark():
    assert found([PASS], [PASS]).remarks == ()
    assert found([PASS], [PASS], OLD, OLD).remarks == ("Both runs are of PyTorch 2.13.0.",)


def test_known_defects_that_are_still_there_are_named() -> None:
    """By a witness, or because something is left out; one that is mended or unknown is not."""
    known = {name: Defect(symptom=name) for name in ("shown", "left-out", "mended")}
    cells = [
        cell("normal_", "known defect", "known_defect", witness="shown"),
        cell("normal_", "fail", "known_defect", witness="mended", findings=(FIXED,)),
        cell("uniform_", "known defect"),
        cell("normal_", excluded=("left-out",)),
    ]
    overview = found(cells, cells, new=replace(NEW, defects=known))
    assert {id: defect.symptom for id, defect in overview.defects.items()} == {
        "left-out": "left-out",
        "shown": "shown",
    }


def test_what_the_candidate_could_have_seen() -> None:
    seen = Finding("scale", True, 0.5, 9, "", detectable=Detectable("scale", 0.01, "relative"))
    (row,) = found([PASS], [replace(PASS, findings=(seen,))]).power
    assert (row.check, row.worst) == ("scale", 0.01)


def test_a_new_defect_is_told_in_words():
    """What it is, up to its size; where nothing is known of it, by its id."""
    shown = cell("uniform_", "known defect", "known defect", witness="one-returned")
    unread = cell("normal_", "known defect", "known defect", witness="of-tomorrow")
    there = cell("a", "known defect", "known defect")
    symptom = "Compiled uniform_ returns 1.0: 2,050 of a million. Eager calls never do."
    new = replace(NEW, defects={"one-returned": Defect(symptom=symptom)})
    said = found([PASS, there], [PASS, there, shown, unread], new=new).sentence
    assert said.endswith(
        "2 cells got worse: normal_: of-tomorrow and uniform_ (“Compiled uniform_ returns 1.0”)."
    )
