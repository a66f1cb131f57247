"""The truncated normal law."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from scipy import special as host_special

from verify.laws.arguments import require_reals
from verify.laws.array import A
from verify.laws.base import Family, Shape
from verify.laws.continuous import Continuous
from verify.laws.lattice import Lattice
from verify.laws.square import Square

# Beyond this log-ratio Φ(α) is nothing beside Φ(β), and expm1 would overflow.
_NEGLIGIBLE = 500.0
# No value lies farther out: a bound beyond it is none.
_OPEN = 9.0


@dataclass(frozen=True)
class TruncatedNormal(Continuous):
    """A normal law conditioned on the window ``[a, b]`` (absolute bounds).

    ``F(x) = (Φ(z) − Φ(α)) / (Φ(β) − Φ(α))`` with z, α, β the standardised x, a, b. It is
    evaluated through log Φ on the side of the window nearer to −∞, which keeps full
    relative accuracy for windows any number of standard deviations out.

    Source: the documentation of ``torch.nn.init.trunc_normal_`` ("values outside [a, b]
    redrawn until they are within the bounds"); Johnson, Kotz & Balakrishnan 1994,
    *Continuous Univariate Distributions 1*, sec. 13.10.1.
    """

    mean: float
    std: float
    a: float
    b: float

    def __post_init__(self) -> None:
        require_reals(self, "mean", "std", "a", "b")

    @property
    def support(self) -> tuple[float, float]:  # noqa: D102
        return self.a, self.b

    @property
    def family(self) -> Family:
        """With the bounds in standard deviations, to six digits."""
        bounds = (max(-_OPEN, min(bound, _OPEN)) for bound in self._window)
        return Family("truncated normal", tuple(float(f"{bound:.6g}") for bound in bounds))

    @property
    def _window(self) -> tuple[float, float]:
        return (self.a - self.mean) / self.std, (self.b - self.mean) / self.std

    @property
    def _left_window(self) -> tuple[float, float]:
        """The standardised window, mirrored if need be so that it leans to the left."""
        alpha, beta = self._window
        return (alpha, beta) if alpha + beta <= 0 else (-beta, -alpha)

    @property
    def _log_mass(self) -> float:
        bottom, top = (float(host_special.log_ndtr(z)) for z in self._left_window)
        return top + math.log(-math.expm1(bottom - top))

    @property
    def mass(self) -> float:
        """Probability of the window under the untruncated normal."""
        return math.exp(self._log_mass)

    @property
    def mode(self) -> float:
        """Where the density is largest."""
        return max(self.a, min(self.mean, self.b))

    @property
    def log_edge_ratio(self) -> float:
        """Log of the density at the window's least likely end relative to its mode."""
        z_mode = (self.mode - self.mean) / self.std
        return (z_mode**2 - max(z**2 for z in self._window)) / 2

    @property
    def scale(self) -> float:
        """Reciprocal of the peak density, so that `max_scaled_density` is one."""
        z_mode = (self.mode - self.mean) / self.std
        log_density = -(z_mode**2) / 2 - math.log(2 * math.pi) / 2 - self._log_mass
        return self.std * math.exp(-log_density)

    @property
    def max_scaled_density(self) -> float:  # noqa: D102
        return 1.0

    @property
    def typical_magnitude(self) -> float:
        """The window's end farther from zero, at most 9 standard deviations beyond the mode.

        Farther out the density is below ``e^{−40}`` of its largest.
        """
        span = 9 * self.std
        return max(abs(max(self.a, self.mode - span)), abs(min(self.b, self.mode + span)))

    @property
    def is_accurate_in_float32(self) -> bool:  # noqa: D102
        return False

    @property
    def is_rounded(self) -> bool:
        """Where proposals are normal; less likely windows are drawn in the dtype's arithmetic."""
        return self.mass >= 0.3

    def widened(self, lattice: Lattice, held: Lattice) -> TruncatedNormal:
        """What rounds into the window may be accepted: its bounds lie half a step further."""
        return TruncatedNormal(self.mean, self.std, *lattice.around(self.a, self.b))

    @property
    def standard_deviation(self) -> float:  # noqa: D102
        return self.std * math.sqrt(self._even_moments[0])

    @property
    def square(self) -> Square:  # noqa: D102
        second, fourth = self._even_moments
        a = self.b / self.std
        return Square(fourth / second**2 - 1, (a**2 / second - 1) / 3)

    @property
    def _even_moments(self) -> tuple[float, float]:
        """The second and the fourth in units of `std`, of a symmetric window.

        By ``E z^{k+2} = (k+1)·E z^k − 2·a^{k+1}·φ(a)/mass`` (Johnson, Kotz & Balakrishnan 1994).
        """
        a = self.b / self.std
        mass = float(host_special.erf(a / math.sqrt(2)))
        edge = 2 * math.exp(-(a**2) / 2) / math.sqrt(2 * math.pi) / mass
        second = 1 - a * edge
        return second, 3 * second - a**3 * edge

    def components(self) -> tuple[TruncatedNormal, TruncatedNormal]:  # noqa: D102
        return self, self

    def demands(self, shape: Shape) -> Iterator[tuple[str, bool]]:  # noqa: D102
        yield "std > 0", 0 < self.std < math.inf
        yield "a finite mean", math.isfinite(self.mean)
        yield "a < b", self.a < self.b
        yield from super().demands(shape)

    def cdf(self, x: A, special: ModuleType = host_special) -> A:  # noqa: D102
        lower = _conditioned(self._towards_left(x), *self._left_window, special)
        return 1 - lower if self._leans_right else lower

    def sf(self, x: A, special: ModuleType = host_special) -> A:  # noqa: D102
        lower = _conditioned(self._towards_left(x), *self._left_window, special)
        return lower if self._leans_right else 1 - lower

    @property
    def _leans_right(self) -> bool:
        return sum(self._window) > 0

    def _towards_left(self, x: A) -> A:
        z = (x - self.mean) / self.std
        return -z if self._leans_right else z


def _conditioned(z: A, alpha: float, beta: float, special: ModuleType) -> A:
    """``(Φ(z) − Φ(α)) / (Φ(β) − Φ(α))`` for a window that leans to the left (α + β ≤ 0)."""
    top = float(host_special.log_ndtr(beta))
    bottom = float(host_special.log_ndtr(alpha))
    if top - bottom > _NEGLIGIBLE:
        relative: A = special.exp2((special.log_ndtr(z) - top) / math.log(2))
        return relative
    # expm1 keeps the digits of narrow windows, where Φ(z) and Φ(α) nearly agree.
    above: A = special.expm1(special.log_ndtr(z) - bottom)
    return above / math.expm1(top - bottom)
