"""The tables: one row binds a subject to the cases that can be drawn and to its law."""

from verify.subjects.initializers import INITIALIZERS
from verify.subjects.modules import MODULES
from verify.subjects.networks import NETWORKS, Network
from verify.subjects.operations import OPERATIONS
from verify.subjects.subject import Initializer, Module, Operation, Subject

SUBJECTS: dict[str, Subject] = {
    subject.name: subject for subject in (*INITIALIZERS, *MODULES, *OPERATIONS, *NETWORKS)
}
"""Every subject by name."""

__all__ = [
    "INITIALIZERS",
    "MODULES",
    "NETWORKS",
    "OPERATIONS",
    "SUBJECTS",
    "Initializer",
    "Module",
    "Network",
    "Operation",
    "Subject",
]
