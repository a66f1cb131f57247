"""Whatever a user writes, on the command line or in a file, is taken or refused in a sentence."""

from __future__ import annotations

import os
import stat
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from selftest.test_command import command
from verify.command_line import options
from verify.command_line import recipe_option as own
from verify.command_line.options import BadOption
from verify.defects import file as defect_file
from verify.defects import known_defects

fuzz = settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.floats().map(str),
    st.sampled_from(["1e-400", "1e400", "-0", "+1", "1_0", "٣", "½", "0x1", "1/1", "9" * 5000]),
)
TEXT = st.one_of(
    st.sampled_from(["", " ", ",", ".", "/", "..", "~", "\0", "\n", "a\0b", "\udcff", "x" * 5000,
                     "/dev/null", "/dev/zero", "/dev/full", "/proc/self/mem", "none", "default",
                     "cpu", "CPU", "cpu,,cpu", "-", "--", "*", "%s", "{}"]),
    st.text(max_size=20),
    st.text(string.printable, max_size=20),
    NUMBERS,
    st.tuples(NUMBERS, NUMBERS).map("/".join),
)  # fmt: skip


def refused(read: Callable[[], Any]) -> None:
    """What is not taken is refused in one sentence that can be printed."""
    try:
        read()
    except (BadOption, defect_file.BadFile) as problem:
        sentence = str(problem)
        assert sentence.endswith(".") and sentence.isprintable(), sentence


@pytest.mark.parametrize(
    "parse",
    [options.backend_names, options.profile, options.run_seed, options.time_limit, options.shard,
     options.defects, options.defects_summary],
    ids=lambda parse: parse.__name__,
)  # fmt: skip
@fuzz
@given(text=TEXT)
def test_values_of_options(parse, text):
    refused(lambda: parse(text))


@fuzz
@given(text=TEXT)
def test_report_directories(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(lambda: options.writable(text))


@fuzz
@given(recipe=st.none() | TEXT | st.builds("{}:{}".format, TEXT, TEXT), laws=st.none() | TEXT)
def test_names_of_recipes_and_laws(recipe, laws):
    refused(lambda: own.chosen(recipe, laws))


VALUES = st.recursive(
    st.one_of(
        st.sampled_from(["Normal(0.0, 0.02)", "Uniform(-1, 1)", "Haar", "Eye()", "Same('weight')",
                         "lambda shape: Normal(0, 1)", "lambda: 1", "print", "None", "...", "1j",
                         "float('nan')", "float('inf')", "10**400", "1e-320", "True", "b''", "{}",
                         "object()", "type", "1/0", "exit()", "unknown", "'*'", "[]"]),
        NUMBERS,
        st.text(max_size=5).map(repr),
    ),
    lambda inner: st.builds(
        "{}({})".format,
        st.sampled_from(["Normal", "Uniform", "TruncatedNormal", "Exponential", "Haar", "Sparse",
                         "Masked", "Constant", "Eye", "Dirac", "Rows", "Blocks", "Same", "gain",
                         "fan_in_and_fan_out", "lambda shape: "]),
        st.lists(inner, max_size=4).map(", ".join),
    ),
    max_leaves=6,
)  # fmt: skip
FILES = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.builds("LAWS = {}".format, VALUES).map(str.encode),
    st.builds("LAWS = {{{}: {}}}".format, VALUES, VALUES).map(str.encode),
    st.builds(
        "LAWS = {{{!r}: {}}}".format, st.sampled_from(["*", "weight", "b*"]), VALUES
    ).map(str.encode),
)  # fmt: skip


@fuzz
@given(contents=FILES)
@example(contents=b"\xff\xfe")
@example(contents=b"LAWS = {'*': TruncatedNormal(0.0, 1e-300, 1.0, 2.0)}")
def test_contents_of_laws(contents, tmp_path, monkeypatch):
    (tmp_path / "laws.py").write_bytes(b"from verify.recipes import *\n" + contents)
    monkeypatch.chdir(tmp_path)
    refused(lambda: own.chosen("torch.nn:Identity", "laws.py"))
    refused(lambda: own.chosen("selftest.recipes.model:Model.build", "laws.py"))


SCALARS = st.one_of(
    st.booleans().map(lambda value: str(value).lower()),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(["nan", "inf", "-inf", "1e400", "0.5", "1979-05-27", "07:32:00", '""', "'x'",
                     "1979-05-27T07:32:00Z", '"2.12"', '"cpu"', '"raises"', '"uniform_"',
                     '"\\u0000"', '"0\\u0663"', '"2031-12-31"', '"law"', '"default"']),
)  # fmt: skip
TOML = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(
            st.sampled_from(["shape", "numel", "a", "interval", "low"]), inner, max_size=3
        ).map(lambda table: "{" + ", ".join(f"{k} = {v}" for k, v in table.items()) + "}"),
    ),
    max_leaves=5,
)
LAWFUL = {
    "id": '"a"', "subjects": '["uniform_"]', "check": '"raises"', "symptom": '"It raises."',
    "region": "{ numel = [0, 0] }", "witness": "{ shape = [0] }",
}  # fmt: skip
ENTRIES = st.dictionaries(
    st.sampled_from([*defect_file._FIELDS, "defects", "a.b"]), TOML, max_size=3
).map(lambda fields: "[[defect]]\n" + "".join(f"{k} = {v}\n" for k, v in (LAWFUL | fields).items()))
LISTS = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(ENTRIES, max_size=2).map(lambda entries: "".join(entries).encode()),
    st.builds("extends = {}\n{}".format, TOML, ENTRIES).map(str.encode),
    st.builds("defect = {}".format, TOML).map(str.encode),
)


@fuzz
@given(contents=LISTS)
@example(contents=b"a = " + b"[" * 5000)
@example(contents=b'extends = "\\u0000"')
@example(contents=b"\xef\xbb\xbf[[defect]]")
def test_contents_of_lists_of_known_defects(contents, tmp_path):
    path = tmp_path / "defects.toml"
    path.write_bytes(contents)
    known_defects.load.cache_clear()
    refused(lambda: options.defects_summary(str(path)))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--backend", "cpu,\udcff"),
        ("--run-seed", "٣"),
        ("--shard", "nan/inf"),
        ("--time-limit", "1e-300"),
        ("--report-dir", ""),
        ("--report-dir", "x" * 5000),
        ("--known-defects", "/dev/zero"),
        ("--recipe", "os:abort", "--laws", "x" * 5000),
        ("--recipe", "signal:pause", "--laws", "selftest/recipes/laws.py", "--time-limit", "1"),
    ],
    ids=lambda arguments: " ".join(arguments)[:30].encode("ascii", "replace").decode(),
)
def test_the_command_refuses_in_one_sentence(arguments, tmp_path):
    ended = command(tmp_path, "verify/test_gains.py", "-n", "0", *arguments)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "INTERNALERROR" not in ended.stdout + ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["evidence.jsonl", "timings.json", "summary.md", "cpu.html"])
def test_nothing_is_drawn_for_a_report_that_cannot_be_written(name, tmp_path):
    os.mkfifo(tmp_path / name)
    ended = command(tmp_path, "verify/test_gains.py", "-n", "0")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr.startswith(f"ERROR: {name!r} in the report directory")
    assert ended.stderr.endswith("choose another directory with --report-dir.\n\n")
    assert stat.S_ISFIFO((tmp_path / name).stat().st_mode)
