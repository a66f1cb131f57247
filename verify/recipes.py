"""What a file of laws is written with: the laws, and what a pattern may say besides."""

from verify.laws import (
    Constant,
    Dirac,
    Exponential,
    Eye,
    Haar,
    Masked,
    Normal,
    Sparse,
    TruncatedNormal,
    Uniform,
    fan_in_and_fan_out,
    gain,
)
from verify.subjects.recipes.claims import Blocks, Rows, Same
from verify.subjects.recipes.known import Exactly, Unchecked

__all__ = [
    "Blocks",
    "Constant",
    "Dirac",
    "Exactly",
    "Exponential",
    "Eye",
    "Haar",
    "Masked",
    "Normal",
    "Rows",
    "Same",
    "Sparse",
    "TruncatedNormal",
    "Unchecked",
    "Uniform",
    "fan_in_and_fan_out",
    "gain",
]
