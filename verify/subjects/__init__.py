"""The tables: one row binds a subject to the cases that can be drawn and to its law."""

from verify.subjects.initializers import INITIALIZERS
from verify.subjects.subject import Subject

SUBJECTS: dict[str, Subject] = {subject.name: subject for subject in INITIALIZERS}
"""Every subject by name."""

__all__ = ["SUBJECTS", "Subject"]
