"""Two models without laws: lawful alternatives are alike, and each fault is named by its tensor."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest
import torch
from torch import nn

from initlaws.builds import Builds, Unusable
from initlaws.comparing import compare, compare_sketches
from initlaws.comparisons import summaries
from initlaws.comparisons.sketches import Sketch, sketch
from selftest.initlaws import faulty_models


class Base(nn.Module):
    """A model with all that can differ: drawn, tied, fixed, of whole numbers, padded."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(64, 32, padding_idx=3)
        self.layers = nn.ModuleList(nn.Linear(32, 48) for _ in range(2))
        self.turn = nn.Parameter(nn.init.orthogonal_(torch.empty(24, 24)))
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 64, bias=False)
        self.register_buffer("positions", torch.arange(40.0), persistent=False)
        self.register_buffer("order", torch.randperm(40))
        for layer in self.layers:
            self.draw(layer.weight)
        nn.init.trunc_normal_(self.head.weight, std=0.02, a=-0.04, b=0.04)

    def draw(self, weight):
        nn.init.normal_(weight, std=0.02)


def base():
    return Base()


class Tied(Base):
    def __init__(self):
        super().__init__()
        self.head.weight = self.embed.weight


class Lawful(nn.Module):
    """The laws of `Base` by other algorithms, in another order."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(32, 64, bias=False)
        self.norm = nn.LayerNorm(32)
        self.turn = nn.Parameter(gram_schmidt(24))
        self.register_buffer("order", torch.rand(40).argsort())
        self.register_buffer("positions", torch.arange(40.0), persistent=False)
        self.layers = nn.ModuleList(nn.Linear(32, 48) for _ in range(2))
        self.embed = nn.Embedding(64, 32, padding_idx=3)
        with torch.no_grad():
            for layer in self.layers:
                layer.weight.copy_(torch.randn(48, 32) * 0.02)
                layer.bias.copy_((torch.rand(48) * 2 - 1) / math.sqrt(32))
            # By the inverse of the distribution function.
            low = 0.5 * (1 + math.erf(-2 / math.sqrt(2)))
            uniform = torch.rand(64, 32, dtype=torch.float64) * (1 - 2 * low) + low
            self.head.weight.copy_(torch.special.ndtri(uniform) * 0.02)


def gram_schmidt(size):
    """A Haar matrix, column by column (Mezzadri 2007)."""
    columns = []
    for _ in range(size):
        column = torch.randn(size, dtype=torch.float64)
        for other in columns * 2:
            column = column - (column @ other) * other
        columns.append(column / column.norm())
    return torch.stack(columns, dim=1).float()


def changed(change, of=base):
    """Builds of the base with a fault."""
    return faulty_models.changed(of, change)


def scale(factor):
    return changed(lambda model: model.layers[1].weight.mul_(factor))


def laplace(model):
    draws = torch.distributions.Laplace(0.0, 0.02 / math.sqrt(2)).sample((48, 32))
    model.layers[0].weight.copy_(draws)


@pytest.fixture(scope="module")
def drawn():
    """The base's sketch, which most are compared with."""
    return sketch(Builds(base, seed=1))


@pytest.mark.parametrize("make", [base, Lawful], ids=["the same", "by other algorithms"])
def test_one_law_is_alike(make, drawn):
    found = compare_sketches(drawn, sketch(Builds(make, seed=2)))
    assert found.passed, found.table()
    rows = {row.name: row for row in found.rows}
    assert len(rows) == len(drawn.tensors) == 11
    assert not rows["norm.weight"].is_random and not rows["positions"].is_random
    assert 1.01 < rows["layers.0.weight"].seen_from < 1.1
    assert found.decisions > 1_000


def test_copies_in_both_are_alike():
    """A copy in one that is tied in the other is said to be tied, and no more."""

    def encoder():
        return nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32), 2)

    def tied(copied=False):
        model = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False))
        weight = model[0].weight
        model[1].weight = nn.Parameter(weight.detach().clone()) if copied else weight
        return model

    one, other = (sketch(Builds(encoder, seed=seed), 24) for seed in (1, 2))
    assert sum(bool(tensor.copy_of) for tensor in one.tensors) == 6
    assert compare_sketches(one, Sketch.from_json(other.to_json())).passed
    kept = [sketch(Builds(lambda c=c: tied(c), seed=1 + c), 24) for c in (False, True)]
    found = compare_sketches(*kept).wrong
    assert found == ("0.weight and 1.weight: one tensor, tied, in one alone",)


def uniform(model):
    bound = 0.02 * math.sqrt(3)
    nn.init.uniform_(model.layers[0].weight, -bound, bound)


