"""The real command with other known defects: none, a file of one's own, one that extends."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.commands.adopt import OWN as OWN_LIST
from selftest.test_command import command, lines

SMALL = ("--profile", "smoke", "--run-seed", "5", "-n", "0")
ERRORS = "verify/test_errors.py::test_errors[cpu-float32-dirac_]"
LAW = "verify/test_laws.py::test_law[cpu-complex64-xavier_uniform_]"
EMPTY = "verify/test_errors.py::test_errors[cpu-float32-eye_]"
ENTRY = "verify/test_known_defects.py::test_entry"
OWN = """
extends = "default"

[[defect]]
id = "ours"
subjects = ["uniform_"]
check = "raises"
region = { numel = [0, 0] }
witness = { shape = [0], interval = { low = 0.0, high = 1.0 } }
symptom = "It raises."
"""


@pytest.fixture
def own(tmp_path: Path):
    """A function that writes a file of known defects."""

    def write(text: str) -> str:
        path = tmp_path / "our defects.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def cells(report: Path) -> dict[str, dict]:
    return {line["nodeid"]: line for line in lines(report)[1:]}


def test_none_shows_what_is_wrong_and_plans_no_witness(tmp_path):
    """`dirac_` is refused groups=0 by an exception from the inside, which is known."""
    ended = command(tmp_path, ERRORS, EMPTY, "verify/test_known_defects.py", *SMALL,
                    "--known-defects", "none")  # fmt: skip
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "--run-seed 5 --known-defects none" in ended.stdout
    run, *_ = lines(tmp_path)
    assert run["environment"]["known defects"] == "none"
    assert sorted(cells(tmp_path)) == sorted([ERRORS, EMPTY])
    known = cells(tmp_path)[ERRORS]
    said = " ".join(finding["message"] for finding in known["findings"])
    assert known["verdict"] == "fail" and known["excluded"] == []
    assert all(rule in said for rule in ("no groups", "ZeroDivisionError", "a part of a group"))
    assert known["replay"].endswith("--profile smoke --known-defects none")
    assert cells(tmp_path)[EMPTY]["verdict"] == "pass"


def test_by_default_they_are_known(tmp_path):
    ended = command(tmp_path, ERRORS, *SMALL)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "--known-defects" not in ended.stdout + json.dumps(lines(tmp_path))
    assert lines(tmp_path)[0]["environment"]["known defects"] == "default"


def test_an_extending_file_adds_with_one_worker_or_many(tmp_path, own):
    """An entry that is not true, one that speaks of nothing, and one that has expired."""
    text = OWN + OWN.partition("\n\n")[2].replace("ours", "misspelt").replace("form_", "from_")
    text += OWN.partition("\n\n")[2].replace("ours", "outdated") + 'expires = "2001-02-03"\n'
    path = own(text + 'until = "2.7"\n')
    selected = [ERRORS, "verify/test_known_defects.py", "-k",
                "test_errors or (test_entry and (ours or misspelt or outdated or sparse)) or "
                "cpu-float32-uniform_-ours"]  # fmt: skip
    written = []
    for workers in ("0", "2"):
        ended = command(tmp_path / workers, *selected, *SMALL[:-1], workers,
                        "--known-defects", path)  # fmt: skip
        assert ended.returncode == 1, ended.stdout + ended.stderr
        written.append((tmp_path / workers / "evidence.jsonl").read_bytes())
    assert written[0] == written[1]
    said = "verify: the known defect 'ours' names no backends, so it speaks of cpu alone: write "
    assert said in ended.stdout
    found = cells(tmp_path / "2")
    assert {node: cell["verdict"] for node, cell in found.items() if "sparse" not in node} == {
        ERRORS: "pass",
        f"{ENTRY}[ours]": "pass",
        f"{ENTRY}[misspelt]": "fail",
        f"{ENTRY}[outdated]": "fail",
        "verify/test_known_defects.py::test_known_defect[cpu-float32-uniform_-ours]": "fail",
    }
    assert {cell["verdict"] for node, cell in found.items() if "sparse" in node} == {"pass"}
    for name, said in (
        (f"{ENTRY}[misspelt]", "matches nothing: there is no subject 'unifrom_'"),
        (f"{ENTRY}[outdated]", "expired on 2001-02-03: look again and renew or remove the entry"),
        ("verify/test_known_defects.py::test_known_defect[cpu-float32-uniform_-ours]",
         "fixed upstream: end the entry 'ours'"),
    ):  # fmt: skip
        assert said in " ".join(finding["message"] for finding in found[name]["findings"])
    assert found[ERRORS]["replay"].endswith(f"--known-defects '{path}'")
    chosen = lines(tmp_path / "2")[0]["environment"]["known defects"]
    assert chosen.startswith(f"{path}, ") and "entries, SHA-256 " in chosen


def test_a_text_that_is_never_asked_is_red(tmp_path, own):
    """In the cell itself, by the questions that its cases could answer."""
    path = own("""
