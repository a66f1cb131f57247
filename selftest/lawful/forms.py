"""Other ways to draw into a tensor that is given, and from a generator that is given."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor

from selftest.lawful.alternative import Alternative, Control, Declined, Stream
from selftest.lawful.discrete import operation
from selftest.planted.fault import Function, Plant, table
from selftest.planted.module import behaviour
from selftest.planted.streams import streams

_FACTORIES = ("torch.rand", "torch.randn", "torch.randperm")
_INTO = (
    *(operation(f"float32-torch.{name} into a tensor") for name in ("rand", "randn")),
    *(operation(f"int64-torch.{name} into a tensor") for name in ("randperm", "multinomial")),
    operation("float32-torch.bernoulli out"),
    operation("float64-torch.bernoulli out"),
)


def _elsewhere(copied: slice) -> Plant:
    """Draw into a tensor of its own, and copy it into the one that is given, along one axis."""

    def plant(original: Function) -> Function:
        makes = f"torch.{original.__name__}" in _FACTORIES

        @functools.wraps(original)
        def drawn(*args: Any, out: Tensor | None = None, **kwargs: Any) -> Tensor:
            if out is None:
                raise Declined
            of = {"dtype": out.dtype, "device": out.device} if makes else {}
            values = original(*args, **of, **kwargs)
            if out.numel() == 0:
                out.resize_(values.shape)
            part = copied if out.ndim else ...
            with torch.no_grad():
                out[part].copy_(values[part])
            return out

        return drawn

    return plant


def _keyed(bits: int) -> Plant:
    """A generator of its own for each call that is given one, seeded by a draw of that one."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def drawn(*args: Any, generator: torch.Generator | None = None, **kwargs: Any) -> Tensor:
            if generator is None or generator.device.type != "cpu":
                raise Declined
            own = torch.Generator().manual_seed(int(Stream(generator).integers(1, bits)))
            return original(*args, generator=own, **kwargs)  # type: ignore[no-any-return]

        return drawn

    return plant


_NOTE = "PyTorch documentation, note “Reproducibility”: nothing is promised across releases"

ALTERNATIVES = table(
    Alternative("out_by_copy", "what is drawn into a given tensor is drawn elsewhere, and copied",
                (*_FACTORIES, "torch.multinomial", "torch.bernoulli"), _elsewhere(slice(None)),
                nodes=_INTO, source="PyTorch documentation, torch.rand: “out, the output tensor”"),
    Alternative("given_generator_keys_another", "each call seeds a generator by the given one",
                ("torch.rand", "torch.randn"), _keyed(32),
                nodes=(operation("float32-torch.rand"), operation("float32-torch.randn"),
                       streams("float32-torch.rand"), streams("float32-torch.randn"),
                       behaviour("generators", "float32-torch.rand")), source=_NOTE),
)  # fmt: skip

CONTROLS = table(
    Control("out_by_copy_but_one", "all but the last entry along the first axis is copied",
            ("torch.rand",), _elsewhere(slice(-1)),
            operation("float32-torch.rand into a tensor"), frozenset({"support", "finite"})),
    Control("given_generator_of_few_keys", "each call seeds a generator by six bits",
            ("torch.rand",), _keyed(6), operation("float32-torch.rand"),
            frozenset({"repeats", "duplicates", "correlation", "stretches"})),
)  # fmt: skip
