"""Samples of modules become evidence tensor by tensor, and nothing goes unclaimed."""

import math

import pytest
import torch

from verify import laws
from verify.engine.observation import observe, unlawful_state
from verify.engine.sampling import Sample
from verify.outcome.evidence import Evidence
from verify.subjects.tensor_law import TensorLaw

UNIT = laws.Uniform(0.0, 1.0)


def sample(**tensors):
    calls = len(next(iter(tensors.values())))
    flat = {name: values.reshape(calls, -1) for name, values in tensors.items()}
    shapes = {name: tuple(values.shape[1:]) for name, values in tensors.items()}
    return Sample(flat, shapes, 7, calls)


def uniforms(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(math.prod(shape)))


def failing(evidence):
    return {(f.tensor, f.check) for f in evidence.findings("case", "c") if not f.passed}


class TestObserve:
    def test_each_tensor_is_held_against_its_own_law(self):
        drawn = sample(weight=uniforms(8, 64, 4), bias=torch.zeros(8, 64))
        lawful = [
            TensorLaw("weight", (64, 4), UNIT),
            TensorLaw("bias", (64,), laws.Constant(0.0)),
        ]
        assert not failing(observe(drawn, lawful, sort=True))
        swapped = [
            TensorLaw("weight", (64, 4), laws.Constant(0.0)),
            TensorLaw("bias", (64,), UNIT),
        ]
        assert {("weight", "exact"), ("bias", "extremes")} <= failing(
            observe(drawn, swapped, sort=True)
        )

    def test_a_nameless_tensor_is_the_subject_itself(self):
        evidence = observe(sample(**{"": uniforms(2, 9)}), [TensorLaw("", (9,), UNIT)], sort=False)
        assert evidence.statistics and not evidence.tensors

    def test_one_row_may_have_a_law_of_its_own(self):
        table = uniforms(4, 10, 3)
        table[:, 2] = 0.0
        tensors = [
            TensorLaw("weight", (10, 3), UNIT, but_row=2),
            TensorLaw("weight", (10, 3), laws.Constant(0.0), "padding row", row=2),
        ]
        evidence = observe(sample(weight=table), tensors, sort=True)
        assert set(evidence.tensors) == {"weight", "weight[2]"}
        assert not failing(evidence)
        assert evidence.tensors["weight"].statistics["finite"].n == 4 * 27
        assert evidence.tensors["weight[2]"].statistics["exact"].n == 4 * 3
        table[1, 2, 0] = 1e-9
        assert failing(observe(sample(weight=table), tensors, sort=True)) == {
            ("weight[2]", "exact")
        }

    def test_blocks_are_compared_with_the_next(self):
        """Gates that repeat each other are correlated along the axis of the gates."""
        gate = uniforms(4, 1, 64, 16)
        repeated = gate.expand(4, 4, 64, 16).reshape(4, 256, 16)
        tensors = [TensorLaw("weight_hh", (256, 16), UNIT, blocks=4)]
        evidence = observe(sample(weight_hh=repeated), tensors, sort=True)
        assert ("weight_hh", "correlation") in failing(evidence)
        assert (
            "the neighbour on axis -3"
            in evidence.tensors["weight_hh"].statistics["correlation"].sums
        )

    def test_copies_add_no_evidence_but_must_be_copies(self):
        values = uniforms(3, 50)
        tensors = [
            TensorLaw("layers.0.w", (50,), UNIT, "w"),
            TensorLaw("layers.1.w", (50,), UNIT, "w", copy_of="layers.0.w"),
        ]
        drawn = sample(**{"layers.0.w": values, "layers.1.w": values.clone()})
        evidence = observe(drawn, tensors, sort=True)
        assert set(evidence.tensors) == {"layers.0.w"} and not failing(evidence)
        drawn.tensors["layers.1.w"][2, 3] += 1
        assert failing(observe(drawn, tensors, sort=True)) == {("", "copies")}

    def test_pools_by_kind(self):
        tensors = [TensorLaw(f"w{i}", (40,), UNIT, "w") for i in range(3)]
        drawn = sample(**{f"w{i}": uniforms(2, 40 + i)[:, :40] for i in range(3)})
        evidence = observe(drawn, tensors, sort=True)
        pooled = evidence.pooled({tensor.label: tensor.pool for tensor in tensors})
        assert set(pooled.tensors) == {"w"}
        assert pooled.tensors["w"].statistics["finite"].n == 240
        assert "kolmogorov_smirnov" not in pooled.tensors["w"].statistics
        (merged,) = {f.tensor for f in pooled.findings("cell")} - {""}
        assert merged == "w"

    def test_a_tensor_that_is_not_finite_spoils_no_other(self):
        drawn = sample(weight=uniforms(2, 30), bias=torch.full((2, 30), torch.nan))
        tensors = [TensorLaw("weight", (30,), UNIT), TensorLaw("bias", (30,), UNIT)]
        assert failing(observe(drawn, tensors, sort=True)) == {("bias", "finite")}


class TestUnlawfulState:
    LAWFUL = (TensorLaw("weight", (3, 2), UNIT), TensorLaw("bias", (3,), UNIT))

    @pytest.mark.parametrize(
        ("state", "problem"),
        [
            ({"weight": (3, 2), "bias": (3,)}, ""),
            ({"bias": (3,), "weight": (3, 2)}, ""),
            ({"weight": (3, 2)}, "bias is missing"),
            ({"weight": (2, 3), "bias": (3,)}, "weight has the shape (2, 3), not (3, 2)"),
            (
                {"weight": (3, 2), "bias": (3,), "scale": (1,)},
                "scale of shape (1,) has no law",
            ),
            ({}, "weight is missing; bias is missing"),
        ],
    )
    def test_names_what_is_wrong(self, state, problem):
        assert unlawful_state(Sample({}, state, 0, 1), self.LAWFUL) == problem


def test_evidence_of_tensors_adds_up():
    one = observe(sample(w=uniforms(2, 20)), [TensorLaw("w", (20,), UNIT)], sort=False)
    both = one + Evidence({}, {"b": one.tensors["w"]}) + one
    assert both.tensors["w"].statistics["finite"].n == 80
    assert both.tensors["b"].statistics["finite"].n == 40
