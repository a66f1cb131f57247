"""What --recipe and --laws may name; everything else is refused in one sentence."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import pytest
import torch

from verify.command_line import recipe_option as own
from verify.command_line.options import BadOption
from verify.subjects.fills import Target

pytestmark = pytest.mark.usefixtures("patient")  # Time limits are short here.

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
    "raise GeneratorExit": "the module 'model' raises GeneratorExit.",
    "import pytest; pytest.exit('over')": "the module 'model' raises Exit: over.",
    "def __getattr__(name): raise OSError(name)": "raises OSError: build.",
    "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute":
        "the module 'model' raises Mute.",
    "class Mute(Exception):\n    def __str__(self): raise SystemExit\ndef build(): raise Mute":
        "--recipe 'model:build' raises Mute.",
    "def build(): raise GeneratorExit": "--recipe 'model:build' raises GeneratorExit.",
    "def build(): import pytest; pytest.skip('no')": "raises Skipped: no.",
    "def build(): return None": "gives NoneType, no torch.nn.Module.",
    "def build(): return nn.Linear": "gives type, no torch.nn.Module.",
    "def build(): raise RecursionError": "raises RecursionError.",
    "class build(nn.Module):\n    def __init__(self): pass": "raises AttributeError: 'build'",
    "class build(nn.Linear):\n    def __init__(self): super().__init__(2, 2)\n"
    "    def named_parameters(self, **_): raise KeyError('own')": "raises KeyError: 'own'.",
    "def build(): return nn.Linear(0, 0)": "gives a model whose parameters have no entries.",
}  # fmt: skip

HANGS = {
    "import time\ndef build(): time.sleep(1e6)": "--recipe 'model:build' timed out, one call "
        "waited for 0.3 s and used next to no processor time: it sleeps",
    "import threading\ndef build(): threading.Event().wait()": "waited for 0.3 s",
    "def build():\n    while True: pass": "--recipe 'model:build' timed out, one call took 0.3 s "
        "of processor time: mend that, or give it longer with --time-limit.",
    "import time\ntime.sleep(1e6)": "the module 'model' timed out, one call waited for 0.4 s",
}  # fmt: skip

ENDINGS = {
    "import os\ndef build(): os._exit(0)": "(exit code 0)",
    "import os\nos._exit(7)": "(exit code 7)",
    "import os\ndef build(): os.abort()": "(signal 6, Aborted)",
    "import os, signal\ndef build(): os.kill(os.getpid(), signal.SIGKILL)": "(signal 9, Killed)",
    "import ctypes\ndef build(): ctypes.string_at(0)": "(signal 11, Segmentation fault)",
    "import os, time\ndef build():\n    if os.fork() == 0: time.sleep(2)\n    os._exit(3)":
        "(exit code 3)",
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
    "LAWS = {'weight': Blocks(Haar(1.0), -2)}": "it has no -2 equal parts",
    "LAWS = {'weight': Blocks(Haar(1.0), True)}": "gives 'weight' the law Blocks(",
    "LAWS = {'*': Same(3)}": "gives '*' the law Same(name=3), which is none",
    "raise SystemExit(2)": "cannot be read: SystemExit: 2.",
    "raise GeneratorExit": "cannot be read: GeneratorExit.",
    "import torch\nLAWS = {'*': torch.ones(2, 2)}":
        "gives '*' the law tensor([[1., 1.], [1., 1.]]), which is none",
    "class Shy:\n    def __repr__(self): raise OSError\nLAWS = {'*': Shy()}":
        "gives '*' the law a Shy whose repr raises OSError, which is none",
    "class Shy:\n    def __repr__(self): raise OSError\nLAWS = {Shy(): Normal(0.0, 1.0)}":
        "gives a Shy whose repr raises OSError the law Normal(",
    "LAWS = {'*': Normal('a', 1)}": "cannot be read: TypeError: Normal needs a real number as "
        "mean, not 'a'.",
    "LAWS = {'*': Normal(0.0, None)}": "Normal needs a real number as std, not None.",
    "LAWS = {'*': Normal(0.0)}": "cannot be read: TypeError: Normal.__init__() missing 1 required",
    "LAWS = {'*': Normal(0.0, -1.0)}": "needs std > 0",
    "LAWS = {'*': Normal(0.0, float('nan'))}": "needs std > 0",
    "LAWS = {'*': Normal(0.0, float('inf'))}": "needs std > 0",
    "LAWS = {'*': Uniform(2.0, 1.0)}": "needs low < high",
    "LAWS = {'*': Uniform(0.0, float('nan'))}": "needs low < high",
    "LAWS = {'*': Uniform(-1e308, 1e308)}": "needs a width that a double can hold",
    "LAWS = {'*': TruncatedNormal(float('nan'), 1.0, -1.0, 1.0)}": "needs a finite mean",
    "LAWS = {'*': TruncatedNormal(0.0, 1.0, 1.0, 1.0 + 1e-16)}": "needs a < b",
    "LAWS = {'*': TruncatedNormal(0.0, 1e-300, 1.0, 2.0)}": "'*' cannot hold for",
    "LAWS = {'*': TruncatedNormal(0.0, 1.0, float('inf'), float('inf'))}": "needs a < b",
    "LAWS = {'*': Exponential(0.0)}": "needs rate > 0",
    "LAWS = {'*': Sparse(1.5, 1.0)}": "needs 0 ≤ sparsity ≤ 1",
    "LAWS = {'*': Sparse(0.5, 'a')}": "Sparse needs a real number as std, not 'a'",
    "LAWS = {'*': Dirac(groups=0)}": "Dirac needs a whole number of at least 1 as groups, not 0",
    "LAWS = {'*': Masked(Normal(0.0, 1.0), 0.5)}": "Masked needs a Uniform law, not Normal(",
    "LAWS = {'*': lambda shape: Normal('a', 1)}": "the law cannot be computed, TypeError: Normal "
        "needs a real number as mean",
    "LAWS = {'*': lambda shape: exit(3)}": "the law cannot be computed, SystemExit: 3",
    "LAWS = {'*': lambda shape: None}": "None is no law",
    "LAWS = {'*': lambda shape: Normal}": "Normal is no law",
    "import math as m\nLAWS = {'*': lambda shape: Normal(0.0, m.sqrt(-1))}": "ValueError: math",
    "LAWS = {'*': lambda shape: Rows(Normal(0.0, 1.0), 0)}": "is no law",
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


def refusal(recipe="model:build", laws="laws.py", *, seconds=60.0, tried=own.chosen):
    with pytest.raises(BadOption) as refused:
        tried(recipe, laws, seconds)
    sentence = str(refused.value)
    assert "\n" not in sentence and sentence.endswith((".", "use.")), sentence
    return sentence


@pytest.mark.parametrize("text", BAD_MODELS, ids=range(len(BAD_MODELS)))
def test_a_bad_model_is_refused_in_one_sentence(text, folder):
    (folder / "model.py").write_text(f"{MODEL}{text}\n")
    assert BAD_MODELS[text] in refusal()


@pytest.mark.parametrize("text", HANGS, ids=range(len(HANGS)))
def test_a_model_that_does_not_end_is_refused_in_one_sentence(text, folder, monkeypatch):
    monkeypatch.setattr(own.watchdog, "IMPORT", 0.4)
    (folder / "model.py").write_text(f"{MODEL}{text}\n")
    assert HANGS[text] in refusal(seconds=0.3)


def test_laws_that_do_not_end_are_refused_in_one_sentence(folder, monkeypatch):
    monkeypatch.setattr(own.watchdog, "IMPORT", 0.4)
    (folder / "laws.py").write_text("import time\ntime.sleep(1e6)\n")
    assert "the laws in 'laws.py' timed out, one call waited for 0.4 s" in refusal(seconds=0.3)


@pytest.mark.parametrize("text", ENDINGS, ids=range(len(ENDINGS)))
def test_a_model_that_ends_the_process_is_refused_in_one_sentence(text, folder):
    (folder / "model.py").write_text(f"{MODEL}{text}\n")
    sentence = refusal(tried=own.survived)
    assert "--recipe 'model:build' ends the process" in sentence
    assert ENDINGS[text] in sentence


@pytest.mark.parametrize(
    "text", ["raise KeyboardInterrupt", "def build(): raise KeyboardInterrupt"]
)
def test_an_interrupt_that_is_no_users_is_refused(text, folder):
    (folder / "model.py").write_text(f"{MODEL}{text}\n")
    assert "raises KeyboardInterrupt." in refusal(tried=own.survived)


def test_what_survives_is_said_nothing_of(folder):
    own.survived("model:build", "laws.py", 20.0)
    own.survived(None, None, 20.0)
    assert "model" not in sys.modules


HARSH = {  # What a build, or its module, does to the process that it runs in.
    "forks": "os.fork()",
    "removes modules": "[sys.modules.pop(n) for n in list(sys.modules) if n.startswith('verify')]",
    "removes all modules": "sys.modules.clear()",
    "closes its output": "sys.stdout.close(); sys.stderr.close()",
    "takes its output away": "sys.stdout = sys.stderr = None",
    "prints megabytes": "print('x' * 10**6); print('x' * 10**6, file=sys.stderr)",
    "shortens the stack": "sys.setrecursionlimit(100)",
    "chooses a dtype": "torch.set_default_dtype(torch.bfloat16)",
}


@pytest.mark.parametrize(
    ("what", "where"),
    # The import system itself needs them.
    sorted({*itertools.product(HARSH, ["module", "build"])} - {("removes all modules", "module")}),
)
def test_the_process_is_left_as_it_was(what, where, folder, capfd):
    own.chosen("selftest.recipes.model:Model.build", "laws.py")  # Everything is imported.
    harm = f"{MODEL}import os, sys\ndef build():\n    {{}}\n    return nn.Linear(4, 4)\n{{}}\n"
    text = harm.format(HARSH[what], "") if where == "build" else harm.format("", HARSH[what])
    (folder / "model.py").write_text(text)
    names = ("stdout", "stderr", "__stdout__")
    before = {name: getattr(sys, name) for name in names}, {*sys.modules}, torch.get_default_dtype()
    owner, depth = os.getpid(), sys.getrecursionlimit()
    own.chosen("model:build", "laws.py").make(None, Target(torch.device("cpu"), torch.float32))
    assert os.getpid() == owner and sys.getrecursionlimit() == depth
    after = {name: getattr(sys, name) for name in names}, {*sys.modules}, torch.get_default_dtype()
    assert after[0] == before[0] and after[1] >= before[1] and after[2] == before[2]
    assert not sys.stdout.closed and capfd.readouterr() == ("", "")


def test_a_coroutine_that_nobody_awaits_is_one_sentence(folder, capfd):
    (folder / "model.py").write_text(f"{MODEL}async def build(): return nn.Linear(4, 4)\n")
    assert "gives coroutine, no torch.nn.Module." in refusal(tried=own.survived)
    assert capfd.readouterr() == ("", "")


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
        ("model:build", "", "--laws '' is no file."),
        ("model:build", "a" * 5000, "is no file."),
        ("model:build", "a\0b", "--laws 'a\\x00b' is no file."),
        ("model:build", "model.py/laws.py", "is no file."),
        ("model:build", "/dev/zero", "is no file."),
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
        built = recipe.make(recipe.anchors[0], Target(torch.device("cpu"), torch.float64))
        assert built.weight.dtype == torch.float64
        assert torch.get_default_dtype() == torch.float32

    def test_it_is_built_on_the_device_asked_for(self, folder):
        recipe = own.chosen("model:build", "laws.py")
        built = recipe.make(recipe.anchors[0], Target(torch.device("meta"), torch.float32))
        assert built.weight.is_meta

    def test_the_current_directory_is_left_alone(self, folder):
        """Even by a module that changes it: the report belongs where the user is."""
        (folder / "elsewhere").mkdir()
        with (folder / "model.py").open("a") as model:
            model.write("import os\nos.chdir('elsewhere')\n")
        assert own.chosen("model:build", "laws.py")
        assert Path.cwd() == folder

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
