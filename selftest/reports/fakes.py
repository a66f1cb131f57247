"""Realistic cells that no torch has seen: what the suite's own tests render and store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

BINS = 4096
ALPHA = 1e-12
SUBJECTS = (
    ("law", "uniform_", "U(a, b)"),
    ("law", "normal_", "N(mean, std²)"),
    ("law", "trunc_normal_", "N(mean, std²) given a ≤ x ≤ b"),
    ("law", "xavier_uniform_", "U(−b, b), b = gain·√(6 / (fan_in + fan_out))"),
    ("law", "xavier_normal_", "N(0, 2·gain² / (fan_in + fan_out))"),
    ("law", "kaiming_uniform_", "U(−b, b), b = gain·√(3 / fan)"),
    ("law", "kaiming_normal_", "N(0, gain² / fan)"),
    ("law", "orthogonal_", "Haar on O(n), times gain"),
    ("law", "sparse_", "⌈s·rows⌉ zeros in each column, else N(0, std²)"),
    ("law", "nn.TransformerEncoderLayer.self_attn.in_proj_weight", "U(−b, b)"),
    ("law", "nn.GRU.weight_hh_l0", "U(−1/√hidden, 1/√hidden)"),
    ("law", "nn.Conv3d.weight", "U(−1/√fan_in, 1/√fan_in)"),
    ("gain", "calculate_gain", "leaky_relu: √(2 / (1 + slope²))"),
    ("fan", "_calculate_fan_in_and_fan_out", "fan_in = channels_in / groups × receptive field"),
    ("exact", "dirac_", "conv(x, dirac) = x"),
    ("exact", "eye_", "I"),
    ("deprecated", "xavier_normal", "as xavier_normal_, with a FutureWarning"),
    ("known_defect", "trunc_normal_ far tail", "witness of pytorch#145498"),
)
DTYPES = ("float32", "float64", "bfloat16", "float16")
CHECKS = (
    ("kolmogorov_smirnov", "KS distance", 1.3e-3, ""),
    ("chi_square", "", 0.0, ""),
    ("mean", "shift", 1.9e-3, "σ"),
    ("scale", "scale", 1.4e-3, "× law"),
    ("skewness", "skewness", 4.4e-3, ""),
    ("kurtosis", "kurtosis", 8.8e-3, ""),
    ("lower_tail", "tail mass", 0.03, "of 10⁻⁴"),
    ("upper_tail", "tail mass", 0.03, "of 10⁻⁴"),
    ("serial_correlation", "correlation", 1.8e-3, ""),
    ("duplicates", "share of repeats", 4e-5, ""),
    ("bounds", "", 0.0, ""),
)


@dataclass(frozen=True)
class Fault:
    """How the transforms of a cell depart from uniform, and in what words."""

    gain: float
    words: str


FAULTS = {
    ("normal_", "bfloat16"): Fault(1.01, "The scale is 1.0100 × the law's: std is 1 % too large."),
    ("kaiming_normal_", "float32"): Fault(
        0.7, "The scale is 0.700 × the law's; values beyond the 1e-4 quantile are missing."
    ),
}
KINDS = (
    "bias_hh",
    "bias_ih",
    "in_proj_weight",
    "linear.bias",
    "linear.weight",
    "out_proj.weight",
    "weight_hh",
    "weight_ih",
)
ASKED, ANSWER = "values that differ from the reference", "24 of 4 096, the first at (1, 0, 2)"
ZERO = "one value is drawn too often: 4 where at most 9.54e-07 are expected"
VERDICTS = {
    ("sparse_", "float16"): ("unsupported", 'NotImplementedError: "sort" is not implemented.'),
    ("orthogonal_", "bfloat16"): ("unsupported", "NotImplementedError: geqrf has no bfloat16."),
    ("orthogonal_", "float16"): ("unsupported", "NotImplementedError: geqrf has no float16."),
    ("nn.GRU.weight_hh_l0", "float64"): ("timed out", "The item ran past its limit of 300 s."),
    ("dirac_", "float32"): ("fail", ""),
}


def run_line(planned: Iterable[str] = ()) -> dict[str, Any]:
    """Return the run line of a fake run."""
    environment = {"torch": "2.13.0+cpu", "python": "3.11.7", "platform": "Linux x86_64"}
    return {
        "schema": 1,
        "kind": "run",
        "run_seed": 7,
        "profile": "standard",
        "alpha": ALPHA,
        "shard": "1/1",
        "environment": {**environment, "cpu": "AVX2", "threads": "1", "scipy": "1.17.1"},
        "planned": sorted(planned),
    }


def nodeid(promise: str, subject: str, dtype: str, backend: str = "cpu") -> str:
    """Return the node id of a cell."""
    return f"verify/test_{promise}s.py::test_{promise}[{backend}-{dtype}-{subject}]"


def cell_line(
    subject: str = "normal_",
    dtype: str = "float32",
    *,
    promise: str = "law",
    formula: str = "N(mean, std²)",
    backend: str = "cpu",
    n: int = 2**24,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the line of one cell, with the fault that the tables above give it."""
    random = np.random.default_rng([seed, *f"{subject}{dtype}{backend}".encode()])
    name = nodeid(promise, subject, dtype, backend)
    fault = FAULTS.get((subject, dtype), Fault(1.0, ""))
    exact = promise != "law"
    verdict, reason = VERDICTS.get((subject, dtype), ("fail" if fault.words else "pass", ""))
    findings = _exact_findings(verdict) if exact else _findings(random, fault, n)
    quiet = verdict in ("unsupported", "timed out")
    counts = _counts(random, fault, n).tolist()
    statistics = {"distribution": {"kind": "histogram", "counts": counts}}
    return {
        "schema": 1,
        "kind": "cell",
        "nodeid": name,
        "promise": promise,
        "subject": subject,
        "backend": backend,
        "dtype": dtype,
        "law": {"words": "the distribution that the documentation names", "formula": formula},
        "source": "Glorot & Bengio 2010, eq. 16; https://docs.pytorch.org/docs/stable/nn.init.html",
        "verdict": verdict,
        "reason": reason,
        "n": 0 if quiet or exact else n,
        "cases": 0 if quiet else 50,
        "calls": 0 if quiet else 3000,
        "decisions": 0 if quiet else 900,
        "findings": [] if quiet else findings,
        "statistics": {} if quiet or exact else statistics,
        "excluded": ["trunc-normal-far-tail"] if subject == "trunc_normal_" else [],
        "replay": f"pytest '{name}' --run-seed 7 --profile standard",
    }


