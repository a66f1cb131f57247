"""What must hold of any model: lawful ones pass, and each fault is named by its own question."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import weight_norm as old_weight_norm

from initlaws.auditing import QUESTIONS, audit
from initlaws.builds import Builds, Unusable
from selftest.initlaws.faulty_models import (
    Copies,
    DrawsPresent,
    LeavesBias,
    NotInState,
    OtherOnMeta,
    Overwrites,
    StartsAnewFromPickle,
    Unties,
    UntiesLoading,
    UntiesMoving,
    begins_alike,
    draws_and_overwrites,
    from_a_private_generator,
    from_the_system,
    lost_old_write,
    lost_write,
    lost_write_of_data,
    overlapping,
    repeats_a_layer,
    repeats_and_scales,
    rows_again,
    scaled_norm,
    sets_the_seed,
    sets_the_seed_and_restores_it,
    sets_the_seed_of_numpy,
    the_later_part_alike,
    two_tables,
    with_buffer,
    with_parameter,
    zero_variance,
)
from selftest.initlaws.lawful_models import (
    Attention,
    Base,
    Odd,
    Rotary,
    Unusual,
    Versioned,
    others_generators,
    parametrised,
    parametrised_and_assigned,
    parametrised_before,
    ramps_and_noise,
    random_numbers_times_vectors,
    sparse_and_orthogonal,
)

LAWFUL = {
    "tied": Base,
    "batch norm": lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.PReLU()),
    "LSTM": lambda: nn.LSTM(8, 8, num_layers=2, bidirectional=True),
    "encoder": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32), 2),
    "transformer": lambda: nn.Transformer(16, 2, 2, 2, 32),
    "rotary": Rotary,
    "reset": Attention,
    "odd": Odd,
    "unusual": Unusual,
    "NumPy and Python": others_generators,
    "parametrised": parametrised,
    "parametrised and assigned": parametrised_and_assigned,
    "parametrised before": parametrised_before,
    "scaled vectors": random_numbers_times_vectors,
    "bilinear": lambda: nn.Bilinear(4, 4, 4),
    "ramps and noise": ramps_and_noise,
    "sparse and orthogonal": sparse_and_orthogonal,
    "versioned": lambda: Versioned(8, 8),
    "half precision": lambda: nn.Linear(64, 512).bfloat16(),
}


@pytest.mark.parametrize("make", LAWFUL.values(), ids=LAWFUL)
def test_a_lawful_model_passes(make):
    found = audit(Builds(make, seed=3))
    assert found.passed, found.table()
    assert [question for question, _ in found.questions] == [*QUESTIONS]


UNWRITTEN, SEED, COPY, AGAIN, LOST, DEEP, PICKLE, WIDE, META, LOAD, ASSIGN, PART, RESET, _ = (
    QUESTIONS
)


FAULTS = {  # The build, the question that must see it, and what is said.
    "unwritten parameter": (
        with_parameter(lambda: torch.empty(4, 4)),
        UNWRITTEN,
        "the parameter extra holds NaN in 16 of 16 entries: is it left unwritten?",
    ),
    "unwritten in part": (
        with_parameter(lambda: torch.cat([torch.empty(1, 4), torch.randn(3, 4)])),
        UNWRITTEN,
        "holds NaN in 4 of 16 entries",
    ),
    "unwritten buffer": (
        with_buffer(lambda: torch.empty(4), False),
        UNWRITTEN,
        "the buffer extra holds NaN",
    ),
    "unwritten whole numbers": (
        with_buffer(lambda: torch.empty(4, dtype=torch.int64), True),
        UNWRITTEN,
        "the buffer extra holds what memory held before",
    ),
    "unwritten truth": (
        with_buffer(lambda: torch.empty(4, dtype=torch.bool), False),
        UNWRITTEN,
        "the buffer extra holds what memory held before",
    ),
    "sets the seed": (sets_the_seed, SEED, "the build sets the seed of torch itself"),
    "sets NumPy's seed": (sets_the_seed_of_numpy, SEED, "sets the seed of NumPy itself"),
    "seed restored": (
        sets_the_seed_and_restores_it,
        SEED,
        "layers.1.weight: drawn, and the same under every seed",
    ),
    "os.urandom": (
        from_the_system,
        SEED,
        "layers.1.weight: depends on something besides the seeds of torch, NumPy and Python",
    ),
    "private generator": (from_a_private_generator, SEED, "layers.2.weight: depends on something"),
    "repeated layer": (
        repeats_a_layer,
        COPY,
        "layers.1.weight is a copy of layers.0.weight (and 1 more of its tensors): copy.deepcopy",
    ),
    "repeated and scaled": (
        repeats_and_scales,
        COPY,
        "layers.1.weight is a multiple of layers.0.weight",
    ),
    "beginning alike": (begins_alike, COPY, "1.weight is a copy of 0.weight"),
    "overlapping streams": (
        overlapping(lambda numbers: numbers * 0.1),
        AGAIN,
        "1.weight: its values from entry 0 on are 0.weight's from entry 1000 on, up to scale",
    ),
    "overlapping, of another law": (overlapping(torch.erfinv, 77), AGAIN, "from entry 77 on"),
    "rows again": (rows_again(1), AGAIN, "entry 1024 on are its own from entry 0 on"),
    "rows mirrored": (rows_again(-1), AGAIN, "entry 1024 on are its own from entry 0 on"),
    "alike after the beginning": (the_later_part_alike, AGAIN, "from entry 512 on"),
    "untied by deepcopy": (Unties, DEEP, "copy.deepcopy unties embed.weight and head.weight"),
    "changed by deepcopy": (Copies, DEEP, "copy.deepcopy changes embed.weight, layers.0.weight"),
    "changed by pickle": (StartsAnewFromPickle, PICKLE, "pickle changes layers.2.weight"),
    "untied by a dtype": (UntiesMoving, WIDE, "to(torch.float64) unties embed.weight and head"),
    "untied by loading": (UntiesLoading, LOAD, "load_state_dict unties embed.weight and head"),
    "overwritten by loading": (Overwrites, LOAD, "load_state_dict changes layers.1.weight"),
    "overwritten by assigning": (Overwrites, ASSIGN, "(assign=True) changes layers.1.weight"),
    "drawn though present": (DrawsPresent, PART, "without embed.weight changes layers.0.weight"),
    "state that lacks a key": (NotInState, LOAD, "load_state_dict raises RuntimeError"),
    "reset that leaves": (LeavesBias, RESET, "LeavesBias.reset_parameters leaves bias as it was"),
    "other on meta": (OtherOnMeta, META, "on the meta device the model has other tensors: two"),
    "lost write": (lost_write, LOST, "a write into weight is lost"),
    "lost write of data": (lost_write_of_data, LOST, "a write into 0.weight is lost"),
    "lost write of the hook": (lost_old_write, LOST, "a write into 0.weight is lost"),
}


@pytest.mark.parametrize(("make", "question", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_by_its_question(make, question, said):
    found = audit(Builds(make, seed=3))
    assert not found.passed, found.table()
    wrong = dict(found.questions)[question]
    assert not isinstance(wrong, str), wrong
    assert any(said in each for each in wrong), found.table()
    assert any(said in line for line in found.table().splitlines())


REMARKS = {
    "tie on meta": (Base, "to_empty from the meta device unties embed.weight and head.weight"),
    "copied by PyTorch": (
        LAWFUL["encoder"],
        "layers.1.self_attn.in_proj_weight is a copy of layers.0.self_attn.in_proj_weight",
    ),
    "norm": (
        lambda: nn.Sequential(*map(scaled_norm, (0.5, 0.25))),
        "*.weight (2 tensors): starts at 0.25 to 0.5, not at 1",
    ),
    "bias": (lambda: nn.Linear(4, 4), "bias: starts at "),
    "biases of many names": (
        lambda: nn.ModuleDict({name: nn.Linear(4, 4) for name in "abcdefgh"}),
        "a.bias, b.bias, c.bias, d.bias, e.bias, f.bias and 2 more: start at ",
    ),
    "running variance": (zero_variance, "running_var: starts at 0, not at 1"),
    "reset under weight_norm": (
        lambda: old_weight_norm(nn.Linear(4, 4)),
        "a reset leaves weight_g and weight_v as before",
    ),
    "two tables": (two_tables, "weight is the same under two seeds, and another under a third"),
    "overwritten, and a fixed projection": (
        draws_and_overwrites,
        "layers.1.weight and projection: many values, and the same under every seed",
    ),
    "fixed": (
        lambda: nn.ParameterList([nn.Parameter(torch.linspace(0, 1, 99))]),
        "0: many values, and the same under every seed",
    ),
}


def test_tensors_on_the_meta_device_are_refused():
    with pytest.raises(Unusable, match="leaves weight on the meta device"):
        audit(Builds(lambda: nn.Linear(4, 4, device="meta")))


@pytest.mark.parametrize(("make", "said"), REMARKS.values(), ids=REMARKS)
def test_what_is_lawful_and_worth_a_look_is_a_remark(make, said):
    found = audit(Builds(make))
    assert found.passed, found.table()
    assert any(said in remark for remark in found.remarks), found.remarks


def test_positions_are_no_remark():
    def build():
        model = nn.Module()
        model.register_buffer("positions", torch.arange(99))
        return model

    assert not audit(Builds(build)).remarks


def test_a_question_that_cannot_be_asked_says_why():
    class Local(nn.Linear):
        pass

    found = audit(Builds(lambda: Local(4, 4)))
    assert found.passed
    answer = dict(found.questions)["a pickled model keeps values and ties"]
    assert isinstance(answer, str) and answer.startswith("not asked: pickle raises ")
    assert answer in found.table()


def test_a_model_that_cannot_be_built_is_unusable():
    with pytest.raises(Unusable, match="raises ZeroDivisionError"):
        audit(Builds(lambda: 1 / 0))


def test_progress_counts_up_to_the_whole():
    steps = []
    audit(Builds(lambda: nn.Linear(2, 2)), progress=lambda done, of: steps.append((done, of)))
    assert [done for done, _ in steps] == [*range(1, steps[-1][1] + 1)]


def test_nothing_global_is_left_otherwise():
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    audit(Builds(sets_the_seed))
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()
    assert before[2] == random.getstate()
