"""Buffers of recipes: their values, those without a law, and memory that nobody writes."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from selftest.behaviour.support import RUN
from selftest.test_command import ROOT
from selftest.test_recipes import recipe
from verify import backends
from verify.command_line.recipe_option import chosen
from verify.engine.explore import verify_cell
from verify.plan.run import Cell
from verify.recipes import Exactly, Unchecked, Uniform
from verify.subjects.recipes import besides, poison
from verify.subjects.recipes.known import (
    Written,
    causal,
    inverse_frequencies,
    local,
    plain,
    positions,
    sinusoids,
    wrong,
    zeros,
)
from verify.subjects.recipes.poison import Poisoned

FLOATS = (torch.float32, torch.float64, torch.bfloat16, torch.float8_e4m3fn, torch.complex64)
WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool)

ALLOCATIONS = {
    "empty": lambda dtype: torch.empty(4, dtype=dtype),
    "empty_like": lambda dtype: torch.empty_like(torch.zeros(4, dtype=dtype)),
    "new_empty": lambda dtype: torch.zeros(1, dtype=dtype).new_empty(4),
    "empty_strided": lambda dtype: torch.empty_strided((4,), (1,), dtype=dtype),
    "to_empty": lambda dtype: held(torch.zeros(4, dtype=dtype).to("meta")).to_empty(device="cpu").b,
}


def held(values):
    module = nn.Module()
    module.register_buffer("b", values, persistent=False)
    return module


@pytest.mark.parametrize("allocate", ALLOCATIONS.values(), ids=ALLOCATIONS)
class TestPoison:
    @pytest.mark.parametrize("dtype", FLOATS, ids=str)
    def test_floating_memory_is_nan(self, allocate, dtype):
        with Poisoned():
            memory = allocate(dtype)
        assert plain(memory).isnan().all()

    @pytest.mark.parametrize("dtype", WHOLE, ids=str)
    def test_whole_numbers_differ_under_the_other_poison(self, allocate, dtype):
        with Poisoned():
            memory = allocate(dtype)
        with Poisoned(other=True):
            other = allocate(dtype)
        assert (memory != other).all()


def test_poison_moves_no_stream_and_changes_nothing_that_is_written():
    def build():
        torch.manual_seed(3)
        return nn.LSTM(5, 7).state_dict(), torch.get_rng_state()

    free = build()
    with Poisoned():
        poisoned = build()
    torch.testing.assert_close(free, poisoned, rtol=0, atol=0)


class Rewriting(TorchDispatchMode):
    """Hands out copies in place of views."""

    def __torch_dispatch__(self, operation, _types, args=(), kwargs=None):
        made = operation(*args, **(kwargs or {}))
        return made.clone() if operation is torch.ops.aten.view.default else made


class TestPoisonedDevice:
    """Where poison loses what is written, memory is left as it is."""

    @pytest.fixture(autouse=True)
    def forget(self):
        poison.bears.cache_clear()
        yield
        poison.bears.cache_clear()

    def test_memory_of_the_host_is_poisoned(self):
        with poison.poisoned(torch.device("cpu")):
            assert torch.empty(3).isnan().all()

    def test_a_device_that_rewrites_views_is_left_alone(self, monkeypatch):
        monkeypatch.setattr(poison, "Poisoned", lambda **_: Rewriting())
        assert not poison.bears("cpu")
        with poison.poisoned(torch.device("cpu")):
            whole = torch.zeros(1)
            whole.view(1).fill_(1)
        assert whole == 1


WRONG = [  # Values, what is known of them, and what is said.
    (torch.arange(6)[None], Exactly(positions), ""),
    (torch.arange(1, 7)[None], Exactly(positions), "6 of 6 entries of b are wrong: the one at (0"),
    (torch.arange(6.0), Exactly(positions), "b is of the dtype torch.float32, which its values"),
    (torch.zeros(2, 3, dtype=torch.int64), Exactly(zeros), ""),
    (torch.ones(5, 5, dtype=torch.bool).tril(), Exactly(causal), ""),
    (torch.ones(5, 5, dtype=torch.bool), Exactly(causal), "10 of 25 entries of b are wrong"),
    (torch.ones(5, 5, dtype=torch.bool).tril().triu(-1), Exactly(local(2)), ""),
    (torch.ones(5, 5, dtype=torch.bool).tril().triu(-2), Exactly(local(2)), "3 of 25 entries of"),
    (1 / (10000 ** (torch.arange(0, 64, 2) / 64)), inverse_frequencies(10000.0), ""),
    (1 / (10001 ** (torch.arange(0, 64, 2) / 64)), inverse_frequencies(10000.0), "entries of b"),
    (torch.full((4,), torch.nan), inverse_frequencies(10000.0), "4 of 4 entries of b are wrong"),
    (torch.full((2, 2), -torch.inf), Exactly(lambda shape: torch.full(shape, -torch.inf)), ""),
    (torch.tensor([torch.nan, 0.0]), Written(), "the buffer b holds NaN: is it left unwritten?"),
    (torch.tensor([-torch.inf, 0.0]), Written(), ""),
    (torch.full((3,), torch.nan), Unchecked("filled by the first input"), ""),
]  # fmt: skip


@pytest.mark.parametrize(("values", "claim", "told"), WRONG)
def test_what_is_wrong_is_said_of_the_first_entry(values, claim, told):
    there = {"b": values} if isinstance(claim, Written) else {}
    said = wrong("b", values, claim, there)
    assert (told in said) if told else not said, said


KINDS = {
    "sparse": lambda: torch.eye(3).to_sparse(),
    "quantised": lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
}


@pytest.mark.filterwarnings("ignore:.*quantized tensor creation:UserWarning")
@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_tensors_of_other_kinds_are_compared_too(make):
    claims = {"b": Written()}
    there = besides.fixed(held(make()), claims)
    assert not besides.otherwise(held(make()), claims, there)
    told = besides.otherwise(held(torch.zeros(3)), claims, there)
    assert told.startswith("the buffer b is not the same in two builds")


class Masked(nn.Module):
    """A layer and a causal mask that is not stored, wrong in one entry or not."""

    def __init__(self, *, leaking=False, another=False):
        super().__init__()
        self.layer = nn.Linear(64, 64, bias=False)
        mask = torch.ones(8, 8, dtype=torch.bool).tril()
        mask[0, 1] = leaking
        self.register_buffer("mask", mask, persistent=False)
        if another:
            self.register_buffer("scale", torch.ones(3))


MASKED = {"layer.weight": Uniform.for_variance(bound=0.125), "mask": Exactly(causal)}
MASKS = {"": {}, "1 of 64 entries of mask are wrong: the one at (0, 1)": {"leaking": True},
         "no law claims the buffer scale of shape (3,)": {"another": True}}  # fmt: skip


@pytest.mark.parametrize("told", MASKS, ids=["sound", "leaking", "another"])
def test_a_mask_is_held_against_its_values(told):
    cell = Cell(recipe(lambda: Masked(**MASKS[told]), MASKED), backends.known()["cpu"], "float32")
    found = verify_cell(cell, RUN, "recipe")
    assert found.final_verdict == ("fail" if told else "pass"), found.diagnosis
    assert told in found.diagnosis


def unnamed():
    """A model of the user's with two buffers."""
    return Masked(another=True)


