"""Nets that compute with other weights than an access gives, or keep what has changed."""

from __future__ import annotations

import contextlib
import functools
import weakref

from torch.nn.utils import parametrize

from selftest.planted.fault import calling, instead, table
from selftest.planted.module import question
from selftest.planted.questions.parametrized_states import (
    REMOVE,
    applied,
    forgetful,
    leaving_buffers,
    scaled,
    shared,
)

CHANGED, FLAT = (
    "modules.rnn.RNNBase._weights_have_changed",
    "modules.rnn.RNNBase._init_flat_weights",
)


def stale(original, self):
    changed = original(self)
    if not changed or self.__dict__.get("_planted", 0) > 1:
        return False
    self.__dict__["_planted"] = self.__dict__.get("_planted", 0) + 1
    return changed


def parametrised(self):
    return hasattr(self, "parametrizations")


def with_originals(original, self):
    """The directions themselves take part in a pass, not the weights."""
    original(self)
    if parametrised(self):
        self._flat_weights = [
            getattr(self.parametrizations[name], "original1", weight)
            if name in self.parametrizations else weight
            for name, weight in zip(self._flat_weights_names, self._flat_weights, strict=True)
        ]  # fmt: skip


def last_layer_of_old(original, self):
    """Weights of the last layer stay what they were at first."""
    original(self)
    if parametrised(self):
        last = [
            name.endswith("l1") or name.endswith("reverse") for name in self._flat_weights_names
        ]
        kept = self.__dict__.setdefault(
            "_kept", [weight.detach().clone() for weight in self._flat_weights]
        )
        self._flat_weights = [
            old if late else new
            for new, old, late in zip(self._flat_weights, kept, last, strict=True)
        ]


def detached(original, self):
    original(self)
    if parametrised(self):
        self._flat_weights = [
            weight.detach() if weight.ndim > 1 else weight for weight in self._flat_weights
        ]
        self._planted_alive = self._flat_weights
        self._flat_weight_refs = [weakref.ref(weight) for weight in self._flat_weights]


def slack_removal(original, module, name, *args, **kwargs):
    """The pass goes on with a copy of the weight."""
    made = original(module, name, *args, **kwargs)
    if hasattr(made, "_flat_weights_names"):
        kept = [weight.detach().clone() for weight in made._flat_weights]
        made._update_flat_weights = lambda: setattr(made, "_flat_weights", kept)
    return made


def never_discarding():
    """Caches that begin with what was kept in the ones before."""
    kept = {}

    @contextlib.contextmanager
    def cached():
        parametrize._cache_enabled += 1
        parametrize._cache = kept
        try:
            yield
        finally:
            parametrize._cache_enabled -= 1
            parametrize._cache = {}

    return cached


row = functools.partial(question, "parametrizations", "parametrization")
OUTPUTS, LEARNS = "outputs of other weights in nets: ", "what learns nothing in nets: "
TAKEN, LEFT = "what copies and states do otherwise in nets: ", "what removals leave in nets: "
CACHED = "what a cache does otherwise in nets: "

FAULTS = table(
    row("nets that notice two changes at most", "float32-RNN", CHANGED, calling(stale), OUTPUTS),
    row("nets that compute with directions", "float64-RNN", FLAT, calling(with_originals), OUTPUTS),
    row("a last layer that keeps its weights", "float32-RNN", FLAT, calling(last_layer_of_old),
        OUTPUTS),
    row("nets whose weights are detached", "float32-RNN", FLAT, calling(detached), LEARNS),
    row("spectral weights that never learn", "float64-RNN",
        "utils.parametrizations._SpectralNorm.forward",
        calling(lambda original, self, weight: original(self, weight).detach() + 0.0 * weight),
        LEARNS),
    row("a copy that is the net", "float32-RNN", "utils.parametrizations.weight_norm",
        applied(shared), TAKEN),
    row("a net whose state is spoiled", "float64-RNN", "utils.parametrizations.spectral_norm",
        applied(forgetful), TAKEN),
    row("a removal that leaves twice the weight", "float32-RNN", REMOVE, calling(scaled), LEFT),
    row("a removal that leaves a buffer", "float64-RNN", REMOVE, calling(leaving_buffers), LEFT),
    row("a removal that the pass never notices", "float32-RNN", REMOVE, calling(slack_removal),
        LEFT),
    row("a cache that keeps nothing", "float32-RNN", "utils.parametrize.cached",
        calling(lambda _original: contextlib.nullcontext()), CACHED),
    row("a cache that is never discarded", "float64-RNN", "utils.parametrize.cached",
        instead(never_discarding()), CACHED),
)  # fmt: skip
