"""The zoo: who starts otherwise than it should is found, and an architecture that does not."""

import importlib

import pytest
import torch
from torch import nn

from initlaws.builds import Unusable
from zoo import looking
from zoo.architecture import Architecture
from zoo.architectures import ARCHITECTURES, PACKAGES
from zoo.comparing import AS_BEFORE, compared, sketched
from zoo.looking import DESCRIBED, LACKING, NEW, Look, look
from zoo.packages.transformers import small
from zoo.page import page

transformers = pytest.importorskip("transformers")


class Forgetful(transformers.PreTrainedModel):
    """Its initializer forgets a parameter that its constructor writes."""

    config_class = transformers.BertConfig

    def __init__(self, config):
        super().__init__(config)
        self.first = nn.Linear(8, 8)
        self.gate = nn.Parameter(torch.full((8,), 0.1))
        self.post_init()

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)


class Careful(Forgetful):
    """Writes it there too."""

    def _init_weights(self, module):
        super()._init_weights(module)
        if module is self:
            nn.init.constant_(self.gate, 0.1)


class Unequal(Careful):
    """Starts otherwise when it is loaded."""

    def _init_weights(self, module):
        super()._init_weights(module)
        if isinstance(module, nn.Linear) and self.loading:
            nn.init.normal_(module.weight, std=0.03)

    loading = False

    @classmethod
    def from_pretrained(cls, *args, **kwargs):
        cls.loading = True
        try:
            return super().from_pretrained(*args, **kwargs)
        finally:
            cls.loading = False


class Wider(Careful):
    """Another version of it."""

    def _init_weights(self, module):
        super()._init_weights(module)
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.1)


def of(kind):
    return kind(transformers.BertConfig(hidden_size=8))


def looked_at(kind):
    def build():
        return of(kind)

    return look(Architecture("transformers", kind.__name__, build, checkpoints=True))


def test_what_an_initializer_forgets_is_found():
    found = looked_at(Forgetful)
    assert not found.found[NEW] and not found.found[DESCRIBED]
    assert any("gate" in sentence for sentence in found.found[LACKING])


def test_what_it_remembers_is_right():
    assert looked_at(Careful).passed


def test_another_law_after_loading_is_found():
    found = looked_at(Unequal)
    assert any("first.weight" in sentence for sentence in found.found[LACKING])


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_architectures_that_are_right(name):
    architecture = next(each for each in ARCHITECTURES if each.name == name)
    assert look(architecture).passed


def test_each_architecture_is_there_once():
    names = [(each.package, each.name) for each in ARCHITECTURES]
    assert len(names) == len({*names}) > 150
    assert PACKAGES == ("transformers", "timm", "torchvision", "diffusers")


@pytest.mark.parametrize("package", PACKAGES)
def test_some_can_be_built_where_its_package_is_installed(package):
    try:
        importlib.import_module(package)
    except Exception:  # Absent, or built for another PyTorch.
        pytest.skip(f"{package} cannot be imported here")
    of_package = [each for each in ARCHITECTURES if each.package == package]
    for architecture in of_package[::6]:  # The zoo itself builds them all.
        assert any(True for _ in architecture.build().parameters()), architecture.name


def test_another_version_is_held_against_a_sketch(tmp_path):
    before = Architecture("transformers", "plain", lambda: of(Careful))
    assert sketched(before, tmp_path).passed
    assert compared(before, tmp_path).passed
    now = Architecture("transformers", "plain", lambda: of(Wider))
    (said,) = compared(now, tmp_path).found[AS_BEFORE]
    assert said.startswith("first.weight")
    other = Architecture("transformers", "other", lambda: of(Careful))
    assert "write it with --sketch" in compared(other, tmp_path)


def test_what_cannot_be_built_is_one_sentence():
    with pytest.raises(Unusable, match="raises ValueError"):
        look(Architecture("transformers", "none", lambda: small("no such architecture")))


def test_the_page_names_what_is_wrong():
    fine = Look("timm", "fine", 3, 10, {NEW: (), DESCRIBED: ()})
    bad = Look("transformers", "bad", 3, 10, {NEW: (), DESCRIBED: (), LACKING: ("gate: NaN",) * 6})
    text = page([fine, bad], {"timm": "1.0", "transformers": "5.0", "PyTorch": "2.13.0"})
    assert "1 of them start otherwise than they should, 1 as they should." in text
    assert "2 architectures: 1 of timm 1.0, 1 of transformers 5.0, under PyTorch 2.13.0" in text
    assert "## transformers: bad" in text and "- gate: NaN" in text and "- and 2 more" in text
    assert "| timm | fine | 3 | 10 |" in text
    assert looking.NEW in text
