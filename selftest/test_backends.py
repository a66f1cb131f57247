"""Backend files of any content: one that cannot be used is named, and the others are used."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
import torch

from selftest.test_command import CELLS, ROOT, SMALL, command, lines
from verify import backends, torch_api
from verify.backends.base import DTYPES, Backend
from verify.command_line import options
from verify.command_line.options import BadOption
from verify.laws import LATTICES
from verify.plan import watchdog
from verify.plan.run import Cell, cells
from verify.subjects import SUBJECTS

pytestmark = pytest.mark.usefixtures("patient")  # Time limits are short here.

HEAD = "from verify.backends.base import Backend\n"
SOUND = (
    HEAD + "BACKEND = Backend('{name}', count=lambda: {count}, describe=lambda: {describe}, "
    "dtypes={dtypes})\n"
)


def backend(name="meta", count="1", describe="{}", dtypes="('float32',)"):
    return SOUND.format(name=name, count=count, describe=describe, dtypes=dtypes)


BROKEN = {  # What the file holds: what is said of it.
    "raise OSError('no driver\\nat all')": "it raises OSError: no driver",
    "import no_such_package": "it raises ModuleNotFoundError: No module named 'no_such_package'",
    "def broken(": "it raises SyntaxError",
    "raise SystemExit(3)": "it raises SystemExit: 3",
    "import pytest; pytest.skip('x', allow_module_level=True)": "it raises Skipped",
    "backend = 1": "it defines no BACKEND",
    "def __getattr__(name): raise RuntimeError(name)": "it raises RuntimeError: BACKEND",
    "BACKEND = 'meta'": "its BACKEND is 'meta' and no Backend",
    "from verify.backends.base import Backend as BACKEND": "its BACKEND is Backend and no Backend",
    HEAD + "BACKEND = Backend('meta')": "it raises TypeError: Backend.__init__() missing",
    backend(name="two words"): "its name is 'two words' and no device type",
    backend(name=""): "its name is '' and no device type",
    HEAD + "BACKEND = Backend(7, int, dict)": "its name is 7 and no device type",
    HEAD + "BACKEND = Backend('meta', 1, dict)": "its count is 1 and no function",
    HEAD + "BACKEND = Backend('meta', lambda: 1, {})": "its describe is {} and no function",
    backend(count="1 / 0"): "it raises ZeroDivisionError: division by zero",
    backend(count="exit(1)"): "it raises SystemExit: 1",
    backend(count="None"): "its count() gives None and no number of devices",
    backend(count="-1"): "its count() gives -1 and no number of devices",
    backend(count="'1'"): "its count() gives '1' and no number of devices",
    backend(count="True"): "its count() gives True and no number of devices",
    backend(count="1.0"): "its count() gives 1.0 and no number of devices",
    backend(describe="1 / 0"): "it raises ZeroDivisionError: division by zero",
    backend(describe="None"): "its describe() gives None and no mapping",
    backend(describe="['a']"): "its describe() gives ['a'] and no mapping",
    backend(describe="{'memory': 80}"):
        "its describe() gives {'memory': 80}, which is no text",
    HEAD + "BACKEND = Backend('meta', int, dict, lacks=['sort'])":
        "its lacks are ['sort'] and no tuple of names",
    HEAD + "BACKEND = Backend('meta', int, dict, lacks=('tea',))":
        "its lacks name 'tea', which is none of generators, cheap shapes, strides, sort,",
    backend(dtypes="()"): "its dtypes are () and no tuple of names",
    backend(dtypes="'float32'"): "its dtypes are 'float32' and no tuple of names",
    backend(dtypes="('float31',)"): "its dtype 'float31' is none of bfloat16, float16, float32,",
    backend(dtypes="('float32', 'float8_e4m3fn')"): "its dtype 'float8_e4m3fn' is none of",
    backend(dtypes="(32,)"): "its dtype 32 is none of",
    backend(dtypes="([],)"): "its dtype [] is none of",
    backend(dtypes="('float32', 'float32')"): "its dtypes ('float32', 'float32') repeat a name",
    backend(name="abacus"): "it raises RuntimeError: Expected one of cpu",
}  # fmt: skip


WHOLE = ("bool", "uint8", "int8", "int16", "int32", "int64")
"""Dtypes that are verified on every backend."""


@pytest.fixture
def plant(tmp_path, monkeypatch):
    """A function that adds backend files, of which this process then knows."""
    monkeypatch.setattr(backends, "__path__", [*backends.__path__, str(tmp_path)])

    def add(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        forget()

    yield add
    monkeypatch.undo()
    forget()


def forget():
    backends._files.cache_clear()
    backends._by_name.cache_clear()
    for name in [n for n in sys.modules if n.startswith("verify.backends.planted")]:
        del sys.modules[name]


def refusal(text):
    with pytest.raises(BadOption) as refused:
        options.backend_names(text)
    sentence = str(refused.value)
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


def test_the_dtypes_of_backends_are_those_with_a_lattice():
    assert {*DTYPES} == {*LATTICES}


def test_a_case_is_left_out_where_the_backend_lacks_what_it_is_handed():
    row = SUBJECTS["torch.multinomial"]
    case = replace(row.anchors[0], held="float64")
    whole, narrow = (
        Cell(row, Backend("maia", count=int, describe=dict, dtypes=dtypes), "int64")
        for dtypes in (DTYPES, ("float32",))
    )
    assert whole.holds(case) and not narrow.holds(case) and narrow.holds(row.anchors[0])
    assert whole.has(torch.complex128) and not narrow.has(torch.complex128)
    assert narrow.has(torch.int8) and narrow.has(torch.complex64)


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_file_that_cannot_be_used_is_named_and_the_others_are_used(text, plant):
    plant(planted=text)
    (name,) = backends.problems()
    assert "cpu" in options.backend_names(None) and name not in options.backend_names(None)
    assert options.backend_names("cpu") == ["cpu"]
    (left_out,) = options.backends_left_out(["cpu"])
    assert refusal(name) == refusal(f"cpu,{name}") == left_out
    begin = "the backend of verify/backends/planted.py cannot be used, "
    assert left_out.startswith(begin + BROKEN[text]), left_out
    assert left_out.endswith(": mend the file, or take it away.")
    assert options.backends_left_out([name]) == []


def test_a_sound_file_is_a_backend(plant):
    plant(planted=backend(describe="{'memory': '80 GiB'}"))
    assert backends.problems() == {} and backends.clashes() == []
    assert "meta" in options.backend_names(None)
    assert backends.known()["meta"].fingerprint()["memory"] == "80 GiB"


@pytest.mark.parametrize(
    ("dtypes", "others"),
    [
        ("('float32',)", {"complex64"}),
        ("('float16', 'float64')", {"complex32", "complex128"}),
        (repr(DTYPES), {"complex32", "complex64", "complex128"}),
    ],
)
def test_its_dtypes_bind_every_subject(dtypes, others, plant):
    """Those that list their own too: operations, networks and recipes."""
    plant(planted=backend(dtypes=dtypes))
    planned = {cell.dtype_name for cell in cells(["meta"])}
    assert planned == {*backends.known()["meta"].dtypes, *others, *WHOLE}


@pytest.mark.parametrize("text", ["os._exit(0)", backend(count="os._exit(0)")])
def test_one_that_ends_the_process_is_named(text, plant):
    plant(planted=f"import os\n{text}")
    assert "cpu" in options.backend_names(None)
    (left_out,) = options.backends_left_out(["cpu"])
    assert "it raises Ended: the call would end the process by os._exit(0)" in left_out


ONCE = """
calls = []
def once(answer):
    calls.append(answer)
    return answer if len(calls) < 3 else 1 / 0
