"""What a configuration documents of weights: who keeps it passes, who does not is named."""

import functools

import pytest
from torch import nn

from initlaws.builds import Builds
from zoo.architecture import Architecture
from zoo.documented import documented
from zoo.looking import DOCUMENTED, look
from zoo.packages.transformers import ARCHITECTURES

transformers = pytest.importorskip("transformers")


class Tied(nn.Module):
    """A model with a configuration, whose weights are normal by `stds`."""

    def __init__(self, embedding=0.05, linear=0.05, field="initializer_range"):
        super().__init__()
        self.config = transformers.PretrainedConfig(**{field: 0.05})
        self.embedding = nn.Embedding(40, 16, padding_idx=2)
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, 40, bias=False)
        self.inner = nn.Linear(16, 16)
        self.places = nn.Embedding(40, 16).requires_grad_(False)
        nn.init.normal_(self.embedding.weight, std=embedding)
        nn.init.zeros_(self.embedding.weight[2].detach())
        nn.init.normal_(self.inner.weight, std=linear)
        self.head.weight = self.embedding.weight


def wrong(build):
    """The tensors that do not follow the documented law."""
    found = look(Architecture("transformers", "of one's own", build, documented=documented))
    return {sentence.partition(":")[0] for sentence in found.found.get(DOCUMENTED, ())}


@pytest.mark.parametrize("field", ["initializer_range", "init_std"])
def test_who_keeps_it_passes(field):
    assert wrong(functools.partial(Tied, field=field)) == set()


@pytest.mark.parametrize(
    ("stds", "named"),
    [
        ({"linear": 0.06}, {"inner.weight"}),
        ({"embedding": 0.06}, {"embedding.weight"}),
        ({"embedding": 0.06, "linear": 0.04}, {"embedding.weight", "inner.weight"}),
    ],
    ids=["linear", "tied embedding", "both"],
)
def test_who_does_not_is_named(stds, named):
    assert wrong(functools.partial(Tied, **stds)) == named


def test_a_row_of_padding_that_is_drawn_is_named():
    def drawn():
        model = Tied()
        nn.init.normal_(model.embedding.weight, std=0.05)
        return model

    assert wrong(drawn) == {"embedding.weight"}


def test_a_configuration_that_documents_nothing_says_nothing():
    builds = Builds(functools.partial(Tied, field="initializer_factor"))
    assert documented("of one's own", builds) is None


@pytest.mark.parametrize(
    ("name", "narrow"),
    [("gpt2", "h.0.mlp.c_proj.weight"), ("modernbert", "layers.0.mlp.Wo.weight")],
)
def test_papers_narrow_residual_layers(name, narrow):
    """By 1/√(2·layers), of two layers."""
    build = next(each.build for each in ARCHITECTURES if each.name == name)
    assert documented(name, Builds(build))[narrow].std == pytest.approx(0.01)
