"""The command: exit codes, one sentence for bad input, progress, and how to repeat what failed."""

from __future__ import annotations

import io
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch

from initlaws.command import main
from verify.plan import watchdog

ROOT = Path(__file__).resolve().parents[2]

MODEL = """
import os, signal, sys, time
import torch
from torch import nn

class Model(nn.Module):
    def __init__(self, std=0.02):
        super().__init__()
        self.map = nn.Linear(64, 64)
        nn.init.normal_(self.map.weight, 0.0, std)

    @classmethod
    def small(cls):
        print("spam", flush=True)
        os.system("echo spam; echo spam >&2")
        return cls()

def build(std=0.02): return Model(std)
def faulty(): return Model(0.03)
def wide(width, *, depth, bias=True, **rest): return Model()
def number(): return 7
def raises(): raise ValueError("no such\\n  weights.")
def leaves(): sys.exit("enough")
def exits(): os._exit(7)
def dies(): os.kill(os.getpid(), signal.SIGSEGV)
def sleeps(): time.sleep(1e6)
def empty(): return nn.Sequential()
def lazy(): return nn.LazyLinear(3)
def meta():
    with torch.device("meta"):
        return nn.Linear(3, 3)
ready = Model()
"""

LAWS = """
from initlaws.laws import Normal, Uniform
LAWS = {"*.weight": Normal(0.0, 0.02), "*.bias": Uniform.for_variance(bound=1 / 8)}
"""


@dataclass(frozen=True)
class Stub:
    """Stands in for what a command finds."""

    passed: bool = True

    def table(self):
        return "a table"

    def laws_file(self):
        return "LAWS = {}\n"

    def summary(self):
        return "no lines."


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Somebody's repository, as the current directory of this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    # The command forks, which a process must not while a guard of its own is armed.
    monkeypatch.setattr(watchdog._TIMER, "held", False)
    watchdog._TIMER.disarm()
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "laws.py").write_text(LAWS)
    before = {*sys.modules}
    yield tmp_path
    for name in {*sys.modules} - before:
        if getattr(sys.modules[name], "__file__", None) and not name.startswith("initlaws."):
            path = sys.modules[name].__file__
            if path.startswith(str(tmp_path)):
                del sys.modules[name]


@pytest.fixture
def stubs(monkeypatch):
    """The parts that commands call, in place of the real ones: what they were given."""
    given = {}

    def put(module, function, result):
        def called(*builds, **keywords):
            given[function] = (builds, keywords)
            if progress := keywords.get("progress"):
                progress(1, 2)
            return result

        stub = ModuleType(f"initlaws.{module}")
        setattr(stub, function, called)
        monkeypatch.setitem(sys.modules, stub.__name__, stub)

    for module, function in (
        ("describing", "describe"), ("comparing", "compare"), ("auditing", "audit")
    ):  # fmt: skip
        put(module, function, Stub())
    table = ModuleType("initlaws.table")
    table.of_report = lambda report: f"{report.builds} builds, passed: {report.passed}"
    monkeypatch.setitem(sys.modules, "initlaws.table", table)
    return SimpleNamespace(given=given, put=put)


VERIFY = ("--laws", "laws.py", "--builds", "4")


