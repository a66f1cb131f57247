"""The exploration of a module's cell: every random kind pooled, every case of its own."""

import pytest

from verify import backends
from verify.explore import verify_cell
from verify.profiles import PROFILES
from verify.run import Cell, Run
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
    kinds = pooled(concluded)
    assert set(kinds) == KINDS[name]
    assert all(n >= RUN.profile.module.pool_values for n in kinds.values())


def test_without_a_pool_the_cases_alone_decide():
    concluded = outcome("Linear", "materialisation", pool=0.0)
    assert concluded.final_verdict == "pass"
    assert 0 < max(pooled(concluded).values()) < RUN.profile.module.pool_values


def test_the_same_run_seed_gives_the_same_evidence():
    first, again = (outcome("GRUCell", "default").to_line("id", "") for _ in range(2))
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
