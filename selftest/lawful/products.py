"""Products of matrices and convolutions by other algorithms, each of them in the dtype."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from selftest.lawful.alternative import Control, Declined, swap
from selftest.planted.fault import instead, table
from selftest.planted.gradients import gradient, tie
from selftest.planted.module import behaviour


def _strassen(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, attached: bool = True
) -> Tensor:
    """Seven products of blocks in place of eight: Strassen 1969."""
    if x.ndim < 2 or weight.ndim != 2:
        raise Declined
    rows = x.reshape(-1, x.shape[-1])
    (m, k), n = rows.shape, len(weight)
    a = functional.pad(rows, (0, k % 2, 0, m % 2))
    b = functional.pad(weight.t(), (0, n % 2, 0, k % 2))
    (a11, a12), (a21, a22) = (half.chunk(2, 1) for half in a.chunk(2, 0))
    (b11, b12), (b21, b22) = (half.chunk(2, 1) for half in b.chunk(2, 0))
    p1, p2, p3 = (a11 + a22) @ (b11 + b22), (a21 + a22) @ b11, a11 @ (b12 - b22)
    p4, p5 = a22 @ (b21 - b11), (a11 + a12) @ b22
    p6, p7 = (a21 - a11) @ (b11 + b12), (a12 - a22) @ (b21 + b22)
    p7 = p7 if attached else p7.detach()
    top = torch.cat([p1 + p4 - p5 + p7, p3 + p5], 1)
    bottom = torch.cat([p2 + p4, p1 - p2 + p3 + p6], 1)
    made = torch.cat([top, bottom])[:m, :n].reshape(*x.shape[:-1], n)
    return made if bias is None else made + bias


def _compensated(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Products summed one after another from the bias on, what each sum loses given to the next."""
    terms = x.unsqueeze(-2) * weight
    total = torch.zeros_like(terms[..., 0]) if bias is None else bias.expand_as(terms[..., 0])
    lost = torch.zeros_like(total)
    for term in terms.unbind(-1):
        corrected = term - lost
        after = total + corrected
        lost = (after - total) - corrected
        total = after
    return total


def _fourier(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """A convolution as a product of Fourier transforms, in the dtype."""
    plain = {(1, 1), 1}
    if isinstance(padding, str) or groups != 1 or x.ndim != 4 or x.dtype.itemsize < 4:
        raise Declined
    if {stride, dilation} - plain:
        raise Declined
    high, wide = (padding, padding) if isinstance(padding, int) else padding
    padded = functional.pad(x, (wide, wide, high, high))
    size = padded.shape[2:]
    product = torch.einsum(
        "nihw,oihw->nohw", torch.fft.rfft2(padded), torch.fft.rfft2(weight, s=size).conj()
    )
    rest = (size[0] - weight.shape[2] + 1, size[1] - weight.shape[3] + 1)
    found = torch.fft.irfft2(product, s=size)[..., : rest[0], : rest[1]]
    return found if bias is None else found + bias.view(-1, 1, 1)


_LINEAR = (
    gradient("float32-tied Linear"),
    gradient("float64-tied autoencoder"),
    behaviour("parameters", "float32-Linear"),
    "verify/test_propagation.py::test_propagation[cpu-float32-forward xavier_normal_]",
)

ALTERNATIVES = table(
    swap("linear_of_strassen", "a linear layer by seven products of blocks", "functional.linear",
         instead(_strassen), "Higham 2002, sec. 23.2.2", *_LINEAR),
    swap("linear_compensated", "a linear layer by compensated sums", "functional.linear",
         instead(_compensated), "Higham 2002, sec. 4.3", *_LINEAR[:3],
         gradient("bfloat16-tied Linear")),
    swap("convolution_of_fourier", "a convolution by Fourier transforms in the dtype",
         "functional.conv2d", instead(_fourier), "Higham 2002, ch. 24",
         *(make("float32-tied Conv2d") for make in (gradient, tie)),
         gradient("float64-tied Conv2d"), behaviour("parameters", "float32-Conv2d"),
         "verify/test_convolutions.py::test_identity_convolution[cpu-float32-dirac_]"),
)  # fmt: skip

CONTROLS = table(
    Control("linear_of_strassen_detached", "the seventh product is left out of the derivative",
            ("functional.linear",), instead(functools.partial(_strassen, attached=False)),
            gradient("float64-tied autoencoder"), frozenset({"tied_gradient"}),
            says="gradients off the exact slope"),
)  # fmt: skip