def module_line(
    subject: str = "LSTM",
    dtype: str = "float32",
    *,
    promise: str = "default",
    zero: str = "",
    scaled: str = "",
    history: str = "",
) -> dict[str, Any]:
    """Return the line of one module, sound or with one of two faults.

    Parameters
    ----------
    subject, dtype, promise, history
        The cell, and since when its law holds.
    zero
        A tensor that one case finds full of zeros.
    scaled
        A kind of tensors whose pool is 1 % too wide.

    """
    random = np.random.default_rng([*f"{subject}{dtype}{promise}".encode()])
    faults = {kind: Fault(1.01, "the scale is off") for kind in KINDS if kind == scaled}
    findings = [_finding("state", None), _finding("between", 0.7, effect="correlation")]
    tensors = {}
    for kind in KINDS:
        fault = faults.get(kind, Fault(1.0, ""))
        findings += [{**f, "tensor": kind} for f in _findings(random, fault, 2**20)[:-1]]
        counts = _counts(random, fault, 2**20).tolist()
        tensors[kind] = {"distribution": {"kind": "histogram", "counts": counts}}
    if zero:
        case = "RecurrentArguments(input_size=1, hidden_size=2, proj_size=1)"
        broken = {"passed": False, "scope": "case", "case": case, "confirmation": 0.0}
        findings += [{**_finding("atoms", 1e-25, tensor=zero), **broken, "message": ZERO}]
    name = nodeid(promise, subject, dtype)
    return {
        **cell_line(subject, dtype, promise=promise),
        "law": {"words": "every tensor uniform", "formula": "w ~ U(−√k, √k)", "history": history},
        "source": f"PyTorch documentation, torch.nn.{subject}",
        "verdict": "fail" if zero or scaled else "pass",
        "n": len(KINDS) * 2**20,
        "cases": 12,
        "findings": findings,
        "statistics": {},
        "tensors": tensors,
        "replay": f"pytest '{name}' --run-seed 7 --profile standard",
    }


