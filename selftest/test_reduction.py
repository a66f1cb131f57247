"""Each law finds its reduction, and all that they produce has words."""

import math

import numpy as np
import pytest

from selftest.checks.support import stream, tensor
from verify import laws
from verify.checks.bounds import ALPHA
from verify.checks.finding import Finding
from verify.checks.statistics.counts import Rare
from verify.checks.statistics.decision import Told, decided
from verify.checks.words import WORDS
from verify.engine.reduction import reduce
from verify.engine.sampling import Sample

SHAPE = (6, 6)
LAWS = [
    laws.Uniform(0.0, 1.0),
    laws.Normal(0.0, 1.0),
    laws.TruncatedNormal(0.0, 1.0, -2.0, 2.0),
    laws.Haar(1.0),
    laws.Sparse(0.2, 1.0),
    laws.Masked(laws.Uniform(-2.0, 2.0), 1.0),
    laws.Constant(0.5),
    laws.Eye(),
    laws.Dirac(),
]


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("sort", [True, False])
def test_every_law_has_a_reduction_and_words(law, sort):
    shape = (*SHAPE, 1) if isinstance(law, laws.Dirac) else SHAPE
    values = tensor(stream("reduce").standard_normal((50, math.prod(shape))))
    evidence = reduce(values, shape, law, stream("host"), sort=sort)
    found = evidence.findings("case", "the case")
    assert found
    for finding in found:
        assert finding.check in WORDS
        assert (finding.scope, finding.case) == ("case", "'the case'")


@pytest.mark.parametrize("sort", [True, False])
def test_reducing_again_gives_the_same(sort):
    values = tensor(stream("again").standard_normal((5, 36)))
    first, second = (reduce(values, SHAPE, laws.Haar(1.0), stream("host"), sort=sort) for _ in "ab")
    assert first.to_json() == second.to_json()


def test_the_host_stream_depends_on_the_seed_alone():
    values = tensor(np.zeros((1, 1)))
    samples = (Sample({"": values}, {"": (1, 1)}, seed, 1) for seed in (1, 1, 2))
    draws = [sample.host_stream().random(3).tolist() for sample in samples]
    assert draws[0] == draws[1] != draws[2]


def test_tensors_of_a_sample_share_no_host_stream():
    """What completes or rounds one tensor would otherwise be found again in the next."""
    sample = Sample({}, {}, 1, 1)
    draws = {tuple(sample.host_stream(name).random(3)) for name in ("", "weight", "weight[part 1]")}
    assert len(draws) == 3


def test_unknown_laws_are_refused():
    with pytest.raises(TypeError, match="no reduction for the law 'gamma'"):
        reduce(tensor(np.zeros((1, 1))), (1,), "gamma", stream("host"), sort=False)


@pytest.mark.parametrize("check", WORDS)
def test_words_are_two_different_sentences(check):
    words = WORDS[check]
    assert words.subject(True) == words.obeyed
    assert words.subject(False) == words.broken != words.obeyed
    assert words.obeyed and words.broken


@pytest.mark.parametrize(
    "speak",
    [
        lambda: Rare(0, 0.0, 1).findings("newest"),
        lambda: decided("newest", 0.5, 1, lambda: Told(""), level=ALPHA),
        lambda: Finding.broken("newest", "why"),
    ],
)
def test_a_check_without_words_says_where_they_go(speak):
    with pytest.raises(LookupError) as refused:
        speak()
    sentence = "the check 'newest' has no words: give it a row in verify/checks/words.py"
    assert str(refused.value) == sentence
