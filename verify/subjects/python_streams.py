"""The global streams of Python and of NumPy, from which models of other libraries draw.

Hypothesis seeds both with 0 before each example (Hypothesis documentation, "Reproducing
failures", `register_random`), and restores them after it. Whatever is drawn from them in an
example is then the same in every run, unless they are seeded again where torch is.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Iterator

import numpy as np


def seed(*parts: object) -> None:
    """Start both streams from anything with a canonical text.

    All three global streams are Mersenne Twisters: from one number, NumPy's and torch's would
    yield the same words. Here the key is an array of 256 bits that is a hash of its own, which
    starts none that a number starts (Matsumoto & Nishimura 2002, `init_by_array`).

    Parameters
    ----------
    *parts : object
        What the streams follow: a derived seed, for one.
    """
    text = "\x1f".join(map(str, ("python streams", *parts))).encode()
    key = hashlib.blake2b(text, digest_size=32).digest()
    random.seed(key)
    np.random.seed(np.frombuffer(key, dtype="<u4").astype(np.uint32))


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Leave both streams as they are found, whatever is drawn meanwhile."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