def other_constant(model):
    model.norm.weight[17] = 1.001


def position(model):
    model.layers[0].weight.add_(torch.linspace(-0.02, 0.02, 48)[:, None])


def gates(model):
    model.layers[1].bias[12:24] = 1.0


def same_rows(model):
    model.layers[0].weight[1::2] = model.layers[0].weight[::2]


def reshaped(model):
    model.layers[1] = nn.Linear(32, 49)


def as_bfloat16(model):
    model.layers[1].bfloat16()


FAULTS = {  # What is built, and what must be said.
    "scaled by 10 %": (scale(1.1), "layers.1.weight: the standard deviation is 0.02"),
    "forgotten": (
        changed(lambda model: model.layers[1].reset_parameters()),
        "layers.1.weight: the standard deviation is 0.0200",
    ),
    "uniform": (changed(uniform), "layers.0.weight: the "),
    "Laplace": (changed(laplace), "layers.0.weight: the "),
    "lost tie": (Tied, "embed.weight and head.weight: one tensor, tied, in the other alone"),
    "a copy": (
        changed(lambda model: model.layers[1].weight.copy_(model.layers[0].weight)),
        "layers.1.weight: a copy of layers.0.weight in every build, in the other alone",
    ),
    "another constant": (
        changed(other_constant),
        "norm.weight: the values, which no seed changes, differ: the standard deviation is 0 in "
        "one and 0.0001",
    ),
    "another beginning": (
        changed(lambda model: model.positions.add_(1)),
        "positions: the values, which no seed changes, differ: begins with 0, 1, 2, 3 in one and "
        "with 1, 2, 3, 4 in the other",
    ),
    "not orthogonal": (
        changed(lambda model: nn.init.normal_(model.turn, std=24**-0.5)),
        "turn: the spread of the sizes of slices along axis 0 is ",
    ),
    "padding drawn": (
        changed(lambda model: nn.init.normal_(model.embed.weight)),
        "embed.weight: the share of zeros is 0.01562 in one and 0 in the other",
    ),
    "mean by position": (changed(position), "layers.0.weight: the "),
    "bias of a gate": (changed(gates), "layers.1.bias: the "),
    "rows twice": (
        changed(same_rows),
        "layers.0.weight: the correlation of neighbours along axis 0 is ",
    ),
    "not truncated": (
        changed(lambda model: nn.init.normal_(model.head.weight, std=0.88 * 0.02)),
        "head.weight: the ",
    ),
    "NaN": (
        changed(lambda model: model.layers[0].weight[0].fill_(torch.nan)),
        "layers.0.weight: the share of values that are not finite is 0 in one and 0.02083",
    ),
    "not drawn": (
        changed(lambda model: model.layers[0].weight.copy_(torch.linspace(-0.035, 0.035, 32))),
        "layers.0.weight: the ",
    ),
    "another shape": (
        changed(reshaped),
        "layers.1.weight: of shape (48, 32) in one and (49, 32) in the other",
    ),
    "another dtype": (
        changed(as_bfloat16),
        "layers.1.weight: of the dtype float32 in one and bfloat16 in the other",
    ),
    "one more": (
        changed(lambda model: model.register_buffer("more", torch.ones(2))),
        "more: in the other alone",
    ),
    "ordered": (
        changed(lambda model: model.order.copy_(torch.arange(40))),
        "order: the ",
    ),
}


@pytest.mark.parametrize(("make", "said"), FAULTS.values(), ids=FAULTS)
def test_a_difference_is_named_by_its_tensor(make, said, drawn):
    found = compare_sketches(drawn, sketch(Builds(make, seed=2), 24))
    assert not found.passed, found.table()
    assert any(sentence.startswith(said) for sentence in found.wrong), found.wrong
    assert any(said in line for line in found.table().splitlines())
    names = {sentence.partition(":")[0] for sentence in found.wrong}
    assert len(names) <= 2, found.wrong  # Nothing else is said to differ.


def test_layers_that_differ_in_the_same_are_one_sentence(drawn):
    def both(model):
        for layer in model.layers:
            layer.weight.mul_(2)

    found = compare_sketches(drawn, sketch(Builds(changed(both), seed=2), 24))
    (sentence,) = found.wrong
    assert sentence.startswith("layers.0.weight (and 1 more like it): the standard deviation is ")
    assert [row.name for row in found.rows if row.wrong] == ["layers.0.weight", "layers.1.weight"]


