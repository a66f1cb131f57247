"""What is compiled, in which ways, and what is said where nothing can be."""

import pytest
import torch

from selftest.behaviour.support import RUN, cell
from verify.behaviour import compiled as calls
from verify.behaviour import compiled_constructors, compiled_generators
from verify.behaviour.compiled_generators import verify_compiled_behaviour
from verify.engine.compiled import verify_compiled
from verify.outcome.verdict import Verdict
from verify.subjects import compiled
from verify.subjects.compiled import EVERY, WAYS, Way, by_turns, nameless

MISSING = "not tested: no C++ compiler"


@pytest.fixture
def without_compiler(monkeypatch):
    monkeypatch.setattr(compiled, "unusable", lambda device: MISSING)


def test_ways_differ():
    assert len({*EVERY}) == len({way.words for way in EVERY}) == 6
    assert {*WAYS.values()} <= {*EVERY}


def test_laws_are_not_tested_without_a_compiler(without_compiler):
    outcome = verify_compiled(cell("uniform_"), RUN, "compiled")
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_TESTED, MISSING)


def test_calls_are_not_tested_without_a_compiler(without_compiler):
    outcome = calls.verify_compiled_calls(cell("uniform_"), RUN)
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_TESTED, MISSING)


def test_no_compiler_is_told(monkeypatch):
    from torch._inductor import cpp_builder

    def missing():
        raise RuntimeError("no compiler")

    monkeypatch.setattr(cpp_builder, "get_cpp_compiler", missing)
    assert compiled.unusable(torch.device("cpu")) == MISSING


def test_each_instruction_set_has_a_cache_of_its_own(monkeypatch):
    """PyTorch finds kernels of vectors again where ATEN_CPU_CAPABILITY forbids them."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "/somewhere")
    for kernels in ("AVX2", "DEFAULT", "DEFAULT"):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: kernels)  # noqa: B023
        place = compiled._of_these_kernels()
        assert place.endswith(f"-{kernels}")
        monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", place)
    assert place == "/somewhere-AVX2-DEFAULT"


def test_pairs_are_given_by_turns():
    made = []

    def pair():
        made.append(len(made))
        return torch.tensor(2 * made[-1]), torch.tensor(2 * made[-1] + 1)

    fill = by_turns(pair, nameless)
    assert [int(fill()[""]) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert made == [0, 1, 2]


def test_what_cannot_be_captured_is_compiled_in_parts():
    """Half of `trunc_normal_` hangs on its values."""
    outcome = verify_compiled(cell("trunc_normal_"), RUN, "compiled, aot_eager")
    assert outcome.final_verdict is Verdict.PASS
    assert outcome.reason.startswith("captured in parts: ")
    assert compiled.in_parts("compiled") == ""


def test_rows_that_come_again_are_counted():
    first, second = torch.rand(2, 40, 17, generator=torch.Generator().manual_seed(3))
    assert calls._coming_again(first, second) == []
    second[5:9] = first[20:24]
    assert calls._coming_again(first, second) == ["4 of 80 rows"]


def test_an_extreme_beyond_the_bound_is_outside():
    assert calls._outside(0.0, 0.5, 0.0, 1.0) == []
    assert calls._outside(0.0, 1.0, 0.0, 1.0) == []
    assert calls._outside(0.0, 1.5, 0.0, 1.0) == ["the largest value is 1.5"]
    assert calls._outside(-0.5, 0.5, 0.0, 1.0) == ["the least value is -0.5"]
    assert len(calls._outside(torch.nan, torch.nan, 0.0, 1.0)) == 2


def test_a_way_may_compile_nothing_and_leave_values_alone():
    compiled.unusable(torch.device("cpu"))
    assert int(Way("aot_eager")(lambda x: x + 1)(torch.tensor(1))) == 2


def refusing(monkeypatch):
    """Nothing can be captured, not in parts either."""

    def refuse(self, function, *, whole=True):
        def call(*args):
            raise compiled.refusal()("No such thing.\n  Explanation: none")

        return call

    monkeypatch.setattr(Way, "__call__", refuse)


@pytest.mark.parametrize("promise", ["compiled default", "compiled default, aot_eager"])
def test_constructors_that_are_refused_are_unsupported(promise, monkeypatch):
    refusing(monkeypatch)
    outcome = verify_compiled(cell("Embedding"), RUN, promise)
    assert outcome.final_verdict is Verdict.UNSUPPORTED
    assert outcome.reason.endswith(": No such thing.")


@pytest.mark.parametrize(
    ("promise", "subject"),
    [(compiled_generators.PROMISE, "torch.rand"), (compiled_constructors.PROMISE, "Linear")],
    ids=["generators", "constructors"],
)
def test_questions_that_are_refused_are_unsupported(promise, subject, monkeypatch):
    refusing(monkeypatch)
    outcome = verify_compiled_behaviour(cell(subject), RUN, promise)
    assert outcome.final_verdict is Verdict.UNSUPPORTED
    assert outcome.reason.endswith(": No such thing.")


def test_a_graph_break_of_a_constructor_is_told():
    outcome = verify_compiled(cell("LayerNorm"), RUN, "compiled default")
    assert outcome.final_verdict is Verdict.PASS
    assert outcome.reason.startswith("captured in parts: ")
