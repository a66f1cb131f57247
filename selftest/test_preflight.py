"""A backend on which nothing can be verified is refused in one sentence; what it lacks is said.

The device is the host under another name. What it does wrong is done between PyTorch and its
kernels.
"""

from __future__ import annotations

import itertools
import sys
import time
from types import SimpleNamespace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from selftest.test_command import CELLS, SMALL, command
from verify import backends
from verify.backends.base import DTYPES, Backend
from verify.command_line import preflight
from verify.command_line.options import BadOption

pytestmark = pytest.mark.usefixtures("patient")  # Time limits are short here.

WHERE = torch.device("cpu")


class Elsewhere(Backend):
    """A backend whose every device is the CPU."""

    def device(self, _worker=0):
        return WHERE


@pytest.fixture(autouse=True, scope="module")
def _imported():
    """PyTorch imports what it needs between itself and its kernels at the first call: slowly."""
    with Kernels():
        torch.zeros(1)


def elsewhere(kind: type[Backend] = Elsewhere, dtypes: tuple[str, ...] = DTYPES) -> Backend:
    return kind("maia", lambda: 1, dict, dtypes)


class Kernels(TorchDispatchMode):
    """Kernels of which some are replaced, by their names."""

    def __init__(self, **replaced):
        super().__init__()
        self.replaced = replaced

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        call = self.replaced.get(name, lambda call, *args, **kwargs: call(*args, **kwargs))
        return call(func, *args, **(kwargs or {}))


def only(dtype, do):
    """A kernel that does something in one dtype."""

    def kernel(call, tensor, *args, **kwargs):
        return (do if tensor.dtype == dtype else call_of)(call, tensor, *args, **kwargs)

    return kernel


def call_of(call, *args, **kwargs):
    return call(*args, **kwargs)


def spoiled(call, tensor, *args, **kwargs):
    call(tensor, *args, **kwargs)
    tensor[7] = torch.nan
    return tensor


def lossy(call, to, source, *args, **kwargs):
    call(to, source, *args, **kwargs)
    to[-1:] = 0
    return to


def saturating(call, to, source, *args, **kwargs):
    return call(to, source.clamp(max=127), *args, **kwargs)


def raising(error, *args):
    def kernel(*_args, **_kwargs):
        raise error(*args)

    return kernel


def sleeping(*_args, **_kwargs):
    time.sleep(1e6)


def nothing(_call, tensor, *_args, **_kwargs):
    return tensor


def one_more(call, tensor, *args, **kwargs):
    return call(tensor, *args, **kwargs) + 1


def zeroed(_call, tensor, *_args, **_kwargs):
    return torch.ops.aten.zero_(tensor)


class NoDevice(Backend):
    def device(self, _worker=0):
        return "cpu"


class Broken(Elsewhere):
    def device(self, _worker=0):
        raise OSError("no driver")


class Unseeded(Elsewhere):
    """Its generator goes on from wherever it was."""

    numbers = itertools.count()

    def generator(self, device, seed):
        return super().generator(device, next(self.numbers))


class Stuck(Elsewhere):
    """Its generator always begins at the same place."""

    def generator(self, device, seed):
        return super().generator(device, 0)


class Deaf(Elsewhere):
    """The seed does not reach the global stream."""

    def generator(self, device, seed):
        return torch.Generator(device).manual_seed(seed)


class NoGenerator(Elsewhere):
    def generator(self, device, seed):
        return None


class Unsynchronised(Elsewhere):
    def synchronize(self, device):
        raise RuntimeError("the queue is lost")


