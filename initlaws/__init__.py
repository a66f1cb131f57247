"""Does a model start as its author says? Verify, describe, compare and audit any `nn.Module`."""

from initlaws.asserting import assert_follows
from initlaws.auditing import Audit, audit
from initlaws.builds import Builds, Unusable
from initlaws.comparing import Comparison, compare
from initlaws.describing import Description, describe
from initlaws.following import follow
from initlaws.reporting import Report
from initlaws.table import of_report

__all__ = [
    "Audit",
    "Builds",
    "Comparison",
    "Description",
    "Report",
    "Unusable",
    "assert_follows",
    "audit",
    "compare",
    "describe",
    "follow",
    "of_report",
]
