"""Laws that are made of others: mixtures, and tensors that are computed from tensors."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import nn
from torch.nn.utils import parametrizations

from initlaws.builds import Builds, places
from initlaws.following import Budget, follow
from initlaws.laws import Computed, Constant, Mixture, Normal, Uniform
from initlaws.resolving import resolve
from verify.laws import LATTICES

FEW = Budget(1 << 21, 4, 64)
HEAVY = Mixture(((0.9, Normal(0.0, 0.02)), (0.1, Uniform(-1.0, 1.0))))


def outliers(share=0.1, std=0.02, end=1.0):
    """A layer whose weight is normal, but for a share of uniform outliers."""

    def make():
        model = nn.Linear(64, 64, bias=False)
        with torch.no_grad():
            chosen = torch.rand(64, 64) < share
            wide = torch.empty(64, 64).uniform_(-end, end)
            model.weight.copy_(torch.where(chosen, wide, torch.randn(64, 64) * std))
        return model

    return make


def wrong(make, laws):
    report = follow(Builds(make), laws, FEW)
    return {row.claimed.place.name: row.wrong for row in report.rows if row.wrong}


class TestMixture:
    def test_what_is_lawful_passes(self):
        assert not wrong(outliers(), {"weight": HEAVY})

    @pytest.mark.parametrize(
        "fault", [outliers(share=0.12), outliers(std=0.021), outliers(end=1.3)]
    )
    def test_a_fault_in_any_part_is_seen(self, fault):
        assert wrong(fault, {"weight": HEAVY})

    @pytest.mark.parametrize(
        "law",
        [
            HEAVY,
            Mixture(((0.5, Normal(-3.0, 0.1)), (0.5, Normal(3.0, 0.2)))),
            Mixture(((0.25, Uniform(0.0, 1.0)), (0.75, Uniform(2.0, 3.0)))),
        ],
    )
    def test_it_is_the_weighted_sum(self, law):
        x = np.linspace(-4, 4, 801)
        parts = {Normal: lambda p: stats.norm(p.mean, p.std), Uniform: _scipy_uniform}
        of = [(w, parts[type(part)](part)) for w, part in law.parts]
        assert law.cdf(x) == pytest.approx(sum(w * part.cdf(x) for w, part in of), abs=1e-14)
        assert law.sf(x) == pytest.approx(sum(w * part.sf(x) for w, part in of), abs=1e-14)
        density = np.array([sum(w * part.pdf(each) for w, part in of) for each in x])
        highest = law.max_scaled_density / law.scale
        assert density.max() <= highest * (1 + 1e-12)
        assert (np.abs(x) * density <= law.typical_magnitude * highest * (1 + 1e-12)).all()

    def test_a_lattice_point_has_no_more_mass_than_it_says(self):
        step = LATTICES["float32"].step
        mass, _ = integrate.quad(lambda x: 0.9 * stats.norm(0, 0.02).pdf(x), 0, 0.02 * step)
        assert mass <= HEAVY.point_mass(step, LATTICES["float32"].draw_step)

    @pytest.mark.parametrize("weights", [(0.5, 0.4), (1.5, -0.5), (math.nan, 1.0)])
    def test_weights_that_are_none_are_one_sentence(self, weights):
        law = Mixture(tuple((w, Normal(0.0, 1.0)) for w in weights))
        problems = resolve(places(nn.Linear(4, 4, bias=False)), {"weight": law}).problems
        assert "weights above 0 that add up to 1" in problems["weight"]

    def test_parts_that_are_no_laws_are_refused(self):
        with pytest.raises(TypeError, match="continuous laws"):
            Mixture(((1.0, Constant(0.0)),))
        with pytest.raises(TypeError, match="a weight is a number"):
            Mixture((("all", Normal(0.0, 1.0)),))


def _scipy_uniform(law):
    return stats.uniform(law.low, law.high - law.low)


V, G = "parametrizations.weight.original1", "parametrizations.weight.original0"
NORMED = {
    V: Uniform(-0.125, 0.125),
    G: Computed(lambda v: v.norm(dim=1, keepdim=True), (V,)),
    "bias": Uniform(-0.125, 0.125),
}


def normed(change=lambda model: None):
    """Weight norm of a linear layer, of which g must be the norm of v (Salimans & Kingma 2016)."""

    def make():
        model = parametrizations.weight_norm(nn.Linear(64, 32))
        with torch.no_grad():
            change(model.parametrizations.weight)
        return model

    return make


class TestComputed:
    def test_what_is_computed_passes(self):
        assert not wrong(normed(), NORMED)

    @pytest.mark.parametrize(
        "change",
        [
            lambda weight: weight.original0.mul_(1.001),
            lambda weight: weight.original0[3].mul_(1.0001),
            lambda weight: weight.original0.fill_(1),
            lambda weight: weight.original1[5].mul_(0.999),
        ],
    )
    def test_what_is_not_is_named(self, change):
        found = wrong(normed(change), NORMED)
        assert "entries of parametrizations.weight.original0 are wrong" in found[G][0]

    def test_whole_numbers_stay_whole(self):
        def make():
            model = nn.Linear(4, 8, bias=False)
            model.register_buffer("order", torch.randperm(8))
            model.register_buffer("back", model.order.argsort())
            return model

        laws = {"weight": Uniform(-0.5, 0.5), "back": Computed(torch.argsort, ("order",))}
        assert set(wrong(make, laws)) == {"order"}  # It is drawn, and nothing is said of it.

    def test_a_name_that_is_not_there_is_one_sentence(self):
        laws = {**NORMED, G: Computed(lambda v: v, ("weight.v",))}
        problems = resolve(places(normed()()), laws).problems
        assert problems[G] == f"{G} is computed from weight.v, which is not there"

    @pytest.mark.parametrize(
        "function", [lambda v: 1 / 0, lambda v: None, lambda v: v], ids=["raises", "none", "shape"]
    )
    def test_a_function_that_cannot_be_used_is_one_sentence(self, function):
        (said,) = wrong(normed(), {**NORMED, G: Computed(function, (V,))})[G]
        assert said.startswith(f"the values of {G} cannot be computed") and "\n" not in said
