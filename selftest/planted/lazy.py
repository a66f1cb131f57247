"""Faults of lazy modules: before the first input, with it, and after a state dict."""

from __future__ import annotations

import functools
from typing import Any

import torch

from selftest.planted.fault import Function, table
from selftest.planted.module import after, behaviour, fault

NAMED = ("lazy",)


def _drawing(_: Any) -> None:
    torch.rand(())


def _size_forgotten(norm: Any) -> None:
    norm.num_features = 0


def _without_variance(norm: Any) -> None:
    norm.running_var.zero_()


def _reset_loaded(original: Function) -> Function:
    @functools.wraps(original)
    def initialize(self: Any, *args: Any, **kwargs: Any) -> None:
        loaded = not self.has_uninitialized_params()
        original(self, *args, **kwargs)
        if loaded:
            torch.nn.Linear.reset_parameters(self)

    return initialize


def _stays_lazy(_: Any) -> None:
    """Let no class become of the lazy one."""


FAULTS = table(
    fault(
        "lazy_draws_early",
        "a lazy convolution draws a number before its first input",
        "LazyConv2d.__init__",
        after(_drawing),
        behaviour("lazy", "float32-LazyConv2d"),
        *NAMED,
        says="draws before the first input",
    ),
    fault(
        "lazy_without_variance",
        "a lazy norm starts from a running variance of zero",
        "modules.batchnorm._LazyNormBase.initialize_parameters",
        after(_without_variance),
        behaviour("lazy", "float32-LazyBatchNorm1d"),
        *NAMED,
        says="other than the eager module's: running_var",
    ),
    fault(
        "lazy_size_forgotten",
        "a lazy norm does not remember the number of features of its first input",
        "modules.batchnorm._LazyNormBase.initialize_parameters",
        after(_size_forgotten),
        behaviour("lazy", "float32-LazyBatchNorm2d"),
        *NAMED,
        says="sizes not inferred",
    ),
    fault(
        "lazy_stays_lazy",
        "a lazy linear map remains one after its first input",
        "LazyLinear.cls_to_become",
        _stays_lazy,
        behaviour("lazy", "float32-LazyLinear"),
        *NAMED,
        says="the class is LazyLinear",
    ),
    fault(
        "lazy_loses_loaded",
        "the first input initialises what was loaded from a state dict",
        "LazyLinear.initialize_parameters",
        _reset_loaded,
        behaviour("lazy", "float64-LazyLinear"),
        *NAMED,
        says="after load_state_dict",
    ),
)