class TestVerify:
    def test_a_model_that_keeps_its_laws_is_0(self, home, stubs, capfd):
        assert main(["verify", "model:build", *VERIFY]) == 0
        out, err = capfd.readouterr()
        assert out == "4 builds, passed: True\n"
        assert err.startswith("4.16 k values a build, 4 builds, about 1 s\n")

    def test_one_that_does_not_is_1_and_says_how_to_repeat_it(self, home, stubs, capfd):
        assert main(["verify", "model:faulty", *VERIFY, "--time-limit", "7"]) == 1
        said = capfd.readouterr().out.splitlines()
        told = "initlaws verify model:faulty --laws=laws.py --seed=0 --builds=4 --time-limit=7.0"
        assert said[0] == "4 builds, passed: False"
        assert said[-1] == f"To repeat this: cd {home} && {told}"

    def test_what_repeats_it_does_so_in_a_folder_with_spaces(self, home, stubs, capfd, monkeypatch):
        away = home / "it's here"
        away.mkdir()
        (home / "model.py").rename(away / "model.py")
        (home / "laws.py").rename(away / "my laws.py")
        monkeypatch.chdir(away)
        assert main(["verify", "model:faulty", "--laws", "my laws.py", "--seed", "5"]) == 1
        line = capfd.readouterr().out.splitlines()[-1].removeprefix("To repeat this: ")
        cd, folder, then, *words = shlex.split(line)
        assert (cd, folder, then, words[0]) == ("cd", str(away), "&&", "initlaws")
        monkeypatch.chdir(home)
        monkeypatch.chdir(folder)
        assert main(words[1:]) == 1
        assert capfd.readouterr().out.splitlines()[-1] == f"To repeat this: {line}"

    def test_what_the_model_prints_is_seen_nowhere(self, home, stubs, capfd):
        assert main(["verify", "model:Model.small", *VERIFY]) == 0
        assert "spam" not in "".join(capfd.readouterr())

    def test_pairs_are_laws_too(self, home, stubs):
        (home / "laws.py").write_text(f"{LAWS}LAWS = [*LAWS.items()]\n")
        assert main(["verify", "model:build", *VERIFY]) == 0

    def test_defaults_that_modules_set_are_those_of_the_build_alone(self, home, stubs):
        text = f"import torch\ntorch.set_default_dtype(torch.float64)\n{MODEL}"
        (home / "model.py").write_text(f"{text}\nassert torch.get_default_dtype().itemsize == 8\n")
        (home / "laws.py").write_text(f"import torch\ntorch.set_default_dtype(torch.half)\n{LAWS}")
        assert main(["verify", "model:build", *VERIFY]) == 0
        assert torch.get_default_dtype() == torch.float32

    def test_the_seed_decides(self, home, stubs, monkeypatch):
        from initlaws import following

        seeds = []
        monkeypatch.setattr(following, "follow", lambda b, *_: seeds.append(b.seed) or Stub(True))
        sys.modules["initlaws.table"].of_report = str
        main(["verify", "model:build", *VERIFY, "--seed", "9"])
        main(["verify", "model:build", *VERIFY])
        assert seeds == [9, 0]


class TestTheOthers:
    def test_describe_writes_the_laws_to_a_file_and_shows_the_table(self, home, stubs, capfd):
        assert main(["describe", "model:build", "-o", "found.py", "--builds", "3"]) == 0
        assert (home / "found.py").read_text() == "LAWS = {}\n"
        assert capfd.readouterr().out == "a table\nlaws: found.py, no lines.\n"
        (builds,), keywords = stubs.given["describe"]
        assert builds.called == "model:build" and keywords["count"] == 3

    def test_describe_gives_a_redirect_nothing_but_laws(self, home, stubs, capfd):
        assert main(["describe", "model:build"]) == 0
        out, err = capfd.readouterr()
        assert out == "LAWS = {}\n" and "a table\n" in err
        assert "count" not in stubs.given["describe"][1]

    @pytest.mark.parametrize("passed", [True, False])
    def test_compare_gives_both(self, passed, home, stubs, capfd):
        stubs.put("comparing", "compare", Stub(passed))
        code = main(["compare", "model:build", "--like", "model:faulty", "--seed", "3"])
        assert code == (0 if passed else 1)
        one, other = stubs.given["compare"][0]
        assert (one.called, other.called, other.seed) == ("model:build", "model:faulty", 3)
        replay = "initlaws compare model:build --like=model:faulty --seed=3\n"
        assert capfd.readouterr().out.endswith("a table\n" if passed else replay)

    @pytest.mark.parametrize("passed", [True, False])
    def test_audit_needs_nothing_but_a_model(self, passed, home, stubs, capfd):
        stubs.put("auditing", "audit", Stub(passed))
        assert main(["audit", "model:build"]) == (0 if passed else 1)
        replay = f"cd {home} && initlaws audit model:build --seed=0\n"
        assert capfd.readouterr().out.endswith("a table\n" if passed else replay)


MODELS = {  # What is named: what is said of it.
    "model": "'model' is not of the form package.module:function.",
    "model:": "'model:' is not of the form package.module:function.",
    "model.py:build": "there is no module 'model.py' in",
    "no.such:build": "there is no module 'no.such' in",
    "model:bild": "the module 'model' has no 'bild': check 'model:bild'.",
    "model:ready": "'model:ready' is Model, nothing to call",
    "model:wide": "'model:wide' needs width, depth: name a function without arguments",
    "model:number": "model:number gives int, no torch.nn.Module.",
    "model:raises": "model:raises raises ValueError: no such.",
    "model:leaves": "model:leaves raises SystemExit: enough.",
    "model:exits": "model:exits raises Ended: the call would end the process by os._exit(7).",
    "model:dies": "'model:dies' ends the process in which it is imported and built "
    f"(signal {signal.SIGSEGV.value}, {signal.strsignal(signal.SIGSEGV)})",
    "model:sleeps": "model:sleeps timed out, one call waited for 0.5 s",
    "model:empty": "model:empty gives a model without parameters and buffers.",
    "model:lazy": "model:lazy gives a lazy model: weight has no shape before the first input",
    "model:meta": "model:meta leaves weight on the meta device, where it holds no values",
    "broken:build": "the module 'broken' raises SyntaxError:",
    "gone:build": "the module 'gone' raises ModuleNotFoundError: No module named 'no_such_package'",
    "leaving:build": "the module 'leaving' raises SystemExit: 3.",
    "exiting:build": "the module 'exiting' raises Ended: the call would end the process",
}
MODULES = {
    "broken.py": "def build(:\n",
    "gone.py": "import no_such_package\n",
    "leaving.py": "raise SystemExit(3)\n",
    "exiting.py": "import os\nos._exit(3)\n",
}