def test_buffers_of_a_users_model_without_a_law_are_named(tmp_path):
    laws = tmp_path / "laws.py"
    laws.write_text("from verify.recipes import Normal\nLAWS = {'*.weight': Normal(0.0, 0.1)}\n")
    own = chosen("selftest.test_recipe_buffers:unnamed", str(laws))
    told = "without a law there, mask, scale, it is only asked that they are written"
    assert told in own.words
    assert {name for name, claim in own.claims(None).items() if claim == Written()} == {
        "mask",
        "scale",
    }


def test_poison_does_not_load_the_compiler():
    """Which would take every worker a second."""
    code = (
        "import sys, torch; from verify.subjects.recipes.poison import Poisoned\n"
        "with Poisoned(): torch.nn.Linear(2, 2)\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_sinusoids_are_those_of_the_paper():
    """PE(t, 2i) is the sine and PE(t, 2i + 1) the cosine of t / 10000^(2i / d)."""
    table = sinusoids((3, 4))
    angle = 2 / 10_000**0.5
    assert torch.equal(table[0], torch.tensor([0.0, 1.0, 0.0, 1.0], dtype=torch.float64))
    expected = torch.tensor([2.0, 2.0, angle, angle], dtype=torch.float64)
    assert torch.allclose(table[2, 0::2], expected[0::2].sin())
    assert torch.allclose(table[2, 1::2], expected[1::2].cos())
    assert sinusoids((1, 3)).shape == (1, 3)
