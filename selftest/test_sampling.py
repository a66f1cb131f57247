"""Draws: derived seeds, consecutive calls, and what a subject did instead of filling."""

import hashlib
import math
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from scipy import stats

import strategies
from verify import backends, laws, torch_api
from verify.engine import sampling
from verify.engine.sampling import Sampler, SubjectRaised, Unsupported
from verify.plan.profiles import PROFILES
from verify.plan.run import Cell, Run, cells, derive
from verify.plan.watchdog import TimedOut
from verify.subjects import INITIALIZERS, MODULES, OPERATIONS, SUBJECTS
from verify.subjects.case import ModuleCase, TensorCase
from verify.subjects.subject import Initializer

HALVES, WIDE = ("bfloat16", "float16"), ("float32", "float64")
COMPLEX = ("complex32", "complex64", "complex128")
AFFORDABLE = [operation for operation in OPERATIONS if not operation.vast]


pytestmark = pytest.mark.usefixtures("patient")  # Time limits are short here.


@dataclass(frozen=True)
class Scaled(TensorCase):
    scale: float = 1.0


def fake(name="fake_"):
    return Initializer(
        name=name,
        cases=lambda size: st.just(Scaled((3,))),
        arguments=lambda case: {"scale": case.scale},
        law=lambda case: laws.Normal(0.0, case.scale),
        words="",
        formula="",
        source="",
        anchors=(Scaled((3,)),),
    )


def sampler(seed=1, name="fake_", dtype="float32", time_limit=20.0):
    cell = Cell(fake(name), backends.known()["cpu"], dtype)
    return Sampler(cell, Run(seed, PROFILES["smoke"], time_limit, 0))


def wanted_from(sampler, case, replicate, values, most, **seed):
    """Draw as the exploration does: so many values in at most so many calls."""
    return sampler.draw(case, replicate, sampler.calls(case, values, most), **seed)


@pytest.fixture
def fills(monkeypatch):
    """Make the subject fill with a function of (tensor, generator, scale)."""

    def plant(function):
        def filler(name, arguments, generator):
            return lambda tensor: function(tensor, generator, **arguments)

        monkeypatch.setattr(torch_api, "filler", filler)

    return plant


@pytest.fixture
def normal(fills):
    """A subject that draws from the generator it is given."""
    fills(lambda tensor, generator, scale: tensor.normal_(generator=generator).mul_(scale))


def values(draw):
    return draw.values.numpy().copy()


class TestDerive:
    def test_is_a_hash_that_no_process_salts(self):
        digest = hashlib.blake2b(b"1\x1fcell\x1fcase\x1f0", digest_size=4).digest()
        assert derive(1, "cell", "case", 0) == int.from_bytes(digest, "big")

    def test_seeds_have_32_bits(self):
        seeds = np.array([derive("bits", i) for i in range(20_000)])
        assert seeds.min() >= 0 and seeds.max() < 2**32
        assert stats.kstest(seeds / 2**32, "uniform").pvalue > 1e-12
        assert np.bitwise_or.reduce(seeds) == 2**32 - 1

    def test_parts_are_kept_apart(self):
        parts = [("ab", "c"), ("a", "bc"), ("abc",), ("a", "b", "c"), ("", "abc"), ("abc", "")]
        assert len({derive(*p) for p in parts}) == len(parts)

    def test_neighbours_share_nothing(self):
        """Half of the bits flip, whichever part changes by one."""
        flips = [
            (derive(seed, "cell", i) ^ derive(seed + 1, "cell", i)).bit_count()
            for seed in range(50)
            for i in range(50)
        ]
        assert abs(np.mean(flips) - 16) < 8 * math.sqrt(8 / len(flips))


