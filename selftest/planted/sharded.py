"""Faults of what several processes hold together: they are planted in every rank."""

from __future__ import annotations

import functools
import itertools
import os
import signal
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, distributed, nn

from selftest.planted.fault import Function, Plant, calling, table
from selftest.planted.gradients import _last_only, _shares
from selftest.planted.module import fault

SHARDS = "verify/test_sharded.py::test_shards[host-float64-DTensor]"
TRAINING = "verify/test_sharded.py::test_training[host-float64-tied layers]"

Edit = Callable[[Tensor, Any, int], object]
"""Changes what a rank holds of a tensor, by its number."""


def sharded(cell: str) -> str:
    """Return the node id of the test that holds sharded tensors against their law."""
    return f"verify/test_sharded.py::test_sharded[cpu-{cell}]"


def _parts(edit: Edit) -> Plant:
    """Run the original, then change what this rank holds of a DTensor."""

    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def faulty(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
            result = original(tensor, *args, **kwargs)
            if hasattr(tensor, "to_local") and tensor.to_local().numel():
                with torch.no_grad():
                    edit(tensor.to_local(), tensor, distributed.get_rank())
            return result

        return faulty

    return plant


_calls = itertools.count()


def _common(numel: int, start: int, part: Tensor) -> None:
    """Values of a stream that all ranks share and that goes on from call to call."""
    stream = torch.Generator().manual_seed(next(_calls))
    values = torch.randn(start + numel, generator=stream, dtype=part.dtype)
    part.copy_(values[start:].view(part.shape))


def _alike(part: Tensor, _whole: Any, _rank: int) -> None:
    _common(part.numel(), 0, part)


def _overlapping(part: Tensor, _whole: Any, rank: int) -> None:
    _common(part.numel(), 40 * rank, part)


def _repeated(part: Tensor, _whole: Any, _rank: int) -> None:
    stream = torch.Generator().manual_seed(torch.initial_seed())
    part.copy_(torch.randn(part.shape, generator=stream, dtype=part.dtype))


def _apart(part: Tensor, _whole: Any, rank: int) -> None:
    part.mul_(1 + rank / 1000)


def _unwritten(part: Tensor, _whole: Any, rank: int) -> None:
    if rank == 1:
        part.fill_(torch.nan)


def _without_tail(part: Tensor, whole: Any, _rank: int) -> None:
    is_short = whole.placements[0].is_shard(0) and (
        len(part) * whole.device_mesh.size(0) < len(whole)
    )
    if is_short:
        part[-1] = torch.nan


def _wider(part: Tensor, whole: Any, _rank: int) -> None:
    if whole.placements[-1].is_shard() and whole.device_mesh.get_coordinate()[-1] == 1:
        part.mul_(1.5)


def _dies(_part: Tensor, _whole: Any, rank: int) -> None:
    if rank == 2:
        os._exit(7)


def _hangs(_part: Tensor, _whole: Any, rank: int) -> None:
    while rank == 2:
        signal.pause()


def _local(tensor: Tensor) -> Tensor:
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


def _of_the_part(original: Function, tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
    part = _local(tensor)
    return original(part if part.numel() else tensor, *args, **kwargs)


def _of_one_shard(original: Function, tensors: Any, *args: Any, **kwargs: Any) -> Any:
    return original([_local(tensor) for tensor in tensors], *args, **kwargs)


def _of_own_data(original: Function, *args: Any, **kwargs: Any) -> Any:
    return original(*args, **kwargs, src_data_rank=None)


def _last_row_of_ones(original: Function, *args: Any, **kwargs: Any) -> Any:
    made = original(*args, **kwargs)
    if made.to_local().numel():
        made.to_local()[-1] = 1
    return made


def _backwards(original: Function, self: Any, *args: Any, **kwargs: Any) -> Any:
    return original(self, *args, **kwargs).flip(0)


def _untied(original: Function, module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    for part in module.modules():
        for name, parameter in part.named_parameters(recurse=False):
            setattr(part, name, nn.Parameter(torch.empty_like(parameter)))
    return original(module, *args, **kwargs)


def _summed(original: Function, module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    made = original(module, *args, **kwargs)
    made.set_gradient_divide_factor(1.0)
    return made


def _biased(original: Function) -> Any:
    """Add the bias on every rank before the sum over ranks."""

    @functools.wraps(original)
    def prepare(layouts: Any, local: bool, module: Any, outputs: Any, mesh: Any) -> Any:
        bias = module.bias.full_tensor()
        return original(layouts, local, module, outputs, mesh) + (mesh.size() - 1) * bias

    return staticmethod(prepare)


def _summed_over_batches(original: Function, self: Any, *args: Any, **kwargs: Any) -> Any:
    """Data parallelism that adds gradients up where it should average them."""
    original(self, *args, **kwargs)
    for parameter in self.module.parameters():
        parameter.register_hook(lambda gradient: gradient * distributed.get_world_size())


_LAW = ("chi_square", "legendre", "kolmogorov_smirnov", "extremes", "moments", "scale")
_SHARE, _GRADIENTS = "share values", "gradients off the sum over uses and ranks"

FAULTS = table(
    fault("sharded_alike", "all ranks draw the same values",
          "normal_", _parts(_alike), SHARDS, "shards", says=_SHARE),
    fault("sharded_overlapping", "the streams of ranks are less than a part from each other",
          "normal_", _parts(_overlapping), SHARDS, "shards", says=_SHARE),
    fault("sharded_repeated", "a rank draws the same values in every call",
          "normal_", _parts(_repeated), SHARDS, "shards", says=_SHARE),
    fault("sharded_replicas_apart", "replicas differ in their last digits",
          "normal_", _parts(_apart), SHARDS, "shards", says="replicas that differ"),
    fault("sharded_replicas_apart_in_a_cell", "replicas differ in their last digits",
          "xavier_uniform_", _parts(_apart), sharded("float32-xavier_uniform_"), "shards",
          says="hold replicas that differ"),
    fault("sharded_unwritten", "one rank leaves its part as it was",
          "normal_", _parts(_unwritten), SHARDS, "shards", says="not written"),
    fault("sharded_without_tail", "the last row of a part that is smaller is left as it was",
          "uniform_", _parts(_without_tail), sharded("float32-uniform_"), "finite", "shards"),
    fault("sharded_wider", "one rank draws values that are 1.5 times as large",
          "uniform_", _parts(_wider), sharded("float32-uniform_"), "support", *_LAW),
    fault("sharded_fan_of_the_part", "the fan is that of the part which a rank holds",
          "_calculate_correct_fan", calling(_of_the_part), sharded("float32-kaiming_normal_"),
          *_LAW),
    fault("sharded_own_data", "every rank distributes its own tensor, not the first one's",
          "torch.distributed.tensor.distribute_tensor", calling(_of_own_data), SHARDS, "shards",
          says="distribute_tensor gets wrong"),
    fault("sharded_zeros", "the last row of each part of zeros is one",
          "torch.distributed.tensor.zeros", calling(_last_row_of_ones), SHARDS, "shards",
          says="zeros, ones, full and empty"),
    fault("sharded_full_tensor", "full_tensor has the rows in another order",
          "torch.distributed.tensor.DTensor.full_tensor", calling(_backwards),
          sharded("float32-Linear"), "shards", says="full_tensor"),
    fault("sharded_untied", "fully_shard gives every module a weight of its own",
          "torch.distributed.fsdp.fully_shard", calling(_untied), TRAINING, "sharded_training",
          says="ties that are lost"),
    fault("sharded_tie_counted_once", "of a tied weight only the last use adds to the gradient",
          "functional.linear", _shares(_last_only), TRAINING, "sharded_training",
          says=_GRADIENTS),
    fault("sharded_summed", "fully_shard adds gradients up in place of averaging them",
          "torch.distributed.fsdp.fully_shard", calling(_summed), TRAINING, "sharded_training",
          says="gradients off the sum over uses and ranks of untied layers, fully sharded"),
    fault("sharded_summed_over_batches", "DDP adds gradients up in place of averaging them",
          "torch.nn.parallel.DistributedDataParallel.__init__", calling(_summed_over_batches),
          TRAINING, "sharded_training",
          says="gradients off the sum over uses and ranks of untied layers, data parallel"),
    fault("sharded_norm_of_a_part", "gradients are clipped by the norm of one part",
          ("utils.clip_grad._get_total_norm", "utils.get_total_norm"), calling(_of_one_shard),
          TRAINING, "sharded_training", says="norms off that of all gradients"),
    fault("sharded_bias_of_ranks", "tensor parallelism adds the bias once for each rank",
          "torch.distributed.tensor.parallel.RowwiseParallel._prepare_output_fn", _biased,
          TRAINING, "sharded_training", says="outputs off the closed form"),
    fault("sharded_dies", "a rank ends in the middle of a call",
          "normal_", _parts(_dies), sharded("float32-normal_"), verdict="crashed", exit_code=3),
    fault("sharded_hangs", "a rank never comes back",
          "normal_", _parts(_hangs), sharded("float32-normal_"), "time_limit",
          verdict="timed out", arguments=("--time-limit", "3")),
)  # fmt: skip