@pytest.mark.parametrize("model", MODELS)
def test_a_model_that_cannot_be_used_is_4_and_one_sentence(model, home, stubs, capfd):
    for name, text in MODULES.items():
        (home / name).write_text(text)
    assert main(["audit", model, "--time-limit", "0.5"]) == 4
    out, err = capfd.readouterr()
    assert not out and err.startswith("initlaws: ") and err.count("\n") == 1, err
    assert MODELS[model] in err


LAW_FILES = {  # What a file of laws holds: what is said of it.
    "": "'bad.py' defines no LAWS = {pattern: law, …} with a law in it.",
    "LAWS = {}": "'bad.py' defines no LAWS",
    "LAWS = 'weight'": "'bad.py' defines no LAWS",
    "LAWS = [1]": "'bad.py' defines no LAWS",
    "print('spam')\nLAWS = {": "the laws in 'bad.py' cannot be read: SyntaxError:",
    "import sys; sys.exit(0)": "the laws in 'bad.py' cannot be read: SystemExit: 0.",
    "import os; os._exit(0)": "the laws in 'bad.py' cannot be read: Ended: the call would end",
    "from initlaws.laws import Gauss": "cannot be read: ImportError: cannot import name 'Gauss'",
}


@pytest.mark.parametrize("text", LAW_FILES, ids=[*map(repr, LAW_FILES)])
def test_laws_that_cannot_be_used_are_4_and_one_sentence(text, home, stubs, capfd):
    (home / "bad.py").write_text(text)
    assert main(["verify", "model:build", "--laws", "bad.py"]) == 4
    out, err = capfd.readouterr()
    assert not out and err.startswith("initlaws: ") and err.count("\n") == 1, err
    assert LAW_FILES[text] in err


ARGUMENTS = {
    "": "the following arguments are required: COMMAND: see `initlaws --help`.",
    "verfy model:build": "invalid choice: 'verfy'",
    "verify model:build": "the following arguments are required: --laws: see `initlaws verify",
    "verify model:build --laws no.py": "--laws 'no.py' is no file",
    "verify model:build --laws .": "--laws '.' is no file",
    "verify model:build --law laws.py": "the following arguments are required: --laws",
    "audit model:build --seed -1": "'-1' is not a whole number, 0 or more",
    "audit model:build --seed ²": "'²' is not a whole number",
    f"audit model:build --seed {'9' * 5000}": "is not a whole number",
    "audit model:build --builds 1": "'1' is not a whole number, 2 or more",
    "audit model:build --time-limit inf": "'inf' is not a number of seconds",
    "audit model:build --time-limit x": "'x' is not a number of seconds",
    "audit model:build --device abacus": "--device 'abacus' is none: say cpu, cuda",
    "audit model:build --device meta": "--device meta holds no values",
    "compare model:build": "the following arguments are required: --like",
    "compare model:build --like model:bild": "the module 'model' has no 'bild'",
    "describe model:build -o no/such.py": "--output 'no/such.py' cannot be written",
    "describe model:build -o .": "--output '.' cannot be written",
}


@pytest.mark.parametrize("line", ARGUMENTS, ids=[line[:60] for line in ARGUMENTS])
def test_arguments_that_cannot_be_used_are_4_and_one_sentence(line, home, stubs, capfd):
    assert main(shlex.split(line)) == 4
    out, err = capfd.readouterr()
    assert not out and err.startswith("initlaws: ") and err.count("\n") == 1, err
    assert ARGUMENTS[line] in err
    assert not stubs.given


def test_without_pytorch_it_is_4_and_one_sentence(home, stubs, capfd, monkeypatch):
    monkeypatch.setattr("initlaws.command.find_spec", lambda name: None)
    assert main(["audit", "model:build"]) == 4
    assert capfd.readouterr().err == (
        "initlaws: PyTorch is not installed here: install it with `pip install torch`.\n"
    )