"""


class OnTheHost(Backend):
    """A backend that calls its device what it likes, and keeps its tensors on the host."""

    def synchronize(self, device):
        pass


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NotImplementedError("no kernel of aten::fill_"), ""),
        (RuntimeError("the bus is gone\nat 3"), "RuntimeError: the bus is gone"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_device_that_lacks_a_kernel_still_answers(error, told, monkeypatch):
    def empty(*_arguments, **_keywords):
        raise error

    monkeypatch.setattr(torch, "empty", empty)
    backend = OnTheHost("maia", lambda: 1, dict, ("bfloat16",))
    assert backend.trouble(torch.device("maia", 0)) == told


@pytest.fixture
def named(monkeypatch, plant):
    """A function that has PyTorch name an accelerator, with so many devices."""

    def name(kind, count):
        monkeypatch.setattr(torch_api, "accelerator", lambda: kind)
        monkeypatch.setattr(torch.accelerator, "device_count", lambda: count)
        forget()

    return name


def test_an_accelerator_that_nobody_describes_is_a_backend(named):
    named("meta", 2)
    assert "meta" in options.backend_names(None)
    meta = backends.known()["meta"]
    assert meta.dtypes == DTYPES
    assert meta.fingerprint()["devices"] == "2"


def test_it_has_the_dtypes_that_it_holds(named, monkeypatch):
    def empty(*shape, dtype, device):
        if dtype == torch.float64:
            raise TypeError("the device has no float64")

    monkeypatch.setattr(torch, "empty", empty)
    named("meta", 1)
    assert backends.known()["meta"].dtypes == ("bfloat16", "float16", "float32")


def test_one_that_is_described_is_as_described(named, plant):
    plant(planted=backend(dtypes="('float16',)"))
    named("meta", 1)
    assert backends.known()["meta"].dtypes == ("float16",)
    assert backends.clashes() == []


def test_an_accelerator_without_devices_is_not_verified(named):
    named("meta", 0)
    assert "meta" not in backends.present() and backends.problems() == {}


def test_it_is_asked_once(plant):
    plant(planted=ONCE + backend(count="once(1)", describe="once({'memory': '80 GiB'})"))
    for _ in range(3):
        found = backends.known()["meta"]
        assert found.fingerprint()["memory"] == "80 GiB" and found.count() == 1


@pytest.mark.parametrize("harm", ["sys.stdout.close()", "sys.stdout = None", "print('x' * 10**6)"])
def test_the_process_is_left_as_it_was(harm, plant, capfd):
    plant(planted=f"import sys\n{harm}\n{backend()}")
    before = sys.stdout
    assert "meta" in options.backend_names(None)
    assert sys.stdout is before and not before.closed and capfd.readouterr() == ("", "")


def test_one_without_devices_is_not_described(plant):
    plant(planted=backend(count="0", describe="1 / 0"))
    assert backends.problems() == {}
    assert "the backend 'meta' has no device here" in refusal("meta")


@pytest.mark.parametrize("name", ["meta", "cpu"])
def test_two_files_of_one_name_are_both_named(name, plant):
    plant(planted_1=backend(name), planted_2=backend(name))
    for sentence in (refusal(None), refusal(name)):
        for file in ["planted_1", "planted_2", *(["cpu"] if name == "cpu" else [])]:
            assert f"verify/backends/{file}.py" in sentence
        assert f"are both the backend {name!r}: rename or take away one of them." in sentence
    if name == "meta":
        assert options.backend_names("cpu") == ["cpu"]


def test_one_that_hangs_is_named_and_the_others_are_used(plant, monkeypatch):
    monkeypatch.setattr(watchdog, "DEFAULT", 0.4)
    plant(planted="import time\n" + backend(count="time.sleep(1e6)"))
    assert "cpu" in options.backend_names(None)
    (left_out,) = options.backends_left_out(["cpu"])
    assert "planted.py cannot be used, it raises TimedOut: one call waited for 0.4 s" in left_out


def test_an_interrupt_is_the_users(plant):
    plant(planted="raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        options.backend_names("cpu")


def test_no_backend_at_all_is_one_sentence(plant, monkeypatch):
    plant(planted=backend(count="None"))
    monkeypatch.setattr(backends, "present", list)
    assert refusal(None).startswith("there is no backend to verify here: the backend of verify/")


class TestCommand:
    @pytest.fixture
    def run(self, tmp_path):
        def run(text, *arguments):
            (tmp_path / "planted.py").write_text(text, encoding="utf-8")
            (tmp_path / "plugin.py").write_text(
                f"from verify import backends\nbackends.__path__.append({str(tmp_path)!r})\n"
            )
            report = tmp_path / "report"
            return command(report, CELLS.format("eye_"), "-p", "plugin", "-n", "0", *SMALL,
                           *arguments, PYTHONPATH=f"{tmp_path}:{ROOT}"), report  # fmt: skip

        return run

    @pytest.mark.parametrize("verbosity", [[], ["-q"], ["-qq"]], ids=len)
    def test_a_broken_file_is_a_warning(self, run, verbosity):
        ended, report = run(backend(count="1 / 0"), *verbosity)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        sentence = "the backend of verify/backends/planted.py cannot be used, it raises ZeroDiv"
        assert ended.stdout.count(f"verify: warning: {sentence}") == 1
        left_out = lines(report)[0]["environment"]["backends left out"]
        assert left_out.startswith(sentence)

    def test_asked_for_it_is_refused(self, run):
        ended, _ = run("import no_such_package", "--backend", "planted")
        assert ended.returncode == 4, ended.stdout + ended.stderr
        assert "verify/backends/planted.py cannot be used" in ended.stderr
        assert "Traceback" not in ended.stdout + ended.stderr
