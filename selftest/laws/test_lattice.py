"""Lattices of the floating formats, and the laws that rounding to them makes."""

import math

import numpy as np
import pytest
import torch
from scipy import special, stats

from selftest.checks.support import stream
from verify import laws
from verify.laws import LATTICES, Rounded

FORMATS = pytest.mark.parametrize("name", LATTICES)
NUMPY = {"float16": np.float16, "float32": np.float32, "float64": np.float64}


def every_bfloat16():
    """All finite values but the two largest, as doubles."""
    bits = np.arange(1 << 16, dtype=np.uint32) << 16
    values = bits.view(np.float32)
    values = values[np.isfinite(values)].astype(np.float64)
    return np.unique(values[np.abs(values) < 3.3e38])


def values_of(name):
    """Values of a format over its whole range, subnormal ones and powers of two among them."""
    if name == "bfloat16":
        return every_bfloat16()
    kind = NUMPY[name]
    limit = float(np.finfo(kind).max) / 2
    powers = 2.0 ** np.arange(LATTICES[name].lowest - 3, LATTICES[name].highest - 1)
    some = stream("lattice", name).standard_normal(2000) * 10.0 ** stream("e", name).uniform(
        -8, 4, 2000
    )
    drawn = np.concatenate([powers, -powers, some, [0.0, np.finfo(kind).smallest_subnormal]])
    drawn = drawn[np.abs(drawn) < limit]
    return np.unique(drawn.astype(kind).astype(np.float64))


