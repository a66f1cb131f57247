"""The host, and the kernels that compute on it.

One wheel of PyTorch holds kernels of ATen for several vector widths, and oneDNN and MKL beside
them, which choose their own. What is chosen here is a matter of the processor and of the
environment: ``ATEN_CPU_CAPABILITY``, ``ONEDNN_MAX_CPU_ISA`` (oneDNN documentation, "CPU Dispatcher
Control"), ``MKL_CBWR`` (oneMKL documentation, "Conditional Numerical Reproducibility Control").
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path

import torch

from verify.backends.base import Backend

_CPUINFO = Path("/proc/cpuinfo")
_NAME = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)
_FLAGS = re.compile(r"^flags\s*:\s*(.+)$", re.MULTILINE)
# What each set of oneDNN's kernels needs, the best first.
_SETS = (
    ("AVX512", {"avx512f", "avx512bw", "avx512dq", "avx512vl"}),
    ("AVX2", {"avx2"}),
    ("SSE41", {"sse4_1"}),
)
_CAPS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
"""The variable that caps oneDNN's instructions, and the name it had before oneDNN 2."""

NONE = "not built"
OFF = "off"
UNSET = "not set"


def processor(text: str) -> tuple[str, str]:
    """Model name of a processor, and the best of SSE41, AVX2 and AVX512; empty if unknown.

    Parameters
    ----------
    text : str
        What ``/proc/cpuinfo`` says.
    """
    name, flags = (pattern.search(text) for pattern in (_NAME, _FLAGS))
    has = {*flags[1].split()} if flags else set()
    best = next((level for level, needed in _SETS if needed <= has), "")
    return name[1].strip() if name else "", best


def onednn(best: str, environment: Mapping[str, str]) -> str:
    """The instructions that oneDNN may use: the lesser of the processor's best and the cap.

    Parameters
    ----------
    best : str
        The processor's best, as `processor` names it.
    environment : mapping
        Environment variables.

    Returns
    -------
    str
        ``SSE41``, ``AVX2``, ``AVX512``; ``on`` where the processor's best is unknown, ``off``
        or ``not built``.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return NONE
    if not torch.backends.mkldnn.enabled:
        return OFF
    levels = [level for level, _ in _SETS]
    if best not in levels:
        return "on"
    cap = _cap(environment).upper().partition("_")[0]
    return max(best, cap if cap in levels else best, key=levels.index)


def _cap(environment: Mapping[str, str]) -> str:
    return next((environment[name] for name in _CAPS if environment.get(name)), "")


def kernels() -> dict[str, str]:
    """Name and value of everything that decides which kernels compute on the host."""
    text = _CPUINFO.read_text(errors="replace") if _CPUINFO.is_file() else ""
    name, best = processor(text)
    built = torch.__config__.show()
    return {
        "processor": name or platform.processor() or platform.machine(),
        "processor's best": best or "unknown",
        "ATen": torch.backends.cpu.get_cpu_capability(),
        "oneDNN": onednn(best, os.environ),
        _CAPS[0]: _cap(os.environ) or UNSET,
        "MKL": _found(r"Math Kernel Library Version (\S+?)(?:-Product)?\s", built),
        "MKL_CBWR": os.environ.get("MKL_CBWR") or UNSET,
        "BLAS": _found(r"BLAS_INFO=(\w+)", built),
        "LAPACK": _found(r"LAPACK_INFO=(\w+)", built),
        "threads": str(torch.get_num_threads()),
    }


def _found(pattern: str, built: str) -> str:
    match = re.search(pattern, built)
    return match[1] if match else NONE


def kernels_line() -> str:
    """The kernels in use, for the first line of a run."""
    found = kernels()
    cap, mode = found[_CAPS[0]], found["MKL_CBWR"]
    capped = f" (capped at {cap})" if cap != UNSET and found["oneDNN"] not in (NONE, OFF) else ""
    mkl = f" ({mode})" if mode != UNSET and found["MKL"] != NONE else ""
    threads = "1 thread" if found["threads"] == "1" else f"{found['threads']} threads"
    return (
        f"kernels: ATen {found['ATen']}, oneDNN {found['oneDNN']}{capped}, "
        f"MKL {found['MKL']}{mkl}, {threads} on {found['processor']}"
    )


BACKEND = Backend(name="cpu", count=lambda: 1, describe=kernels)
