"""Data types."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal, get_args

import torch

from strategies import _check
from strategies._choices import Choices
from strategies._define import strategy

DtypeKind = Literal["float", "complex"]
DTYPE_KINDS: tuple[DtypeKind, ...] = get_args(DtypeKind)

_FLOAT: tuple[DtypeKind, ...] = ("float",)
_DTYPES: dict[DtypeKind, tuple[torch.dtype, ...]] = {
    "float": (torch.float32, torch.float64, torch.float16, torch.bfloat16),
    "complex": (torch.complex64, torch.complex128),
}


@strategy
def dtypes(*, kinds: Collection[DtypeKind] = _FLOAT) -> Callable[[Choices], torch.dtype]:
    """Draw a dtype in which a parameter can be initialized.

    Parameters
    ----------
    kinds
        ``float`` (float32, float64, float16, bfloat16), ``complex`` (complex64, complex128) or
        both. Complex is not in the default: few initializers accept it.

    Returns
    -------
    SearchStrategy[torch.dtype]
        Each dtype as often as the others. Shrinks to float32, or to complex64 without floats.

    Raises
    ------
    InvalidArgument
        When `kinds` is empty or holds an unknown kind.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(dtypes(), lambda dtype: dtype.itemsize == 2)
    torch.float16
    """
    _check.subset(DTYPE_KINDS, kinds=kinds)
    options = [dtype for kind in DTYPE_KINDS if kind in kinds for dtype in _DTYPES[kind]]
    return lambda choices: choices.pick(options)
