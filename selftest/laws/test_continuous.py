"""Continuous laws against scipy.stats and fifty-digit arithmetic."""

import dataclasses
import math

import mpmath as mp
import numpy as np
import pytest
import torch
from scipy import stats

from strategies import intervals, normals, truncations
from verify.laws import Exponential, Normal, TruncatedNormal, Uniform
from verify.plan.drawing import for_each_case

INF = math.inf
EPSILON = {"float32": 2.0**-23, "float64": 2.0**-52}
DRAW = {"float32": 2.0**-24, "float64": 2.0**-53}

UNIFORMS = [(0.0, 1.0), (-1.0, 1.0), (-0.0442, 0.0442), (100.0, 100.001), (-1e4, -9e3), (-3.0, 1e4)]
NORMALS = [(0.0, 1.0), (0.0, 0.02), (-3.0, 0.5), (1e3, 1.0), (0.0, 1e4)]

# Windows in standard deviations.
WINDOWS = {
    "default": (-2.0, 2.0),
    "wide": (-9.0, 9.0),
    "very wide": (-100.0, 100.0),
    "untruncated": (-INF, INF),
    "lopsided": (-0.5, 3.0),
    "lopsided far": (-8.0, 30.0),
    "mean outside": (0.25, 4.0),
    "mean outside on the left": (-4.0, -0.25),
    "from below": (-INF, 1.0),
    "from above": (-1.0, INF),
    "tail": (3.0, INF),
    "left tail": (-INF, -3.0),
    "narrow": (0.5, 0.5 + 1e-6),
    "narrow at the mean": (-5e-7, 5e-7),
    "narrow tail": (6.0, 6.0 + 1e-6),
    "far tail": (30.0, 30.1),
    "left far tail": (-40.0, -39.9),
    "one-sided far tail": (35.0, INF),
    "left one-sided far tail": (-INF, -35.0),
    "long far tail": (38.0, 100.0),
    "narrow far tail": (40.0, 40.0 + 1e-6),
}
windows = pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS.keys())


def points(window):
    """Values inside a window: dense near its ends and about its mode."""
    low, high = (max(-60.0, min(60.0, z)) for z in window)
    mode = max(low, min(0.0, high))
    span = min(high - low, 8.0)
    near = [z for z in mode + np.linspace(-span, span, 21) if low <= z <= high]
    return np.unique([low, *np.linspace(low, high, 9), *near, high])


def phi(z):
    """The normal cdf with 60 digits, in the lower tail."""
    return mp.erfc(-mp.mpf(float(z)) / mp.sqrt(2)) / 2


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(60):
        yield


def exact_parts(z, window):
    """Probabilities of the window below z and above z, and of the window itself."""
    low, high = window
    if low + high > 0:  # The survival functions have no cancellation on this side.
        below, above, mass = phi(-low) - phi(-z), phi(-z) - phi(-high), phi(-low) - phi(-high)
    else:
        below, above, mass = phi(z) - phi(low), phi(high) - phi(z), phi(high) - phi(low)
    return below, above, mass


