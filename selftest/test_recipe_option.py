"""What --recipe and --laws may name; everything else is refused in one sentence."""

from __future__ import annotations

import sys

import pytest
import torch

from verify.command_line import recipe_option as own
from verify.command_line.options import BadOption
from verify.subjects.subject import Place

SOUND = "from verify.recipes import *\nLAWS = {'*': Normal(0.0, 0.02)}\n"
MODEL = "import torch\nfrom torch import nn\n"

BAD_MODELS = {  # What the module holds: what must be said of it.
    "raise OSError('no disk\\nat all')": "the module 'model' raises OSError: no disk.",
    "import no_such_package": "the module 'model' raises ModuleNotFoundError: No module named",
    "def build(": "the module 'model' raises SyntaxError",
    "raise SystemExit(1)": "the module 'model' raises SystemExit: 1.",
    "other = 1": "the module 'model' has no 'build'",
    "build = 1": "is int, nothing to call: name a function or a class",
    "build = nn.Linear(2, 2)": "is Linear, nothing to call",
    "def build(size): pass": "raises TypeError: build() missing 1 required",
    "def build(): 1 / 0": "--recipe 'model:build' raises ZeroDivisionError: division by zero.",
    "def build(): exit(1)": "raises SystemExit: 1.",
    "def build(): return torch.ones(3)": "gives Tensor, no torch.nn.Module.",
    "build = nn.ReLU": "gives a model without parameters.",
    "def build(): return nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2).double()])":
        "gives parameters of float32 (0.bias), float64 (1.bias): all must be of one dtype among",
    "def build(): return nn.Linear(2, 2, dtype=torch.complex64)": "gives parameters of complex64",
    "def build(): return nn.Linear(2, 2, device='meta')": "puts weight on meta",
    "def build(): return nn.LazyLinear(2)": "weight has no shape before the first input",
}  # fmt: skip

