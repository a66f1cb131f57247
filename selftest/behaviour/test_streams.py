"""Streams that do not start, go on or return as they should."""

import contextlib
import itertools

import pytest
import torch
from torch.nn import init

from selftest.behaviour.support import Fault, ask, cell, unasked
from verify.behaviour.draws import bits_of, draw, information, seeded, sized, stream_of, unlike
from verify.behaviour.promise import Trial
from verify.behaviour.streams import _RANDOM, PROMISE, _holds
from verify.defects import known_defects
from verify.subjects.fills import Target

CPU = torch.device("cpu")
TICKS = itertools.count()


def trial(name, dtype="float32", seed=1):
    subject = cell(name, dtype)
    return Trial(subject, subject.subject.anchors[0], CPU, seed)


def by_a_clock(original, tensor, *args, generator=None, **kwargs):
    own = torch.Generator().manual_seed(next(TICKS))
    return original(tensor, *args, generator=own, **kwargs)


def by_memory(original, tensor, *args, **kwargs):
    held = bool(tensor.isnan().all())
    filled = original(tensor, *args, **kwargs)
    return filled if held else filled.neg_()


def by_threads(original, tensor, *args, **kwargs):
    filled = original(tensor, *args, **kwargs)
    return filled if torch.get_num_threads() == 1 else filled.neg_()


def of_one_pair():
    """Half of a pair of normals that any draw of the process takes, and any single one leaves."""
    left = []

    def normal_(original, tensor, *args, **kwargs):
        filled = original(tensor, *args, **kwargs)
        if left and tensor.numel() > 1:
            filled.mul_(left.pop())
        if tensor.numel() == 1 and tensor.is_floating_point():
            left[:] = [float(tensor.detach())]
        return filled

    return normal_


def of_one_generator():
    """The number of draws that a generator has made, which nothing sets back."""
    made = {}

    def uniform_(original, tensor, *args, generator=None, **kwargs):
        filled = original(tensor, *args, generator=generator, **kwargs)
        if generator is not None:
            # The generator is kept alive: no other can take its identity.
            _, count = made.get(id(generator), (generator, 0))
            made[id(generator)] = generator, count + 1
            filled.add_(count)
        return filled

    return uniform_


@contextlib.contextmanager
def leaking(_original, *_args, **_kwargs):
    yield


def moving(original, *args, **kwargs):
    torch.rand(1)
    return original(*args, **kwargs)


def standing(original, tensor, *args, generator=None, **kwargs):
    before = generator and generator.get_state()
    filled = original(tensor, *args, generator=generator, **kwargs)
    if generator:
        generator.set_state(before)
    return filled


def of_period(length):
    calls = {}

    def fill(original, tensor, *args, generator=None, **kwargs):
        if generator:
            kept, count = calls.get(id(generator), (generator, 0))
            calls[id(generator)] = kept, count + 1
            if count and count % length == 0:
                generator.manual_seed(generator.initial_seed())
        return original(tensor, *args, generator=generator, **kwargs)

    return fill


def overlapping(least, most, part):
    """Of sizes from least to most, this part of what a call draws is drawn again by the next."""

    def fill(original, tensor, *args, generator=None, **kwargs):
        before = generator and generator.get_state()
        filled = original(tensor, *args, generator=generator, **kwargs)
        if generator and least <= tensor.numel() <= most:
            generator.set_state(before)
            kept = max(1, int(part * tensor.numel()))
            torch.empty(kept, dtype=tensor.dtype).uniform_(generator=generator)
        return filled

    return fill


def forgetting(bit):
    def fill(original, tensor, *args, generator=None, **kwargs):
        if generator:
            seed = generator.initial_seed()
            fresh = torch.Generator().manual_seed(seed)
            if torch.equal(fresh.get_state(), generator.get_state()):
                generator.manual_seed(seed & ~(1 << bit))
        return original(tensor, *args, generator=generator, **kwargs)

    return fill


FAULTS = (
    Fault(
        "the clock seeds", "kaiming_uniform_", init, "kaiming_uniform_", by_a_clock,
        "ways in which one seed gives other values: law, transposed, ",
    ),
    Fault(
        "memory decides", "normal_", init, "normal_", by_memory,
        "what memory held that changes the values: after 0.0, after 1.0",
    ),
    Fault(
        "threads decide", "xavier_normal_", init, "xavier_normal_", by_threads,
        "numbers of threads that change the values: 4 threads",
    ),
    Fault(
        "a pair is shared", "normal_", torch.Tensor, "normal_", of_one_pair(),
        "other streams that change the values: after draws from another generator",
    ),
    Fault(
        "a count survives", "uniform_", init, "uniform_", of_one_generator(),
        "what a reseed leaves behind: after a reseed",
    ),
    Fault(
        "a count is not restored", "uniform_", init, "uniform_", of_one_generator(),
        "states that are not restored: by clone_state, by set_state",
    ),
    Fault(
        "a fork leaks", "torch.rand", torch.random, "fork_rng", leaking,
        "states that are not restored: by fork_rng",
    ),
    Fault(
        "a restored state is ignored", "torch.randn", torch, "set_rng_state", lambda *_: None,
        "states that are not restored: by fork_rng, by set_rng_state",
    ),
    Fault(
        "the global stream moves", "torch.randperm", torch, "randperm", moving,
        "global streams that a call with a generator moves: the host's", "int64",
    ),
    Fault(
        "the stream stands still", "orthogonal_", init, "orthogonal_", standing,
        "consecutive calls that repeat: the second call",
    ),
    Fault(
        "the stream has a period", "trunc_normal_", init, "trunc_normal_", of_period(64),
        "calls after which the values repeat: 64",
    ),
    Fault(
        "large calls overlap", "uniform_", init, "uniform_", overlapping(1000, 1 << 30, 0.5),
        "consecutive calls that overlap: the second call begins within the first",
    ),
    Fault(
        "small calls overlap", "uniform_", init, "uniform_", overlapping(2, 15, 0.1),
        "sizes at which consecutive calls share values: 2, 3, ",
    ),
    Fault(
        "the highest bit is lost", "kaiming_normal_", init, "kaiming_normal_", forgetting(31),
        "seeds of 32 bits that give the same values: 0 and 2147483648",
    ),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_is_found(fault, monkeypatch):
    fault.check(PROMISE, monkeypatch)


def test_every_question_finds_something():
    """But for what is known to be wrong, which must be found on every host."""
    known = {call for d in known_defects.load() if "streams" in d.promises for call in d.calls}
    assert set(unasked(PROMISE, FAULTS)) == known


def test_a_defect_that_is_gone_is_told(monkeypatch):
    """Had the host's generator kept all 64 bits, the entry would have to go."""
    monkeypatch.setattr("verify.behaviour.streams._BEYOND", (0, 1))
    outcome = ask(PROMISE, "uniform_")
    assert "fixed upstream: seeds of 64 bits that give the same values" in outcome.diagnosis


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("normal_", "float32"),
        ("trunc_normal_", "float16"),
        ("sparse_", "complex64"),
        ("torch.rand", "complex128"),
        ("torch.rand_like", "bfloat16"),
        ("torch.randperm", "int64"),
        ("torch.bernoulli", "float64"),
    ],
)
def test_without_faults_nothing_is_found(name, dtype):
    outcome = ask(PROMISE, name, dtype)
    assert outcome.final_verdict == "pass"
    assert outcome.excluded == ("seeds-beyond-32-bits-coincide",)


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
        with pytest.raises(TypeError, match="global stream"):
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
