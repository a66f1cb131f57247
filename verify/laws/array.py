"""Arrays of either namespace."""

from typing import Any

# A numpy array, a torch tensor or a number: laws use only arithmetic, and the namespaces `xp` and
# `special`, which numpy, scipy and torch spell alike (where, clip, ndtr, log_ndtr, expm1).
Array = Any
