"""The choices that a value is made of, all taken from a block of bytes.

Two habits of Hypothesis would spoil a survey of cases that has to be wide and repeatable:

- It replaces one integer, float or string in twenty by a constant from the source of the modules
  loaded so far (`hypothesis.internal.constants_ast`), so that one seed stands for other cases
  after other imports, hence in another worker.
- It follows each new example by up to five that repeat a part of it in another place
  (`generate_mutations_from`): of a shape made of integers, most draws are near copies.

Neither touches a single byte string of fixed length, longer than any constant it collects. Draws
are independent, frequencies are what the docstrings say, and it is faster than many small draws.
Lower bytes mean simpler values, which is how Hypothesis shrinks them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

T = TypeVar("T")

#: Sizes on either side of the places where torch's kernels change path: one vector of 16 values
#: in `normal_`, a warp of 32, a block of 256.
BOUNDARY_SIZES = (1, 2, 3, 15, 16, 17, 31, 32, 33, 255, 256, 257)

_WIDTH = 3
_STEPS = 1536


class Choices:
    """The choices of one value, taken from blocks of `block` bytes.

    Every choice takes the same number of bytes, whether it matters or not, and every method the
    same number of choices: when one of them shrinks, the others keep their meaning.
    """

    def __init__(self, draw: DrawFn, block: int) -> None:
        self.draw = draw
        self._block = block
        self._bytes: list[bytes] = []
        self._at = 0

    @property
    def blocks(self) -> int:
        """How many blocks were drawn."""
        return len(self._bytes)

    def below(self, count: int) -> int:
        """Choose one of ``0 .. count - 1``, evenly to one part in ``2**24 / count``."""
        number, start = divmod(self._at, self._block // _WIDTH * _WIDTH)
        self._at += _WIDTH
        if count == 1:
            return 0
        while len(self._bytes) <= number:
            self._bytes.append(self.draw(st.binary(min_size=self._block, max_size=self._block)))
        piece = self._bytes[number][start : start + _WIDTH]
        return int.from_bytes(piece) * count >> 8 * _WIDTH

    def one_in(self, count: int) -> bool:
        """Choose True once in `count` times; shrinks to False."""
        return self.below(count) == count - 1

    def pick(self, options: Sequence[T]) -> T:
        """Choose one of the options, evenly; shrinks to the first."""
        return options[self.below(len(options))]

    def sign(self) -> int:
        """Choose 1 or -1; shrinks to 1."""
        return self.pick((1, -1))

    def integer(self, low: int, high: int) -> int:
        """Choose from ``low .. high``, evenly; shrinks to `low`."""
        return low + self.below(high - low + 1)

    def log_integer(self, low: int, high: int, *, parts: int = 1) -> int:
        """Choose from ``low .. high``, evenly over the powers of two; shrinks to `low`.

        In an octave that holds boundary sizes, each of those is chosen half as often as all other
        sizes together. With ``parts > 1`` the choice is the first of that many random parts of
        the logarithm, each as large as the others on average. Both bounds are at least 1.
        """
        first, last = low.bit_length() - 1, high.bit_length() - 1
        share = 1 - (1 - self.below(256) / 256) ** (1 / parts)
        octave = first + int(share * (last - first + 1))
        low, high = max(low, 1 << octave), min(high, (2 << octave) - 1)
        boundaries = [size for size in BOUNDARY_SIZES if low <= size <= high]
        at = self.below(len(boundaries) + 2)
        size = self.integer(low, high)
        return size if at < 2 else boundaries[at - 2]

    def log_float(self, low: float, high: float, *, near: float = 1.0) -> float:
        """Choose a positive float log-uniformly from ``low .. high``; shrinks towards `near`.

        Values have three significant digits where the range leaves room for that.
        """
        centre = min(max(near, low), high)
        above, below = math.log(high) - math.log(centre), math.log(centre) - math.log(low)
        up = round(_STEPS * above / (above + below)) if above + below else 0
        rises = self.below(_STEPS) < up
        steps = up if rises else _STEPS - up
        share = self.below(steps + 1) / steps
        if not share:
            return centre
        value = centre * math.exp(share * above if rises else -share * below)
        value = min(max(value, low), high)
        rounded = float(f"{value:.3g}")
        return rounded if high > 2 * low and low <= rounded <= high else value

    def scale(self, low: float, high: float, favourites: Sequence[float]) -> float:
        """Choose a favourite in half of the cases, else log-uniformly; shrinks to the first."""
        inside = [value for value in favourites if low <= value <= high]
        other = self.one_in(2) or not inside
        favourite = self.pick(inside or [low])
        value = self.log_float(low, high)
        return value if other else favourite