class TestUniform:
    @pytest.mark.parametrize(("low", "high"), UNIFORMS)
    def test_is_scipys(self, low, high):
        law, reference = Uniform(low, high), stats.uniform(low, high - low)
        x = np.linspace(low, high, 101)
        np.testing.assert_allclose(law.cdf(x), reference.cdf(x), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(law.sf(x), reference.sf(x), rtol=1e-9, atol=1e-12)
        assert law.support == reference.support()
        assert law.max_scaled_density / law.scale == pytest.approx(reference.pdf((low + high) / 2))

    def test_for_variance(self):
        assert Uniform.for_variance(bound=0.3) == Uniform(-0.3, 0.3, of_variance=True)


class TestNormal:
    @pytest.mark.parametrize(("mean", "std"), NORMALS)
    def test_is_scipys(self, mean, std):
        law, reference = Normal(mean, std), stats.norm(mean, std)
        x = mean + std * np.linspace(-30, 30, 241)
        np.testing.assert_allclose(law.cdf(x), reference.cdf(x), rtol=1e-9, atol=0)
        np.testing.assert_allclose(law.sf(x), reference.sf(x), rtol=1e-9, atol=0)
        assert law.support == reference.support()
        assert law.max_scaled_density / law.scale == pytest.approx(reference.pdf(mean))


class TestTruncatedNormal:
    @windows
    def test_cdf_and_sf_are_right_in_fifty_digits(self, window):
        law = TruncatedNormal(0.0, 1.0, *window)
        for z in points(window):
            below, above, mass = exact_parts(z, window)
            assert abs(float(law.cdf(z)) - below / mass) < 3e-8, z
            assert abs(float(law.sf(z)) - above / mass) < 3e-8, z

    @pytest.mark.parametrize(
        "name", ["default", "wide", "lopsided", "mean outside", "tail", "one-sided far tail"]
    )
    def test_the_tail_away_from_the_window_keeps_relative_accuracy(self, name):
        """On the side nearer to −∞ (or its mirror image) no digits are lost."""
        window = WINDOWS[name]
        law = TruncatedNormal(0.0, 1.0, *window)
        for z in points(window)[1:-1]:
            below, above, mass = exact_parts(z, window)
            value, exact = (law.sf(z), above) if sum(window) > 0 else (law.cdf(z), below)
            if exact / mass > 1e-250:
                assert abs(float(value) / (exact / mass) - 1) < 1e-10, z

    @windows
    def test_cdf_climbs_from_zero_to_one(self, window):
        law = TruncatedNormal(0.0, 1.0, *window)
        x = np.unique(points(window))
        cdf = law.cdf(x)
        assert (np.diff(cdf) >= 0).all()
        assert cdf[0] >= -1e-12 and cdf[-1] <= 1 + 1e-12
        np.testing.assert_allclose(law.cdf(x) + law.sf(x), 1, atol=1e-12)
        if math.isfinite(window[0]):
            assert law.cdf(window[0]) == pytest.approx(0, abs=1e-12)
        if math.isfinite(window[1]):
            assert law.sf(window[1]) == pytest.approx(0, abs=1e-12)

    @windows
    def test_mass_is_right_in_fifty_digits(self, window):
        law = TruncatedNormal(0.0, 1.0, *window)
        exact = exact_parts(0.0, window)[2]
        assert abs(law.mass - exact) < 3e-8 * exact + 1e-307  # Doubles end there.

    @windows
    def test_scale_is_the_reciprocal_of_the_peak_density(self, window):
        law = TruncatedNormal(0.0, 1.0, *window)
        z = max(window[0], min(0.0, window[1]))
        density = mp.npdf(mp.mpf(z)) / exact_parts(0.0, window)[2]
        assert law.max_scaled_density == 1
        assert abs(law.scale * density - 1) < 3e-8

    @windows
    def test_mode_and_edges(self, window):
        law = TruncatedNormal(0.0, 1.0, *window)
        reference = stats.truncnorm(*window)
        ends = [z for z in window if math.isfinite(z)]
        inside = [*ends, *points(window)]
        assert law.mode == max(inside, key=reference.logpdf) or law.mode == pytest.approx(0)
        least = min((-INF if math.isinf(z) else -(z**2) / 2) for z in window)
        assert law.log_edge_ratio == pytest.approx(least + law.mode**2 / 2, rel=1e-12)

    @windows
    @pytest.mark.parametrize(("mean", "std"), [(0.0, 0.02), (3.0, 0.5), (-100.0, 10.0)])
    def test_location_and_scale_move_with_the_window(self, window, mean, std):
        low, high = (mean + z * std for z in window)
        law, plain = TruncatedNormal(mean, std, low, high), TruncatedNormal(0.0, 1.0, *window)
        x = mean + std * points(window)
        width = min(high - low, std)
        slack = 1e-8 + 2e-14 * (abs(mean) + 40 * std) * plain.scale**-1 / std
        slack += 1e-15 * (abs(mean) + 40 * std) / width
        np.testing.assert_allclose(law.cdf(x), plain.cdf(points(window)), atol=slack)
        assert law.support == (low, high)

    @windows
    def test_is_scipys(self, window):
        law, reference = TruncatedNormal(0.0, 1.0, *window), stats.truncnorm(*window)
        x = points(window)
        np.testing.assert_allclose(law.cdf(x), reference.cdf(x), atol=1e-7)
        np.testing.assert_allclose(law.sf(x), reference.sf(x), atol=1e-7)

    def test_wide_windows_are_a_normal(self):
        x = np.linspace(-8, 8, 101)
        wide = TruncatedNormal(0.0, 1.0, -100.0, 100.0)
        np.testing.assert_allclose(wide.cdf(x), Normal(0.0, 1.0).cdf(x), rtol=1e-12)
        assert wide.mass == pytest.approx(1)


class TestNamespaces:
    @windows
    def test_numpy_and_torch_agree_on_truncated_normals(self, window):
        law, x = TruncatedNormal(0.0, 1.0, *window), points(window)
        for function in (law.cdf, law.sf):
            device = function(torch.from_numpy(x), torch.special).numpy()
            np.testing.assert_allclose(device, function(x), rtol=0, atol=3e-8)

    @pytest.mark.parametrize("law", [Normal(*NORMALS[2]), Uniform(*UNIFORMS[2])])
    def test_numpy_and_torch_agree(self, law):
        low, high = law.support if math.isfinite(law.support[0]) else (-20.0, 20.0)
        x = np.linspace(low, high, 301)
        for function in (law.cdf, law.sf):
            # torch's ndtr is (1 + erf)/2: its error is absolute.
            device = function(torch.from_numpy(x), torch.special).numpy()
            np.testing.assert_allclose(device, function(x), rtol=1e-12, atol=1e-15)

    @pytest.mark.parametrize("law", [Normal(0.0, 0.02), Uniform(-0.5, 2.0)])
    def test_laws_that_say_so_keep_their_accuracy_in_float32(self, law):
        assert law.is_accurate_in_float32
        single = np.linspace(-0.5, 2.0, 1001).astype(np.float32) * law.scale
        device = law.cdf(torch.from_numpy(single), torch.special).double().numpy()
        error = np.abs(device - law.cdf(single.astype(np.float64)))
        assert error.max() <= law.resolution(EPSILON["float32"], DRAW["float32"])


QUANTILES = np.unique(
    np.concatenate(
        [np.linspace(0.001, 0.999, 333), 2.0 ** -np.arange(4, 24), 1 - 2.0 ** -np.arange(4, 24)]
    )
)


def quantiles(law):
    """The law's quantiles by scipy.stats."""
    if isinstance(law, Uniform):
        return law.low + (law.high - law.low) * QUANTILES
    if isinstance(law, Normal):
        return stats.norm.ppf(QUANTILES, law.mean, law.std)
    low, high = (law.a - law.mean) / law.std, (law.b - law.mean) / law.std
    return stats.truncnorm.ppf(QUANTILES, low, high, law.mean, law.std)


def rounded(law):
    """The same law with its parameters rounded to float32."""
    values = {f.name: float(np.float32(getattr(law, f.name))) for f in dataclasses.fields(law)}
    return dataclasses.replace(law, **values)


def assert_resolution_bounds(law):
    """Rounding to float32 moves the quantiles, and their cdf, by less than the law says."""
    bound = law.resolution(EPSILON["float32"], DRAW["float32"])
    if bound == 1 or rounded(law).support[0] >= rounded(law).support[1]:
        return
    exact, values = quantiles(law), quantiles(rounded(law)).astype(np.float32)
    below = np.nextafter(values, np.float32(-INF)) if isinstance(law, Uniform) else values
    for x in (values, below):
        moved = np.abs(np.clip(law.cdf(x.astype(np.float64)), 0, 1) - QUANTILES)
        assert moved.max() <= bound, (law, moved.max(), bound)
        allowed = [law.displacement(float(value), EPSILON["float32"]) for value in x]
        assert (np.abs(x - exact) <= allowed).all(), law
    mass = law.point_mass(EPSILON["float32"], DRAW["float32"])
    # A uniform's points are counted one by one in TestPointMass, which is sharper.
    assert (0 if isinstance(law, Uniform) else bound) <= mass <= 1


def drawn(strategy, law, count):
    """Check the laws that a fixed seed draws."""

    for_each_case(
        strategy,
        lambda parameters: assert_resolution_bounds(law(parameters)),
        seed=20_260_101,
        examples=count,
    )


class TestPointMass:
    @pytest.mark.parametrize(("low", "high"), UNIFORMS)
    def test_bounds_every_interior_point_of_a_uniform(self, low, high):
        """Every one of the 2^24 draws, scaled in double precision and rounded once."""
        draws = np.arange(1 << 24) * DRAW["float32"]
        rounded = (low + (high - low) * draws).astype(np.float32)
        edges = np.flatnonzero(np.diff(rounded, prepend=-INF, append=INF))
        interior = np.diff(edges)[1:-1] * DRAW["float32"]
        bound = Uniform(low, high).point_mass(EPSILON["float32"], DRAW["float32"])
        assert interior.max(initial=0.0) <= bound


class TestResolution:
    @pytest.mark.parametrize(("low", "high"), UNIFORMS)
    def test_bounds_what_float32_does_to_uniforms(self, low, high):
        assert_resolution_bounds(Uniform(low, high))

    @pytest.mark.parametrize(("mean", "std"), NORMALS)
    def test_bounds_what_float32_does_to_normals(self, mean, std):
        assert_resolution_bounds(Normal(mean, std))

    @windows
    @pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (0.0, 0.02), (3.0, 0.5)])
    def test_bounds_what_float32_does_to_truncated_normals(self, window, mean, std):
        low, high = (mean + z * std for z in window)
        assert_resolution_bounds(TruncatedNormal(mean, std, low, high))

    def test_bounds_whatever_interval_the_strategies_draw(self):
        drawn(intervals(), lambda p: Uniform(p.low, p.high), 150)

    def test_bounds_whatever_normal_the_strategies_draw(self):
        drawn(normals(), lambda p: Normal(p.mean, p.std), 150)

    def test_bounds_whatever_truncation_the_strategies_draw(self):
        drawn(truncations(), lambda p: TruncatedNormal(p.mean, p.std, p.a, p.b), 200)

    @pytest.mark.parametrize("law", [Uniform(-0.1, 0.1), Normal(0.0, 0.02)])
    def test_is_no_blindfold(self, law):
        """The usual laws lose less than a millionth in float32, and nothing in float64."""
        assert law.resolution(EPSILON["float32"], DRAW["float32"]) < 1e-6
        assert law.resolution(EPSILON["float64"], DRAW["float64"]) < 1e-14

    def test_never_exceeds_one(self):
        assert Uniform(1e4, 1e4 + 1e-6).resolution(EPSILON["float32"], DRAW["float32"]) == 1


