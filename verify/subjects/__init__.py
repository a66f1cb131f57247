"""The tables: one row binds a subject to the cases that can be drawn and to its law."""

from verify.subjects.depth import EXPERIMENTS, Experiment
from verify.subjects.initializers import INITIALIZERS
from verify.subjects.modules import MODULES
from verify.subjects.networks import NETWORKS, Network
from verify.subjects.operations import OPERATIONS
from verify.subjects.propagation import PROPAGATIONS, Propagation
from verify.subjects.subject import Initializer, Module, Operation, Subject

SUBJECTS: dict[str, Subject] = {
    subject.name: subject
    for table in (INITIALIZERS, MODULES, OPERATIONS, NETWORKS, PROPAGATIONS, EXPERIMENTS)
    for subject in table
}
"""Every subject by name."""

__all__ = [
    "EXPERIMENTS",
    "INITIALIZERS",
    "MODULES",
    "NETWORKS",
    "OPERATIONS",
    "PROPAGATIONS",
    "SUBJECTS",
    "Experiment",
    "Initializer",
    "Module",
    "Network",
    "Operation",
    "Propagation",
    "Subject",
]
