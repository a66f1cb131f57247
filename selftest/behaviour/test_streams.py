"""How streams are asked: draws, what they tell, and a defect that is gone."""

import itertools

import pytest
import torch

from selftest.behaviour.support import ask, cell
from verify.behaviour.draws import bits_of, draw, information, seeded, sized, stream_of, unlike
from verify.behaviour.promise import Trial
from verify.behaviour.streams import _RANDOM, PROMISE, _holds
from verify.subjects.fills import Target

CPU = torch.device("cpu")


def trial(name, dtype="float32", seed=1):
    subject = cell(name, dtype)
    return Trial(subject, subject.subject.anchors[0], CPU, seed)


def test_a_defect_that_is_gone_is_told(monkeypatch):
    """Had the host's generator kept all 64 bits, the entry would have to go."""
    monkeypatch.setattr("verify.behaviour.streams._BEYOND", (0, 1))
    outcome = ask(PROMISE, "uniform_")
    assert "fixed upstream: seeds of 64 bits that give the same values" in outcome.diagnosis


def test_threads_stay_as_many_as_they_were():
    before = torch.get_num_threads()
    ask(PROMISE, "xavier_uniform_")
    assert torch.get_num_threads() == before


def test_only_what_draws_is_asked():
    assert {"uniform_", "sparse_", "orthogonal_", "torch.randperm", "random_"} <= {*_RANDOM}
    assert not {"zeros_", "eye_", "dirac_", "torch.full", "uniform", "Linear"} & {*_RANDOM}


class TestDraws:
    def test_a_row_for_each_call(self):
        rows = draw(sized(trial("uniform_"), 3, 2), trial("uniform_").target(), 4)
        assert rows.shape == (4, 6)

    def test_negative_zero_is_another(self):
        zero = torch.zeros(2)
        assert unlike({"same": zero, "other": -zero}, zero) == ["other"]

    def test_nan_is_the_same(self):
        nan = torch.full((2,), torch.nan)
        assert unlike({"same": nan.clone()}, nan) == []

    @pytest.mark.parametrize("dtype", ["bfloat16", "float64", "complex64", "int32"])
    def test_bits(self, dtype):
        values = torch.zeros((2, 3), dtype=getattr(torch, dtype))
        assert bits_of(values).dtype == torch.uint8

    @pytest.mark.parametrize("seed", [0, -1, 2**63 - 1])
    def test_a_given_seed(self, seed):
        target = seeded(trial("uniform_"), seed)
        assert stream_of(target).initial_seed() == seed % 2**64

    def test_a_place_without_a_generator(self):
        with pytest.raises(NotImplementedError, match="no generators"):
            stream_of(Target(CPU, torch.float32))

    def test_a_run_at_either_end_is_found(self):
        values = torch.arange(20.0)
        assert _holds(values, values[:8]) and _holds(values, values[12:])
        assert not _holds(values, values[:8].flip(0))


class TestInformation:
    def test_of_equal_values(self):
        assert information(torch.ones(1000)) == 0

    def test_of_distinct_values(self):
        assert information(torch.arange(16.0)) == pytest.approx(16 * 4)

    def test_of_coins(self):
        assert information(torch.tensor([0.0, 1.0] * 50)) == pytest.approx(100)

    def test_of_complex_values_each_part_counts(self):
        assert information(torch.tensor([0 + 1j, 2 + 3j])) == pytest.approx(4 * 2)

    def test_no_law_of_independent_values_makes_them_more_probable(self):
        values = torch.tensor([0.0, 0.0, 1.0, 2.0])
        bound = 2 ** -information(values)
        grid = [i / 20 for i in range(21)]
        laws = ((p, q, 1 - p - q) for p, q in itertools.product(grid, grid) if p + q <= 1)
        assert max(p * p * q * r for p, q, r in laws) <= bound * (1 + 1e-9)


class TestNeighbouringSeeds:
    @pytest.mark.parametrize("name", ["uniform_", "torch.rand"])
    def test_each_call_is_the_first_of_the_next_seed(self, name):
        own = trial(name)
        fill_methods = own.cell.subject.fill_methods
        fill = fill_methods["neighbouring seeds"](own.case, seeded(own, 41))
        for seed in (41, 42, 43):
            alone = next(iter(fill_methods.values()))(own.case, seeded(own, seed))
            assert torch.equal(fill()[""], alone()[""])

    def test_the_global_streams_are_seeded_too(self):
        own = trial("torch.rand_like")
        twice = (own.cell.subject.fill_methods["neighbouring seeds"] for _ in range(2))
        one, same = (method(own.case, seeded(own, 41)) for method in twice)
        first = one()[""]
        assert not torch.equal(first, one()[""])
        assert torch.equal(first, same()[""])

    def test_the_plain_fill_method_is_the_first(self):
        assert next(iter(cell("uniform_").subject.fill_methods)) == "law"
        assert next(iter(cell("torch.rand").subject.fill_methods)) == "operation"