class TestSeeds:
    BASE = (1, "fake_", "float32", Scaled((8,)), "case")
    CHANGED = (
        (2, "fake_", "float32", Scaled((8,)), "case"),
        (1, "other_", "float32", Scaled((8,)), "case"),
        (1, "fake_", "float64", Scaled((8,)), "case"),
        (1, "fake_", "float32", Scaled((4, 2)), "case"),
        (1, "fake_", "float32", Scaled((8,), 2.0), "case"),
        (1, "fake_", "float32", Scaled((8,)), "pool 0"),
    )

    @staticmethod
    def drawn(seed, name, dtype, case, replicate):
        return wanted_from(sampler(seed, name, dtype), case, replicate, 64, 100)

    @pytest.mark.usefixtures("normal")
    def test_the_same_draw_gives_the_same_values(self):
        first, again = self.drawn(*self.BASE), self.drawn(*self.BASE)
        assert first.seed == again.seed
        np.testing.assert_array_equal(values(first), values(again))

    @pytest.mark.usefixtures("normal")
    @pytest.mark.parametrize(
        "changed", CHANGED, ids=["run", "cell", "dtype", "shape", "case", "tag"]
    )
    def test_any_difference_gives_another_stream(self, changed):
        first, other = self.drawn(*self.BASE), self.drawn(*changed)
        assert first.seed != other.seed
        scaled = values(other).ravel() / changed[3].scale
        assert not np.isclose(values(first).ravel(), scaled).any()

    @pytest.mark.usefixtures("normal")
    def test_neither_order_nor_company_matters(self):
        one, other = sampler(), sampler()
        a, b = Scaled((8,)), Scaled((9,))
        forwards = [values(wanted_from(one, case, "case", 32, 10)) for case in (a, b)]
        backwards = [values(wanted_from(other, case, "case", 32, 10)) for case in (b, a)][::-1]
        for x, y in zip(forwards, backwards, strict=True):
            np.testing.assert_array_equal(x, y)

    @pytest.mark.usefixtures("normal")
    def test_seeds_are_distinct_within_a_cell(self):
        cell = sampler()
        seeds = {wanted_from(cell, Scaled((1,)), f"pool {i}", 1, 1).seed for i in range(500)}
        assert len(seeds) == 500
        assert all(0 <= seed < 2**32 for seed in seeds)

    @pytest.mark.usefixtures("normal")
    def test_collisions_are_resolved(self, monkeypatch):
        """Even where the hash gives every draw the same seed at first."""
        monkeypatch.setattr(sampling, "derive", lambda *parts: 1000 + parts[-1])
        cell = sampler()
        seeds = [wanted_from(cell, Scaled((1,)), f"pool {i}", 1, 1).seed for i in (0, 1, 2, 1, 0)]
        assert seeds == [1000, 1001, 1002, 1001, 1000]

    @pytest.mark.usefixtures("normal")
    def test_a_fixed_seed_is_taken_as_it_is(self):
        one, other = (
            wanted_from(sampler(seed), Scaled((8,)), "w", 8, 1, seed=77) for seed in (1, 2)
        )
        assert one.seed == other.seed == 77
        np.testing.assert_array_equal(values(one), values(other))

    def test_global_streams_follow_the_seed(self, fills):
        """For subjects that take no generator."""
        fills(lambda tensor, generator, scale: tensor.copy_(torch.rand(tensor.shape)))
        first, again = (
            values(wanted_from(sampler(), Scaled((8,)), "case", 64, 10)) for _ in range(2)
        )
        np.testing.assert_array_equal(first, again)
        torch.manual_seed(5)
        other = values(wanted_from(sampler(), Scaled((8,)), "other", 64, 10))
        assert not np.isclose(first, other).any()

    def test_global_and_given_streams_are_not_the_same(self, fills):
        fills(lambda tensor, generator, scale: tensor.copy_(
            torch.rand(tensor.shape) - torch.rand(tensor.shape, generator=generator)))  # fmt: skip
        assert (values(wanted_from(sampler(), Scaled((100,)), "case", 1, 2)) != 0).all()

    @pytest.mark.usefixtures("normal")
    def test_hypothesis_profiles_and_numpys_seed_do_not_matter(self):
        np.random.seed(0)
        first = values(self.drawn(*self.BASE))
        np.random.seed(1)
        np.testing.assert_array_equal(first, values(self.drawn(*self.BASE)))


