"""The backend file of the vendor: what ``--backend-file`` names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import faults
import loom
import torch

from verify.backends.base import Backend

loom.register(Path(os.environ["LOOM_KERNELS"]))
for fault in filter(None, os.environ.get("LOOM_FAULTS", "").split(",")):
    faults.FAULTS[fault]()

DTYPES = ("bfloat16", "float16", "float32")
if os.environ.get("LOOM_DOUBLES"):
    torch.ops.loom.allow_doubles()
    DTYPES = (*DTYPES, "float64")

BACKEND = Backend(
    name=loom.NAME,
    count=loom.Module.device_count,
    describe=lambda: {"device": "simulated, over host memory"},
    dtypes=DTYPES,
    lacks=tuple(filter(None, os.environ.get("LOOM_LACKS", "").split(","))),
)
