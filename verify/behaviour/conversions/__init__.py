"""Modules that are cast, moved, synchronised or fused keep what is documented."""

from __future__ import annotations

from verify.behaviour.conversions import (
    complex_numbers,
    dtypes,
    fusion,
    future,
    lazy,
    moves,
    synchronised,
)
from verify.behaviour.promise import Promise

PROMISE = Promise(
    name="conversions",
    check="conversions",
    questions={
        **dtypes.QUESTIONS,
        **complex_numbers.QUESTIONS,
        **moves.QUESTIONS,
        **future.QUESTIONS,
        **synchronised.QUESTIONS,
        **fusion.QUESTIONS,
        **lazy.QUESTIONS,
    },
    words="numbers become the nearest of their dtype, whole numbers and modes stay, and parameters "
    "remain the objects that optimizers hold",
    formula="double(w) = w; half(w) = argmin |h − w|, ties to even; fused W·γ/√(σ² + ε)",
    source="PyTorch documentation, torch.nn.Module, torch.__future__, torch.utils.swap_tensors, "
    "torch.nn.SyncBatchNorm, torch.nn.utils.fusion, torch.nn.modules.lazy.LazyModuleMixin; "
    "IEEE 754-2019, sec. 4.3.1; Ioffe & Szegedy 2015, algorithm 2",
    subjects=("Linear", "Conv2d", "ConvTranspose2d", "BatchNorm1d", "LSTM"),
    dtypes=("float32",),
)
