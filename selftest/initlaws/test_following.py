"""Models held against their laws: faults are seen, lawful ways to the same start are not."""

import copy
import math
import re

import numpy as np
import pytest
import torch
from torch import nn

from initlaws import assert_follows
from initlaws.builds import Builds
from initlaws.following import Budget, follow
from initlaws.laws import (
    Blocks,
    Cast,
    Constant,
    Default,
    Haar,
    Normal,
    Parts,
    Rows,
    Same,
    Transformed,
    Uniform,
    depth,
)
from initlaws.table import of_report
from selftest.initlaws.faulty_models import changed
from selftest.initlaws.models import (
    CONVOLUTIONS,
    DECODER,
    LAYERS,
    RECURRENT,
    VISION,
    Convolutions,
    Decoder,
    Recurrent,
    Vision,
)

FEW = Budget(1 << 21, 4, 64)


def wrong(make, laws, seed=0):
    """The tensors that do not follow their laws, what is wrong between them, and the table."""
    report = follow(Builds(make, seed), laws, FEW)
    named = {row.claimed.place.name for row in report.rows if row.wrong}
    return named | set(report.problems), report.whole, of_report(report)


LAWFUL = {
    "decoder": (Decoder, DECODER),
    "convolutions": (Convolutions, CONVOLUTIONS),
    "vision": (Vision, VISION),
    "recurrent": (Recurrent, RECURRENT),
}


@pytest.mark.parametrize("name", LAWFUL)
@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_lawful_passes(name, seed):
    make, laws = LAWFUL[name]
    assert wrong(make, laws, seed)[:2] == (set(), ())


def by_quantiles(model):
    """Another algorithm: the quantile function of uniforms, in doubles."""
    for block in model.blocks:
        uniforms = torch.rand(block.attn.weight.shape, dtype=torch.float64)
        block.attn.weight.copy_(0.02 * math.sqrt(2) * torch.erfinv(2 * uniforms - 1))


def by_numpy(model):
    for block in model.blocks:
        block.proj.weight.copy_(
            torch.from_numpy(np.random.normal(0, 0.02 / math.sqrt(2 * LAYERS), (48, 48)))
        )


@pytest.mark.parametrize("other", [by_quantiles, by_numpy])
def test_other_ways_to_the_same_law_pass(other):
    assert wrong(changed(Decoder, other), DECODER)[:2] == (set(), ())


def a_default_left(model):
    model.blocks[1].attn.reset_parameters()


def of_another_width(model):
    nn.init.normal_(model.blocks[2].proj.weight, std=0.02)


def not_centred(model):
    model.embed.weight[1:] += 0.002


def unmasked(model):
    nn.init.normal_(model.embed.weight, std=0.02)


def untied(model):
    model.head.weight = nn.Parameter(model.embed.weight.clone())


def repeated(model):
    model.blocks[2] = copy.deepcopy(model.blocks[0])


def unscaled_norm(model):
    model.blocks[0].ln.weight.fill_(0.99)


def another_buffer(model):
    model.scale.fill_(48**0.5)


def cut(model):
    for block in model.blocks:
        block.attn.weight.clamp_(-0.04, 0.04)


def one_row_twice(model):
    for block in model.blocks:
        block.attn.weight[1] = block.attn.weight[0]


def one_entry(model):
    model.blocks[0].attn.bias[-1] = 1e-8


def scaled_by_a_twentieth(model):
    model.embed.weight.mul_(1.05)


