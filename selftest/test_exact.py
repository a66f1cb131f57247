"""Exact comparisons, and what is known to be wrong with some."""

import math

import pytest

from verify.behaviour.exact import Comparison, compare
from verify.defects.known_defects import KnownDefect
from verify.outcome.outcome import Outcome


def gives(value):
    return lambda: value


def refuses(error):
    def refuse():
        raise error

    return refuse


def known(*calls, **changes):
    fields = {
        "id": "lost-write", "subjects": ("Linear",), "backends": (), "dtypes": (),
        "since": (0, 0), "until": (999, 0), "symptom": "", "link": "", "check": "exact",
        "calls": calls, "promises": ("gain",),
    }  # fmt: skip
    return KnownDefect(**(fields | changes))


def outcome(*comparisons, defects=(), check="exact"):
    asked = Outcome("gain", "Linear", "cpu", "float32", "", "", "")
    return compare(asked, comparisons, check, tuple(defects))


RIGHT = Comparison("one", gives(1), 1)
WRONG = Comparison("two", gives(3), 2)


class TestComparison:
    @pytest.mark.parametrize(
        ("actual", "expected", "problem"),
        [
            (gives(1), 1, ""),
            (gives([]), [], ""),
            (gives(1 + 2e-16), 1.0, ""),
            (gives(1), 1.0, ""),
            (refuses(ValueError("no")), ValueError, ""),
            (gives(2), 1, "f gives 2, not 1"),
            (gives(1 + 1e-15), 1.0, "f gives 1.000000000000001, not 1.0"),
            (gives("1"), 1.0, "f gives '1', not 1.0"),
            (gives(math.nan), math.nan, "f gives nan, not nan"),
            (gives(math.nan), 1.0, "f gives nan, not 1.0"),
            (gives(1), ValueError, "f gives 1, not ValueError"),
            (refuses(KeyError()), ValueError, "f gives KeyError, not ValueError"),
            (refuses(TypeError("no\nmore")), [], "f: TypeError (no)"),
        ],
    )
    def test_problem(self, actual, expected, problem):
        assert Comparison("f", actual, expected).problem() == problem

    def test_exceptions_that_are_no_answer_are_passed_on(self):
        call = refuses(NotImplementedError("no kernel"))
        with pytest.raises(NotImplementedError, match="no kernel"):
            Comparison("f", call, 1, unanswered=(NotImplementedError,)).problem()
        assert (
            Comparison("f", call, 1).problem() == "f gives NotImplementedError (no kernel), not 1"
        )

    def test_long_excuses_are_cut(self):
        assert len(Comparison("f", refuses(ValueError("no " * 999)), 1).problem()) < 200


class TestCompare:
    def test_everything_counts(self):
        passed = outcome(RIGHT, RIGHT)
        assert (passed.final_verdict, passed.decisions, passed.excluded) == ("pass", 2, ())
        failed = outcome(RIGHT, WRONG)
        assert failed.final_verdict == "fail"
        assert failed.diagnosis.splitlines()[1] == "exact: two gives 3, not 2 [two]"
        assert failed.evidence.statistics["exact"].mismatches == 1

    def test_drawn_cases_are_shown(self):
        failed = outcome(Comparison("two", gives(3), 2, case="LinearArguments(1, 1)"))
        assert failed.diagnosis.endswith("two gives 3, not 2 [LinearArguments(1, 1)]")

    def test_ten_problems_are_shown_and_all_are_counted(self):
        failed = outcome(*[WRONG] * 12)
        assert len(failed.findings) == 11
        assert failed.evidence.statistics["exact"].mismatches == 12


class TestKnownDefects:
    def test_are_left_out_of_the_verdict(self):
        passed = outcome(RIGHT, WRONG, defects=[known("two")])
        assert (passed.final_verdict, passed.decisions) == ("pass", 1)
        assert passed.excluded == ("lost-write",)

    def test_nothing_but_known_defects(self):
        assert outcome(WRONG, WRONG, defects=[known("two")]).final_verdict == "known defect"

    def test_other_problems_still_fail(self):
        other = Comparison("three", gives(4), 3)
        failed = outcome(RIGHT, WRONG, other, defects=[known("two")])
        assert failed.final_verdict == "fail"
        assert failed.evidence.statistics["exact"].mismatches == 1
        assert "three gives 4, not 3" in failed.diagnosis and "two" not in failed.diagnosis

    @pytest.mark.parametrize("others", [(), (WRONG,)])
    def test_what_is_mended_fails(self, others):
        mended = Comparison("two", gives(2), 2)
        failed = outcome(RIGHT, mended, *others, defects=[known("two")])
        assert failed.final_verdict == "fail"
        sentence = "fixed upstream: two gives 2; end the entry 'lost-write' with `until`"
        assert sentence in failed.diagnosis

    def test_one_mended_of_two(self):
        mended = Comparison("one", gives(1), 1)
        failed = outcome(mended, WRONG, defects=[known("one", "two")])
        assert failed.evidence.statistics["exact"].mismatches == 1
        assert "fixed upstream: one" in failed.diagnosis

    def test_what_is_wrong_in_some_cases_may_be_right_in_others(self):
        defect = known("two", in_some_cases=True)
        right = Comparison("two", gives(2), 2)
        both = outcome(right, WRONG, defects=[defect])
        assert (both.final_verdict, both.decisions, both.excluded) == ("pass", 1, (defect.id,))
        seldom = outcome(right, right, defects=[defect])
        assert (seldom.final_verdict, seldom.decisions, seldom.excluded) == ("pass", 2, ())

    @pytest.mark.parametrize("idle", [known("three"), known("two", "three")])
    def test_comparisons_that_nobody_makes_are_an_error(self, idle):
        with pytest.raises(ValueError, match="'lost-write': 'three' is no comparison"):
            outcome(RIGHT, Comparison("two", gives(3), 2), defects=[known("two"), idle])

    def test_so_is_another_check(self):
        with pytest.raises(ValueError, match="is no comparison of the check 'exact' here"):
            outcome(WRONG, defects=[known("two", check="raises")])
