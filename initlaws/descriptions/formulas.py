"""Laws as formulas: code for a laws file, words for the eye, a law for each tensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from torch import nn

from initlaws import defaults
from initlaws.builds import Place
from initlaws.descriptions.digits import constant_rank, digits_of, few_digits, written
from initlaws.descriptions.fits import ERRORS, Values
from initlaws.descriptions.kinds import UNIFORM, Kind, is_for_variance
from initlaws.descriptions.scales import Scale
from verify.laws import Continuous, Uniform


@dataclass(frozen=True)
class Formula:
    """What a line of a laws file may say.

    Attributes
    ----------
    code : str
        The law of a tensor, of `shape` and `name`.
    words : str
        For the eye.
    needs : str
        What the code speaks of: nothing, ``shape``, or ``shape, module, name``.
    rank : float
        The simplest are lowest.
    kind : str
        Of which kind the density is; empty for what has none.
    of : callable from place to law, or None
        None for what is not compared with values.
    parts : int
        Equal parts of the first axis, of which each has the law.
    ground : str
        The code of the same without a division by depth; empty where there is none.
    std : callable from place to float, or None
        The standard deviation of a real tensor, where it is known without the law.
    review : str
        What somebody must look at, where the rank says so.
    """

    code: str
    words: str
    needs: str = ""
    rank: float = 0.0
    kind: str = ""
    of: Callable[[Place], object] | None = field(default=None, compare=False, repr=False)
    parts: int = 1
    ground: str = field(default="", compare=False)
    std: Callable[[Place], float] | None = field(default=None, compare=False, repr=False)
    review: str = ""

    @property
    def by_depth(self) -> bool:
        """Whether the number of the layer matters."""
        return "depth(" in self.code

    @property
    def key(self) -> str:
        """What tells it from others."""
        return self.claim({})

    def claim(self, rows: Mapping[int, float]) -> str:
        """The code of the claim.

        Parameters
        ----------
        rows : mapping
            The row that holds a constant, and the constant, if there is one.
        """
        if self is DEFAULT:
            return self.code
        if self.parts > 1:
            return f"Blocks(lambda shape: {self.code}, {self.parts})"
        inner = self.code
        for row, value in rows.items():
            beside = f", Constant({written(value)})" if value else ""
            inner = f"Rows({inner}, {row}{beside})"
        return f"lambda {self.needs}: {inner}" if self.needs else inner


DEFAULT = Formula("Default()", "PyTorch's default", of=lambda place: defaults.law(place))
"""What PyTorch's documentation says of the module."""

_IN_WORDS: tuple[tuple[tuple[type[nn.Module], ...], str], ...] = (
    ((nn.RNNBase, nn.RNNCellBase), "U(±1/√hidden_size)"),
    ((nn.Embedding, nn.EmbeddingBag), "N(0, 1)"),
    ((nn.MultiheadAttention,), "U(±√(6/(fan_in + fan_out)))"),
    ((nn.Module,), "U(±1/√fan_in)"),
)


def default_words(place: Place) -> str:
    """PyTorch's default of a random tensor, for the eye."""
    words = next(words for types, words in _IN_WORDS if isinstance(place.module, types))
    return f"{words}, PyTorch's default of {type(place.module).__qualname__}"


def parts_of(place: Place) -> int:
    """Equal parts of the first axis that may be made each by itself: gates, three projections."""
    if len(place.shape) != 2:
        return 1
    if isinstance(place.module, nn.RNNBase | nn.RNNCellBase):
        return place.shape[0] // place.module.hidden_size
    return 3 if place.shape[0] == 3 * place.shape[1] else 1


def formula(kind: Kind, mean: float, scale: Scale, parts: int = 1) -> Formula:
    """The formula of a kind with a mean and a scale."""
    middle = written(mean)

    def width(place: Place) -> float:
        first, *others = place.shape or (1,)
        shape = (first // parts, *others) if parts > 1 else place.shape
        return scale.of(shape, place.name)

    def of(place: Place) -> Continuous:
        law = kind.make(mean, width(place))
        if isinstance(law, Uniform) and not is_for_variance(scale.code):
            return Uniform(law.low, law.high)
        return law

    words = kind.words("0.0" if not mean else f"{mean:g}", scale.words, scale.squared)
    return Formula(
        kind.code(middle, scale.code),
        f"{words}, in {parts} parts" if parts > 1 else words,
        scale.needs,
        scale.rank + kind.rank + digits_of(mean) / 2,
        kind.name,
        of,
        parts,
        kind.code(middle, scale.ground) if scale.ground else "",
        lambda place: width(place) * kind.ratio,
    )


def means(values: Values) -> Iterator[float]:
    """Zero if it can be, else numbers of few digits."""
    error = values.std / math.sqrt(values.count)
    if abs(values.mean) <= ERRORS * error:
        yield 0.0
        return
    for _, value in few_digits(values.mean, error / abs(values.mean)):
        yield value


def between(values: Values) -> Iterator[Formula]:
    """Uniforms whose ends are numbers of few digits."""
    reach = 3 * (values.high - values.low) / values.count + values.slack / 4
    lows, highs = (tuple(_near(end, reach, values.slack)) for end in (-values.low, values.high))
    for below, negative in lows:
        for above, high in highs:
            low = 0.0 - negative

            def of(_: Place, low: float = low, high: float = high) -> Uniform:
                return Uniform(low, high)

            code = f"Uniform({written(low)}, {written(high)})"
            words = f"U({low:g}, {high:g})"
            rank = constant_rank(max(below, above))
            yield Formula(code, words, "", rank, UNIFORM.name, of)


def _near(end: float, reach: float, slack: float) -> Iterator[tuple[int, float]]:
    """Zero if an upper end can be that, else numbers of few digits that no value exceeds."""
    if abs(end) <= 5 * reach:
        yield 1, 0.0
        return
    yield from few_digits(end, reach / abs(end), least=end - slack)