FAULTS = {
    a_default_left: {"blocks.1.attn.weight", "blocks.1.attn.bias"},
    of_another_width: {"blocks.2.proj.weight"},
    not_centred: {"embed.weight"},
    unmasked: {"embed.weight"},
    unscaled_norm: {"blocks.0.ln.weight"},
    another_buffer: {"scale"},
    one_entry: {"blocks.0.attn.bias"},
    scaled_by_a_twentieth: {"embed.weight"},
    cut: {f"blocks.{i}.attn.weight" for i in range(LAYERS)},
    one_row_twice: {f"blocks.{i}.attn.weight" for i in range(LAYERS)},
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_names_its_tensors(fault):
    assert wrong(changed(Decoder, fault), DECODER)[0] == FAULTS[fault]


def test_a_lost_tie_is_named():
    found, _, table = wrong(changed(Decoder, untied), DECODER)
    assert "head.weight" in found
    assert "head.weight is not the tensor embed.weight" in table


def test_a_repeated_layer_is_named():
    found, whole, table = wrong(changed(Decoder, repeated), DECODER)
    assert not found and whole
    assert "blocks.2." in table and "blocks.0." in table


def test_a_build_that_sets_the_seed_is_told():
    def build():
        torch.manual_seed(0)
        return Decoder()

    assert "does the build set the seed?" in wrong(build, DECODER)[2]


def test_memory_that_nobody_writes_is_seen():
    found, _, table = wrong(
        lambda: nn.ParameterDict({"w": nn.Parameter(torch.empty(3, 4))}), {"w": Normal(0.0, 1.0)}
    )
    assert found == {"w"} and "NaN" in table


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.float32])
@pytest.mark.parametrize("persistent", [True, False])
def test_a_buffer_that_nobody_writes_is_seen(dtype, persistent):
    def build(fill=lambda buffer: buffer):
        model = nn.Linear(4, 4)
        model.register_buffer("b", fill(torch.empty(3, dtype=dtype)), persistent=persistent)
        return model

    laws = {nn.Linear: {"weight": Default(), "bias": Default()}}
    assert wrong(build, laws)[0] == {"b"}
    assert wrong(lambda: build(torch.zero_), laws)[0] == set()


class TestWords:
    """What laws may say besides a law."""

    def test_depth(self):
        laws = {"*": lambda shape, module, name: Normal(0.0, 0.02 / math.sqrt(depth(name) + 1))}

        def build():
            model = nn.Sequential(*(nn.Linear(40, 40, bias=False) for _ in range(4)))
            for number, part in enumerate(model):
                nn.init.normal_(part.weight, std=0.02 / math.sqrt(number + 1))
            return model

        assert wrong(build, laws)[0] == set()
        assert wrong(changed(build, lambda m: m[3].weight.mul_(1.2)), laws)[0] == {"3.weight"}

    def test_parts_along_an_axis(self):
        laws = {
            "w": Parts((Normal(0.0, 1.0), Constant(0.0)), axis=1, sizes=(30, 2)),
        }

        def build(zeros=2):
            w = torch.randn(64, 32)
            w[:, 32 - zeros :] = 0
            return nn.ParameterDict({"w": nn.Parameter(w)})

        assert wrong(build, laws)[0] == set()
        assert wrong(lambda: build(1), laws)[0] == {"w"}

    def test_transforms(self):
        """Gu & Dao 2023: Δ is log-uniform on [0.001, 0.1], and the bias its inverse softplus."""
        ends = math.log(0.001), math.log(0.1)
        inverse = lambda bias: nn.functional.softplus(bias).log()  # noqa: E731

        def build(low=0.001):
            delta = torch.exp(torch.empty(512).uniform_(math.log(low), ends[1]))
            return nn.ParameterDict({"b": nn.Parameter(delta + torch.log(-torch.expm1(-delta)))})

        laws = {"b": Transformed(Uniform(*ends), inverse)}
        assert wrong(build, laws)[0] == set()
        assert wrong(lambda: build(0.002), laws)[0] == {"b"}

    def test_gates_and_orthogonal_blocks(self):
        def build():
            cell = nn.LSTMCell(16, 16)
            for gate in cell.weight_hh.chunk(4):
                nn.init.orthogonal_(gate)
            return cell

        laws = {"weight_hh": Blocks(Haar(1.0), 4), "weight_ih": Default(), "bias_*": Default()}
        assert wrong(build, laws)[0] == set()
        fault = changed(build, lambda cell: nn.init.orthogonal_(cell.weight_hh))
        assert wrong(fault, laws)[0] == {"weight_hh"}

    def test_what_is_cast_after_it_was_drawn(self):
        """A bound of 1/8 is a number of bfloat16, and rounding reaches it."""
        build = lambda: nn.Linear(64, 64).bfloat16()  # noqa: E731
        assert wrong(build, {nn.Linear: Cast(Default())})[0] == set()
        assert wrong(build, {nn.Linear: Default()})[0] == {"weight", "bias"}
        beyond = changed(build, lambda layer: layer.weight.view(-1)[:1].fill_(0.126))
        assert wrong(beyond, {nn.Linear: Cast(Default())})[0] == {"weight"}

    def test_complex_tensors_beside_real_ones(self):
        def build(std=1.0):
            model = nn.Linear(16, 16)
            model.phase = nn.Parameter(std * torch.randn(32, 8, dtype=torch.complex64))
            return model

        laws = {"phase": Normal(0.0, 1.0), nn.Linear: {"weight": Default(), "bias": Default()}}
        assert wrong(build, laws)[0] == set()
        assert wrong(lambda: build(1.1), laws)[0] == {"phase"}

    def test_a_nearer_type_speaks_first(self):
        class Wide(nn.Linear):
            def reset_parameters(self):
                nn.init.normal_(self.weight)

        model = lambda: nn.Sequential(nn.Linear(8, 8), Wide(8, 8, bias=False))  # noqa: E731
        assert wrong(model, {nn.Linear: Default(), Wide: Normal(0.0, 1.0)})[0] == set()
        assert wrong(model, {nn.Linear: Default()})[0] == {"1.weight"}


