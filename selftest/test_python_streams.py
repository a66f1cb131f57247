"""What a model draws from Python's and NumPy's global streams follows the run seed, as torch's."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from torch import nn

from selftest.behaviour.support import RUN
from verify import backends
from verify.behaviour.promise import Promise, Question, verify_behaviour
from verify.command_line.recipe_option import Build
from verify.engine.explore import verify_cell
from verify.engine.sampling import Sampler
from verify.outcome.evidence import NOTHING
from verify.plan.drawing import for_each_case
from verify.plan.run import Cell, cells
from verify.recipes import Normal, Uniform
from verify.subjects import python_streams
from verify.subjects.recipes import Recipe
from verify.subjects.recipes.recipe import HOST, built_aside

CASE = Build("model")
LAWS = {
    "numpy": Normal(0.0, 0.02),
    "numpy_too": Uniform(-1.0, 1.0),
    "python": Normal(0.0, 1.0),
    "torch": Uniform(-1.0, 1.0),
}


class Model(nn.Module):
    """A parameter of each global stream, and one of another distribution of NumPy's."""

    def __init__(self) -> None:
        super().__init__()
        self.numpy = _parameter(np.random.normal(0.0, 0.02, (16, 16)))
        self.numpy_too = _parameter(np.random.uniform(-1.0, 1.0, (16, 16)))
        self.python = _parameter([random.gauss(0.0, 1.0) for _ in range(256)])
        self.torch = nn.Parameter(torch.empty(256).uniform_(-1.0, 1.0))


def _parameter(values: object) -> nn.Parameter:
    return nn.Parameter(torch.as_tensor(np.asarray(values), dtype=torch.float32))


class Seeded(Model):
    """A model that seeds NumPy itself: all that it draws from it is always the same."""

    def __init__(self) -> None:
        np.random.seed(0)
        super().__init__()


class SeededLate(Model):
    """A model that seeds Python itself, before its last draws."""

    def __init__(self) -> None:
        random.seed(0)
        super().__init__()


def cell_of(model: type[nn.Module]) -> Cell:
    recipe = Recipe(
        name="model", cases=lambda _size: st.just(CASE), anchors=(CASE,), dtypes=("float32",),
        words="", formula="", source="", make=lambda _case, _place: model(),
        claims=lambda _case: LAWS,
    )  # fmt: skip
    return Cell(recipe, backends.known()["cpu"], "float32")


def values(run_seed: int, replicate: str = "one") -> dict[str, torch.Tensor]:
    sampler = Sampler(cell_of(Model), replace(RUN, seed=run_seed), "recipe")
    return dict(sampler.draw(CASE, replicate, 2).tensors)


_WORDS = 1 << 27
"""What a word of 32 bits is cut down to: torch draws a larger range from other words."""


def _numpys_words() -> list[int]:
    return (np.random.randint(0, 1 << 32, 64, dtype=np.int64) % _WORDS).tolist()


class TestSeeds:
    def test_one_run_seed_gives_one_sample_whatever_came_before(self):
        first = values(1)
        random.random(), np.random.random(3)
        again = values(1)
        assert all(torch.equal(first[name], again[name]) for name in LAWS)

    @pytest.mark.parametrize("other", [(2, "one"), (1, "two")], ids=["run seed", "replicate"])
    def test_others_give_others(self, other):
        one, two = values(1), values(*other)
        assert not any(torch.equal(one[name], two[name]) for name in LAWS)

    def test_examples_of_hypothesis_see_other_streams_in_other_runs(self):
        """Hypothesis itself would start each example from 0."""
        seen: dict[int, set[tuple[float, float]]] = {1: set(), 2: set()}
        for seed, drawn in seen.items():
            for_each_case(
                st.integers(0, 9),
                lambda _value, drawn=drawn: drawn.add((random.random(), np.random.random())),
                seed=seed,
                examples=5,
            )
        assert len(seen[1]) == len(seen[2]) == 1 and not seen[1] & seen[2]

    def test_trials_of_one_cell_start_from_streams_of_their_own(self):
        seen = dict[str, float]()

        def look(trial):
            seen[repr(trial.case)] = np.random.random()
            return []

        promise = Promise("peek", "call", {"nothing": Question("nothing", look)}, "", "", "")
        (cell,) = (c for c in cells(["cpu"]) if c.id == "cpu-float32-uniform_")
        assert verify_behaviour(cell, RUN, promise).final_verdict == "pass"
        assert len(seen) > 3 and len(set(seen.values())) == len(seen)

    def test_from_one_number_the_three_streams_draw_other_words(self):
        """Seeded by the number itself, torch and NumPy, both MT19937, begin alike."""
        torch.manual_seed(7)
        host = {*torch.empty(64, dtype=torch.int64).random_(0, _WORDS).tolist()}
        np.random.seed(7)
        assert {*_numpys_words()} == host
        python_streams.seed(7)
        numpy, python = {*_numpys_words()}, {random.getrandbits(32) % _WORDS for _ in range(64)}
        assert not host & numpy and not numpy & python and not host & python

    def test_what_is_built_aside_moves_no_stream_and_begins_alike(self):
        python_streams.seed(1)
        expected = random.random(), np.random.random()
        python_streams.seed(1)
        one, two = (built_aside(Model, HOST.device) for _ in range(2))
        assert (random.random(), np.random.random()) == expected
        assert all(map(torch.equal, one.parameters(), two.parameters()))


class TestNights:
    def test_each_is_green_and_so_is_their_sum(self):
        nights = [
            verify_cell(cell_of(Model), replace(RUN, seed=seed), "recipe") for seed in range(6)
        ]
        assert {night.final_verdict for night in nights} == {"pass"}
        summed = sum((night.evidence for night in nights), NOTHING)
        assert all(finding.passed for finding in summed.findings("cell"))
        for name in LAWS:
            pools = {repr(n.evidence.tensors[name].statistics["distribution"]) for n in nights}
            assert len(pools) == len(nights)

    @pytest.mark.parametrize("model", [Seeded, SeededLate])
    def test_a_model_that_seeds_them_itself_is_red_and_told_so(self, model):
        outcome = verify_cell(cell_of(model), RUN, "recipe")
        assert outcome.final_verdict == "fail"
        assert "does it set the seed itself" in outcome.diagnosis