UNBOUNDED = [
    *(Normal(mean, std) for mean, std in NORMALS),
    *(Exponential(rate) for rate in (1e-3, 1.0, 1e4)),
    *(TruncatedNormal(0.0, 1.0, *window) for window in WINDOWS.values()),
]


@pytest.mark.parametrize("law", [*(Uniform(*ends) for ends in UNIFORMS), *UNBOUNDED], ids=repr)
def test_typical_magnitude_is_what_it_says(law):
    """By the slope of the cdf in units of x, ``|x|·f(x)``, wherever a value may be."""
    low, high = (max(-law.max_magnitude, min(end, law.max_magnitude)) for end in law.support)
    centre, width = min(max(low, 0.0), high), min(law.scale, high - low)
    near = np.clip(centre + width * np.linspace(-9, 9, 1801), low, high)
    x = np.concatenate([np.linspace(low, high, 2001), near])
    step = 1e-3 * np.abs(x) * min(1.0, law.scale / law.typical_magnitude)
    rise = np.clip(law.cdf(x + step), 0, 1) - np.clip(law.cdf(x - step), 0, 1)
    slope = rise / (2 * step / np.maximum(np.abs(x), 1e-300)).clip(1e-300)
    most = law.typical_magnitude * law.max_scaled_density / law.scale
    assert (slope <= most * 1.002).all()
    assert slope.max() > most / 20  # Nor is it much larger than it has to be.


@pytest.mark.parametrize("law", UNBOUNDED, ids=repr)
def test_no_value_is_farther_than_the_farthest(law):
    assert float(law.sf(law.max_magnitude)) + float(law.cdf(-law.max_magnitude)) < 1e-18