class TestLattice:
    @FORMATS
    def test_constants_are_those_of_the_format(self, name):
        info = torch.finfo(getattr(torch, name))
        lattice = LATTICES[name]
        assert lattice.largest == info.max
        assert lattice.step == info.eps
        assert 2.0**lattice.lowest == info.tiny

    @FORMATS
    def test_neighbours_are_the_next_values(self, name):
        x = values_of(name)
        below, above = LATTICES[name].neighbours(x, np)
        if name == "bfloat16":
            assert (above[:-1] == x[1:]).all() and (below[1:] == x[:-1]).all()
            return
        kind = NUMPY[name]
        assert (above == np.nextafter(x.astype(kind), kind(np.inf)).astype(np.float64)).all()
        assert (below == np.nextafter(x.astype(kind), kind(-np.inf)).astype(np.float64)).all()

    @FORMATS
    def test_torch_and_numpy_agree(self, name):
        x = values_of(name)
        host = LATTICES[name].neighbours(x, np)
        device = LATTICES[name].neighbours(torch.from_numpy(x), torch)
        for one, other in zip(host, device, strict=True):
            np.testing.assert_array_equal(one, other.numpy())

    @FORMATS
    def test_rounding_is_to_nearest_even(self, name):
        x = values_of(name)
        x = x[:: max(1, x.size // 500)]
        _, above = LATTICES[name].neighbours(x, np)
        for value, following in zip(map(float, x), map(float, above), strict=True):
            assert LATTICES[name].round(value) == value
            if name != "float64":
                near, far = 0.75 * value + 0.25 * following, 0.25 * value + 0.75 * following
                assert LATTICES[name].round(near) == value
                assert LATTICES[name].round(far) == following

    @pytest.mark.parametrize(
        ("name", "x", "rounded"),
        [
            ("bfloat16", 0.3, 0.30078125),
            ("bfloat16", 1 + 2**-8, 1.0),  # A tie falls to the even one.
            ("bfloat16", 1 + 3 * 2**-8, 1 + 2**-6),
            ("float16", 65519.0, 65504.0),
            ("float16", 65520.0, math.inf),
            ("float16", -1e9, -math.inf),
            ("float16", 2.0**-25, 0.0),
            ("float16", 2.0**-24, 2.0**-24),
        ],
    )
    def test_rounding_of_some_values(self, name, x, rounded):
        assert LATTICES[name].round(x) == rounded

    def test_holds_what_fits(self):
        half = LATTICES["float16"]
        assert laws.Normal(0.0, 1000.0).fits(half) and not laws.Normal(0.0, 1e4).fits(half)
        assert laws.Exponential(1e-3).fits(half) and not laws.Exponential(7e-4).fits(half)
        assert laws.Uniform(0.0, 65504.0).fits(half) and not laws.Uniform(0.0, 1e5).fits(half)
        assert laws.Constant(math.inf).fits(half) and not laws.Constant(1e6).fits(half)
        assert laws.Haar(1.0).fits(half) and not laws.Sparse(0.1, 1e5).fits(half)


def rounded(values, name):
    return np.array([LATTICES[name].round(float(v)) for v in values])


CASES = [
    ("bfloat16", laws.Normal(0.0, 1.0), "normal"),
    ("float16", laws.Normal(3.0, 0.01), "normal"),
    ("float32", laws.Normal(100.0, 1e-5), "normal"),
    ("bfloat16", laws.TruncatedNormal(0.0, 1.0, -2.0, 2.0), "truncated"),
    ("float16", laws.TruncatedNormal(1.0, 0.5, 0.9, 3.0), "truncated"),
    ("bfloat16", laws.Uniform(0.0, 1.0), "uniform"),
    ("bfloat16", laws.Uniform(-0.3, 0.3), "uniform"),
    ("bfloat16", laws.Uniform(100.0, 101.3), "uniform"),
    ("float16", laws.Uniform(-1.0, -0.99), "uniform"),
    ("bfloat16", laws.Uniform(1.0352, 1.04), "uniform"),
]


def reals_of(law, n, drawn):
    """Reals of a law; of a normal that is yet to be truncated, many more."""
    if isinstance(law, laws.Uniform):
        return drawn.uniform(law.low, law.high, n)
    return drawn.normal(law.mean, law.std, n if isinstance(law, laws.Normal) else 8 * n)


def accepted(law, lattice, values, reals):
    """Round the proposals and the bounds, then accept."""
    low, high = lattice.round(law.a), lattice.round(law.b)
    return values[(values >= low) & (values <= high)]


def within(law, lattice, values, reals):
    """Round what lies in the window."""
    return values[(reals >= law.a) & (reals <= law.b)]


def strictly(law, lattice, values, reals):
    """Draw again what lies outside, before and after it is rounded."""
    return values[(reals >= law.a) & (reals <= law.b) & (values >= law.a) & (values <= law.b)]


def pushed(law, lattice, values, reals):
    """Round what lies in the window, then push back to the next number inside."""
    values = within(law, lattice, values, reals)
    low, high = lattice.round(law.a), lattice.round(law.b)
    low = low if low >= law.a else lattice.beside(low)[1]
    high = high if high <= law.b else lattice.beside(high)[0]
    return values.clip(low, high)


def wrapped(law, lattice, values, reals):
    """Move what rounds to the upper bound to the lower one."""
    return np.where(values >= lattice.round(law.high), lattice.round(law.low), values)


def redrawn(law, lattice, values, reals):
    """Draw again what rounds to the upper bound."""
    return values[values < lattice.round(law.high)]


def below(law, lattice, values, reals):
    """Round down where rounding to nearest meets the upper bound."""
    top = lattice.round(law.high)
    return np.where(values >= top, lattice.beside(top)[0], values)


def kept(law, lattice, values, reals):
    """Draw again what is rounded out of [low, high), and nothing else."""
    return values[(values >= law.low) & (values < law.high)]


WAYS = {
    "normal": {"rounded": lambda law, lattice, values, reals: values},
    "truncated": {f.__name__: f for f in (accepted, within, strictly, pushed)},
    "uniform": {f.__name__: f for f in (wrapped, redrawn, below, kept)},
}
ONE_VALUE = CASES[-1]  # Nothing can be drawn again, and nothing lies below.
EVERY_WAY = [(*case, way) for case in CASES[:-1] for way in WAYS[case[2]]]
EVERY_WAY += [(*ONE_VALUE, way) for way in ("wrapped", "kept")]


def sample_of(name, law, family, n, way=None):
    """Values by the definition of the rounded law: reals, rounded one by one."""
    lattice = LATTICES[name]
    reals = reals_of(law, n, stream("rounded", name, repr(law)))
    chosen = WAYS[family][way or next(iter(WAYS[family]))]
    return chosen(law, lattice, rounded(reals, name), reals)[:n]


class TestRounded:
    @pytest.mark.parametrize(("name", "law", "family", "way"), EVERY_WAY)
    def test_the_transform_of_a_lawful_sample_is_uniform(self, name, law, family, way):
        x = sample_of(name, law, family, 20_000, way)
        v = stream("v", name, repr(law)).random(x.size)
        own = Rounded(law, LATTICES[name])
        u = own.transform(x, v, np, special)
        assert ((u > 0) & (u < 1)).all()
        assert stats.kstest(u, "uniform").pvalue > 1e-12
        if own.ends.between > 0.5:
            assert abs(np.corrcoef(u, x)[0, 1]) > 0.3

    @pytest.mark.parametrize(("name", "law", "family", "way"), EVERY_WAY)
    def test_the_ends_have_what_they_may(self, name, law, family, way):
        x = sample_of(name, law, family, 20_000, way)
        ends = Rounded(law, LATTICES[name]).ends
        if ends.overlap:
            return
        seen = (x <= ends.last).mean(), (x >= ends.first).mean()
        for share, least, most in zip(seen, ends.least, ends.most, strict=True):
            assert least - 0.02 < share < most + 0.02
            assert 0 <= least <= most <= 1

    @pytest.mark.parametrize(
        ("law", "ways"),
        [
            (laws.Uniform(0.0, 1.0), {"redrawn": 0, "below": 0, "wrapped": 1}),
            (laws.Uniform(0.9, 1.0), {"wrapped": 1}),
            (laws.TruncatedNormal(0.0, 1.0, -0.1, 3.0), {"accepted": 1}),
            (laws.TruncatedNormal(0.0, 1.0, -1.0, 1.0), {"within": 0, "accepted": 1}),
        ],
        ids=repr,
    )
    def test_bounds_at_the_lower_end_are_those_of_some_way(self, law, ways):
        """The range of lawful probabilities is no wider than the lawful ways make it."""
        family = "uniform" if isinstance(law, laws.Uniform) else "truncated"
        ends = Rounded(law, LATTICES["bfloat16"]).ends
        for way, bound in ways.items():
            x = sample_of("bfloat16", law, family, 100_000, way)
            share = (ends.least, ends.most)[bound][0]
            error = math.sqrt(share / x.size) + 1 / x.size
            assert abs((x <= ends.last).mean() - share) < 6 * error + share / 10

    @pytest.mark.parametrize(
        ("law", "last", "first"),
        [
            (laws.Normal(0.0, 1.0), -math.inf, math.inf),
            (laws.Uniform(0.0, 1.0), 0.0, 1 - 2**-8),
            (laws.Uniform(1 + 2**-9, 2.0), 1 + 2**-7, 2 - 2**-7),  # The bound rounds down to one.
            (laws.TruncatedNormal(0.0, 1.0, -2.0, 2.0), -2.0, 2.0),
            (laws.TruncatedNormal(0.0, 1.0, -math.inf, 1.001), -math.inf, 1.0),
            (laws.TruncatedNormal(0.0, 1.0, -1.001, 1.007), -1.0, 1.0),
        ],
        ids=repr,
    )
    def test_the_ends_are_one_or_two_values(self, law, last, first):
        ends = Rounded(law, LATTICES["bfloat16"]).ends
        assert (ends.last, ends.first) == (last, first)

    @pytest.mark.parametrize("high", [1.0, 1 + 2**-9])
    def test_a_bound_that_is_rounded_down_is_lawful(self, high):
        law = Rounded(laws.Uniform(0.0, high), LATTICES["bfloat16"])
        u = law.transform(np.array([1.0]), np.array([0.5]), np, special)
        assert u == (1.0 if high == 1 else 0.5)

    @pytest.mark.parametrize(("name", "law", "family"), CASES[:8])
    def test_torch_and_numpy_agree(self, name, law, family):
        x = sample_of(name, law, family, 500)
        v = stream("agree").random(x.size)
        host = Rounded(law, LATTICES[name]).transform(x, v, np, special)
        device = Rounded(law, LATTICES[name]).transform(
            torch.from_numpy(x), torch.from_numpy(v), torch, torch.special
        )
        np.testing.assert_allclose(host, device.numpy(), rtol=0, atol=1e-12)

    def test_masses_add_up_to_one(self):
        x = every_bfloat16()
        x = x[np.abs(x) < 40]
        for law in (laws.Normal(0.5, 2.0), laws.TruncatedNormal(0.0, 1.0, -2.0, 2.0)):
            lower, upper = Rounded(law, LATTICES["bfloat16"]).interval(x, np, special)
            assert (upper - lower).sum() == pytest.approx(1.0, abs=1e-9)
            np.testing.assert_allclose(lower[1:], upper[:-1], rtol=0, atol=1e-15)

    @pytest.mark.parametrize("x", [1.0, 1.0078125, 7.0])
    def test_the_excluded_bound_lies_at_the_end(self, x):
        """A uniform draw that returns its upper bound is never lawful."""
        law = Rounded(laws.Uniform(0.0, 1.0), LATTICES["bfloat16"])
        assert law.transform(np.array([x]), np.array([0.5]), np, special) == 1.0

    def test_a_fault_of_one_part_in_a_thousand_shows(self):
        """The transform is exact: a scale error far below one lattice step moves it."""
        n = 400_000
        drawn = stream("scale").normal(0.0, 1.01, n).astype(np.float32)
        x = torch.from_numpy(drawn).to(torch.bfloat16).double().numpy()
        v = stream("scale v").random(n)
        u = Rounded(laws.Normal(0.0, 1.0), LATTICES["bfloat16"]).transform(x, v, np, special)
        z = special.ndtri(u)
        assert np.mean(z**2) == pytest.approx(1.01**2, abs=0.006)