def layer(factor):
    def make():
        made = nn.Linear(32, 48, bias=False)
        nn.init.normal_(made.weight, std=0.02 * factor)
        return made

    return make


def test_the_ratio_that_is_stated_is_found():
    """Under each of five seeds; its cube root under none."""
    for seed in range(10, 20, 2):
        one, other = (sketch(Builds(layer(1.0), seed=seed + i)) for i in range(2))
        ratio = compare_sketches(one, other).rows[0].seen_from
        assert 1.04 < ratio < 1.1
        for factor, is_seen in ((ratio, True), (ratio ** (1 / 3), False)):
            found = compare_sketches(one, sketch(Builds(layer(factor), seed=seed + 1)))
            assert found.passed is not is_seen, (factor, found.table())


def test_kaiming_by_its_formula_is_alike():
    def formula():
        layer = nn.Linear(64, 64, bias=False)
        nn.init.uniform_(layer.weight, -1 / math.sqrt(64), 1 / math.sqrt(64))
        return layer

    found = compare(Builds(lambda: nn.Linear(64, 64, bias=False)), Builds(formula))
    assert found.passed, found.table()


def test_odd_tensors_are_compared():
    def odd(scale=1.0):
        return nn.ParameterList(
            [
                nn.Parameter(torch.randn(9, 9, dtype=torch.complex64) * scale),
                nn.Parameter(torch.randn(9, 9).bfloat16() * scale),
                nn.Parameter(torch.empty(0, 4)),
                nn.Parameter(torch.randn(()) * scale),
                nn.Parameter(torch.randint(0, 9, (20,)), requires_grad=False),
                nn.Parameter(torch.ones(9).to(torch.float8_e4m3fn), requires_grad=False),
            ]
        )

    assert compare(Builds(odd), Builds(odd)).passed
    found = compare(Builds(odd), Builds(lambda: odd(8.0)))
    assert {row.name for row in found.rows if row.wrong} == {"0", "1"}, found.table()


def test_dtypes_are_rounded_to_the_coarser_one_where_asked():
    def narrow():
        return base().bfloat16()

    one, other = Builds(base, seed=1), Builds(narrow, seed=2)
    assert not compare(one, other, 22).passed
    found = compare(one, other, across_dtypes=True)
    assert found.passed, found.table()
    scaled = Builds(changed(lambda model: model.layers[0].weight.mul_(1.2), narrow), seed=2)
    found = compare(one, scaled, across_dtypes=True)
    assert [row.name for row in found.rows if row.wrong] == ["layers.0.weight"], found.table()


def test_large_tensors_are_counted_in_stretches():
    values = torch.randn(700, 1000, dtype=torch.float64)
    shares = summaries.histogram(values)
    assert shares.sum() == pytest.approx(1)
    below = shares.cumsum()[:-1]
    expected = torch.special.ndtr(torch.from_numpy(summaries.edges())).numpy()
    assert abs(below - expected).max() < 0.004  # Four standard errors of 2¹⁸ values.


class TestSketch:
    def test_its_text_says_the_same(self, drawn):
        read = Sketch.from_json(drawn.to_json())
        assert read.to_json() == drawn.to_json()
        other = sketch(Builds(scale(1.1), seed=2))
        again = Sketch.from_json(other.to_json())
        assert compare_sketches(read, again) == compare_sketches(drawn, other)

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 7}'])
    def test_other_text_is_refused(self, text):
        with pytest.raises(Unusable, match=r"is no sketch|another version"):
            Sketch.from_json(text)

    def test_damaged_text_is_refused(self, drawn):
        fields = json.loads(drawn.to_json())
        fields["tensors"][0]["shares"]["float64"] = "AAAA"
        with pytest.raises(Unusable, match="is no sketch"):
            Sketch.from_json(json.dumps(fields))

    def test_one_seed_of_both_is_refused(self, drawn):
        with pytest.raises(Unusable, match="from the seed 1, so that they are not independent"):
            compare_sketches(drawn, dataclasses.replace(drawn))


def test_too_few_builds_are_refused():
    with pytest.raises(Unusable, match="21 builds and 21 can tell no difference"):
        compare(Builds(base), Builds(base, seed=1), 21)


def test_a_model_that_cannot_be_built_is_unusable():
    with pytest.raises(Unusable, match="raises ZeroDivisionError"):
        compare(Builds(base), Builds(lambda: 1 / 0))


def test_progress_counts_up_to_the_whole():
    steps = []
    one = Builds(lambda: nn.Linear(2, 2))
    compare(one, one, 22, lambda done, of: steps.append((done, of)))
    assert steps == [(done, 44) for done in range(1, 45)]
