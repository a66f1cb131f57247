"""Theory: the reference distribution or structure of one tensor.

Every law here comes from a paper or the documentation. Nothing in this package
imports the framework under test; the special functions a law needs are taken from
whichever namespace the samples live in (``scipy.special`` or ``torch.special``), so
that one definition serves the host and every device.
"""

from verify.laws.base import Family, Law
from verify.laws.continuous import Continuous, Exponential, Normal, Uniform
from verify.laws.discrete import Bernoulli, Discrete, DiscreteUniform, Permutation
from verify.laws.entries import (
    Categorical,
    Cauchy,
    Entries,
    Geometric,
    LogNormal,
    Poisson,
    Real,
    Tabulated,
)
from verify.laws.fans import fan, fan_in_and_fan_out
from verify.laws.gains import GAINS, gain
from verify.laws.haar import Haar, UnitaryHaar
from verify.laws.lattice import LATTICES, Lattice
from verify.laws.masked import Masked
from verify.laws.products import Independent
from verify.laws.propagation import UniformSum
from verify.laws.rounded import Rounded
from verify.laws.sparse import Sparse
from verify.laws.structure import Constant, Dirac, Eye, Structure
from verify.laws.truncated import TruncatedNormal

__all__ = [
    "GAINS",
    "LATTICES",
    "Bernoulli",
    "Categorical",
    "Cauchy",
    "Constant",
    "Continuous",
    "Dirac",
    "Discrete",
    "DiscreteUniform",
    "Entries",
    "Exponential",
    "Eye",
    "Family",
    "Geometric",
    "Haar",
    "Independent",
    "Lattice",
    "Law",
    "LogNormal",
    "Masked",
    "Normal",
    "Permutation",
    "Poisson",
    "Real",
    "Rounded",
    "Sparse",
    "Structure",
    "Tabulated",
    "TruncatedNormal",
    "Uniform",
    "UniformSum",
    "UnitaryHaar",
    "fan",
    "fan_in_and_fan_out",
    "gain",
]