BROKEN = {  # The backend, its kernels: what is said, and how it is mended.
    "device": (NoDevice, {}, "its device() gives 'cpu'", "let it give the torch.device"),
    "driver": (Broken, {}, "its device() raises OSError: no driver", "let it give"),
    "empty": (Elsewhere, {"empty": raising(NotImplementedError, "aten::empty")},
              "torch.empty raises NotImplementedError: aten::empty",
              "register the kernels of aten::empty.memory_format"),
    "copy": (Elsewhere, {"copy_": lossy}, "of 1001 numbers in bfloat16 that are copied there and "
             "back 1 change, the first of them at index 1000", "mend the kernel of aten::copy_"),
    "copy of doubles": (Elsewhere, {"copy_": only(torch.float64, lossy)}, "of 1001 numbers in "
                        "float64 that are copied there and back 1 change", "leave float64 out"),
    "copy of halves": (Elsewhere, {"copy_": only(torch.float16, saturating)}, "of 1001 numbers in "
                       "float16 that are copied there and back 489 change, the first of them at "
                       "index 128", "leave float16 out"),
    "copy raises": (Elsewhere, {"copy_": raising(RuntimeError, "DMA")},
                    "a copy to the device and back raises RuntimeError: DMA", "mend the kernel"),
    "wait": (Unsynchronised, {}, "waiting for the device raises RuntimeError: the queue is lost",
             "let torch.accelerator.synchronize reach it"),
    "no generator": (NoGenerator, {}, "its generator() gives None", "let torch.Generator make one"),
    "unseeded": (Unseeded, {}, "its generator draws other numbers after the same seed",
                 "let manual_seed"),
    "stuck": (Stuck, {}, "its generator draws the same numbers after another seed",
              "let manual_seed"),
    "deaf": (Deaf, {}, "its global stream draws other numbers after the same seed",
             "let manual_seed"),
    "NaN": (Elsewhere, {"normal_": only(torch.float16, spoiled)},
            "normal_ in float16 leaves 1 of 1001 entries that are not finite",
            "mend it, or leave float16 out of the dtypes of the backend"),
    "nothing": (Elsewhere, {"normal_": only(torch.bfloat16, nothing)},
                "normal_ in bfloat16 leaves 1001 of 1001 entries", "or leave bfloat16 out"),
    "zeros": (Elsewhere, {"normal_": only(torch.float32, zeroed)},
              "normal_ in float32 fills with one number", "or leave float32 out"),
    "fill raises": (Elsewhere, {"normal_": only(torch.float64, raising(RuntimeError, "no fp64"))},
                    "normal_ in float64 raises RuntimeError: no fp64", "or leave float64 out"),
    "no fill": (Elsewhere, {"normal_": raising(NotImplementedError, "no kernel")},
                "normal_ in bfloat16 raises NotImplementedError: no kernel", "mend it"),
    "sum": (Elsewhere, {"sum": only(torch.float64, one_more)},
            "a sum in float64 gives 500501.0 in place of 500500.0", "or leave float64 out"),
    "hangs": (Elsewhere, {"normal_": sleeping}, "normal_ in bfloat16 timed out, one call waited "
              "for 0.3 s", "mend it"),
    "leaves": (Elsewhere, {"normal_": lambda *_, **__: sys.exit(3)},
               "normal_ in bfloat16 raises SystemExit: 3", "mend it"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_work_is_one_sentence(name):
    kind, kernels, said, advice = BROKEN[name]
    with Kernels(**kernels), pytest.raises(BadOption) as refused:
        preflight.inspected([elsewhere(kind)], 0.3 if name == "hangs" else 60.0)
    sentence = str(refused.value)
    begin = f"the backend 'maia' cannot be verified, {said}"
    assert sentence.startswith(begin), sentence
    assert advice in sentence.partition(said)[2] and sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (SimpleNamespace(manual_seed=1, get_rng_state=int, set_rng_state=int),
         "its device module has no manual_seed"),
        (SimpleNamespace(manual_seed=int), "its device module has no get_rng_state, set_rng_state"),
    ],
)  # fmt: skip
def test_a_device_module_that_lacks_something_is_refused(module, said, monkeypatch):
    """The suite's device is the meta one, which only makes tensors."""
    monkeypatch.setattr(torch, "get_device_module", lambda _device: module)
    monkeypatch.setattr(f"{__name__}.WHERE", torch.device("meta"))
    assert preflight._has_module(elsewhere()) == said


def test_without_a_device_module_the_sentence_says_so(monkeypatch):
    monkeypatch.setattr(f"{__name__}.WHERE", torch.device("maia"))
    step = next(each for each in preflight._FIRST if each.wrong is preflight._has_module)
    found = preflight._tried(elsewhere(), step, 60.0)
    assert found.words.startswith("its device module raises "), found


def test_nobody_asks_for_a_device_module_before_it_is_known_to_be_there(monkeypatch):
    """PyTorch's ``fork_rng`` asks for the accelerator's, and ``torch.empty`` imports it."""
    steps = [each.wrong for each in preflight._FIRST]
    assert steps.index(preflight._has_module) < steps.index(preflight._allocates)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("maia"))
    assert isinstance(preflight.inspected([elsewhere()], 60.0), list)


def test_an_interrupt_is_the_users():
    with Kernels(normal_=raising(KeyboardInterrupt)), pytest.raises(KeyboardInterrupt):
        preflight.inspected([elsewhere()], 60.0)


def test_the_host_is_not_asked():
    with Kernels(empty=raising(RuntimeError, "asked")):
        assert preflight.inspected([backends.known()["cpu"]], 60.0) == []


def test_one_that_does_everything_lacks_nothing():
    before = torch.get_rng_state()
    assert preflight.inspected([elsewhere()], 60.0) == []
    assert torch.equal(torch.get_rng_state(), before)


def test_without_float64_samples_are_reduced_on_the_host():
    backend = elsewhere(dtypes=("float32",))
    expected = ["maia lists no float64: samples are reduced on the host"]
    assert preflight.inspected([backend], 60.0) == expected
    assert backend.reduces_on(torch.device("meta")).type == "cpu"
    assert elsewhere().reduces_on(torch.device("meta")).type == "meta"


