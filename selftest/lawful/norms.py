"""Norms and batch statistics by other formulas, each of them in the dtype."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from selftest.lawful.alternative import Control, Declined, swap
from selftest.planted.fault import Function, instead, table
from selftest.planted.module import behaviour


def _welford(
    x: Tensor,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    correction: int = 1,
) -> Tensor:
    """Statistics updated value by value in the dtype: Welford 1962; one product, one sum."""
    count = x.numel() // x.shape[1] if x.shape[1] else 0
    if not training or count < 2:
        raise Declined
    values = x.transpose(0, 1).reshape(x.shape[1], -1)
    mean = torch.zeros_like(values[:, 0])
    squares = torch.zeros_like(mean)
    for k, value in enumerate(values.unbind(1), start=1):
        delta = value - mean
        mean = mean + delta / k
        squares = squares + delta * (value - mean)
    if running_mean is not None:
        with torch.no_grad():
            running_mean.mul_(1 - momentum).add_(mean * momentum)
            running_var.mul_(1 - momentum).add_(squares * (momentum / (count - correction)))
    side = [1, -1] + [1] * (x.ndim - 2)
    slope = (squares / count + eps).rsqrt()
    slope = slope if weight is None else slope * weight
    shift = -mean * slope if bias is None else bias - mean * slope
    return x * slope.view(side) + shift.view(side)


def _scaled_norm(values: Tensor, dims: list[int]) -> Tensor:
    """The root of a sum of squares, each over the largest, which none can overflow: BLAS."""
    largest = values.abs().amax(dims, keepdim=True)
    safe = torch.where(largest > 0, largest, torch.ones_like(largest))
    return largest * (values / safe).square().sum(dims, keepdim=True).sqrt()


def _weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """The direction times the ratio of magnitude and norm, which is taken first."""
    dims = [axis for axis in range(v.ndim) if axis != dim]
    return v * (g / _scaled_norm(v, dims))


def _once(original: Function) -> Function:
    """One iteration of the power method where a weight is first met, not fifteen."""

    @functools.wraps(original)
    def power_method(self: Any, weight: Tensor, iterations: int) -> Any:
        if self.__dict__.setdefault("_met", False):
            raise Declined
        self.__dict__["_met"] = True
        return original(self, weight, 1)

    return power_method


def _as_in_the_paper(self: Any, weight: Tensor, iterations: int) -> None:
    """Algorithm 1 of the paper: the right vector first, and products with reciprocals of norms."""
    with torch.no_grad():
        for _ in range(iterations):
            v = weight.mT @ self._u
            self._v.copy_(v * v.norm().clamp_min(self.eps).reciprocal())
            u = (self._v[:, None] * weight.mT).sum(0)
            self._u.copy_(u * u.norm().clamp_min(self.eps).reciprocal())


def _with_eps_added(self: Any, weight: Tensor, iterations: int) -> None:
    """Norms over the largest entry, and eps as a term of the denominator."""
    with torch.no_grad():
        for _ in range(iterations):
            for vector, product in (
                (self._u, lambda: weight @ self._v),
                (self._v, lambda: self._u @ weight),
            ):
                made = product()
                vector.copy_(made / (_scaled_norm(made, [0])[0] + self.eps))


def _by_inverse(original: Function) -> Function:
    """The Cayley transform by an inverse, which comes first: both factors commute."""

    @functools.wraps(original)
    def forward(self: Any, weight: Tensor) -> Tensor:
        if self.orthogonal_map.name != "cayley" or weight.shape[-2] != weight.shape[-1]:
            raise Declined
        lower = weight.tril()
        half = (lower - lower.mT) / 2
        one = torch.eye(half.shape[-1], dtype=half.dtype, device=half.device)
        made = torch.linalg.inv(one - half) @ (one + half)
        return self.base @ made if hasattr(self, "base") else made

    return forward


def _by_series(matrix: Tensor) -> Tensor:
    """An exponential by four squarings of a Taylor polynomial in float64."""
    term = made = torch.eye(matrix.shape[-1], dtype=torch.float64, device=matrix.device)
    for k in range(1, 22):
        term = term @ (matrix.double() / 2**4) / k
        made = made + term
    for _ in range(4):
        made = made @ made
    return made.to(matrix.dtype)


def _by_length(original: Function) -> Function:
    """The spectral norm as the length of W·v, where PyTorch takes the product uᵀ·W·v."""

    @functools.wraps(original)
    def forward(self: Any, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            raise Declined
        matrix = self._reshape_weight_to_matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        return weight / torch.linalg.vector_norm(matrix @ self._v.clone())

    return forward


def _clipped(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Norms of pieces of 100 over the largest entry, then gradients divided and not multiplied."""
    given = [parameters] if isinstance(parameters, Tensor) else [*parameters]
    gradients = [p.grad for p in given if p.grad is not None]
    if not gradients:
        return torch.tensor(0.0)
    joined = torch.cat([g.detach().flatten() for g in gradients]).abs()
    largest = joined.max()
    norm = largest
    if not math.isinf(norm_type) and bool(largest > 0):
        pieces = [(p / largest).pow(norm_type).sum() for p in joined.split(100)]
        norm = largest * torch.stack(pieces).sum().pow(1 / norm_type)
    if not norm.isfinite():
        if error_if_nonfinite:
            raise RuntimeError("the norm of the gradients is not finite")
        norm = norm * joined.sum().isfinite()
    if bool(norm + 1e-6 > max_norm):
        with torch.no_grad():
            for each in gradients:
                each.div_((norm + 1e-6) / max_norm)
    return norm