class TestTable:
    """The parameter first, in its own units."""

    def test_observed_beside_lawful(self):
        table = wrong(changed(Decoder, of_another_width), DECODER)[2]
        assert "1 of 20 tensors does not follow its law" in table
        assert "blocks.2.proj.weight  (48, 48) float32" in table
        assert re.search(r"std 0\.0(19|20)\d*, from", table)
        assert "the law says std 0.00816" in table
        assert "seen " in table and "law  " in table

    def test_one_fault_of_many_tensors_is_told_once(self):
        table = wrong(changed(Decoder, cut), DECODER)[2]
        assert table.count("the law says") == 1
        assert "the same: " in table

    def test_what_would_have_been_seen(self):
        table = wrong(Decoder, DECODER)[2]
        assert table.startswith("All 20 tensors follow their laws")
        assert "would be seen" in table


class TestAsserting:
    """In an author's own tests."""

    def test_it_returns_what_was_observed(self):
        report = assert_follows(Convolutions, CONVOLUTIONS, builds=8)
        assert report.passed and report.builds == 8

    def test_it_raises_the_table(self):
        with pytest.raises(AssertionError, match=r"blocks\.2\.proj\.weight") as raised:
            assert_follows(changed(Decoder, of_another_width), DECODER, builds=8)
        # A summary shows the first line alone.
        assert re.match("[0-9]+ of 20 tensors do", str(raised.value))

    def test_a_value_that_lies_far_off_in_one_build_is_shown(self):
        def build():
            model = nn.Linear(64, 64, bias=False)
            nn.init.normal_(model.weight, std=0.02)
            with torch.no_grad():
                model.weight[0, 0] -= 2.0 * (torch.rand(()) < 0.2)
            return model

        laws = {"weight": Normal(0.0, 0.02)}
        _, _, table = wrong(build, laws)
        first = Builds(build).values(0)["weight"].min()
        assert first > -0.1 and re.search(r"from -[12]\.\d+ to 0\.", table), table

    def test_a_padding_row_that_is_drawn_is_named(self):
        laws = {"weight": Rows(Normal(0.0, 1.0), 3)}
        with pytest.raises(AssertionError, match="exact in row 3: entries differ from the exact"):
            assert_follows(lambda: nn.Embedding(8, 16), laws, builds=8)

    def test_the_same_seed_gives_the_same_result(self):
        one, two = (assert_follows(Vision, VISION, seed=3, builds=4) for _ in range(2))
        other = assert_follows(Vision, VISION, seed=4, builds=4)
        values = [[f.p_value for f in each.findings] for each in (one, two, other)]
        assert values[0] == values[1] != values[2]

    def test_streams_and_modes_stay_as_they_were(self):
        torch.manual_seed(5)
        before = torch.get_rng_state(), np.random.get_state()[1].copy()
        assert_follows(Vision, VISION, builds=2)
        assert torch.equal(torch.get_rng_state(), before[0])
        assert np.array_equal(np.random.get_state()[1], before[1])

    def test_a_budget_of_time_makes_fewer_builds(self):
        assert assert_follows(Vision, VISION, seconds=1e-9).builds == 2

    @pytest.mark.parametrize(("given", "said"), [({"profile": "huge"}, "none of smoke"),
                                                 ({"builds": 1}, "two or more")])  # fmt: skip
    def test_what_cannot_be_used_is_refused(self, given, said):
        with pytest.raises(ValueError, match=said):
            assert_follows(Vision, VISION, **given)


def test_a_tie_that_laws_do_not_name_is_one_tensor():
    laws = {key: claim for key, claim in DECODER.items() if not isinstance(claim, Same)}
    assert wrong(Decoder, laws)[0] == set()
