"""A user's own recipe, through the real command: green as it should be, red for every fault."""

from __future__ import annotations

import re
import shlex

import pytest

from selftest.test_command import ROOT, command, lines

MODEL = "selftest.recipes.model:Model.build"
LAWS = "selftest/recipes/laws.py"
SMALL = ("--profile", "smoke", "--run-seed", "20260101")


def run(report, recipe=MODEL, laws=LAWS, arguments=SMALL, where="verify/test_recipes.py"):
    return command(report, where, "--recipe", recipe, "--laws", str(laws), *arguments)


def failing(report):
    """The failing findings of the one cell: check, tensor, message."""
    (cell,) = lines(report)[1:]
    assert cell["verdict"] == "fail"
    failed = [finding for finding in cell["findings"] if not finding["passed"]]
    return {f["check"]: (f.get("tensor", ""), f["message"]) for f in failed}


@pytest.fixture(scope="module")
def green(tmp_path_factory):
    report = tmp_path_factory.mktemp("green")
    return run(report, where="verify"), lines(report)


class TestGreen:
    def test_the_example_passes(self, green):
        ended, (_, cell) = green
        assert ended.returncode == 0, ended.stdout
        assert (cell["subject"], cell["dtype"], cell["verdict"]) == (MODEL, "float32", "pass")
        assert sorted(cell["tensors"]) == [
            "*.bias", "embed.weight", "embed.weight[0]", "layers.*.weight", "norm.weight"
        ]  # fmt: skip

    def test_nothing_else_is_verified_and_the_header_says_so(self, green):
        ended, (run_line, _) = green
        assert f"everything is left out but --recipe {MODEL} --laws {LAWS}" in ended.stdout
        assert run_line["planned"] == [f"verify/test_recipes.py::test_recipe[cpu-float32-{MODEL}]"]
        assert run_line["environment"]["recipe"] == MODEL
        assert run_line["environment"]["laws"] == LAWS

    def test_workers_give_the_same_evidence_byte_for_byte(self, green, tmp_path):
        ended = run(tmp_path, where="verify", arguments=(*SMALL, "-n", "2"))
        assert ended.returncode == 0, ended.stdout
        assert lines(tmp_path) == green[1]


@pytest.mark.parametrize("name", ["model.py", "laws.py", None])
def test_the_example_of_the_documents_runs_as_written(tmp_path, name):
    """The files as they stand there; and with one of them left out."""
    example = (ROOT / "docs/models-in-the-suite.md").read_text(encoding="utf-8")
    files = dict(re.findall(r"`(\w+\.py)`:\n\n```python\n(.*?)```", example, re.DOTALL))
    told = re.search(r"verify (--recipe \S+) --laws laws\.py$", example, re.MULTILINE)
    assert files.keys() == {"model.py", "laws.py"} and told
    for each, text in files.items():
        if each != name:
            (tmp_path / each).write_text(text, encoding="utf-8")
    laws = str(tmp_path / "laws.py")
    ended = command(
        tmp_path, "verify", *told[1].split(), "--laws", laws, *SMALL, PYTHONPATH=str(tmp_path)
    )
    assert ended.returncode == (4 if name else 0), ended.stdout + ended.stderr


