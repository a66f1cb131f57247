"""Every question is able to fail, and none does where nothing is planted."""

import sys
import warnings
from collections.abc import Callable
from functools import partial
from types import FrameType

import pytest
import torch
from torch.overrides import TorchFunctionMode

from selftest.behaviour.support import RUN, ask
from selftest.planted.faults import FAULTS
from verify.behaviour.parameters import networks
from verify.behaviour.promise import Question, Trial
from verify.behaviour.promises import PROMISES
from verify.defects import known_defects
from verify.defects.known_defects import load
from verify.outcome.promises import identity
from verify.plan.drawing import for_each_case
from verify.plan.run import Cell, cells
from verify.subjects import NETWORKS

WORDED = ("errors",)  # Promises whose questions are words alone, and asked by their own code.
QUESTIONS = {
    name: promise.questions
    for name, promise in PROMISES.items()
    if all(isinstance(question, Question) for question in promise.questions.values())
}
A_SECOND_DEVICE = {"foreign-generators-taken"}  # Is what they need.

SOUND = [
    *(("batch norm", name, "float32") for name in ("BatchNorm2d", "SyncBatchNorm")),
    ("batch norm", "InstanceNorm1d", "float32"),
    *(("construction", name, "float32") for name in ("Linear", "LazyConv1d", "BCELoss")),
    ("construction", "TransformerEncoder", "float32"),
    *(("conversions", name, "float32") for name in PROMISES["conversions"].subjects),
    *(("copies", name, "float32") for name in PROMISES["copies"].subjects),
    *(
        (promise, name, "float32")
        for promise in ("contract of the call", "call under transforms")
        for name in ("normal_", "constant_", "sparse_", "orthogonal_")
    ),
    *(("embedding", name, "float32") for name in ("Embedding", "EmbeddingBag")),
    ("generators", "torch.rand", "float32"),
    *(("lazy", name, "float32") for name in ("LazyLinear", "LazyConv2d", "LazyInstanceNorm3d")),
    *(("loading", name, "float32") for name in ("Linear", "BatchNorm1d")),
    *(("parameters", name, "float32") for name in networks.SUBJECTS),
    *(("parametrization", name, "float32") for name in ("Linear", "Conv2d", "RNN")),
    ("streams", "normal_", "float32"),
    ("streams", "trunc_normal_", "float16"),
    ("streams", "sparse_", "complex64"),
    ("streams", "torch.rand", "complex128"),
    ("streams", "torch.rand_like", "bfloat16"),
    ("streams", "torch.randperm", "int64"),
    ("streams", "torch.bernoulli", "float64"),
    *(("symmetry", "Xavier and a constant", dtype) for dtype in ("float32", "float64")),
    *(
        (promise, network.name, "float16")
        for promise in ("tied gradient", "tie")
        for network in NETWORKS
    ),
]
LEFT_OUT = {  # Of a promise or a subject: the end of a known defect's name.
    "generators": "negative-seeds-are-remapped-otherwise",
    "LazyInstanceNorm3d": "lazy-instance-norm-unusable-after-loading",
    "parametrization": "initializer-lost-under-parametrization",
    "streams": "seeds-beyond-32-bits-coincide",
}


def is_for(fault, question):
    """Whether a fault must be found by the question, or must be seen to be mended there."""
    return fault.says.removeprefix("fixed upstream: ").startswith(f"{question.words}:")


@pytest.mark.parametrize("name", [*QUESTIONS, *WORDED])
def test_every_question_finds_something(name):
    """A planted fault, or a known defect, which is red once it is mended."""
    planted = [f for f in FAULTS.values() if (i := identity(f.node)) and i.promise == name]
    known = {
        call
        for defect in load()
        if name in defect.promises
        for call in PROMISES[name].by_id(defect).calls
    }
    idle = {
        id
        for id, question in PROMISES[name].questions.items()
        if not any(is_for(fault, question) for fault in planted)
    }
    unasked = sorted(idle - known - A_SECOND_DEVICE)
    assert not unasked, (
        f"nothing shows that these questions of {name!r} are able to fail: {', '.join(unasked)}; "
        "plant a fault for each in selftest/planted/, whose `says` begins with its words"
    )


@pytest.mark.parametrize(("promise", "name", "dtype"), SOUND)
def test_nothing_is_found_where_nothing_is_planted(promise, name, dtype):
    outcome = ask(PROMISES[promise], name, dtype)
    assert outcome.final_verdict == "pass", outcome.diagnosis
    left_out = LEFT_OUT.get(name, LEFT_OUT.get(promise, ""))
    assert not left_out or any(defect.endswith(left_out) for defect in outcome.excluded)


def test_a_question_without_a_fault_is_told():
    """The test above is able to fail."""
    assert not any(is_for(f, Question("what nobody plants", list)) for f in FAULTS.values())


class Uses(TorchFunctionMode):
    """Notes every function of PyTorch that is called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.seen.append(f"{func}")
        return func(*args, **(kwargs or {}))

    def watch(self, frame: FrameType, event: str, _called: object) -> None:
        """The same of what is written in Python."""
        name = f"{frame.f_globals.get('__name__')}"
        if event == "call" and name.startswith("torch.") and name != "torch.overrides":
            self.seen.append(name)


def is_idle(ask_it: Callable[[], object]) -> bool:
    """Whether an answer is found without anything of PyTorch."""
    with Uses() as uses:
        sys.setprofile(uses.watch)
        try:
            ask_it()
        except Exception:
            return False
        finally:
            sys.setprofile(None)
    return not uses.seen


def idle_at(cell: Cell, name: str) -> list[str]:
    """The questions that arise in the smallest cases of a cell and ask nothing there."""
    found: dict[str, str] = {}
    raising = tuple(d for d in known_defects.for_cell(cell, "law") if d.check == "raises")

    def look(case):
        if cell.holds(case) and not known_defects.excluding(case, raising):
            trial = Trial(cell, case, torch.device("cpu"), RUN.seed)
            for id, question in QUESTIONS[name].items():
                if question.arises(trial) and is_idle(partial(question.wrong, trial)):
                    found[id] = repr(case)

    for_each_case(cell.subject.cases(64), look, seed=RUN.seed, examples=2)
    return [f"{id} at {case}" for id, case in found.items()]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_arises_only_where_it_asks_something(name):
    """Else a known defect that names it would be seen to be mended wherever it asks nothing."""
    of = [c for c in cells(["cpu"]) if PROMISES[name].is_asked_in(*c.names)]
    by_subject = {cell.subject.name: cell for cell in of}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {subject: idle_at(cell, name) for subject, cell in by_subject.items()}
    assert not any(found.values()), {at: said for at, said in found.items() if said}


def test_a_question_that_asks_nothing_is_told():
    """The test above is able to fail."""
    assert is_idle(lambda: [axis for axis in range(2) if axis > 2])
    assert not is_idle(lambda: torch.zeros(1))
    assert not is_idle(lambda: torch.ones(1).sum())
