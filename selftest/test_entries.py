"""Entries of known defects that speak of nothing, or have expired, are named."""

import importlib
import pkgutil
from dataclasses import replace
from datetime import date

import pytest

from selftest.conduct.support import RUN
from verify import behaviour, torch_api
from verify.audit.defect_entries import judge
from verify.behaviour.promise import Promise
from verify.behaviour.promises import PROMISES
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
    promises=("lazy",), calls=("sizes not inferred",),
)  # fmt: skip


@pytest.mark.parametrize("defect", load(), ids=lambda defect: defect.id)
@pytest.mark.parametrize("version", [(2, 6), (2, 11), (2, 13), (2, 15)], ids=str)
def test_the_suites_own_speak_of_something(defect, version, monkeypatch):
    monkeypatch.setattr(torch_api, "version", lambda: version)
    outcome = judge(defect, RUN)
    assert outcome.final_verdict == "pass", outcome.diagnosis


@pytest.mark.parametrize("defect", [REGION, CALLS], ids=["region", "calls"])
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
    (REGION, {"region": {"numel": (1, 1)}}, "lies outside its region"),
    (CALLS, {"promises": ("lasy",)}, "no promise of exact comparisons 'lasy'"),
    (CALLS, {"promises": ("law",)}, "no promise of exact comparisons 'law'"),
    (CALLS, {"check": "call"}, "the check is 'lazy', not 'call'"),
    (CALLS, {"subjects": ("Linear",)}, "no subject of this promise 'Linear'"),
    (CALLS, {"dtypes": ("float16",)}, "no dtype of this promise 'float16'"),
    (CALLS, {"calls": ("sizes not infered",)}, "no comparison 'sizes not infered'; correct it, "
     "for example to sizes not inferred"),
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
