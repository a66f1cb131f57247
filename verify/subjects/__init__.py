"""The tables: one row binds a subject to the cases that can be drawn and to its law."""

from verify.subjects.depth import EXPERIMENTS, Experiment
from verify.subjects.independence import INDEPENDENT_PAIRS, IndependentPair
from verify.subjects.initializers import INITIALIZERS
from verify.subjects.modules import MODULES
from verify.subjects.networks import NETWORKS, Network
from verify.subjects.operations import OPERATIONS
from verify.subjects.propagation import PROPAGATIONS, Propagation
from verify.subjects.recipes import RECIPES, Recipe
from verify.subjects.subject import Initializer, Module, Operation, Subject

SUBJECTS: dict[str, Subject] = {
    subject.name: subject
    for table in (
        INITIALIZERS,
        MODULES,
        OPERATIONS,
        NETWORKS,
        PROPAGATIONS,
        EXPERIMENTS,
        INDEPENDENT_PAIRS,
        RECIPES,
    )
    for subject in table
}
"""Every subject by name."""

__all__ = [
    "EXPERIMENTS",
    "INDEPENDENT_PAIRS",
    "INITIALIZERS",
    "MODULES",
    "NETWORKS",
    "OPERATIONS",
    "PROPAGATIONS",
    "RECIPES",
    "SUBJECTS",
    "Experiment",
    "IndependentPair",
    "Initializer",
    "Module",
    "Network",
    "Operation",
    "Propagation",
    "Recipe",
    "Subject",
]
