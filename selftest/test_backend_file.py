"""Backends out of tree: a file that ``--backend-file`` names, and the entry points of packages."""

from __future__ import annotations

import importlib
import shlex

import pytest

from selftest.test_backends import BROKEN, WHOLE, backend, forget
from selftest.test_command import CELLS, SMALL, command, lines
from verify import backends
from verify.command_line import options
from verify.command_line.options import BadOption
from verify.plan.run import cells

STAND_IN = """
import torch
from verify.backends.base import Backend


class StandIn(Backend):
    def device(self, worker=0):
        return torch.device("cpu")


BACKEND = StandIn("maia", lambda: {count}, lambda: {{"device": "none"}}, ("float32",))
"""


@pytest.fixture
def outside(tmp_path):
    """A function that writes a file outside the suite, and gives its path."""

    def write(text: str) -> str:
        (tmp_path / "mine.py").write_text(text, encoding="utf-8")
        return str(tmp_path / "mine.py")

    forget()
    yield write
    backends.choose(None)
    forget()


@pytest.fixture
def declare(tmp_path, monkeypatch):
    """A function that installs a package for this process, which declares a backend."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(module: str, text: str, value: str = "", name: str = "theirs") -> None:
        (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
        told = tmp_path / f"{module}-1.0.dist-info"
        told.mkdir()
        (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (told / "entry_points.txt").write_text(f"[{backends.GROUP}]\n{name} = {value or module}\n")
        importlib.invalidate_caches()
        forget()

    yield install
    monkeypatch.undo()
    importlib.invalidate_caches()
    forget()


def refusal(path: str, text: str | None = None) -> str:
    with pytest.raises(BadOption) as refused:
        options.backend_names(text, path)
    sentence = str(refused.value)
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


def test_a_file_outside_is_a_backend_beside_the_others(outside):
    path = outside(STAND_IN.format(count=2))
    assert options.backend_names(None, path) == sorted([*backends.present()])
    assert options.backend_names("maia", path) == ["maia"]
    assert backends.known()["maia"].count() == 2
    assert {cell.dtype_name for cell in cells(["maia"])} == {"float32", "complex64", *WHOLE}
    assert "maia" not in options.backend_names(None)


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_one_that_cannot_be_used_is_refused_with_its_path(text, outside):
    path = outside(text)
    for names in (None, "cpu"):
        sentence = refusal(path, names)
        begin = f"the backend of {path} cannot be used, {BROKEN[text]}"
        assert sentence.startswith(begin), sentence
        assert sentence.endswith(": mend the file, or take it away.")


@pytest.mark.parametrize("name", ["cpu", "cuda"])
def test_a_name_that_is_known_already_is_refused(name, outside):
    path = outside(backend(name))
    sentence = refusal(path)
    assert path in sentence and f"verify/backends/{name}.py" in sentence
    assert sentence.endswith(f"are both the backend {name!r}: rename or take away one of them.")


def test_one_without_a_device_is_refused(outside):
    path = outside(STAND_IN.format(count=0))
    expected = f"the backend 'maia' of {path} has no device here: its count() gives 0."
    assert refusal(path) == expected


@pytest.mark.parametrize("path", ["", "no_such.py", "/", "a\0b"])
def test_what_is_no_file_is_refused(path):
    assert refusal(path) == f"--backend-file {path!r} is no file."


def test_a_file_of_another_kind_is_refused(tmp_path, outside):
    (tmp_path / "mine.txt").write_text(backend(), encoding="utf-8")
    assert "cannot be used, its name does not end in .py: " in refusal(str(tmp_path / "mine.txt"))


class TestEntryPoint:
    @pytest.mark.parametrize("value", ["their_1", "their_2:BACKEND"])
    def test_is_a_backend(self, value, declare):
        declare(value.partition(":")[0], STAND_IN.format(count=1), value)
        assert "maia" in options.backend_names(None)
        assert backends.problems() == {}

    @pytest.mark.parametrize(
        ("value", "text", "wrong"),
        [
            ("broken_1", "1 / 0", "it raises ZeroDivisionError: division by zero"),
            ("broken_2:BACKEND", "other = 1", "it raises AttributeError"),
            ("broken_3", "other = 1", "it defines no BACKEND"),
            ("broken_4:BACKEND", "BACKEND = 'meta'", "its BACKEND is 'meta' and no Backend"),
            ("broken_5:BACKEND", backend(count="-1"), "its count() gives -1 and no number"),
        ],
    )
    def test_that_cannot_be_used_is_left_out_with_a_sentence(self, value, text, wrong, declare):
        declare(value.partition(":")[0], text, value)
        assert "cpu" in options.backend_names(None)
        (left_out,) = options.backends_left_out(["cpu"])
        begin = f"the backend of the entry point theirs = {value!r} cannot be used, {wrong}"
        assert left_out.startswith(begin), left_out
        assert left_out.endswith(": mend its package, or uninstall it.")

    def test_of_a_known_name_is_an_error(self, declare):
        declare("another_cpu", backend("cpu"))
        with pytest.raises(BadOption, match="are both the backend 'cpu'") as refused:
            options.backend_names(None)
        assert "verify/backends/cpu.py" in str(refused.value)
        assert "the entry point theirs = 'another_cpu'" in str(refused.value)


def test_workers_read_it_and_the_replay_repeats_it(tmp_path, outside):
    path = outside(STAND_IN.format(count=1))
    cell = CELLS.format("normal_").replace("cpu", "maia")
    ended = command(tmp_path / "report", cell, f"--backend-file={path}", "-n", "1", *SMALL)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    run, line = lines(tmp_path / "report")
    assert run["environment"]["backend file"].startswith(f"{path}, SHA-256 ")
    assert line["backend"] == "maia" and f"--backend-file={path}" in shlex.split(line["replay"])
    assert f"--backend-file={path}" in ended.stdout


def test_a_bad_file_is_one_sentence_and_exit_code_4(tmp_path, outside):
    path = outside("1 / 0")
    ended = command(tmp_path / "report", "verify", f"--backend-file={path}")
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert f"the backend of {path} cannot be used, it raises ZeroDivisionError" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
