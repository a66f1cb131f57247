"""A known defect speaks of the backends on which its witness was seen, and of no others.

The other backend is one of another name whose device is the CPU: what it has wrong is what PyTorch
has wrong here, and what it has right is mended here for the time of a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from scipy import special
from torch import Tensor, nn

from selftest.behaviour.support import RUN
from verify.backends import Backend
from verify.behaviour.errors import verify_errors
from verify.defects import known_defects
from verify.defects.known_defects import KnownDefect, load
from verify.engine.explore import verify_cell
from verify.engine.witness import witness, witnesses
from verify.outcome.outcome import Outcome
from verify.plan.profiles import Extent, Profile
from verify.plan.run import Cell
from verify.subjects import SUBJECTS


class Elsewhere(Backend):
    """A backend whose every device is the CPU."""

    def device(self, _worker: int = 0) -> torch.device:
        return torch.device("cpu")


OTHER = Elsewhere("xpu", lambda: 1, dict, ("float32",))
HERE = replace(OTHER, name="cpu")


def errors(cell: Cell) -> Outcome:
    return verify_errors(cell, RUN)


_MANY = Extent(150, 1 << 8, 2, 1 << 12, 256, stratum_values=1 << 6, largest=1 << 12)
"""Many small cases: one-sided windows are among them."""


def law(cell: Cell) -> Outcome:
    return verify_cell(cell, replace(RUN, profile=Profile("many", _MANY, _MANY)), "law")


def _truncated(_original: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """By the inverse distribution function in double precision, in the tail of smaller numbers."""

    @torch.no_grad()
    def mended(
        tensor: Tensor,
        mean: float = 0.0,
        std: float = 1.0,
        a: float = -2.0,
        b: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        side = -1.0 if (a - mean) + (b - mean) > 0 else 1.0
        low, high = (special.ndtr(side * (end - mean) / std) for end in (a, b))
        uniforms = torch.rand(tensor.shape, dtype=torch.float64, generator=generator).numpy()
        normals = special.ndtri(low + (high - low) * uniforms)
        return tensor.copy_(torch.as_tensor(mean + side * std * normals).clamp(a, b))

    return mended


def _dirac(original: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def mended(tensor: Tensor, groups: object = 1) -> Tensor:
        if type(groups) is not int or groups < 1:
            raise ValueError(f"groups must be a positive whole number, not {groups!r}")
        return original(tensor, groups)

    return mended


QUESTIONS = [  # Which entry, what asks for it, and how it is mended.
    ("trunc-normal-infinite-tail", "trunc_normal_", law, _truncated),
    ("dirac-of-impossible-groups", "dirac_", errors, _dirac),
]
each = pytest.mark.parametrize(("known", "name", "ask", "mend"), QUESTIONS, ids=["law", "errors"])


def cell_of(name: str, backend: Backend) -> Cell:
    return Cell(SUBJECTS[name], backend, "float32")


@each
class TestEachEntry:
    def test_is_a_fault_like_any_other_where_nobody_has_seen_it(self, known, name, ask, mend):
        outcome = ask(cell_of(name, OTHER))
        assert outcome.final_verdict == "fail"
        assert known not in outcome.excluded

    def test_is_no_matter_where_it_is_mended(self, known, name, ask, mend, monkeypatch):
        monkeypatch.setattr(nn.init, name, mend(getattr(nn.init, name)))
        outcome = ask(cell_of(name, OTHER))
        assert outcome.final_verdict == "pass", outcome.diagnosis
        assert outcome.excluded == ()

    def test_is_left_out_where_it_was_seen(self, known, name, ask, mend):
        outcome = ask(cell_of(name, HERE))
        assert outcome.final_verdict == "pass", outcome.diagnosis
        assert known in outcome.excluded


def test_no_witness_is_planned_elsewhere():
    planned = [cell_of(name, OTHER) for name in SUBJECTS]
    assert witnesses(planned) == []


def infinite_tail() -> KnownDefect:
    (known,) = (each for each in load() if each.id == "trunc-normal-infinite-tail")
    return known


def test_the_witness_of_what_is_mended_is_red_where_it_was_seen(monkeypatch):
    monkeypatch.setattr(nn.init, "trunc_normal_", _truncated(nn.init.trunc_normal_))
    outcome = witness(cell_of("trunc_normal_", HERE), infinite_tail(), RUN)
    assert outcome.final_verdict == "fail" and "fixed upstream" in outcome.diagnosis


@pytest.mark.parametrize(("backends", "excluded"), [((), False), (("xpu",), True)])
def test_an_entry_for_another_backend_names_it(backends, excluded, monkeypatch):
    """One that names none speaks of the CPU, on which every list so far was written."""
    known = replace(infinite_tail(), backends=backends)
    monkeypatch.setattr(known_defects, "_chosen", (known,))
    found = law(cell_of("trunc_normal_", OTHER))
    assert (known.id in found.excluded) == excluded
    said = "RuntimeError: to is out of bounds" in found.diagnosis
    assert said != excluded
