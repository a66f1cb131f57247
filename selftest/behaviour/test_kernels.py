"""Other kernels, orders, processors and threads: nothing is found, for nothing is wrong."""

import contextlib
import functools
import json
import os
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from selftest.behaviour.support import ask, cell
from selftest.forked import run_pytest
from verify.behaviour import parameters, symmetry, tied_gradients, ties
from verify.behaviour.promise import Trial
from verify.subjects import SUBJECTS

ROOT = Path(__file__).resolve().parents[2]
TIED, TIES = tied_gradients.PROMISE, ties.PROMISE
PARAMETERS, SYMMETRY = parameters.PROMISE, symmetry.PROMISE

PROCESSORS = {
    "scalar": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_CBWR": "COMPATIBLE",
    },
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
}
NODES = (
    *(
        f"verify/test_tied_gradients.py::test_tied_gradient[cpu-{name}]"
        for name in ("float32-tied LSTM", "float32-tied Conv2d", "bfloat16-tied GRU")
    ),
    "verify/test_parameters.py::test_parameters[cpu-float32-LSTM]",
    "verify/test_symmetry.py::test_symmetry[cpu-float32-Xavier and a constant]",
    "verify/test_propagation.py::test_depth[cpu-float32-kaiming_normal_ relu]",
    "verify/test_propagation.py::test_moments",
)


@pytest.mark.parametrize("processor", PROCESSORS)
def test_on_another_processor(processor, tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    arguments = [*NODES, "-n", "0", "-p", "no:cacheprovider", "--profile", "smoke"]
    ended = run_pytest(
        [*arguments, "--run-seed", "1", "--report-dir", str(tmp_path)],
        folder=ROOT,
        environment=kept | PROCESSORS[processor],
    )
    lines = map(json.loads, (tmp_path / "evidence.jsonl").read_text().splitlines())
    verdicts = [line["verdict"] for line in lines if line["kind"] == "cell"]
    assert (ended.returncode, verdicts) == (0, ["pass"] * len(NODES)), ended.stdout[-3000:]


@contextlib.contextmanager
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def deterministic():
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@contextlib.contextmanager
def without_onednn():
    torch.backends.mkldnn.set_flags(_enabled=False)
    try:
        yield
    finally:
        torch.backends.mkldnn.set_flags(_enabled=True)


SETTINGS = {
    "without oneDNN": without_onednn,
    "two threads": two_threads,
    "deterministic": deterministic,
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(
    ("promise", "subject"),
    [
        (TIED, "tied LSTM"),
        (TIES, "tied Conv2d"),
        (PARAMETERS, "GRU"),
        (SYMMETRY, "Xavier and a constant"),
    ],
    ids=lambda given: getattr(given, "name", given),
)
def test_in_another_setting(setting, promise, subject):
    with SETTINGS[setting]():
        assert ask(promise, subject).final_verdict == "pass"


def nudged(value, places=2):
    """A result off by some last places, other ones at every call; its gradient is the same."""
    signs = torch.randint(-places, places + 1, value.shape, generator=nudged.stream)
    nudge = value * torch.finfo(value.dtype).eps * signs.to(value.dtype)
    return value + nudge.detach()


nudged.stream = torch.Generator().manual_seed(5)


def by_call(original):
    """A kernel whose last bits differ from call to call, as those of threads with atomics do."""
    return functools.wraps(original)(lambda *args, **kwargs: nudged(original(*args, **kwargs)))


def by_mode(original):
    """A network that has another kernel where no gradient is wanted."""

    @functools.wraps(original)
    def forward(*args, **kwargs):
        output, state = original(*args, **kwargs)
        if torch.is_grad_enabled():
            return output, state
        return nudged(output), tuple(map(nudged, state)) if isinstance(state, tuple) else state

    return forward


def in_double(original):
    """Another algorithm: sums of doubles, rounded once."""

    @functools.wraps(original)
    def convolution(values, weight, bias=None, *args):
        wide = None if bias is None else bias.double()
        return original(values.double(), weight.double(), wide, *args).to(values.dtype)

    return convolution


LAWFUL = (
    ("tied LSTM", "float32", nn.LSTM, "forward", by_mode),
    ("tied Linear", "float32", functional, "linear", by_call),
    ("tied autoencoder", "float64", functional, "linear", by_call),
    ("tied Linear", "float16", functional, "linear", by_call),
    ("tied Conv2d", "float32", functional, "conv2d", in_double),
    ("tied Conv1d", "bfloat16", functional, "conv1d", in_double),
)


@pytest.mark.parametrize(("subject", "dtype", "owner", "attribute", "other"), LAWFUL)
def test_with_other_kernels(subject, dtype, owner, attribute, other, monkeypatch):
    monkeypatch.setattr(owner, attribute, other(getattr(owner, attribute)))
    assert ask(TIED, subject, dtype).final_verdict == "pass"


def test_a_recurrent_network_with_another_kernel(monkeypatch):
    monkeypatch.setattr(nn.LSTM, "forward", by_mode(nn.LSTM.forward))
    assert ask(PARAMETERS, "LSTM").final_verdict == "pass"


class Late(torch.autograd.Function):
    """Keeps the shares of a weight's gradient, and gives their sum at the first use."""

    @staticmethod
    def forward(ctx, weight, shares, is_first):
        ctx.shares, ctx.is_first = shares, is_first
        return weight.view_as(weight)

    @staticmethod
    def backward(ctx, share):
        ctx.shares.append(share)
        if not ctx.is_first:
            return torch.zeros_like(share), None, None
        return sum(share.double() for share in ctx.shares).to(share.dtype), None, None


def late(original):
    """Shares of a gradient are added in the order of the forward pass, and rounded once."""

    @functools.wraps(original)
    def linear(values, weight, bias=None):
        is_first = not hasattr(weight, "shares")
        weight.shares = [] if is_first else weight.shares
        return original(values, Late.apply(weight, weight.shares, is_first), bias)

    return linear


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
@pytest.mark.parametrize("subject", ["tied Linear", "tied block"])
def test_with_gradients_added_in_another_order(subject, dtype, monkeypatch):
    monkeypatch.setattr(functional, "linear", late(functional.linear))
    for anchor in SUBJECTS[subject].anchors:
        trial = Trial(cell(subject, dtype), anchor, torch.device("cpu"), 3)
        assert tied_gradients._off_after_one(trial) == []
