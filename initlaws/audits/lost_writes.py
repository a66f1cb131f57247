"""Initializers that write into a weight which is computed from others, so that nothing is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.weight_norm import WeightNorm
from torch.utils._python_dispatch import TorchDispatchMode

from initlaws.audits.found import Found
from initlaws.audits.glances import listed, named
from initlaws.audits.seen import Seen, called


class _Writes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees what is written in place, and what parametrizations compute.

    Attributes
    ----------
    computed : dict
        A computed tensor and its parametrization, by where it lies. It is kept, so that nothing
        else comes to lie there.
    written : set of int
        Where something computed was written to.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.computed: dict[int, tuple[Tensor, nn.Module]] = {}
        self.written: set[int] = set()

    def compute(self, part: nn.Module, _given: object, result: object) -> None:
        """Note what a parametrization has computed: a forward hook."""
        if isinstance(part, parametrize.ParametrizationList) and isinstance(result, Tensor):
            self.computed.setdefault(_place(result), (result, part))

    def write(self, tensor: object) -> None:
        """Note that a tensor is written to."""
        if isinstance(tensor, Tensor) and _place(tensor) in self.computed:
            self.written.add(_place(tensor))


def _dispatched(
    self: _Writes,
    operation: Any,
    _types: Sequence[type],
    args: tuple[object, ...] = (),
    kwargs: Mapping[str, object] | None = None,
) -> Any:
    schema = operation._schema
    if schema.is_mutable:
        named_arguments = {a.name: given for a, given in zip(schema.arguments, args, strict=False)}
        named_arguments |= kwargs or {}
        for argument in schema.arguments:
            if argument.alias_info is not None and argument.alias_info.is_write:
                self.write(named_arguments.get(argument.name))
    return operation(*args, **(kwargs or {}))


# Put in place after the class is made, which would otherwise load the compiler at its first call.
_Writes.__torch_dispatch__ = _dispatched  # type: ignore[method-assign, assignment]


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr() if tensor.layout is torch.strided else 0


def none_lost(seen: Seen) -> Found:
    """What is written into a weight under a parametrization is kept.

    `module.weight` is then computed from other tensors whenever it is read (tutorial and page
    "torch.nn.utils.parametrize"), or before each forward (`torch.nn.utils.weight_norm`): an
    initializer that fills it in place fills what is thrown away. To assign to it keeps the values.
    """
    writes = _Writes()

    def make() -> nn.Module:
        hook = nn.modules.module.register_module_forward_hook(writes.compute)
        try:
            with writes:
                return seen.builds.make()
        finally:
            hook.remove()

    model = called(seen.builds, seen.builds.called, make).model(0)
    lost = [*_computed(model, writes), *_hooked(model)]
    sentence = "a write into {} is lost, for it is computed from other tensors: {}"
    mend = "assign to it (module.weight = values), or initialise it first and parametrise it then"
    return Found((sentence.format(listed(lost), mend),) if lost else ())


def _computed(model: nn.Module, writes: _Writes) -> Iterator[str]:
    """Weights under `parametrize` that were written to, and that the model still computes."""
    kept = {_place(tensor) for tensor in named(model).values()}
    lost = {id(writes.computed[place][1]) for place in writes.written - kept}
    for path, part in model.named_modules():
        if parametrize.is_parametrized(part):
            for name, computing in part.parametrizations.items():
                if id(computing) in lost:
                    yield f"{path}.{name}" if path else name


def _hooked(model: nn.Module) -> Iterator[str]:
    """Weights under `torch.nn.utils.weight_norm` that are not what they are computed from."""
    for path, part in model.named_modules():
        for hook in part._forward_pre_hooks.values():
            if isinstance(hook, WeightNorm):
                compute: Callable[[nn.Module], Tensor] = hook.compute_weight
                if not torch.allclose(compute(part), getattr(part, hook.name), equal_nan=True):
                    yield f"{path}.{hook.name}" if path else hook.name
