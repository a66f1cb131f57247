"""What a law means for the real and the imaginary part of a complex tensor."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from verify.laws.continuous import Normal, TruncatedNormal, Uniform
from verify.laws.haar import Haar
from verify.laws.sparse import Sparse
from verify.laws.structure import Constant, Dirac, Eye

Parts = tuple[Any, Any]
_HALF = math.sqrt(0.5)


def _uniform(law: Uniform) -> Parts:
    if not law.of_variance:
        return law, law
    part = Uniform(law.low * _HALF, law.high * _HALF, of_variance=True)
    return part, part


def _normal(law: Normal) -> Parts:
    return Normal(law.mean, law.std * _HALF), Normal(0.0, law.std * _HALF)


def _sparse(law: Sparse) -> Parts:
    part = Sparse(law.sparsity, law.std * _HALF)
    return part, part


def _real(law: Any) -> Parts:
    return law, Constant(0.0)


def _both(law: Any) -> Parts:
    return law, law


_COMPONENTS: dict[type[Any], Callable[[Any], Parts]] = {
    Uniform: _uniform,
    Normal: _normal,
    TruncatedNormal: _both,
    Haar: _both,
    Sparse: _sparse,
    Constant: _real,
    Eye: _real,
    Dirac: _real,
}


def components(law: Any) -> Parts:
    """The laws of the real and the imaginary part, which are independent.

    A standard deviation is that of the complex value, ``E|z − mean|² = std²``, shared equally by
    the parts; so is the variance for which the bounds of a Glorot or He initializer are chosen.
    Bounds that the user gives hold for each part. What is known exactly is real.

    Source: the documentation of ``torch.randn`` (complex: "unit variance", each part 1/2);
    Trabelsi et al. 2018, *Deep complex networks*, sec. 3.6 (``Var(W) = E|W|²``).

    Raises
    ------
    TypeError
        For a law without a complex counterpart.
    """
    if type(law) not in _COMPONENTS:
        raise TypeError(f"the law {law!r} has no complex counterpart")
    return _COMPONENTS[type(law)](law)
