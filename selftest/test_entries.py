"""Entries of known defects that speak of nothing, or have expired, are named."""

import importlib
import pkgutil
import re
from dataclasses import replace
from datetime import date

import pytest

from selftest.behaviour.support import RUN
from verify import behaviour, torch_api
from verify.audit.defect_entries import judge
from verify.behaviour.promise import Promise
from verify.behaviour.promises import PROMISES, renamed
from verify.defects.known_defects import KnownDefect, load
from verify.outcome.promises import TITLES
from verify.plan.run import cells
from verify.subjects import SUBJECTS

REGION = KnownDefect(
    id="a-defect", subjects=("uniform_",), symptom="It raises.", check="raises",
    region={"numel": (0, 0)}, witness={"shape": [0], "interval": {"low": 0.0, "high": 1.0}},
)  # fmt: skip
CALLS = KnownDefect(
    id="a-defect", subjects=("LazyLinear",), symptom="It is lost.", check="lazy",
    promises=("lazy",), calls=("size-not-inferred",),
)  # fmt: skip


@pytest.mark.parametrize("defect", load(), ids=lambda defect: defect.id)
@pytest.mark.parametrize("version", [(2, 6), (2, 11), (2, 13), (2, 15)], ids=str)
def test_the_suites_own_speak_of_something(defect, version, monkeypatch):
    monkeypatch.setattr(torch_api, "version", lambda: version)
    outcome = judge(defect, RUN)
    assert outcome.final_verdict == "pass", outcome.diagnosis


@pytest.mark.parametrize(
    "defect", [REGION, CALLS, replace(CALLS, subjects=())], ids=["region", "calls", "everywhere"]
)
def test_lawful_entries_pass(defect):
    assert judge(defect, RUN).final_verdict == "pass"


FAULTS = [  # The entry, what is wrong with it, and what is said.
    (REGION, {"subjects": ("uniform_", "unifrom_")}, "no subject 'unifrom_'; correct it"),
    (REGION, {"backends": ("cdua",)}, "no backend 'cdua'; correct it, for example to cuda"),
    (REGION, {"dtypes": ("float23",)}, "no dtype 'float23'; correct it, for example to float32"),
    (REGION, {"dtypes": ("int64",)}, "no cell of the subject 'uniform_' is among those"),
    (REGION, {"subjects": ("uniform_", "uniform"), "dtypes": ("bfloat16",)}, "'uniform' is among"),
    (REGION, {"subjects": ("uniform",), "dtypes": ("float32", "bfloat16")}, "dtype 'bfloat16' is"),
    (REGION, {"promises": ("default",)}, "uniform_ promises none of default"),
    (REGION, {"promises": ("law", "lwa")}, "no promise of these subjects 'lwa'"),
    (REGION, {"region": {"size": (0, 0)}}, "no feature 'size'; correct it, for example to "),
    (REGION, {"witness": {"form": [0]}}, "the witness is no case: "),
    (REGION, {"after": {"form": [0]}}, "the witness is no case: "),
    (REGION, {"region": {"numel": (1, 1)}}, "lies outside its region"),
    (CALLS, {"promises": ("lasy",)}, "no promise of exact comparisons 'lasy'"),
    (CALLS, {"promises": ("law",)}, "no promise of exact comparisons 'law'"),
    (CALLS, {"promises": ("contract",)}, "for example to contract of the call"),
    (CALLS, {"check": "call"}, "the check is 'lazy', not 'call'"),
    (CALLS, {"subjects": ("Linear",)}, "no subject of this promise 'Linear'"),
    (CALLS, {"dtypes": ("float16",)}, "no dtype of this promise 'float16'"),
    (CALLS, {"calls": ("size-not-infered",)}, "no question 'size-not-infered'; correct it, "
     "for example to size-not-inferred"),
    (CALLS, {"calls": ("sizes not infered",)}, "no question 'sizes not infered'; correct it, "),
    (CALLS, {"promises": ("errors",), "check": "errors", "subjects": ("uniform_",), "dtypes": (),
     "calls": ("swaped-bounds",)}, "no question 'swaped-bounds'; correct it, for example to swap"),
    (CALLS, {"promises": ("bounded time",), "check": "time_limit", "subjects": ("trunc_normal_",),
     "calls": ("from 10",)}, "no question 'from 10'; correct it, for example to from-10"),
    (CALLS, {"promises": ("errors",), "check": "errors"}, "no subject of this promise"),
    (CALLS, {"promises": ("bounded time",), "check": "errors"}, "the check is 'time_limit'"),
]  # fmt: skip