def cells(backend: str = "cpu") -> list[dict[str, Any]]:
    """Return a whole run of 72 cells, several of them in trouble."""
    return [
        cell_line(subject, dtype, promise=promise, formula=formula, backend=backend)
        for promise, subject, formula in SUBJECTS
        for dtype in DTYPES
    ]


def write(directory: Path, lines: Iterable[dict[str, Any]], planned: Iterable[str] = ()) -> Path:
    """Write an evidence file and return its folder."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = list(lines)
    run = run_line({*planned, *(line["nodeid"] for line in lines)})
    text = "".join(json.dumps(line) + "\n" for line in (run, *lines))
    (directory / "evidence.jsonl").write_text(text, encoding="utf-8")
    return directory


def _counts(random: np.random.Generator, fault: Fault, n: int) -> np.ndarray:
    edges = np.linspace(0, 1, BINS + 1)
    # A logistic stands in for the normal: what matters is the shape of the departure.
    with np.errstate(divide="ignore", over="ignore"):
        moved = 1 / (1 + ((1 - edges) / np.maximum(edges, 1e-300)) ** (1 / fault.gain))
    return random.multinomial(n, np.diff(moved))


def _findings(random: np.random.Generator, fault: Fault, n: int) -> list[dict[str, Any]]:
    found = []
    for check, effect, size, unit in CHECKS:
        broken = bool(fault.words) and check in ("kolmogorov_smirnov", "chi_square", "scale")
        exact = check == "bounds"
        centre = fault.gain if effect == "scale" else 0.0
        estimate = centre + size / 7 * random.normal()
        shown = {"name": effect, "estimate": estimate, "low": estimate - size, "unit": unit}
        found.append(
            {
                "check": check,
                "scope": "cell",
                "passed": not broken,
                "p_value": None if exact else 1e-42 if broken else random.uniform() ** 0.8,
                "n": n,
                "effect": {**shown, "high": estimate + size} if effect else None,
                "detectable": {"name": effect, "size": size, "unit": unit} if effect else None,
                "message": fault.words if broken else "Within what the law allows.",
                "case": None,
                "confirmation": 0.0 if broken else None,
                "exact": check in ("chi_square", "mean"),
            }
        )
    case = "NormalCase(shape=(3, 4), mean=0.0, std=1.0, layout='channels_last')"
    worst = {**found[0], "scope": "case", "n": 65536, "case": case, "effect": None}
    p = 1e-19 if fault.words else 2e-4
    return [*found, {**worst, "p_value": p, "detectable": None}]


def _finding(check: str, p: float | None, *, effect: str = "", tensor: str = "") -> dict[str, Any]:
    size = {"name": effect, "estimate": 0.01, "low": -0.02, "high": 0.04, "unit": ""}
    return {
        "check": check,
        "scope": "cell",
        "passed": True,
        "p_value": p,
        "n": 264,
        "effect": size if effect else None,
        "detectable": {"name": effect, "size": 0.05, "unit": ""} if effect else None,
        "message": "As it should be.",
        "case": None,
        "confirmation": None,
        "tensor": tensor,
    }


def _exact_findings(verdict: str) -> list[dict[str, Any]]:
    failed = verdict == "fail"
    return [
        {
            "check": "equal",
            "scope": "case" if failed else "cell",
            "passed": not failed,
            "p_value": None,
            "n": 4096,
            "effect": None,
            "detectable": None,
            "message": f"{ASKED}: {ANSWER}" if failed else "Equal, bit for bit.",
            **({"question": "off-reference", "asked": ASKED, "answer": ANSWER} if failed else {}),
            "case": "DiracCase(shape=(6, 3, 3), groups=3)" if failed else None,
            "confirmation": None,
        }
    ]
