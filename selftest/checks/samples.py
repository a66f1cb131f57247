"""Samples of independent entries, drawn without PyTorch, and what the checks reduce them to."""

import numpy as np
from scipy import stats

from selftest.checks.support import stream, tensor
from verify.checks.independent import reduce
from verify.laws import Normal, TruncatedNormal, Uniform

NORMAL, BERT, UNIT = Normal(0.0, 1.0), Normal(0.0, 0.02), Uniform(0.0, 1.0)
SYMMETRIC = Uniform.symmetric(0.0442)
TRUNCATED = TruncatedNormal(0.0, 1.0, -2.0, 2.0)


def drawn(law, size, rng):
    """A lawful sample, by numpy and scipy alone."""
    if isinstance(law, Uniform):
        return rng.uniform(law.low, law.high, size)
    if isinstance(law, Normal):
        return rng.normal(law.mean, law.std, size)
    low, high = (law.a - law.mean) / law.std, (law.b - law.mean) / law.std
    return law.mean + law.std * stats.truncnorm.ppf(rng.random(size), low, high)


def reduced(values, law, shape=None, dtype="float64", sort=True):
    """Statistics of calls × entries."""
    values = np.atleast_2d(values)
    host = stream("host", values.shape)
    return reduce(tensor(values, dtype), shape or values.shape[1:], law, host, sort=sort)