class TestCalls:
    @pytest.mark.usefixtures("normal")
    @pytest.mark.parametrize(
        ("shape", "wanted", "most", "calls"),
        [
            ((8,), 64, 100, 8),
            ((8,), 65, 100, 9),
            ((8,), 1000, 100, 100),  # Not more calls than allowed.
            ((8,), 1, 100, 2),  # Two at least, so that a repeated call shows.
            ((8,), 1, 1, 1),
            ((), 10, 100, 10),
            ((2, 3, 4), 240, 100, 10),
            ((0, 3), 100, 100, 1),
            ((1 << 18,), 1, 100, 1),  # Large tensors are not drawn twice.
            (((1 << 18) - 1,), 1, 100, 2),
        ],
    )
    def test_shape_of_the_sample(self, shape, wanted, most, calls):
        drawn = wanted_from(sampler(), Scaled(shape), "case", wanted, most)
        assert drawn.values.shape == (calls, math.prod(shape))
        assert drawn.values.dtype == torch.float32
        assert drawn.values.is_contiguous()

    @pytest.mark.usefixtures("normal")
    def test_calls_go_on_in_one_stream(self):
        drawn = wanted_from(sampler(), Scaled((16,)), "case", 160, 100)
        generator = torch.Generator().manual_seed(drawn.seed)
        for row in drawn.values:
            expected = torch.empty(16).normal_(generator=generator)
            np.testing.assert_array_equal(row.numpy(), expected.numpy())

    def test_every_call_gets_a_tensor_of_its_own(self, fills):
        """Full of NaN: what the subject leaves untouched stays NaN."""
        seen = []

        def lazy(tensor, generator, scale):
            assert torch.isnan(tensor).all()
            tensor.view(-1)[:-1] = len(seen)
            seen.append(tensor)

        fills(lazy)
        drawn = values(wanted_from(sampler(), Scaled((2, 3)), "case", 24, 100))
        assert np.isnan(drawn[:, -1]).all()
        np.testing.assert_array_equal(drawn[:, 0], range(4))
        assert [tuple(t.shape) for t in seen] == [(2, 3)] * 4

    def test_only_what_the_tensor_holds_counts(self, fills):
        """A subject that returns a new tensor and leaves the given one alone is caught."""
        fills(lambda tensor, generator, scale: torch.zeros_like(tensor))
        assert np.isnan(values(wanted_from(sampler(), Scaled((5,)), "case", 10, 2))).all()

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.usefixtures("normal")
    def test_dtype_is_the_cells(self, dtype):
        drawn = wanted_from(sampler(dtype=dtype), Scaled((4,)), "case", 4, 1)
        assert drawn.values.dtype == getattr(torch, dtype)


class TestFailures:
    @pytest.mark.parametrize(
        ("error", "seen", "sentence"),
        [
            (
                RuntimeError("to is out of bounds"),
                SubjectRaised,
                "RuntimeError: to is out of bounds",
            ),
            (ZeroDivisionError("division by zero"), SubjectRaised, "ZeroDivisionError: division"),
            (NotImplementedError("no kernel"), Unsupported, "^no kernel$"),
            (RuntimeError("Unsupported XLA type 15"), Unsupported, "^Unsupported XLA type 15$"),
            (TimedOut("late"), TimedOut, "late"),
        ],
    )
    def test_are_told_apart(self, fills, error, seen, sentence):
        def raising(tensor, generator, scale):
            raise error

        fills(raising)
        with pytest.raises(seen, match=sentence):
            wanted_from(sampler(), Scaled((3,)), "case", 3, 1)

    def test_an_endless_call_is_timed_out(self, fills):
        def endless(tensor, generator, scale):
            while True:
                pass

        fills(endless)
        with pytest.raises(TimedOut):
            wanted_from(sampler(time_limit=0.2), Scaled((3,)), "case", 3, 1)

    def test_warnings_are_promises_of_their_own(self, fills):
        def warning(tensor, generator, scale):
            warnings.warn("deprecated", FutureWarning, stacklevel=1)
            tensor.zero_()

        fills(warning)
        assert (values(wanted_from(sampler(), Scaled((3,)), "case", 3, 1)) == 0).all()


