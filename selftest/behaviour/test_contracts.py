"""Initializers that return, record, draw or change what they must not."""

import itertools

import numpy as np
import pytest
import torch
from torch.nn import init

from selftest.behaviour.support import RUN, Fault, ask, cell, unasked
from selftest.planted import contracts
from selftest.planted.contracts import always_, batched, moved, where
from selftest.planted.fault import arguments
from verify import torch_api
from verify.behaviour import calls, transforms
from verify.behaviour import contracts as contract
from verify.behaviour.promise import Trial
from verify.plan.run import derive

CONTRACT, TRANSFORMS = contract.PROMISE, transforms.PROMISE


def fault(name, subject, plant, sentence, dtype="float32"):
    """A fault made by a plant of the planted faults, anew for every call."""

    def replacement(original, *args, **kwargs):
        return plant(original)(*args, **kwargs)

    return Fault(name, subject, init, subject, replacement, sentence, dtype)


def tabled(file):
    """The planted faults of one test."""
    return [
        fault(row.name, row.targets[0], row.plant, row.says, row.node.split("-")[1])
        for row in contracts.FAULTS.values()
        if file in row.node
    ]


def refusing_empty_kernels(original):
    def faulty(tensor, *args, **kwargs):
        if 0 in tensor.shape[2:]:
            raise ValueError("planted")
        return original(tensor, *args, **kwargs)

    return faulty


def copied(values):
    if values["generator"] is not None:
        values["generator"] = values["generator"].clone_state()


def is_fake(call):
    return type(call.tensor).__name__ == "FakeTensor"


def is_counted(_):
    return torch._C._len_torch_dispatch_stack() > 0


def host_values(tensor):
    """Values that vmap does not know to be random."""
    drawn = np.random.default_rng(1).standard_normal(tensor.shape)
    return torch.from_numpy(drawn).to(tensor.dtype)


def filling_from_host(original):
    def faulty(tensor, *args, **kwargs):
        if not torch._C._functorch.is_batchedtensor(tensor):
            return original(tensor, *args, **kwargs)
        return tensor.copy_(host_values(tensor))

    return faulty


def fill_whole_batch(call):
    whole = torch._C._functorch.get_unwrapped(call.tensor)
    whole.copy_(host_values(whole))


OTHER_PLACE = where(always_, lambda call: moved(call.tensor))
WITHOUT_GRADIENT = where(always_, lambda call: setattr(call.tensor, "grad", None))

CONTRACT_FAULTS = [
    *tabled("test_contracts"),
    *(
        fault(
            f"memory changes when laid {layout}", "kaiming_normal_", OTHER_PLACE,
            f"what else changes of a tensor that is laid {layout}: ",
        )
        for layout in ("transposed", "channels_last", "offset")
    ),
    fault(
        "the gradient is lost", "zeros_", WITHOUT_GRADIENT,
        "what else changes of a Parameter: grad",
    ),
    fault(
        "a copy of the generator is drawn from", "xavier_normal_", arguments(copied),
        "what the generator does not decide: the generator stays where it is",
    ),
    fault(
        "a kernel without entries is refused", "orthogonal_", refusing_empty_kernels,
        "what goes wrong without a kernel: ValueError (planted)",
    ),
]  # fmt: skip

TRANSFORMS_FAULTS = [
    *tabled("test_transforms"),
    fault(
        "under a dispatch mode values have another sign", "uniform_",
        where(is_counted, lambda call: call.tensor.neg_()),
        "what counting changes: counted operators",
    ),
    fault(
        "a fake tensor seeds the global stream", "xavier_uniform_",
        where(is_fake, lambda _: torch.manual_seed(1)),
        "what changes of a fake tensor: a stream moves",
    ),
    fault(
        "vmap draws for the whole batch", "kaiming_uniform_", where(batched, fill_whole_batch),
        "rows that vmap makes different with randomness='same': row 1, row 2",
    ),
    fault(
        "vmap does not know that values are random", "normal_", filling_from_host,
        "what vmap lets pass with randomness='error': a random call",
    ),
]  # fmt: skip


@pytest.mark.parametrize("planted", CONTRACT_FAULTS, ids=[f.name for f in CONTRACT_FAULTS])
def test_a_broken_contract_is_found(planted, monkeypatch):
    planted.check(CONTRACT, monkeypatch)


@pytest.mark.parametrize("planted", TRANSFORMS_FAULTS, ids=[f.name for f in TRANSFORMS_FAULTS])
def test_a_fault_under_transforms_is_found(planted, monkeypatch):
    planted.check(TRANSFORMS, monkeypatch)


def test_every_question_finds_something():
    assert unasked(CONTRACT, CONTRACT_FAULTS) == []
    assert unasked(TRANSFORMS, TRANSFORMS_FAULTS) == []


@pytest.mark.parametrize("promise", [CONTRACT, TRANSFORMS], ids=lambda promise: promise.name)
@pytest.mark.parametrize("name", ["normal_", "constant_", "sparse_", "orthogonal_"])
def test_without_faults_nothing_is_found(promise, name):
    assert ask(promise, name).final_verdict == "pass"


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
