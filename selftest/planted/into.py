"""Random operations that mishandle the tensor that they are to write into."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from selftest.planted.fault import Fault, Function, calling, table
from selftest.planted.operations import operation

_LAW = frozenset({"distribution", "kolmogorov_smirnov", "moments", "legendre", "bits"})


def _returned_anew(original: Function, *args: Any, out: Tensor | None = None, **kw: Any) -> Any:
    """What was drawn is returned, and `out` stays as it was."""
    return original(*args, out=None if out is None else out.clone(), **kw)


def _as_if_dense(original: Function, *args: Any, out: Tensor | None = None, **kw: Any) -> Any:
    """Values are written one after another, however `out` lies in memory."""
    if out is None or out.is_contiguous():
        return original(*args, out=out, **kw)
    dense = original(*args, **kw)
    out.as_strided((dense.numel(),), (1,)).copy_(dense.reshape(-1))
    return out


def _of_few_bits(original: Function, *args: Any, out: Tensor | None = None, **kw: Any) -> Any:
    """Values come by way of bfloat16."""
    result = original(*args, out=out, **kw)
    return result if out is None else out.copy_(result.to(torch.bfloat16))


def _in_order(original: Function, *args: Any, out: Tensor | None = None, **kw: Any) -> Any:
    """One without entries is resized, and filled by the numbers in their order."""
    resized = out is not None and out.numel() == 0
    result = original(*args, out=out, **kw)
    return result.copy_(result.sort().values) if resized else result


def _last_row_lost(original: Function, *args: Any, out: Tensor | None = None, **kw: Any) -> Any:
    """The last row of `out` stays as it was."""
    if out is None or not out.numel() or not out.dim():
        return original(*args, out=out, **kw)
    kept = out[-1:].clone()
    original(*args, out=out, **kw)
    out[-1:] = kept
    return out


def _added(original: Function, *args: Any, out: Tensor | None = None, **kw: Any) -> Any:
    """What `out` held is added to what is drawn."""
    if out is None or not out.numel():
        return original(*args, out=out, **kw)
    held = out.clone()
    return original(*args, out=out, **kw).add_(held)


def _fault(
    name: str, description: str, operator: str, plant: Function, dtype: str, *checks: str
) -> Fault:
    cell = operation(f"{dtype}-{operator} into a tensor")
    return Fault(name, description, (operator,), calling(plant), cell, frozenset(checks))


FAULTS = table(
    _fault("rand_returned_anew", "rand returns another tensor than out=", "torch.rand",
           _returned_anew, "float32", "out"),
    _fault("rand_as_if_dense", "rand writes past the gaps of a strided out=", "torch.rand",
           _as_if_dense, "float32", "support", "canary"),
    _fault("randn_of_few_bits_into_out", "randn draws for out= in bfloat16", "torch.randn",
           _of_few_bits, "float32", *_LAW, "duplicates", "mode"),
    _fault("randn_added_to_out", "randn adds to what out= held", "torch.randn",
           _added, "float32", *_LAW),
    _fault("randperm_in_order", "randperm counts up in an out= that is resized", "torch.randperm",
           _in_order, "int64", *_LAW),
    _fault("full_last_row_lost", "full leaves the last row of out= as it was", "torch.full",
           _last_row_lost, "float32", "exact"),
    _fault("multinomial_last_row_lost", "multinomial leaves the last row of out= as it was",
           "torch.multinomial", _last_row_lost, "int64", "support"),
    _fault("multinomial_returned_anew", "multinomial returns another tensor than out=",
           "torch.multinomial", _returned_anew, "int64", "out"),
)  # fmt: skip