def test_kernels_that_are_not_there_are_listed():
    missing = raising(NotImplementedError, "no kernel")
    with Kernels(normal_=only(torch.float16, missing), random_=only(torch.bool, missing)):
        found = preflight.inspected([elsewhere()], 60.0)
    lacking = "normal_ in float16, random_ in bool"
    assert found == [f"maia has not implemented {lacking}: their cells are unsupported"]


def test_what_comes_with_a_dtype_and_fails_is_listed():
    with Kernels(normal_=only(torch.complex64, spoiled)):
        found = preflight.inspected([elsewhere()], 60.0)
    said = "normal_ in complex64 leaves 1 of 1001 entries that are not finite"
    assert found == [f"maia: {said}: cells in complex64 will fail"]


@pytest.mark.parametrize("name", ["mps", "xpu"])
def test_backends_without_a_machine_are_known_and_not_present(name):
    assert name in backends.known() and name not in backends.problems()
    if not getattr(torch, name).device_count():
        assert name not in backends.present()


def test_metal_has_no_float64():
    assert "float64" not in backends.known()["mps"].dtypes


FILE = """
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from verify.backends.base import Backend


class StandIn(Backend):
    def device(self, worker=0):
        return torch.device("cpu")


class Kernels(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        return made.fill_(torch.nan) if BAD and "normal_" in str(func) else made


Kernels().__enter__()
BACKEND = StandIn("maia", lambda: 1, dict, ("float32",))
"""


@pytest.mark.parametrize("bad", [True, False])
def test_a_run_begins_with_it(bad, tmp_path):
    path = tmp_path / "maia.py"
    path.write_text(f"BAD = {bad}\n{FILE}", encoding="utf-8")
    cell = CELLS.format("eye_").replace("cpu", "maia")
    ended = command(tmp_path / "report", cell, f"--backend-file={path}", "-n", "0", *SMALL)
    assert ended.returncode == (4 if bad else 0), ended.stdout + ended.stderr
    refused = "the backend 'maia' cannot be verified, normal_ in float32 leaves 1001 of 1001"
    assert (refused in ended.stderr) == bad and "Traceback" not in ended.stderr
    noted = "verify: maia lists no float64: samples are reduced on the host."
    assert (noted in ended.stdout) != bad


NAKED = """
import types
import torch
from verify.backends.base import Backend

torch.utils.rename_privateuse1_backend("loom")
module = types.ModuleType("loom")
{functions}
torch._register_device_module("loom", module)
BACKEND = Backend("loom", lambda: 1, dict)
"""


SEEDED = "module.manual_seed = module.get_rng_state = module.set_rng_state = print"


@pytest.mark.parametrize(
    ("functions", "said", "advice"),
    [
        ("", "its device module has no manual_seed", "register one that has manual_seed"),
        (SEEDED, "torch.empty raises ", "register the kernels of aten::empty.memory_format"),
    ],
    ids=["no functions", "no kernels"],
)
def test_a_device_that_has_next_to_nothing_is_told_what_comes_first(
    functions, said, advice, tmp_path
):
    """As PyTorch leaves who has done nothing but give it a name."""
    path = tmp_path / "loom.py"
    path.write_text(NAKED.format(functions=functions), encoding="utf-8")
    ended = command(tmp_path / "report", "verify", f"--backend-file={path}", "--backend", "loom")
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert f"the backend 'loom' cannot be verified, {said}" in ended.stderr
    assert advice in ended.stderr
    assert "Traceback" not in ended.stderr


STUCK = """
import ctypes
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from verify.backends.base import Backend

LOCK = ctypes.create_string_buffer(64)


class StandIn(Backend):
    def device(self, worker=0):
        return torch.device("cpu")


class Kernels(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if "normal_" in str(func):
            for _ in range(2):  # A lock that is taken twice waits for ever, whatever signals come.
                ctypes.CDLL(None).pthread_mutex_lock(LOCK)
        return func(*args, **(kwargs or {}))


Kernels().__enter__()
BACKEND = StandIn("maia", lambda: 1, dict, ("float32",))
"""


def test_what_never_returns_from_native_code_is_told_in_one_sentence(tmp_path):
    """A signal cannot interrupt it, and nothing was observed yet that could be lost."""
    path = tmp_path / "maia.py"
    path.write_text(STUCK, encoding="utf-8")
    cell = CELLS.format("eye_").replace("cpu", "maia")
    limited = ("-n", "0", "--time-limit", "2", *SMALL)
    ended = command(tmp_path / "report", cell, f"--backend-file={path}", *limited)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert "ERROR: the backend 'maia' cannot be verified, normal_ in float32" in ended.stderr
    assert "is stuck in native code: " in ended.stderr and "Traceback" not in ended.stderr
