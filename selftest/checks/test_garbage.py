"""Memory that nobody filled, as a sample of each law: it is found, and nothing overflows."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import Tensor

from verify.checks import joint
from verify.engine.reduction import reduce
from verify.laws import (
    DiscreteUniform,
    Exponential,
    Haar,
    Law,
    Masked,
    Normal,
    Permutation,
    Sparse,
    TruncatedNormal,
    Uniform,
    UniformSum,
)
from verify.outcome.evidence import Evidence

SHAPE = (16, 8)
BITS = {8: torch.int64, 4: torch.int32, 2: torch.int16}
LAWS: dict[str, Law] = {
    "uniform": Uniform(-0.1, 0.3),
    "normal": Normal(0.0, 0.02),
    "truncated": TruncatedNormal(0.0, 1.0, -2.0, 2.0),
    "exponential": Exponential(2.0),
    "whole numbers": DiscreteUniform(0, 7),
    "permutation": Permutation(64),
    "haar": Haar(1.0),
    "sparse": Sparse(0.5, 0.01),
    "masked": Masked(Uniform(-1.0, 1.0), 0.25),
    "sum of uniforms": UniformSum(),
}


def random_bits(dtype: torch.dtype) -> Tensor:
    """Whatever finite numbers random bytes are: of float64 most squares are no number."""
    whole = BITS[dtype.itemsize]
    limits, stream = torch.iinfo(whole), torch.Generator().manual_seed(1)
    drawn = torch.randint(limits.min, limits.max, SHAPE, generator=stream, dtype=whole)
    return drawn.view(dtype).nan_to_num()


def largest(dtype: torch.dtype) -> Tensor:
    return torch.full(SHAPE, torch.finfo(dtype).max, dtype=dtype)


def half_filled(dtype: torch.dtype) -> Tensor:
    values = random_bits(dtype)
    values[: SHAPE[0] // 2] = 0
    return values


@pytest.mark.parametrize("garbage", [random_bits, largest, half_filled])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_memory_that_nobody_filled_is_found(law, dtype, garbage):
    values = garbage(dtype).reshape(2, -1)
    host = np.random.default_rng(0)
    evidence = reduce(values, (SHAPE[0], SHAPE[1] // 2), law, host, sort=True)
    pooled = evidence + evidence
    findings = pooled.findings("cell")
    assert any(not finding.passed for finding in findings)
    json.dumps([pooled.to_json(), *(finding.to_json() for finding in findings)])


def test_two_tensors_that_nobody_filled_are_compared():
    law = LAWS["uniform"]
    drawn = {
        name: joint.Drawn(random_bits(torch.float64).reshape(2, -1) * sign, law)
        for name, sign in (("weight", 1.0), ("bias", -1.0))
    }
    found = Evidence({"between": joint.between(drawn, np.random.default_rng(0))})
    assert json.dumps([finding.to_json() for finding in found.findings("cell")])
