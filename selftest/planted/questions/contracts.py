"""Initializers that return, record, draw or change what they must not."""

from __future__ import annotations

import functools

import numpy as np
import torch

from selftest.planted.contracts import always_, batched, moved, where
from selftest.planted.fault import arguments, calling, table
from selftest.planted.module import question


def refusing_empty_kernels(original, tensor, *args, **kwargs):
    if 0 in tensor.shape[2:]:
        raise ValueError("planted")
    return original(tensor, *args, **kwargs)


def copied(values):
    if values["generator"] is not None:
        values["generator"] = values["generator"].clone_state()


def is_fake(call):
    return type(call.tensor).__name__ == "FakeTensor"


def is_counted(_):
    return torch._C._len_torch_dispatch_stack() > 0


def host_values(tensor):
    """Values that vmap does not know to be random."""
    drawn = np.random.default_rng(1).standard_normal(tensor.shape)
    return torch.from_numpy(drawn).to(tensor.dtype)


def filling_from_host(original, tensor, *args, **kwargs):
    if not torch._C._functorch.is_batchedtensor(tensor):
        return original(tensor, *args, **kwargs)
    return tensor.copy_(host_values(tensor))


def fill_whole_batch(call):
    whole = torch._C._functorch.get_unwrapped(call.tensor)
    whole.copy_(host_values(whole))


OTHER_PLACE = where(always_, lambda call: moved(call.tensor))
WITHOUT_GRADIENT = where(always_, lambda call: setattr(call.tensor, "grad", None))


contracts = functools.partial(question, "contracts", "call")
transforms = functools.partial(question, "transforms", "call")

FAULTS = table(
    *(
        contracts(f"memory changes when laid {layout}", "float32-kaiming_normal_",
            "kaiming_normal_", OTHER_PLACE,
            f"what else changes of a tensor that is laid {layout}: ")
        for layout in ("transposed", "channels_last", "offset")
    ),
    contracts("the gradient is lost", "float32-zeros_", "zeros_", WITHOUT_GRADIENT,
        "what else changes of a Parameter: grad"),
    contracts("a copy of the generator is drawn from", "float32-xavier_normal_", "xavier_normal_",
        arguments(copied), "what the generator does not decide: the generator stays where it is"),
    contracts("a kernel without entries is refused", "float32-orthogonal_", "orthogonal_",
        calling(refusing_empty_kernels), "what goes wrong without a kernel: ValueError (planted)"),
    transforms("under a dispatch mode values have another sign", "float32-uniform_", "uniform_",
        where(is_counted, lambda call: call.tensor.neg_()),
        "what counting changes: counted operators"),
    transforms("a fake tensor seeds the global stream", "float32-xavier_uniform_",
        "xavier_uniform_", where(is_fake, lambda _: torch.manual_seed(1)),
        "what changes of a fake tensor: a stream moves"),
    transforms("vmap draws for the whole batch", "float32-kaiming_uniform_", "kaiming_uniform_",
        where(batched, fill_whole_batch),
        "rows that vmap makes different with randomness='same': row 1, row 2"),
    transforms("vmap does not know that values are random", "float32-normal_", "normal_",
        calling(filling_from_host), "what vmap lets pass with randomness='error': a random call"),
)  # fmt: skip