extends = "default"

[[defect]]
id = "ours"
subjects = ["RNN"]
promises = ["parametrization"]
check = "parametrization"
calls = ["weights that a reset does not reach under spectral_norm"]
symptom = "It does not reach them."
""")
    node = "verify/test_parametrizations.py::test_parametrization[cpu-float32-RNN]"
    ended = command(tmp_path, node, *SMALL, "--known-defects", path)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    (cell,) = cells(tmp_path).values()
    said = " ".join(finding["message"] for finding in cell["findings"])
    assert "the entry 'ours' matches nothing: 'weights that a reset does not" in said
    assert ended.stdout.count('write calls = ["reset-lost-under-spectral-norm"].') == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read (No such file or directory): name a file that is there."),
        (OWN.replace("check", "chek"), "known defect 'ours': the field 'chek' is unknown"),
        (
            OWN.replace("numel", "nummel"),
            "known defect 'ours': the field 'region' has no 'nummel' for uniform_: choose among",
        ),
        (
            OWN.replace("shape = [0]", 'shape = "ab"'),
            "known defect 'ours': the field 'witness' describes no case of uniform_ (TypeError",
        ),
        (
            OWN.replace("low = 0.0", "lowest = 0.0"),
            "known defect 'ours': the field 'witness' describes no case of uniform_ (ValueError",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path, own, text, said):
    path = str(tmp_path / "missing.toml") if text is None else own(text)
    ended = command(tmp_path / "report", EMPTY, *SMALL, "--known-defects", path)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert said in ended.stderr and path in ended.stderr
    assert "Traceback" not in ended.stderr and len(ended.stderr.strip().splitlines()) == 1


def test_workers_share_the_random_run_seed(tmp_path):
    ended = command(tmp_path, "verify/test_fans.py", "verify/test_gains.py", "-n", "2",
                    "--profile", "smoke")  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    run, *found = lines(tmp_path)
    assert len(found) == 2
    assert all(f"--run-seed {run['run_seed']} " in cell["replay"] for cell in found)


def test_what_is_known_elsewhere_is_red_until_it_is_adopted(tmp_path):
    """A list that speaks of another backend alone: what PyTorch does there, it does here too."""
    elsewhere, adopted = tmp_path / "elsewhere.toml", tmp_path / "adopted.toml"
    text = OWN_LIST.read_text(encoding="utf-8")
    moved = re.sub(r'backends = \["cpu"[^]]*\]', 'backends = ["loom"]', text)
    elsewhere.write_text(moved, "utf-8")
    red, green = tmp_path / "red", tmp_path / "green"
    ended = command(red, ERRORS, LAW, EMPTY, *SMALL, "--known-defects", str(elsewhere))
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "2 of 3 cells break their promise, all as PyTorch is known to do on loom" in ended.stdout
    assert "known on loom: dirac-of-impossible-groups (1 cell)" in ended.stdout
    assert "known on loom: complex-xavier-uniform-of-twice-the-variance (1 cell)" in ended.stdout
    assert main(["adopt", str(red), str(adopted), "--known-defects", str(elsewhere)]) == 0
    ended = command(green, ERRORS, LAW, EMPTY, *SMALL, "--known-defects", str(adopted))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert cells(green)[ERRORS]["excluded"] == ["dirac-of-impossible-groups"]
