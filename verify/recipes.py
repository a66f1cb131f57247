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

__all__ = [
    "Blocks",
    "Constant",
    "Dirac",
    "Exponential",
    "Eye",
    "Haar",
    "Masked",
    "Normal",
    "Rows",
    "Same",
    "Sparse",
    "TruncatedNormal",
    "Uniform",
    "fan_in_and_fan_out",
    "gain",
]