class TestCells:
    def test_ids_are_unique_and_the_order_is_fixed(self):
        planned = cells(["cpu"])
        ids = [cell.id for cell in planned]
        assert len(set(ids)) == len(ids)
        for subject in INITIALIZERS:
            dtypes = {cell.dtype_name for cell in planned if cell.subject is subject}
            assert dtypes == set(HALVES + WIDE + COMPLEX if not subject.deprecated else WIDE)
        for subject in MODULES:
            dtypes = {cell.dtype_name for cell in planned if cell.subject is subject}
            assert dtypes == set(HALVES + WIDE)
        assert ids == [cell.id for cell in cells(["cpu"])]

    def test_backends_in_any_order(self):
        forwards, backwards = (cells(order) for order in (["cpu", "cuda"], ["cuda", "cpu"]))
        assert [cell.id for cell in forwards] == [cell.id for cell in backwards]

    @pytest.mark.parametrize("subject", INITIALIZERS, ids=lambda subject: subject.name)
    def test_every_initializer_binds_anchors_to_arguments_and_laws(self, subject):
        assert subject.words and subject.formula and subject.source
        for anchor in subject.anchors:
            (tensor,) = subject.tensors(anchor)
            assert (tensor.name, tensor.label, tensor.pool) == ("", "", "")
            assert isinstance(tensor.law, laws.Law)
            assert all(isinstance(name, str) for name in subject.arguments(anchor))
            assert subject.effort(anchor) > 0
            assert anchor.features()["numel"] == math.prod(anchor.shape) == subject.numel(anchor)
            names = vars(__import__("verify.subjects.initializers", fromlist=["x"]))
            assert eval(repr(anchor), names) == anchor

    @pytest.mark.parametrize("subject", AFFORDABLE, ids=lambda subject: subject.name)
    def test_every_operation_fills_what_its_law_speaks_of(self, subject):
        for dtype in subject.dtypes:
            cell = Cell(subject, backends.known()["cpu"], dtype)
            drawn = Sampler(cell, Run(1, PROFILES["smoke"], 20.0, 0), "operation")
            for anchor in subject.anchors:
                (tensor,) = subject.tensors(anchor)
                assert isinstance(tensor.law, laws.Law)
                sample = drawn.draw(anchor, "case", 1)
                assert sample.shapes[""] == tensor.shape
                assert sample.values.dtype == cell.dtype

    @pytest.mark.parametrize("subject", MODULES, ids=lambda subject: subject.name)
    def test_every_module_binds_anchors_to_laws(self, subject):
        assert subject.words and subject.formula and subject.source
        for anchor in subject.anchors:
            tensors = subject.tensors(anchor)
            assert len({tensor.label for tensor in tensors}) == len(tensors)
            assert all(isinstance(tensor.law, laws.Law) for tensor in tensors)
            assert subject.effort(anchor) >= 1
            assert eval(repr(anchor), vars(strategies)) == anchor.arguments
            # What is left out is NaN, which lies in no region.
            assert not any(map(math.isinf, anchor.features().values()))

    @pytest.mark.parametrize("subject", MODULES, ids=lambda subject: subject.name)
    def test_every_random_tensor_of_a_module_is_cheap_to_draw_in_some_anchor(self, subject):
        """A kind of which each call yields a handful of values would take ages to pool."""
        shares = {}
        for anchor in subject.anchors:
            for tensor in subject.tensors(anchor):
                if isinstance(tensor.law, laws.Continuous):
                    share = math.prod(tensor.lawful_shape) / subject.numel(anchor)
                    shares[tensor.pool] = max(share, shares.get(tensor.pool, 0))
        assert all(share > 1 / 512 for share in shares.values()), shares


class TestModules:
    """The fill methods of a module, on one that every version has."""

    CASE = ModuleCase(strategies.LinearArguments(3, 5))

    def drawn(self, promise, calls=4):
        cell = Cell(SUBJECTS["Linear"], backends.known()["cpu"], "float64")
        return Sampler(cell, Run(1, PROFILES["smoke"], 20.0, 0), promise).draw(
            self.CASE, "case", calls
        )

    @pytest.mark.parametrize("promise", ["default", "reset", "materialisation"])
    def test_every_call_yields_every_tensor_anew(self, promise):
        sample = self.drawn(promise)
        assert sample.shapes == {"weight": (5, 3), "bias": (5,)}
        assert {name: tuple(t.shape) for name, t in sample.tensors.items()} == {
            "weight": (4, 15),
            "bias": (4, 5),
        }
        assert (sample.n, sample.calls) == (80, 4)
        for tensor in sample.tensors.values():
            assert tensor.dtype == torch.float64
            assert tensor.unique().numel() == tensor.numel()
            assert not tensor.requires_grad

    def test_each_fill_method_has_a_stream_of_its_own(self):
        default, reset = self.drawn("default"), self.drawn("reset")
        assert default.seed != reset.seed
        assert not np.isclose(default.tensors["bias"], reset.tensors["bias"]).any()

    def test_only_what_is_asked_for_is_kept(self):
        cell = Cell(SUBJECTS["Linear"], backends.known()["cpu"], "float32")
        run = Run(1, PROFILES["smoke"], 20.0, 0)
        sample = Sampler(cell, run, "default").draw(self.CASE, "case", 3, only={"bias"})
        assert set(sample.tensors) == set(sample.shapes) == {"bias"}

    @pytest.mark.parametrize("promise", ["reset", "materialisation"])
    def test_what_a_reset_leaves_out_stays_poisoned(self, promise, monkeypatch):
        def weight_only(module):
            torch.nn.init.zeros_(module.weight)

        monkeypatch.setattr(torch.nn.Linear, "reset_parameters", weight_only)
        sample = self.drawn(promise)
        assert sample.tensors["bias"].isnan().all()
        assert (sample.tensors["weight"] == 0).all()
