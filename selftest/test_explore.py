"""The exploration of a module's cell: every random kind pooled, every case of its own."""

import dataclasses
import hashlib

import pytest
import torch
from hypothesis import strategies as st

from verify import backends
from verify.checks.finding import Finding
from verify.engine import explore
from verify.engine.explore import verify_cell
from verify.laws import Family
from verify.outcome.schema import cell_line
from verify.plan.profiles import PROFILES
from verify.plan.run import Cell, Run
from verify.subjects import SUBJECTS

RUN = Run(20_260_101, PROFILES["smoke"], 60.0, 0)
KINDS = {
    "Linear": {"weight", "bias"},
    "Bilinear": {"weight", "bias"},
    "LSTM": {"weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"},
    "EmbeddingBag": {"weight"},
    "TransformerEncoder": {"in_proj_weight", "out_proj.weight", "linear.weight", "linear.bias"},
    "BatchNorm2d": set(),
}


def outcome(name, promise, dtype="float32", **options):
    cell = Cell(SUBJECTS[name], backends.known()["cpu"], dtype)
    return verify_cell(cell, RUN, promise, **options)


def pooled(concluded):
    """Values in the pool of each random kind of tensors."""
    return {
        kind: evidence.statistics["distribution"].n
        for kind, evidence in concluded.evidence.tensors.items()
        if "distribution" in evidence.statistics
    }


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("promise", ["default", "reset"])
def test_every_random_kind_is_pooled_in_full(name, promise):
    concluded = outcome(name, promise)
    assert concluded.final_verdict == "pass", concluded.diagnosis
    kinds, extent = pooled(concluded), RUN.profile.module
    whole = {kind: n for kind, n in kinds.items() if ", " not in kind}
    assert set(whole) == KINDS[name]
    assert all(n >= extent.pool_values for n in whole.values())
    of_strata = kinds.keys() - whole.keys()
    assert {kind.partition(", ")[2] for kind in of_strata} == affordable(name, promise)
    assert all(kinds[kind] > 0 for kind in of_strata)


def affordable(name, promise):
    """Strata that the first fill method is asked, as far as the profile has the time."""
    subject, most = SUBJECTS[name], RUN.profile.module.largest
    strata = subject.strata if promise == "default" else ()
    return {
        each.name
        for each in strata
        if any(subject.effort(c) * subject.numel(c) <= most for c in each.cases)
    }


def test_without_a_pool_the_cases_alone_decide():
    concluded = outcome("Linear", "materialisation", pool=0.0)
    assert concluded.final_verdict == "pass"
    assert 0 < max(pooled(concluded).values()) < RUN.profile.module.pool_values


def test_the_same_run_seed_gives_the_same_evidence():
    first, again = (cell_line(outcome("GRUCell", "default"), "id", "") for _ in range(2))
    assert first == again


def test_a_failing_tensor_is_named_and_confirmed(monkeypatch):
    make = SUBJECTS["Linear"].make

    def scaled(arguments, **factory):
        module = make(arguments, **factory)
        if module.bias is not None:
            module.bias.data.mul_(1.02)
        return module

    monkeypatch.setitem(SUBJECTS["Linear"].__dict__, "make", scaled)
    concluded = outcome("Linear", "default")
    assert concluded.final_verdict == "fail"
    assert {finding.tensor for finding in concluded.failures} == {"bias"}
    assert "bias · " in concluded.diagnosis
    statistical = [f for f in concluded.failures if f.p_value is not None]
    assert statistical and all(f.confirmation < 1e-12 for f in statistical)
    failing = concluded.failing.tensors
    assert set(failing) == {"bias"} and failing["bias"].family == Family("uniform", ())
    assert {"distribution", "position"} <= set(failing["bias"].statistics)
    n = {finding.n for finding in statistical if finding.check == "legendre"}
    assert failing["bias"].statistics["distribution"].n in n


def test_pictures_of_a_failing_case_are_of_the_case_that_is_named(monkeypatch):
    normal_ = torch.nn.init.normal_

    def shifted(tensor, mean=0.0, std=1.0, generator=None):
        return normal_(tensor, mean + std / 8, std, generator)

    monkeypatch.setattr(torch.nn.init, "normal_", shifted)
    concluded = outcome("normal_", "law")
    assert concluded.final_verdict == "fail"
    line = cell_line(concluded, "id", "")
    assert line["failing"]["families"] == {"": {"name": "normal", "parameters": ()}}
    n = {
        finding.n
        for finding in concluded.failures
        if finding.scope == "case" and finding.check == "mean"
    }
    assert n == {concluded.failing.statistics["distribution"].n}
    assert cell_line(outcome("zeros_", "law"), "id", "")["failing"] == {
        "statistics": {}, "tensors": {}, "families": {},
    }  # fmt: skip


@pytest.mark.parametrize("most", [10, 30])
def test_a_smaller_failure_is_not_sought_without_end(monkeypatch, most):
    """Where each case is a toss, a smaller one that fails may always be round the corner."""
    tried = []

    def toss(exploration, case):
        tried.append(case)
        if len(tried) <= 2 or hashlib.sha256(repr(case).encode()).digest()[0] % 2 == 0:
            return []
        return [Finding.broken("raises", "tails", case)]

    monkeypatch.setattr(explore._Exploration, "_examined", toss)
    counts = {}
    for limit in (most, 10_000):
        monkeypatch.setattr(explore, "_SMALLER", limit)
        assert outcome("Transformer", "default").final_verdict == "fail"
        counts[limit] = len(tried)
        tried.clear()
    assert most < counts[most] <= most + 4 < counts[10_000]


def test_the_pool_before_a_failed_case_is_redrawn_in_proportion():
    cell = Cell(SUBJECTS["Linear"], backends.known()["cpu"], "float32")
    exploration = explore._Exploration(cell, RUN, "default", 1.0)
    exploration.examine(cell.subject.anchors[1])
    held, redrawn = exploration.pool.evidence.tensors, exploration.pool.redrawn(4).tensors
    for kind in ("weight", "bias"):
        n = held[kind].statistics["distribution"].n
        assert redrawn[kind].statistics["distribution"].n == 4 * n


def test_a_cell_of_which_nothing_was_drawn_is_not_tested():
    """A dtype that has room for none of the cases: no value, no decision, and no pass."""
    subject = SUBJECTS["constant_"]
    case = dataclasses.replace(subject.anchors[0], value=1e30)
    only = {"cases": lambda _: st.just(case), "anchors": (case,), "strata": ()}
    subject = dataclasses.replace(subject, **only)
    concluded = verify_cell(Cell(subject, backends.known()["cpu"], "float16"), RUN)
    assert concluded.final_verdict == "not tested"
    assert (concluded.n, concluded.findings) == (0, ())
    assert "no case with a value" in concluded.reason