FAULTS = {  # Build: check, tensor, and what the finding must say.
    "scaled": ("scale", "layers.*.weight", "the scale is off"),
    "forgotten": ("scale", "layers.1.weight", "the scale is off"),
    "untied": ("state", "", "head.weight is not the tensor embed.weight"),
    "redrawn": ("exact", "embed.weight[0]", "entries differ from the exact values"),
    "padded": ("exact", "embed.weight[0]", "entries differ from the exact values"),
    "seeded": ("fresh", "", "every build gives the same values: does it set the seed itself?"),
    "seeded_late": ("fresh", "", "does it set the seed itself, before layers.0.weight?"),
    "kept": ("fresh", "", "every build gives the same values"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_red_and_named(fault, tmp_path):
    # Of 2 % the standard profile is certain; all else is seen at a glance.
    larger = ("--profile", "standard") if fault == "scaled" else ()
    ended = run(tmp_path, f"selftest.recipes.faulty:{fault}", arguments=(*SMALL, *larger))
    assert ended.returncode == 1, ended.stdout
    check, tensor, message = FAULTS[fault]
    found = failing(tmp_path)
    assert found[check][0] == tensor, found
    assert message in found[check][1], found


WRONG_LAWS = {  # What is added to the laws, and what must be said of it.
    "'decoder.*': Constant(0.0)": "the pattern 'decoder.*' claims no parameter",
    "'norm.*': Constant(0.0)": "norm.weight is claimed by 'norm.weight' and by 'norm.*'",
    "'head.weigh?': Constant(0.0)": "claims nothing but other names of tied parameters",
}


@pytest.mark.parametrize("added", WRONG_LAWS, ids=["matches nothing", "overlaps", "other names"])
def test_patterns_that_do_not_fit_are_red(added, tmp_path):
    laws = tmp_path / "laws.py"
    laws.write_text(
        "from selftest.recipes.laws import LAWS\nfrom verify.recipes import Constant\n"
        f"LAWS = {{**LAWS, {added}}}\n"
    )
    ended = run(tmp_path, laws=laws)
    assert ended.returncode == 1, ended.stdout
    assert WRONG_LAWS[added] in failing(tmp_path)["state"][1]


def test_a_replay_draws_the_same_from_anywhere(tmp_path):
    """A model in the current directory, whose name pytest escapes, and a quoted file of laws."""
    (tmp_path / "modèle.py").write_text(
        "import torch\nfrom torch import nn\ntorch.set_default_dtype(torch.float64)\n"
        "def build():\n    return nn.Linear(8, 8)\n",
        encoding="utf-8",
    )
    (tmp_path / "the laws.py").write_text(
        "from verify.recipes import Normal\nLAWS = {'*': lambda shape: Normal(0.0, 0.1)}\n"
    )
    options = ("--recipe", "modèle:build", "--laws", "the laws.py")
    ended = command(
        tmp_path / "first",
        f"{ROOT}/verify/test_recipes.py",
        *options,
        *SMALL,
        "-n",
        "2",
        folder=tmp_path,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    _, cell = lines(tmp_path / "first")
    assert (cell["subject"], cell["dtype"]) == ("modèle:build", "float64")
    nodeid, *replayed = shlex.split(cell["replay"].removeprefix("pytest "))
    again = command(tmp_path / "again", f"{ROOT}/{nodeid}", *replayed, folder=tmp_path)
    assert again.returncode == 1, again.stdout + again.stderr
    assert lines(tmp_path / "again")[1] == cell


LATER = [  # What the build does, from which call on: verdict, check, and what is said of it.
    ("raise OSError('no\\ndisk')", 2, "fail", "raises", "OSError: no"),
    ("time.sleep(1e6)", 2, "timed out", "time_limit", "waited for 1 s and used next to no"),
    ("raise Mute", 3, "fail", "raises", "BuildEnded: Mute"),
    ("raise SystemExit(0)", 3, "fail", "raises", "BuildEnded: SystemExit: 0"),
    ("return nn.ReLU()", 3, "fail", "state", "the pattern '*' claims no parameter"),
]


@pytest.mark.parametrize(
    ("text", "first", "verdict", "check", "said"),
    LATER,
    ids=["raises", "sleeps", "mute", "exits", "other"],
)
def test_a_build_that_goes_wrong_later_is_a_failing_cell(
    text, first, verdict, check, said, tmp_path
):
    (tmp_path / "model.py").write_text(
        "import time\nfrom torch import nn\ncalls = []\n"
        "class Mute(Exception):\n    def __str__(self): raise SystemExit(0)\n"
        "def build():\n    calls.append(1)\n"
        f"    if len(calls) >= {first}: {text}\n    return nn.Linear(8, 8)\n"
    )
    (tmp_path / "laws.py").write_text("from verify.recipes import *\nLAWS = {'*': Normal(0, 1)}\n")
    ended = command(
        tmp_path / "report", f"{ROOT}/verify/test_recipes.py", "--recipe", "model:build",
        "--laws", "laws.py", "--time-limit", "1", "-n", "0", *SMALL, folder=tmp_path,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    (cell,) = lines(tmp_path / "report")[1:]
    assert cell["verdict"] == verdict, cell
    assert any(f["check"] == check and said in f["message"] for f in cell["findings"]), cell


ROUGH = """
import os, sys, threading
from torch import nn
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_parameter("\\u2028[\\ud800]", nn.Linear(256, 64).weight)
    def __del__(self):
        1 / 0
def build():
    print("x" * 10**5)
    os.write(1, b"flood")
    os.write(2, b"flood")
    threading.Thread(target=lambda: 1 / 0).start()
    sys.stdout.close()
    return Model()
"""


def verified(folder, model):
    """What becomes of a build whose model follows U(−1/16, 1/16)."""
    (folder / "model.py").write_text(model)
    (folder / "laws.py").write_text(
        "from verify.recipes import *\nLAWS = {'*': Uniform(-0.0625, 0.0625)}\n"
    )
    return command(
        folder / "report", f"{ROOT}/verify/test_recipes.py", "--recipe", "model:build",
        "--laws", "laws.py", "-n", "0", *SMALL, folder=folder,
    )  # fmt: skip


def test_a_rough_build_of_a_sound_model_is_green(tmp_path):
    ended = verified(tmp_path, ROUGH)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "flood" not in ended.stdout + ended.stderr


def test_a_build_that_closes_standard_output_costs_no_verdict(tmp_path):
    closing = "def build():\n    os.close(1)\n    return nn.Linear(256, 64)\n"
    ended = verified(tmp_path, f"import os\nfrom torch import nn\n{closing}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "PASS: " in ended.stdout


LEFT = {  # What a build starts: what is said of it.
    "threading.Thread(target=time.sleep, args=(1e5,), name='sleeper')": "runs ('sleeper'): it is",
    "multiprocessing.get_context('fork').Process(target=time.sleep, args=(1e5,))": "('ForkProcess",
    "threading.Thread(target=time.sleep, args=(1e5,), daemon=True)": "",
    "threading.Thread(target=ThreadPoolExecutor(1).submit, args=(int,))": "",
}


@pytest.mark.parametrize(
    ("left", "workers"),
    [*((left, "0") for left in LEFT), (next(iter(LEFT)), "1")],
    ids=["thread", "child", "daemon", "idle pool", "thread of a worker"],
)
def test_what_a_build_leaves_running_holds_up_no_process(left, workers, tmp_path):
    (tmp_path / "model.py").write_text(
        "import multiprocessing, threading, time\nfrom torch import nn\n"
        "from concurrent.futures import ThreadPoolExecutor\nstarted = []\n"
        "def build():\n    if not started:\n        started.append(1)\n"
        f"        {left}.start()\n    return nn.Linear(4, 4)\n"
    )
    (tmp_path / "laws.py").write_text(
        "from verify.recipes import *\nLAWS = {'*': Uniform(-0.25, 0.25)}\n"
    )
    ended = command(
        tmp_path / "report", f"{ROOT}/verify/test_recipes.py", "--recipe", "model:build",
        "--laws", "laws.py", "-n", workers, *SMALL, folder=tmp_path, fresh=(), timeout=120,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stdout + ended.stderr  # The law is another one.
    assert f"report: {tmp_path}/report/index.html" in ended.stdout
    assert LEFT[left] in ended.stderr and ended.stderr.count("\n") == bool(LEFT[left])


@pytest.mark.parametrize(
    ("does", "said"),
    [("raise OSError('no\\ndisk')", "OSError: no. !"), ("os._exit(0)", "Not properly terminated")],
    ids=["raises", "exits"],
)
def test_workers_that_cannot_start_are_one_sentence_and_exit_code_4(does, said, tmp_path):
    (tmp_path / "model.py").write_text(
        "import os\nfrom torch import nn\ndef build():\n"
        f"    if 'PYTEST_XDIST_WORKER' in os.environ: {does}\n    return nn.Linear(8, 8)\n"
    )
    ended = command(
        tmp_path / "report", f"{ROOT}/verify/test_recipes.py", "--recipe", "model:build",
        "--laws", f"{ROOT}/{LAWS}", "-n", "1", *SMALL, folder=tmp_path,
    )  # fmt: skip
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert "a worker cannot start: " in ended.stdout and said in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


ENDS = {  # What the module holds: what is said of it.
    "def build(): os._exit(0)": "ends the process",
    "def build(): time.sleep(1e6)": "timed out, one call waited for 1 s",
    "def build(): raise KeyboardInterrupt": "raises KeyboardInterrupt.",
}


@pytest.mark.parametrize("text", ENDS, ids=["exits", "sleeps", "interrupts"])
def test_a_model_that_ends_the_run_is_one_sentence_and_exit_code_4(text, tmp_path):
    (tmp_path / "model.py").write_text(f"import os, time\n{text}\n")
    ended = command(
        tmp_path / "report", f"{ROOT}/verify", "--recipe", "model:build", "--laws",
        f"{ROOT}/{LAWS}", "--time-limit", "1", "-n", "0", folder=tmp_path,
    )  # fmt: skip
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert ENDS[text] in ended.stderr
    assert ended.stderr.strip().count("\n") == 0 and ended.stderr.startswith("ERROR: --recipe")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--recipe", MODEL), "--recipe needs the laws that it must keep"),
        (("--recipe", "no.such:model", "--laws", LAWS), "there is no module 'no.such' in"),
    ],
    ids=["no laws", "no module"],
)
def test_bad_input_is_one_sentence_and_exit_code_4(arguments, sentence, tmp_path):
    ended = command(tmp_path, "verify/test_recipes.py", *arguments)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