@pytest.mark.parametrize(("defect", "changes", "said"), FAULTS, ids=[str(c) for _, c, _ in FAULTS])
class TestNothing:
    def test_is_matched(self, defect, changes, said):
        outcome = judge(replace(defect, **changes), RUN)
        assert outcome.final_verdict == "fail"
        assert "matches nothing: " in outcome.diagnosis
        assert said in outcome.diagnosis

    def test_is_asked_of_another_version(self, defect, changes, said):
        gone = replace(defect, **changes, until=(2, 1))
        assert judge(gone, RUN).final_verdict == "pass"


class TestExpiry:
    @pytest.mark.parametrize(
        ("expires", "verdict"),
        [
            (None, "pass"),
            (date(2026, 1, 1), "fail"),
            (date(2026, 1, 2), "pass"),
            (date(2026, 1, 3), "pass"),
        ],
    )
    def test_is_after_the_last_day(self, expires, verdict):
        run = replace(RUN, day=date(2026, 1, 2))
        outcome = judge(replace(REGION, expires=expires), run)
        assert outcome.final_verdict == verdict
        said = "expired on 2026-01-01: look again and renew or remove the entry"
        assert (said in outcome.diagnosis) == (verdict == "fail")


def test_absent_machines_are_no_matter():
    assert judge(replace(REGION, backends=("cuda",)), RUN).final_verdict == "pass"


def test_every_promise_that_knows_defects_is_in_the_table():
    """A module of questions that the table lacks could not be named by an entry."""
    names = (module.name for module in pkgutil.iter_modules(behaviour.__path__))
    modules = [importlib.import_module(f"{behaviour.__name__}.{name}") for name in names]
    found = {p.name: p for m in modules for p in vars(m).values() if isinstance(p, Promise)}
    assert found == PROMISES
    assert found.keys() <= TITLES.keys()


@pytest.mark.parametrize("promise", PROMISES.values(), ids=PROMISES)
def test_every_promise_is_asked_somewhere(promise):
    assert set(promise.subjects) <= set(SUBJECTS)
    assert any(promise.is_asked_in(c.subject.name, "cpu", c.dtype_name) for c in cells(["cpu"]))


@pytest.mark.parametrize("promise", PROMISES.values(), ids=PROMISES)
def test_ids_are_short_and_words_tell_questions_apart(promise):
    assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", id) for id in promise.questions)
    assert len(promise.ids) == len(promise.questions) > 0


class TestWords:
    """An entry that names a question by its words, as entries once did."""

    WORDS = replace(CALLS, calls=("sizes not inferred", "drawn-early"))

    def test_are_understood(self):
        outcome = judge(self.WORDS, RUN)
        assert outcome.final_verdict == "pass", outcome.diagnosis
        assert renamed(self.WORDS) in outcome.reason

    def test_are_followed_by_the_ids_to_write(self):
        assert renamed(self.WORDS) == (
            "the known defect 'a-defect' names questions by their words, which may change: "
            'write calls = ["size-not-inferred", "drawn-early"]'
        )

    def test_of_ids_nothing_is_said(self):
        assert renamed(CALLS) == renamed(REGION) == ""

    @pytest.mark.parametrize("defect", load(), ids=lambda defect: defect.id)
    def test_are_nowhere_in_the_suites_own(self, defect):
        assert renamed(defect) == ""
