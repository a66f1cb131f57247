"""Stretches that come again, wherever they lie and whatever they are scaled by."""

import numpy as np
import pytest
import torch

from selftest.checks.support import stream, tensor
from verify import laws
from verify.checks.joint import Drawn
from verify.checks.stretches import LENGTH, stretches

UNIT = laws.Uniform(0.0, 1.0)
SMALL = laws.Uniform.for_variance(bound=0.03)
NORMAL = laws.Normal(0.0, 1.0)
DTYPES = ["float64", "float32", "bfloat16", "float16"]


def drawn(values, law=UNIT, dtype="float64"):
    return Drawn(tensor(values, dtype), law)


def decision(**tensors):
    (found,) = stretches(tensors, stream("host")).findings("stretches")
    return found


def uniforms(label, calls, numel):
    return stream(label).random((calls, numel))


class TestStretches:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", [(1, 1 << 15), (2, 5000), (64, 40), (512, 3)])
    def test_independent_values_pass(self, shape, dtype):
        weight = drawn(stream("w").standard_normal(shape), NORMAL, dtype)
        bias = drawn(0.06 * uniforms("b", shape[0], 7) - 0.03, SMALL, dtype)
        found = decision(weight=weight, bias=bias)
        assert found.passed and found.p_value == 1

    @pytest.mark.parametrize("dtype", ["float64", "float32"])
    @pytest.mark.parametrize("offset", [0, 37, 3000])
    def test_a_stretch_of_another_tensor(self, offset, dtype):
        one, other = uniforms("one", 2, 4000), uniforms("other", 2, 1000)
        other[1, 500:600] = one[0, offset : offset + 100]
        found = decision(
            weight=drawn(one, UNIT, dtype), bias=drawn(0.06 * other - 0.03, SMALL, dtype)
        )
        assert not found.passed
        said = f"bias from entry 500 on, call 1, as weight from entry {offset} on, call 0"
        assert said in found.message

    @pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
    def test_a_long_stretch_in_half_precision(self, dtype):
        z = stream("half").standard_normal((2, 4000))
        z[1, 1234:2234] = -z[0, 99:1099]
        assert not decision(weight=drawn(z, NORMAL, dtype)).passed

    def test_whatever_becomes_of_the_signs(self):
        z = stream("signs").standard_normal((1, 9000))
        z[0, 7000:7064] = z[0, 10:74] * np.where(stream("coin").random(64) < 0.5, 1, -1)
        z[0, [9, 6999]] = 0.1, 2.0
        said = "from entry 7000 on, as weight from entry 10 on"
        assert said in decision(weight=drawn(z, NORMAL)).message

    def test_a_bias_shorter_than_a_stretch(self):
        """It repeats the same entries of the weight in every call."""
        one = uniforms("wide", 16, 300)
        bias = one[:, 37:42].copy()
        found = decision(weight=drawn(one), bias=drawn(0.06 * bias - 0.03, SMALL))
        assert "bias from entry 0 on, as weight from entry 37 on" in found.message

    def test_few_values_say_nothing(self):
        assert stretches({"a": drawn(uniforms("few", 1, LENGTH - 1))}, stream("host")).n == 0
        assert stretches({}, stream("host")).findings("stretches") == []

    def test_a_short_stretch_is_no_alarm(self):
        z = uniforms("chance", 1, 9000)
        z[0, 50 : 50 + LENGTH - 1] = z[0, 4000 : 4000 + LENGTH - 1]
        assert decision(weight=drawn(z)).passed

    def test_dtypes_too_coarse_are_left_out(self):
        law = laws.TruncatedNormal(0.0, 1.0, 3.0, 5.0)
        values = torch.full((2, 999), 3.5, dtype=torch.bfloat16)
        assert stretches({"a": Drawn(values, law)}, stream("host")).n == 0

    def test_chance_obeys_the_rate(self, monkeypatch):
        """Stretches of two values: by Boole's inequality no more samples have equal ones."""
        monkeypatch.setattr("verify.checks.stretches.LENGTH", 2)
        samples = [{"a": drawn(uniforms(("rate", i), 1, 5))} for i in range(2000)]
        made = [stretches(sample, stream("rate")) for sample in samples]
        assert 60 < sum(each.count for each in made) < 2000 * made[0].rate
