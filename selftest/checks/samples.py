"""Samples of independent entries, drawn without PyTorch, and what the checks reduce them to."""

import math

import numpy as np
from scipy import stats

from selftest.checks.support import stream, tensor
from verify.checks.independent import reduce
from verify.laws import Normal, TruncatedNormal, Uniform
from verify.laws.propagation import ACTIVATIONS

NORMAL, BERT, UNIT = Normal(0.0, 1.0), Normal(0.0, 0.02), Uniform(0.0, 1.0)
SYMMETRIC = Uniform.for_variance(bound=0.0442)
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


def layers(name, gain, factor, rng, width, depth):
    """Mean squares of layers that make `factor` times what theory gives each for its input."""
    squares = [1.0]
    for _ in range(depth):
        z = gain * math.sqrt(squares[-1]) * rng.standard_normal(width)
        squares.append(factor * float(np.mean(ACTIVATIONS[name].function(z, 0.0) ** 2)))
    return squares
