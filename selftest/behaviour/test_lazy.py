"""Lazy modules that know too early, too late, or something else."""

import pytest
import torch
from torch import nn

from selftest.behaviour.support import Fault, ask, then, unasked
from verify.behaviour.lazy import PROMISE


def early_bias(lazy):
    if lazy.bias is not None:
        lazy.bias = nn.Parameter(torch.zeros(lazy.out_features))


def materialising(lazy):
    if lazy.has_uninitialized_params():
        lazy.weight.materialize((1, 1))


def drawing_first(original, self, *args):
    torch.rand(1)
    original(self, *args)


def staying_lazy(original, self, *args):
    kept, self.cls_to_become = self.cls_to_become, None
    original(self, *args)
    self.cls_to_become = kept


def forgetting(lazy):
    lazy.in_channels += 1


def knowing(lazy, batch):
    lazy.in_channels = batch.shape[1]


def resetting(original, self, batch):
    """Draws anew what was loaded; of the size that was loaded."""
    loaded = not self.has_uninitialized_params()
    original(self, batch)
    if loaded:
        self.in_channels = batch.shape[1]
        self.reset_parameters()


def doubling(original, self, state, **kwargs):
    return original(self, {k: _doubled(tensor) for k, tensor in state.items()}, **kwargs)


def _doubled(tensor):
    return tensor if nn.parameter.is_lazy(tensor) else 2 * tensor


def loading_sizes(original, self, state, **kwargs):
    if nn.parameter.is_lazy(state["weight"]):
        self.weight.materialize((1, 1))
        return None
    return original(self, state, **kwargs)


def sized(norm, batch, affine):
    if norm.affine == affine:
        norm.num_features = batch.shape[1]


FAULTS = (
    Fault(
        "a bias from the start", "LazyLinear", nn.LazyLinear, "__init__", then(early_bias),
        "tensors that are initialised before the first input: bias",
    ),
    Fault(
        "a draw from the start", "LazyConv2d", nn.LazyConv2d, "__init__",
        then(lambda _: torch.rand(1)),
        "what draws before the first input: the global stream",
    ),
    Fault(
        "a reset that materialises", "LazyLinear", nn.LazyLinear, "reset_parameters",
        then(materialising), "what reset_parameters does before the first input: weight",
    ),
    Fault(
        "lazy for ever", "LazyConvTranspose1d", nn.LazyConvTranspose1d, "_infer_parameters",
        staying_lazy,
        "what the first input leaves unfinished: the class is LazyConvTranspose1d",
    ),
    Fault(
        "a channel too many", "LazyConv1d", nn.LazyConv1d, "initialize_parameters",
        lambda original, self, batch: (original(self, batch), forgetting(self)),
        "sizes not inferred: in_channels is 2, not 1",
    ),
    Fault(
        "a draw before the weights", "LazyConv1d", nn.LazyConv1d, "initialize_parameters",
        drawing_first, "tensors other than the eager module's: bias, weight",
    ),
    Fault(
        "every use moves the weight", "LazyLinear", nn.Linear, "forward",
        lambda original, self, batch: (original(self, batch), self.weight.data.add_(1)),
        "tensors that a second input touches: weight",
    ),
    Fault(
        "loading doubles", "LazyLinear", nn.LazyLinear, "load_state_dict", doubling,
        "tensors that load_state_dict does not keep: bias, weight",
    ),
    Fault(
        "the first input resets what was loaded", "LazyConv3d", nn.LazyConv3d,
        "initialize_parameters", resetting,
        "what the first input changes after load_state_dict: bias, weight",
    ),
    Fault(
        "sizes from nowhere", "LazyLinear", nn.LazyLinear, "load_state_dict", loading_sizes,
        "what load_state_dict makes of a state without sizes: weight",
    ),
)  # fmt: skip

MENDED = (
    Fault(
        "channels after loading", "LazyConv1d", nn.LazyConv1d, "initialize_parameters",
        lambda original, self, batch: (original(self, batch), knowing(self, batch)),
        "fixed upstream: sizes not inferred after load_state_dict: nothing is wrong; end the entry "
        "'lazy-size-lost-in-loading' with `until`, or remove it",
    ),
    Fault(
        "sizes without tensors", "LazyInstanceNorm1d", nn.LazyInstanceNorm1d,
        "initialize_parameters",
        lambda original, self, batch: (original(self, batch), sized(self, batch, affine=False)),
        "fixed upstream: sizes not inferred without tensors: nothing is wrong; end the entry "
        "'lazy-norm-without-tensors-infers-nothing' with `until`, or remove it",
    ),
    Fault(
        "sizes after loading", "LazyInstanceNorm2d", nn.LazyInstanceNorm2d,
        "initialize_parameters",
        lambda original, self, batch: (original(self, batch), sized(self, batch, affine=True)),
        "fixed upstream: what the first input changes after load_state_dict, if affine: nothing "
        "is wrong; end the entry 'lazy-instance-norm-unusable-after-loading' with `until`, ",
    ),
)  # fmt: skip


@pytest.mark.parametrize("fault", [*FAULTS, *MENDED], ids=lambda fault: fault.name)
def test_is_found(fault, monkeypatch):
    fault.check(PROMISE, monkeypatch)


def test_every_question_finds_something():
    known = {
        "size-not-inferred-without-tensors",
        "size-not-loaded",
        "changed-after-loading-if-affine",
    }
    assert set(unasked(PROMISE, FAULTS)) == known
    words = [PROMISE.questions[id].words for id in known]
    assert all(any(each in fault.sentence for fault in MENDED) for each in words)


@pytest.mark.parametrize("name", ["LazyLinear", "LazyConv2d", "LazyInstanceNorm3d"])
def test_without_faults_nothing_is_found(name):
    assert ask(PROMISE, name).final_verdict == "pass"


def test_known_defects_are_named_as_left_out():
    left_out = ask(PROMISE, "LazyInstanceNorm3d").excluded
    assert "lazy-instance-norm-unusable-after-loading" in left_out