ALTERNATIVES = table(
    swap("batch_norm_of_welford", "batch statistics value by value, in the dtype",
         "functional.batch_norm", instead(_welford), "Welford 1962; Chan, Golub & LeVeque 1983",
         behaviour("batch_norm", "float32-BatchNorm1d"),
         behaviour("batch_norm", "float64-BatchNorm3d"),
         behaviour("parameters", "float32-BatchNorm1d")),
    swap("weight_norm_scaled", "weight_norm by a norm over the largest entry",
         "torch._weight_norm", instead(_weight_norm), "Higham 2002, sec. 27.8",
         *(behaviour("parametrizations", f"{dtype}-{name}")
           for dtype, name in (("float32", "Linear"), ("float32", "Conv2d"), ("float64", "RNN")))),
    swap("spectral_norm_once", "spectral_norm begins with one iteration",
         "utils.parametrizations._SpectralNorm._power_method", _once,
         "PyTorch documentation, spectral_norm: no number of first iterations",
         behaviour("parametrizations", "float32-Linear"),
         behaviour("parametrizations", "float64-Conv2d")),
    swap("spectral_norm_by_length", "spectral_norm divides by the length of W·v",
         "utils.parametrizations._SpectralNorm.forward", _by_length,
         "Miyato et al. 2018, sec. 2.1: the largest length of W·v over all v of length 1",
         behaviour("parametrizations", "float32-Linear"),
         behaviour("parametrizations", "float32-Conv2d")),
    swap("spectral_norm_as_in_the_paper", "spectral_norm begins with the right vector",
         "utils.parametrizations._SpectralNorm._power_method", instead(_as_in_the_paper),
         "Miyato et al. 2018, algorithm 1",
         behaviour("parametrizations", "float32-Linear"),
         behaviour("parametrizations", "float64-Conv2d"),
         behaviour("parametrizations", "float32-RNN")),
    swap("spectral_norm_with_eps_added", "spectral_norm adds eps to scaled norms",
         "utils.parametrizations._SpectralNorm._power_method", instead(_with_eps_added),
         "PyTorch documentation, spectral_norm: eps, for numerical stability",
         behaviour("parametrizations", "float32-Linear"),
         behaviour("parametrizations", "float32-Conv2d")),
    swap("cayley_by_inverse", "the Cayley transform by an inverse",
         "utils.parametrizations._Orthogonal.forward", _by_inverse,
         "PyTorch documentation, orthogonal: a product of two factors that commute",
         behaviour("parametrizations", "float32-Linear"),
         behaviour("parametrizations", "float64-Conv2d")),
    swap("exponential_by_series", "matrix exponentials by squarings of a series",
         "torch.matrix_exp", instead(_by_series), "Higham 2005, algorithm 2.3",
         behaviour("parametrizations", "float32-Linear"),
         behaviour("parametrizations", "float64-Conv2d")),
    swap("clipping_by_pieces", "norms of pieces over the largest entry, and quotients",
         "utils.clip_grad_norm_", instead(_clipped), "Higham 2002, sec. 27.8",
         behaviour("parameters", "float32-GRU"), behaviour("parameters", "float32-LSTM")),
)  # fmt: skip

CONTROLS = table(
    Control("batch_norm_of_welford_without_correction", "running variances that are biased",
            ("functional.batch_norm",), instead(functools.partial(_welford, correction=0)),
            behaviour("batch_norm", "float32-BatchNorm1d"), frozenset({"batch_norm"}),
            says="running statistics off their average"),
)  # fmt: skip
