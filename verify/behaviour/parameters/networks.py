"""What the questions are asked about: a module, and networks that hold it several times."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from verify.behaviour.promise import Trial
from verify.torch_api import state

_BATCH = 2
_STEPS = 3
_COUNT = 7
"""What counters hold that are moved away from their start."""


@dataclass(frozen=True)
class Blocks:
    """A network of nested blocks, and the modules at each path of it."""

    network: nn.Sequential
    leaves: Mapping[str, nn.Module]

    @classmethod
    def apart(cls, trial: Trial) -> Blocks:
        """Every leaf a module of its own."""
        first, second, third = (trial.build(f"block {i}") for i in range(3))
        network = nn.Sequential(first, nn.Sequential(second, third))
        return cls(network, {"0": first, "1.0": second, "1.1": third})

    @classmethod
    def shared(cls, trial: Trial) -> Blocks:
        """One module three times: once more beside itself, and once in another block."""
        one, other = trial.build(), trial.build("other")
        network = nn.Sequential(one, nn.Sequential(other, one), one)
        return cls(network, {"0": one, "1.0": other, "1.1": one, "2": one})

    def tensors(self, trial: Trial) -> dict[str, Tensor]:
        """Every documented tensor by its name, reached attribute by attribute."""
        return {
            f"{path}.{name}": attribute(leaf, name)
            for path, leaf in self.leaves.items()
            for name in names(trial)
        }


def names(trial: Trial) -> list[str]:
    """The documented names of the module's tensors."""
    return list(dict.fromkeys(tensor.name for tensor in trial.row.tensors(trial.case)))


def attribute(of: nn.Module, name: str) -> Tensor:
    """The tensor at the end of a dotted name."""
    return cast(Tensor, functools.reduce(getattr, name.split("."), of))


def parameters(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The trainable ones among a module's tensors."""
    return {name: tensor for name, tensor in tensors.items() if isinstance(tensor, nn.Parameter)}


def owned(trial: Trial, module: nn.Module) -> dict[str, Tensor]:
    """The parameters of a module by their documented names, reached as attributes."""
    return parameters({name: attribute(module, name) for name in names(trial)})


def other_dtype(trial: Trial) -> torch.dtype:
    """The dtype of the backend that has most room beside that of the trial."""
    every = (getattr(torch, name) for name in trial.cell.backend.dtypes)
    others: list[torch.dtype] = [dtype for dtype in every if dtype != trial.dtype]
    if not others:
        raise NotImplementedError(f"{trial.cell.backend.name} has no dtype but {trial.dtype}")
    return max(others, key=lambda dtype: torch.finfo(dtype).max)


def has_parameters(trial: Trial) -> bool:
    """Whether there is anything to train."""
    return bool(owned(trial, trial.build()))


def learns(trial: Trial) -> bool:
    """Whether the module has parameters, and dense gradients, as every optimizer takes them."""
    return has_parameters(trial) and not getattr(trial.arguments, "sparse", False)


def scrambled(trial: Trial, of: str = "") -> nn.Module:
    """A module with every tensor away from its start, so that nothing is right by chance."""
    module = trial.build(of)
    for name, tensor in state(module).items():
        if tensor.is_floating_point():
            tensor.copy_(trial.normals(*tensor.shape, of=f"{of} {name}"))
        else:
            tensor.fill_(_COUNT)
    trial.settle()
    return module


def _sequence(trial: Trial, of: str, width: int) -> Tensor:
    """As many steps as sequences, so that either axis may come first."""
    return trial.normals(_STEPS, _STEPS, width, of=of)


def _linear_inputs(trial: Trial, of: str) -> tuple[Tensor, ...]:
    return (trial.normals(_BATCH, trial.arguments.in_features, of=of),)


def _bilinear_inputs(trial: Trial, of: str) -> tuple[Tensor, ...]:
    a = trial.arguments
    sizes = (a.in1_features, a.in2_features)
    return tuple(trial.normals(_BATCH, n, of=f"{of} {i}") for i, n in enumerate(sizes))


def _convolution_inputs(trial: Trial, of: str) -> tuple[Tensor, ...]:
    """Larger than the dilated kernel, and than any padding that copies from it."""
    a = trial.arguments
    dilation, padding = (
        value if isinstance(value, tuple) else (value,) * len(a.kernel_size)
        for value in (a.dilation, 0 if isinstance(a.padding, str) else a.padding)
    )
    extents = [
        d * (k - 1) + 1 + p for d, k, p in zip(dilation, a.kernel_size, padding, strict=True)
    ]
    return (trial.normals(_BATCH, a.in_channels, *extents, of=of),)


def _norm_inputs(trial: Trial, of: str) -> tuple[Tensor, ...]:
    return (trial.normals(_BATCH, trial.arguments.num_features, _STEPS, of=of),)


def _embedding_inputs(trial: Trial, of: str) -> tuple[Tensor, ...]:
    """Every other row."""
    return (torch.arange(0, trial.arguments.num_embeddings, 2, device=trial.device),)


def _recurrent_inputs(trial: Trial, of: str) -> tuple[Tensor, ...]:
    return (_sequence(trial, of, trial.arguments.input_size),)


def _attention_inputs(trial: Trial, of: str) -> tuple[Tensor, ...]:
    a = trial.arguments
    widths = (a.embed_dim, a.kdim or a.embed_dim, a.vdim or a.embed_dim)
    return tuple(_sequence(trial, f"{of} {i}", width) for i, width in enumerate(widths))


def _transformer_inputs(trial: Trial, of: str) -> tuple[Tensor, ...]:
    return (_sequence(trial, of, trial.arguments.layer.d_model),)


_INPUTS: Mapping[str, Callable[[Trial, str], tuple[Tensor, ...]]] = {
    "Linear": _linear_inputs,
    "Bilinear": _bilinear_inputs,
    "Conv2d": _convolution_inputs,
    "BatchNorm1d": _norm_inputs,
    "Embedding": _embedding_inputs,
    "RNN": _recurrent_inputs,
    "GRU": _recurrent_inputs,
    "LSTM": _recurrent_inputs,
    "MultiheadAttention": _attention_inputs,
    "TransformerEncoder": _transformer_inputs,
}

SUBJECTS = tuple(_INPUTS)
"""One module of each way to hold parameters: own, stacked, nested, generated names, buffers."""


def output(trial: Trial, module: nn.Module, call: int = 0) -> Tensor:
    """What the module makes of the inputs of a call; dropout is the same at every call."""
    inputs = _INPUTS[trial.row.name](trial, f"inputs {call}")
    trial.target("dropout")  # For its effect: the streams start anew.
    made = module(*inputs)
    first: Tensor = made[0] if isinstance(made, tuple) else made
    return first


def backward(trial: Trial, module: nn.Module, call: int = 0) -> None:
    """Differentiate a random combination of what the module makes, where anything can learn."""
    made = output(trial, module, call)
    if made.requires_grad:
        torch.autograd.backward(made, trial.normals(*made.shape, of=f"cotangent {call}"))
        trial.settle()
