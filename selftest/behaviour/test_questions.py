"""Every question is able to fail, and none does where nothing is planted."""

import pytest

from selftest.behaviour.support import ask
from selftest.planted.faults import FAULTS
from verify.behaviour.parameters import networks
from verify.behaviour.promise import Question
from verify.behaviour.promises import PROMISES
from verify.defects.known_defects import load
from verify.outcome.promises import identity
from verify.subjects import NETWORKS

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
    *(
        (promise, name, "float32")
        for promise in ("contract of the call", "call under transforms")
        for name in ("normal_", "constant_", "sparse_", "orthogonal_")
    ),
    *(("embedding", name, "float32") for name in ("Embedding", "EmbeddingBag")),
    ("generators", "torch.rand", "float32"),
    *(("lazy", name, "float32") for name in ("LazyLinear", "LazyConv2d", "LazyInstanceNorm3d")),
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


@pytest.mark.parametrize("name", QUESTIONS)
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
        for id, question in QUESTIONS[name].items()
        if not any(is_for(fault, question) for fault in planted)
    }
    assert idle <= known | A_SECOND_DEVICE


@pytest.mark.parametrize(("promise", "name", "dtype"), SOUND)
def test_nothing_is_found_where_nothing_is_planted(promise, name, dtype):
    outcome = ask(PROMISES[promise], name, dtype)
    assert outcome.final_verdict == "pass", outcome.diagnosis
    left_out = LEFT_OUT.get(name, LEFT_OUT.get(promise, ""))
    assert not left_out or any(defect.endswith(left_out) for defect in outcome.excluded)


def test_a_question_without_a_fault_is_told():
    """The test above is able to fail."""
    assert not any(is_for(f, Question("what nobody plants", list)) for f in FAULTS.values())