BAD_LAWS = {
    "LAWS = {": "cannot be read: SyntaxError",
    "1 / 0": "cannot be read: ZeroDivisionError: division by zero.",
    "import no_such_package": "cannot be read: ModuleNotFoundError: No module named",
    "laws = {}": "defines no LAWS = {pattern: law, …} with a law in it.",
    "LAWS = {}": "defines no LAWS",
    "LAWS = [('*', Normal(0.0, 0.02))]": "defines no LAWS",
    "LAWS = {1: Normal(0.0, 0.02)}": "gives 1 the law Normal(mean=0.0, std=0.02), which is none",
    "LAWS = {'*': 0.02}": "gives '*' the law 0.02, which is none: choose from verify.recipes",
    "LAWS = {'*': 'normal'}": "gives '*' the law 'normal', which is none",
    "LAWS = {'*': Normal}": "gives '*' the law Normal, which is none",
    "LAWS = {'*': Rows(0.0, 0)}": "gives '*' the law Rows(",
    "LAWS = {'*': Rows(Normal(0.0, 1.0), 'first')}": "gives '*' the law Rows(",
    "LAWS = {'*': Blocks(Haar(1.0), 1.5)}": "gives '*' the law Blocks(",
    "LAWS = {'*': lambda: Normal(0.0, 1.0)}": "the law cannot be computed, TypeError: <lambda>()",
    "LAWS = {'*': lambda shape: 0.02}": "0.02 is no law",
    "LAWS = {'*': lambda shape: 1 / 0}": "the law cannot be computed, ZeroDivisionError",
    "LAWS = {'*': Haar(1.0)}": "'*' cannot hold for bias of shape (6,): Haar(gain=1.0) needs a "
        "tensor of two axes or more.",
    "LAWS = {'*': Sparse(0.1, 1.0)}": "needs a matrix",
    "LAWS = {'*': Sparse(1.1, 1.0)}": "needs 0 ≤ sparsity ≤ 1",
    "LAWS = {'*': Eye()}": "needs a matrix",
    "LAWS = {'*': Dirac()}": "needs a tensor of three to five axes",
    "LAWS = {'*': Normal(0.0, 0.0)}": "needs std > 0",
    "LAWS = {'*': Normal(float('nan'), 1.0)}": "needs a finite mean",
    "LAWS = {'*': Uniform(1.0, 1.0)}": "needs low < high",
    "LAWS = {'*': TruncatedNormal(0.0, 1.0, 2.0, -2.0)}": "needs a < b",
    "LAWS = {'*': Masked(Uniform(-1.0, 1.0), 2.0)}": "needs a threshold within reach",
    "LAWS = {'*': Normal(0.0, 1e300)}": "has values too large for the dtype",
    "LAWS = {'*': Rows(Normal(0.0, 1.0), 0)}": "cannot hold for bias of shape (6,): there is no "
        "row 0.",
    "LAWS = {'weight': Rows(Normal(0.0, 1.0), 6)}": "there is no row 6",
    "LAWS = {'*': Blocks(Normal(0.0, 1.0), 4)}": "it has no 4 equal parts",
    "LAWS = {'weight': Blocks(Haar(1.0), 0)}": "it has no 0 equal parts",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current directory, with a sound model and its laws."""
    (tmp_path / "laws.py").write_text(SOUND)
    (tmp_path / "model.py").write_text(f"{MODEL}build = lambda: nn.Linear(4, 6)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "model", raising=False)
    yield tmp_path
    sys.modules.pop("model", None)


def refusal(recipe="model:build", laws="laws.py"):
    with pytest.raises(BadOption) as refused:
        own.chosen(recipe, laws)
    sentence = str(refused.value)
    assert "\n" not in sentence and sentence.endswith((".", "use.")), sentence
    return sentence


@pytest.mark.parametrize("text", BAD_MODELS, ids=range(len(BAD_MODELS)))
def test_a_bad_model_is_refused_in_one_sentence(text, folder):
    (folder / "model.py").write_text(f"{MODEL}{text}\n")
    assert BAD_MODELS[text] in refusal()


@pytest.mark.parametrize("text", BAD_LAWS, ids=range(len(BAD_LAWS)))
def test_bad_laws_are_refused_in_one_sentence(text, folder):
    (folder / "laws.py").write_text(f"from verify.recipes import *\n{text}\n")
    assert BAD_LAWS[text] in refusal()


@pytest.mark.parametrize(
    ("recipe", "laws", "sentence"),
    [
        (None, "laws.py", "name what builds it with --recipe"),
        ("model:build", None, "name their file with --laws"),
        ("model:build", "no.py", "--laws 'no.py' is no file."),
        ("model:build", ".", "--laws '.' is no file."),
        *(
            (text, "laws.py", f"--recipe {text!r} is not of the form package.module:function.")
            for text in ["", "model", "model:", ":build", "a b:build", "model:build()", "m::b",
                         "model:b[1]", "./model.py:build", ".model:build"]
        ),
        ("no_such:build", "laws.py", "there is no module 'no_such' in "),
        ("model.inner:build", "laws.py", "there is no module 'model.inner' in "),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_sentence(recipe, laws, sentence, folder):
    assert sentence in refusal(recipe, laws)


def test_neither_is_asked_for():
    assert own.chosen(None, None) is None


class TestChosen:
    def test_a_model_of_the_current_directory(self, folder):
        recipe = own.chosen("model:build", "laws.py")
        assert (recipe.name, recipe.dtypes, recipe.family) == (
            "model:build", ("float32",), "recipe"
        )  # fmt: skip
        assert recipe.formula == "*: Normal(mean=0.0, std=0.02)"
        (case,) = recipe.anchors
        assert repr(case) == "build()"
        assert {law.name for law in recipe.tensors(case)} == {"weight", "bias"}

    def test_a_class_or_what_a_class_holds(self, folder):
        (folder / "model.py").write_text(
            f"{MODEL}class Net(nn.Linear):\n    def __init__(self): super().__init__(3, 3)\n"
            "    class Inner:\n        build = staticmethod(lambda: nn.Linear(2, 2))\n"
        )
        for name, numel in (("model:Net", 12), ("model:Net.Inner.build", 6)):
            recipe = own.chosen(name, "laws.py")
            assert recipe.numel(recipe.anchors[0]) == numel

    @pytest.mark.parametrize("where", ["module", "build"])
    def test_its_default_dtype_is_its_own(self, where, folder):
        setting = "torch.set_default_dtype(torch.float64)"
        build = f"def build():\n    {setting if where == 'build' else 'pass'}\n"
        head = setting if where == "module" else ""
        (folder / "model.py").write_text(f"{MODEL}{head}\n{build}    return nn.Linear(2, 2)\n")
        recipe = own.chosen("model:build", "laws.py")
        assert recipe.dtypes == ("float64",)
        built = recipe.make(recipe.anchors[0], Place(torch.device("cpu"), torch.float64))
        assert built.weight.dtype == torch.float64
        assert torch.get_default_dtype() == torch.float32

    def test_it_is_built_on_the_device_asked_for(self, folder):
        recipe = own.chosen("model:build", "laws.py")
        built = recipe.make(recipe.anchors[0], Place(torch.device("meta"), torch.float32))
        assert built.weight.is_meta

    def test_no_stream_is_moved(self, folder):
        before = torch.get_rng_state()
        own.chosen("model:build", "laws.py")
        assert torch.equal(before, torch.get_rng_state())

    def test_claims_are_spelled_alike_in_every_process(self, folder):
        (folder / "laws.py").write_text(
            "from verify.recipes import *\ndef law(shape): return Normal(0.0, 1.0)\n"
            "LAWS = {'weight': Rows(law, 0), 'bias': lambda shape: law(shape)}\n"
        )
        recipe = own.chosen("model:build", "laws.py")
        assert recipe.formula == (
            "weight: Rows(law=law(shape), row=0, its_law=Constant(background=0.0)); "
            "bias: <lambda>(shape)"
        )

    def test_laws_may_be_a_file_of_any_name(self, folder):
        (folder / "the laws.txt").write_text(SOUND)
        assert own.chosen("model:build", "the laws.txt").source == "the laws.txt"

    def test_patterns_that_do_not_fit_are_left_to_the_verdict(self, folder):
        (folder / "laws.py").write_text(SOUND.replace("'*'", "'nothing'"))
        assert own.chosen("model:build", "laws.py")
