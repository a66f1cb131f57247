"""Runs as readers meet them, made by hand: all in order, full of faults, full, on many backends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reports.__main__ import main
from reports.evidence import store
from selftest.reports import fakes

Line = dict[str, Any]
DTYPES = ("float64", "float32", "bfloat16", "float16", "complex128", "complex64", "complex32")
COMPLEX = DTYPES[4:]
BACKENDS = ("cpu", "cuda", "mps", "xpu", "host")
INITIALIZERS = (
    "uniform_",
    "normal_",
    "trunc_normal_",
    "xavier_uniform_",
    "xavier_normal_",
    "kaiming_uniform_",
    "kaiming_normal_",
    "orthogonal_",
    "sparse_",
)
MODULES = (
    "NonDynamicallyQuantizableLinear",
    "TransformerDecoderLayer",
    "MultiheadAttention",
    "ConvTranspose3d",
    "GRU",
)
CASE = (
    "TransformerDecoderArguments(d_model=12, nhead=3, dim_feedforward=64, layer_norm_eps=1e-05, "
    "batch_first=True, norm_first=False, bias=True, activation=Nonlinearity(name='leaky_relu', "
    "param=0.01), layout='channels_last')"
)
ROUNDED = "weights off the initializer's under weight_norm: weight by 7.77e+05 times the rounding"
SEEDS = (
    "negative seeds that are remapped otherwise: -1 to 18446744073709551615, -2 to "
    "18446744073709551614, -9223372036854775808 to 9223372036854775808"
)


@dataclass(frozen=True)
class Run:
    """The lines of a run, and the items that were planned besides and never seen."""

    lines: tuple[Line, ...]
    planned: tuple[str, ...] = ()

    def build(self, folder: Path) -> Path:
        """Write its evidence and its pages into a folder."""
        fakes.write(folder, self.lines, self.planned)
        main(["build", str(folder)])
        return folder


def _wide(tensor: str, message: str, check: str, unit: str, n: int = 256) -> Line:
    effect = {"name": "scale", "estimate": 1.4142, "low": 1.4011, "high": 1.4275, "unit": unit}
    seen = {"name": "scale", "size": 0.0123, "unit": "relative"}
    return {
        "check": check, "scope": "case", "case": CASE, "passed": False, "p_value": 1e-19, "n": n,
        "effect": effect, "detectable": seen, "message": message, "confirmation": 1e-300,
        "kind": "p-value", "tensor": tensor,
    }  # fmt: skip


def _compared(check: str, message: str, *, tensor: str = "", kind: str = "comparison") -> Line:
    return {
        "check": check, "scope": "case", "case": CASE, "passed": False, "p_value": None, "n": 1,
        "message": message, "kind": kind, "tensor": tensor,
    }  # fmt: skip


def _law(subject: str, dtype: str) -> Line:
    """A cell of an initializer; of complex dtypes one that is √2 too wide in both parts."""
    line = fakes.cell_line(subject, dtype)
    if dtype not in COMPLEX:
        return line
    far = (
        "an extreme value is misplaced: the smallest value lies at tail probability 0, far outside"
    )
    found = [
        _wide(part, message, check, unit)
        for part in ("imaginary part", "real part")
        for message, check, unit in (
            (f"{far} the range expected of 64 values", "extremes", ""),
            ("the scale is off: the standard deviation is 1.41× the law's", "scale", "× law"),
        )
    ]
    return {**line, "verdict": "fail", "findings": [*found, *line["findings"]]}


def _default(subject: str, dtype: str) -> Line:
    """A cell of a module; some have a kind of tensors that is wrong."""
    line = fakes.module_line(subject, dtype)
    if subject == "GRU":
        return line
    name = "decoder.layers.11.multihead_attn.out_proj.parametrizations.weight.original0"
    wrong = _wide(name, "the scale is off: the standard deviation is 1.41× the law's", "scale", "")
    return {**line, "verdict": "fail", "findings": [wrong, *line["findings"]]}


_BEHAVIOUR = {
    "streams": _compared("streams", SEEDS),
    "parametrization": _compared("parametrization", ROUNDED, tensor="weight"),
    "errors": _compared("errors", "one value beyond half precision: nothing is raised, by constant_"
                        "(bfloat16[1, 1], val=4.000000000000001e+38)"),
    "default": _compared("raises", "the call raises: RuntimeError: to is out of bounds for "
                         "c10::BFloat16", kind="error"),
}  # fmt: skip


def _behaviour(promise: str, subject: str, dtype: str) -> Line:
    line = fakes.cell_line(subject, dtype, promise=promise, formula="as documented")
    found = [_BEHAVIOUR[promise], *line["findings"]]
    return {**line, "verdict": "fail", "findings": found}


def green() -> Run:
    """Some cells of each kind, in seven dtypes, all in order."""
    laws = [fakes.cell_line(name, dtype) for name in ("uniform_", "xavier_normal_")
            for dtype in DTYPES]  # fmt: skip
    exact = [fakes.cell_line("Linear", dtype, promise="construction", formula="as asked")
             for dtype in DTYPES]  # fmt: skip
    signal = fakes.cell_line("normal_(std=1) linear", promise="depth")
    sizes = [16.0**layer for layer in range(1, 101)]
    signal["statistics"] = {"signal": {"kind": "signal", "observed": sizes, "expected": sizes}}
    return Run((*laws, *exact, fakes.module_line("GRU"), signal))


def faulty() -> Run:
    """A run against a PyTorch with all its defects: dozens of cells fail, in seven dtypes."""
    lines = [_law(subject, dtype) for subject in INITIALIZERS for dtype in DTYPES]
    lines += [_default(subject, dtype) for subject in MODULES for dtype in DTYPES[:4]]
    lines += [_behaviour("streams", name, dtype) for name in INITIALIZERS for dtype in DTYPES[:4]]
    lines += [_behaviour("parametrization", name, "float32") for name in MODULES]
    lines += [_behaviour("errors", name, "any") for name in INITIALIZERS]
    lines += [_behaviour("default", f"Lazy{name}", "bfloat16") for name in MODULES]
    return Run(tuple(lines))


def few() -> Run:
    """Some of these cells: one in nine, and the one of `green` that is no law."""
    return Run((*faulty().lines[::9], green().lines[-1]))


def full() -> Run:
    """Three thousand cells; a worker crashed, and some items were never seen."""
    laws = [fakes.cell_line(f"initializer {i}") for i in range(300)]
    modules = [fakes.module_line(f"Module{i}") for i in range(300)]
    exact = fakes.cell_line("Linear", promise="construction", formula="as asked")
    rest = [
        {**exact, "subject": f"Subject{i}", "dtype": dtype,
         "nodeid": fakes.nodeid("construction", f"Subject{i}", dtype)}
        for i in range(343) for dtype in DTYPES[:7]
    ][: 3000 - 600 - 12]  # fmt: skip
    died = "The worker process died while running this item."
    crashed = [
        store.stand_in(fakes.nodeid("law", name, "float32"), "crashed", died)
        for name in INITIALIZERS[:2]
    ]
    lost = tuple(fakes.nodeid("law", name, "float64") for name in (*INITIALIZERS, "eye_"))
    return Run((*laws, *modules, *rest, *crashed), lost)


def many() -> Run:
    """A few subjects on five backends, several of them in trouble."""
    subjects = fakes.SUBJECTS[::3]
    return Run(tuple(
        fakes.cell_line(subject, dtype, promise=promise, formula=formula, backend=backend)
        for backend in BACKENDS
        for promise, subject, formula in subjects
        for dtype in fakes.DTYPES
    ))  # fmt: skip


def year(folder: Path) -> Path:
    """Write a fortnight of runs: what fails is mended, one night is shorter, one crashed."""
    sound = [
        fakes.cell_line(name, dtype, n=2**12) for name in INITIALIZERS for dtype in DTYPES[1:3]
    ]
    for night in range(1, 15):
        lines = [dict(line) for line in (sound[:6] if night == 9 else sound)]
        for line in lines:
            line["statistics"] = {}
            if line["subject"] == "sparse_" and 4 <= night <= 7:
                line.update(verdict="fail", findings=[_wide("", "the zeros prefer some rows "
                            "of the matrix", "zero_position", "")])  # fmt: skip
            if line["subject"] == "orthogonal_" and night >= 12:
                line.update(_crash(line))
        run = fakes.write(folder / f"2026-11-{night:02}", lines)
        (run / store.TIMINGS).write_text(
            json.dumps({"start": f"2026-11-{night:02}T01:00:00+00:00"})
        )
    main(["history", str(folder)])
    return folder


def _crash(line: Line) -> Line:
    return {"verdict": "crashed", "reason": "The worker process died while running this item.",
            "findings": []}  # fmt: skip


def upgrade(folder: Path) -> Path:
    """Write the comparison of a run in order with one full of faults."""
    fakes.write(folder / "baseline", green().lines)
    worse = [{**line, "verdict": "fail", "findings": [_wide("", "the scale is off: the standard "
              "deviation is 1.41× the law's", "scale", "× law")]} if line["dtype"] in COMPLEX
             else line for line in green().lines]  # fmt: skip
    fakes.write(folder / "candidate", [*worse, *faulty().lines[:20]])
    sides = (str(folder / side) for side in ("baseline", "candidate"))
    main(["compare", *sides, "--html", str(folder / "compare.html")])
    return folder


def _page(make: Callable[[], Run], name: str, folder: Path) -> Path:
    return make().build(folder) / name


def _named(make: Callable[[Path], Path], name: str, folder: Path) -> Path:
    return make(folder) / name


PAGES: dict[str, Callable[[Path], Path]] = {
    "green": partial(_page, green, "cpu.html"),
    "faulty": partial(_page, faulty, "cpu.html"),
    "few": partial(_page, few, "cpu.html"),
    "full": partial(_page, full, "cpu.html"),
    "many": partial(_page, many, "cuda.html"),
    "index": partial(_page, many, "index.html"),
    "history": partial(_named, year, "history.html"),
    "upgrade": partial(_named, upgrade, "compare.html"),
}
"""Each kind of page: what writes it into a folder, and returns its path."""