def test_two_models_are_tried_where_threads_have_worked(home):
    """A fork has none of the threads: whoever waits for them there waits for ever."""
    (home / "big.py").write_text("from torch import nn\ndef build(): return nn.Linear(512, 512)\n")
    tries = (
        "import torch; from initlaws.loading import builds; torch.set_num_threads(2); "
        "[builds('big:build', 0, 'cpu', 60.0).places for _ in range(2)]"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", tries], cwd=home, env=environment, timeout=60, check=True)


def test_an_interrupt_is_2(home, stubs, capfd, monkeypatch):
    def interrupted(*_given, **_keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["initlaws.auditing"], "audit", interrupted)
    assert main(["audit", "model:build"]) == 2
    assert capfd.readouterr().err.splitlines()[-1] == "initlaws: interrupted."


def test_a_fault_of_our_own_is_hidden_from_nobody(home, stubs, monkeypatch):
    def fault(*_given, **_keywords):
        raise AssertionError

    monkeypatch.setattr(sys.modules["initlaws.auditing"], "audit", fault)
    with pytest.raises(AssertionError):
        main(["audit", "model:build"])


def test_the_module_is_the_command(home):
    """Started by itself, where Python puts no folder in front of all others."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("PYTEST_", "PYTHON"))}
    for arguments, code, said in (
        (("--help",), 0, "{verify"),
        (("audit", "model:raises"), 4, "initlaws: model:raises raises ValueError: no such.\n"),
    ):
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "initlaws", *arguments],
            cwd=home, env={**kept, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert ended.returncode == code, ended.stderr
        assert said in ended.stdout + ended.stderr or code == 0


class Terminal(io.StringIO):
    def isatty(self):
        return True


class TestProgress:
    @staticmethod
    def told(stream, times):
        from initlaws.progress import Progress

        clock = iter(times)
        progress = Progress(stream, lambda: next(clock))
        progress.estimate(25_600_000, 4, 0.5)
        for done in range(1, 5):
            progress(done, 4)
        progress.close()
        return stream.getvalue()

    def test_a_terminals_line_is_written_over(self):
        assert self.told(Terminal(), (0, 0, 3, 6, 9, 12)) == (
            "25.6 M values a build, 4 builds, about 12 s\n"
            "\r\x1b[K1 of 4 builds, about 9 s left\r\x1b[K2 of 4 builds, about 6 s left"
            "\r\x1b[K3 of 4 builds, about 3 s left\r\x1b[K4 of 4 builds\r\x1b[K"
        )

    def test_elsewhere_there_is_a_line_every_ten_seconds(self):
        assert self.told(io.StringIO(), (0, 0, 8, 16, 24, 32)) == (
            "25.6 M values a build, 4 builds, about 12 s\n2 of 4 builds, about 16 s left\n"
            "4 of 4 builds\n"
        )

    @pytest.mark.parametrize(
        ("number", "words"),
        [(7, "7"), (999, "999"), (4160, "4.16 k"), (999_999, "1 M"), (7e9, "7 G")]
    )  # fmt: skip
    def test_amounts(self, number, words):
        from initlaws.progress import amount

        assert amount(number) == words

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(0.01, "1 s"), (59, "59 s"), (119, "119 s"), (180, "3 min"), (7200, "2 h")],
    )
    def test_durations(self, seconds, words):
        from initlaws.progress import duration

        assert duration(seconds) == words


class TestSketches:
    """What one environment keeps, another compares with."""

    FEW = ("--builds", "24")

    @pytest.fixture
    def sketch(self, home):
        assert main(["sketch", "model:build", "-o", "kept.json", "--seed", "7", *self.FEW]) == 0
        return "kept.json"

    def test_the_same_model(self, sketch, capfd):
        assert main(["compare", "model:build", "--like", sketch, *self.FEW]) == 0

    def test_another(self, sketch, capfd):
        assert main(["compare", "model:faulty", "--like", sketch, *self.FEW]) == 1
        assert "To repeat this: " in capfd.readouterr().out

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("--like", "none.json"), "is no file: write it with `initlaws sketch`"),
            (("--like", "kept.json", "--seed", "7"), "both sketches are drawn from the seed 7"),
            (("--like", "torn.json"), "the text is no sketch"),
        ],
    )
    def test_what_cannot_be_compared(self, sketch, arguments, said, capfd):
        Path("torn.json").write_text(Path(sketch).read_text()[:100])
        assert main(["compare", "model:build", *arguments, *self.FEW]) == 4
        assert said in capfd.readouterr().err
