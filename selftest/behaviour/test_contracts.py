"""How calls are asked: what is random, what is drawn, what is the same."""

import itertools

import pytest
import torch

from selftest.behaviour.support import RUN, cell
from verify import torch_api
from verify.behaviour import calls
from verify.behaviour.promise import Trial
from verify.plan.run import derive


def trial(name, case, dtype="float32"):
    return Trial(cell(name, dtype), case, torch.device("cpu"), derive(RUN.seed, repr(case)))


def anchor(name):
    return cell(name).subject.anchors[0]


class TestChance:
    @pytest.mark.parametrize("name", ["uniform_", "trunc_normal_", "orthogonal_", "sparse_"])
    def test_of_the_defaults(self, name):
        asked = trial(name, anchor(name))
        assert calls.random(asked) and calls.diffuse(asked) and not calls.fixed(asked)

    def test_of_a_constant(self):
        asked = trial("ones_", anchor("ones_"))
        assert calls.fixed(asked) and not calls.random(asked) and not calls.diffuse(asked)

    @pytest.mark.parametrize("shape", [(0, 4), (1, 64)])
    def test_none_where_no_zero_has_a_choice(self, shape):
        case = type(anchor("sparse_"))(shape, 0.5, 1.0)
        assert not calls.random(trial("sparse_", case))

    def test_too_little_on_a_coarse_lattice(self):
        like = anchor("normal_")
        narrow = type(like)((64,), type(like.normal)(1000.0, 0.001))
        assert not calls.diffuse(trial("normal_", narrow, "bfloat16"))
        assert calls.diffuse(trial("normal_", narrow, "float64"))

    def test_too_little_in_few_values(self):
        like = anchor("uniform_")
        few, many = (type(like)((numel,), like.interval) for numel in (4, 64))
        assert not calls.diffuse(trial("uniform_", few))
        assert calls.diffuse(trial("uniform_", many))

    def test_none_where_a_known_deviation_leaves_one_value(self):
        """Of the two values of this interval the upper one is returned as the lower one."""
        like = anchor("uniform_")
        interval = type(like.interval)(0.58227708, 0.583)
        asked = trial("uniform_", type(like)((512,), interval), "float16")
        assert len(calls.filled_values(asked).unique()) == 1
        assert not calls.diffuse(asked)


class TestDrawn:
    def test_the_same_every_time(self):
        asked = trial("normal_", anchor("normal_"))
        one, again = calls.filled_values(asked), calls.filled_values(asked)
        assert calls.same(one, again) and calls.filled(asked)

    def test_streams_differ_by_name(self):
        asked = trial("normal_", anchor("normal_"))
        drawn = []
        for stream in ("one", "other", "one"):
            drawn.append(calls.blank(asked))
            calls.seeded(asked, stream)(drawn[-1])
        alike = [calls.same(a, b) for a, b in itertools.combinations(drawn, 2)]
        assert alike == [False, True, False]

    def test_states_are_compared_one_by_one(self):
        state = torch_api.streams(torch.device("cpu"))
        assert calls.alike(state, state)
        assert not calls.alike([*state, torch.zeros(1)], [*state, torch.ones(1)])
