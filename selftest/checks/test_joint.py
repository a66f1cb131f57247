"""Tensors of one module: independent of each other, or copies."""

import math

import numpy as np
import pytest

from selftest.checks.support import assert_valid, stream, tensor
from verify import laws
from verify.checks import correlation_bounds, joint
from verify.checks.bounds import ALPHA

UNIT = laws.Uniform(0.0, 1.0)


def drawn(values, law=UNIT):
    return joint.Drawn(tensor(values), law)


def uniforms(label, calls, numel):
    return stream(label).random((calls, numel))


def decision(**tensors):
    (finding,) = joint.between(tensors, stream("host")).findings("between")
    return finding


class TestBetween:
    def test_independent_tensors_pass(self):
        finding = decision(
            weight=drawn(uniforms("w", 8, 512)),
            bias=drawn(uniforms("b", 8, 16)),
            slope=drawn(stream("s").standard_normal((8, 99)), laws.Normal(0.0, 1.0)),
        )
        assert finding.passed and finding.p_value > 1e-6

    @pytest.mark.parametrize("calls", [1, 4])
    def test_a_bias_that_repeats_its_weights_stream_fails(self, calls):
        values = uniforms("shared", calls, 2048)
        bound = laws.Uniform.for_variance(bound=0.1)
        finding = decision(weight=drawn(values), bias=drawn(0.2 * values[:, :512] - 0.1, bound))
        assert not finding.passed
        assert "bias, which should share nothing with weight" in finding.message
        assert finding.effect.estimate == pytest.approx(1, abs=0.2)

    def test_the_worst_pair_of_many_is_named(self):
        tensors = {f"layer{i}": drawn(uniforms(f"layer {i}", 4, 1024)) for i in range(8)}
        tensors["layer6"] = drawn(1 - uniforms("layer 2", 4, 1024))
        finding = decision(**tensors)
        assert not finding.passed and finding.effect.estimate == pytest.approx(-1, abs=0.2)
        assert "layer6, which should share nothing with layer2" in finding.message

    def test_sums_are_those_of_the_common_entries(self):
        one, other = uniforms("one", 3, 7), uniforms("other", 3, 5)
        statistic = joint.between({"one": drawn(one), "other": drawn(other)}, stream("host"))
        (first, last) = statistic.sums
        assert last == f"{first} at the end"
        assert statistic.sums[first] == pytest.approx(((one[:, :5] - 0.5) * (other - 0.5)).sum())
        assert statistic.sums[last] == pytest.approx(((one[:, 2:] - 0.5) * (other - 0.5)).sum())
        assert set(statistic.pairs.values()) == {15}

    def test_a_bias_that_repeats_the_end_of_its_weight_fails(self):
        values = uniforms("end", 4, 2048)
        finding = decision(weight=drawn(values), bias=drawn(values[:, -300:]))
        assert not finding.passed and "with weight at the end" in finding.message

    def test_the_p_value_allows_for_every_pair(self):
        tensors = {f"t{i}": drawn(uniforms(f"t {i}", 2, 256)) for i in range(5)}
        statistic = joint.between(tensors, stream("host"))
        assert len(statistic.sums) == 10
        single = min(
            correlation_bounds.serial(12 * statistic.sums[n] / m, m)
            for n, m in statistic.pairs.items()
        )
        (finding,) = statistic.findings("between")
        assert finding.p_value == pytest.approx(min(1.0, 10 * single))

    def test_long_tensors_are_cut_alike_in_every_call(self):
        calls, long = 4, 1 << 15
        values = uniforms("long", calls, long)
        statistic = joint.between({"a": drawn(values), "b": drawn(values)}, stream("host"))
        assert list(statistic.pairs.values()) == [1 << 15]

    def test_p_values_are_valid(self):
        """Under the null they fall below each level no more often than it allows."""
        p_values = []
        for i in range(2000):
            one, other, third = stream("null", i).random((3, 2, 40))
            finding = decision(a=drawn(one), b=drawn(other[:, :25]), c=drawn(third))
            p_values.append(finding.p_value)
        assert_valid(p_values)

    def test_one_tensor_has_nothing_to_compare(self):
        assert (
            joint.between({"weight": drawn(uniforms("w", 2, 8))}, stream("host")).findings(
                "between"
            )
            == []
        )

    def test_the_detectable_correlation_is_detected(self):
        """A mixture of the smallest correlation that the finding claims to see."""
        n = 1 << 14
        weight, fresh = stream("power").standard_normal((2, 1, n))
        clean = decision(a=drawn(weight, laws.Normal(0, 1)), b=drawn(fresh, laws.Normal(0, 1)))
        size = clean.detectable.size
        # The correlation of transforms of normals with correlation r is 6/π·asin(r/2).
        r = 2 * math.sin(math.pi / 6 * size)
        mixed = r * weight + math.sqrt(1 - r * r) * fresh
        found = decision(a=drawn(weight, laws.Normal(0, 1)), b=drawn(mixed, laws.Normal(0, 1)))
        assert clean.passed and found.p_value < ALPHA


class TestCopies:
    def counted(self, **changes):
        names = ("layers.0.w", "layers.1.w")
        tensors = {name: tensor(np.arange(6.0).reshape(2, 3)) for name in names}
        for index, value in changes.items():
            tensors["layers.1.w"].view(-1)[int(index[1:])] = value
        return joint.copies({"layers.1.w": "layers.0.w"}, tensors)

    def test_equal_copies_pass(self):
        (finding,) = self.counted().findings("copies")
        assert finding.passed and finding.n == 6

    def test_a_single_differing_entry_fails(self):
        (finding,) = self.counted(_4=7.0).findings("copies")
        assert not finding.passed and "1 of 6" in finding.message

    def test_nan_is_no_copy(self):
        assert self.counted(_0=math.nan).mismatches == 1
