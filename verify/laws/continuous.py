"""Continuous laws of independent entries: uniform, normal, truncated normal."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from scipy import special as host_special

from verify.laws.arguments import require_reals

# A numpy array or a torch tensor: laws use only arithmetic and the namespace `special`,
# which scipy and torch spell alike (ndtr, log_ndtr, expm1).
Array = Any

# Beyond this log-ratio Φ(α) is nothing beside Φ(β), and expm1 would overflow.
_NEGLIGIBLE = 500.0


@dataclass(frozen=True)
class Continuous:
    """A continuous law of independent, identically distributed entries."""

    @property
    def support(self) -> tuple[float, float]:
        """Closed support ``(a, b)``, infinite where unbounded."""
        raise NotImplementedError

    @property
    def scale(self) -> float:
        """A width over which the density is spread, in units of the values."""
        raise NotImplementedError

    @property
    def max_scaled_density(self) -> float:
        """The density's supremum times `scale` (no unit)."""
        raise NotImplementedError

    @property
    def typical_magnitude(self) -> float:
        """The largest magnitude at which the density is not negligible."""
        raise NotImplementedError

    @property
    def max_magnitude(self) -> float:
        """A magnitude that no value exceeds: the probability is below 1e-18."""
        return self.typical_magnitude + 9 * self.scale

    @property
    def is_affine(self) -> bool:
        """Whether the cdf keeps its accuracy when evaluated in float32."""
        return True

    @property
    def is_rounded(self) -> bool:
        """Whether backends promise the reals of this law rounded to nearest (see `Rounded`)."""
        return True

    def cdf(self, x: Array, special: ModuleType = host_special) -> Array:
        """Cumulative distribution function of every element of `x`, in `x`'s precision."""
        raise NotImplementedError

    def sf(self, x: Array, special: ModuleType = host_special) -> Array:
        """Survival function ``P(X > x)``, accurate in the upper tail."""
        raise NotImplementedError

    def displacement(self, x: float, step: float) -> float:
        """How far the dtype's lattice can move a value near `x` (see `resolution`)."""
        return 2 * step * max(abs(x), self.typical_magnitude)

    def resolution(self, step: float, draw_step: float) -> float:
        """Bound on how far the dtype's lattice can move the cdf.

        The contract law of a floating dtype is the mathematical law on its lattice. Three
        roundings lie between the two: of the law's parameters to the dtype (half a step), of
        the value (half a step), and at a half-open end the excluded bound, which falls back
        by one step; so a value is displaced by two steps at most. Underneath lies a generator
        of uniforms that is itself a lattice.

        Parameters
        ----------
        step : float
            The dtype's machine epsilon: the lattice step relative to magnitude.
        draw_step : float
            The step of the underlying uniform draws (2^-24 up to float32, else 2^-53).

        Returns
        -------
        float
            ``sup |F(x̃) − F(x)|`` over lawful displacements, at most 1.
        """
        return min(
            1.0,
            2 * self.max_scaled_density * self.typical_magnitude * step / self.scale + draw_step,
        )

    def point_mass(self, step: float, draw_step: float) -> float:
        """Bound on the probability of any single lattice point (see `resolution`)."""
        return min(1.0, self.resolution(step, draw_step) + draw_step)


@dataclass(frozen=True)
class Uniform(Continuous):
    """The uniform law on ``[low, high)``.

    Source: the documentation of ``torch.nn.init.uniform_``; Glorot & Bengio 2010, eq. 16,
    and He et al. 2015, sec. 2.2, for the symmetric bounds.
    """

    low: float
    high: float
    of_variance: bool = field(default=False, repr=False)
    """Whether the bounds were chosen for the variance that they give."""

    def __post_init__(self) -> None:
        require_reals(self, "low", "high")

    @classmethod
    def symmetric(cls, bound: float) -> Uniform:
        """U(−bound, bound), whose variance ``bound² / 3`` is what was wanted."""
        return cls(-bound, bound, of_variance=True)

    @property
    def support(self) -> tuple[float, float]:  # noqa: D102
        return self.low, self.high

    @property
    def scale(self) -> float:  # noqa: D102
        return self.high - self.low

    @property
    def max_scaled_density(self) -> float:  # noqa: D102
        return 1.0

    @property
    def typical_magnitude(self) -> float:  # noqa: D102
        return max(abs(self.low), abs(self.high))

    def point_mass(self, step: float, draw_step: float) -> float:
        """Bound on the probability of a lattice point, but for the bounds themselves.

        The draws lie ``scale · draw_step`` apart, and rounding sends to one point at most those
        within one lattice step, the largest of which is the last below `typical_magnitude`.
        """
        widest = step * 2.0 ** (math.ceil(math.log2(self.typical_magnitude)) - 1)
        # The parameters are themselves rounded, so a ratio just short of a whole number counts.
        ratio = widest / (self.scale * draw_step) * (1 + 1e-6)
        return min(1.0, draw_step * (1 + math.floor(ratio)))

    def cdf(self, x: Array, special: ModuleType = host_special) -> Array:  # noqa: D102
        return (x - self.low) / (self.high - self.low)

    def sf(self, x: Array, special: ModuleType = host_special) -> Array:  # noqa: D102
        return (self.high - x) / (self.high - self.low)


@dataclass(frozen=True)
class Normal(Continuous):
    """The normal law with the given mean and standard deviation.

    Source: the documentation of ``torch.nn.init.normal_``; Glorot & Bengio 2010 and
    He et al. 2015, eq. 10, for the standard deviations.
    """

    mean: float
    std: float

    def __post_init__(self) -> None:
        require_reals(self, "mean", "std")

    @property
    def support(self) -> tuple[float, float]:  # noqa: D102
        return -math.inf, math.inf

    @property
    def scale(self) -> float:  # noqa: D102
        return self.std

    @property
    def max_scaled_density(self) -> float:  # noqa: D102
        return 1 / math.sqrt(2 * math.pi)

    @property
    def typical_magnitude(self) -> float:
        """One standard deviation beyond the mean: |x|·density is largest within it."""
        return abs(self.mean) + self.std

    def standardise(self, x: Array) -> Array:
        """``(x − mean) / std``."""
        return (x - self.mean) / self.std

    def cdf(self, x: Array, special: ModuleType = host_special) -> Array:  # noqa: D102
        return special.ndtr(self.standardise(x))

    def sf(self, x: Array, special: ModuleType = host_special) -> Array:  # noqa: D102
        return special.ndtr(-self.standardise(x))


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
        """The window's end that holds mass, at most 9 standard deviations beyond the mode."""
        span = 9 * self.std
        return max(abs(max(self.a, self.mode - span)), abs(min(self.b, self.mode + span)))

    @property
    def is_affine(self) -> bool:  # noqa: D102
        return False

    @property
    def is_rounded(self) -> bool:
        """Where proposals are normal; less likely windows are drawn in the dtype's arithmetic."""
        return self.mass >= 0.3

    def cdf(self, x: Array, special: ModuleType = host_special) -> Array:  # noqa: D102
        lower = _conditioned(self._towards_left(x), *self._left_window, special)
        return 1 - lower if self._leans_right else lower

    def sf(self, x: Array, special: ModuleType = host_special) -> Array:  # noqa: D102
        lower = _conditioned(self._towards_left(x), *self._left_window, special)
        return lower if self._leans_right else 1 - lower

    @property
    def _leans_right(self) -> bool:
        return sum(self._window) > 0

    def _towards_left(self, x: Array) -> Array:
        z = (x - self.mean) / self.std
        return -z if self._leans_right else z


def _conditioned(z: Array, alpha: float, beta: float, special: ModuleType) -> Array:
    """``(Φ(z) − Φ(α)) / (Φ(β) − Φ(α))`` for a window that leans to the left (α + β ≤ 0)."""
    top = float(host_special.log_ndtr(beta))
    bottom = float(host_special.log_ndtr(alpha))
    if top - bottom > _NEGLIGIBLE:
        return special.exp2((special.log_ndtr(z) - top) / math.log(2))
    # expm1 keeps the digits of narrow windows, where Φ(z) and Φ(α) nearly agree.
    return special.expm1(special.log_ndtr(z) - bottom) / math.expm1(top - bottom)


@dataclass(frozen=True)
class Exponential(Continuous):
    """The exponential law with the given rate, on (0, ∞).

    Source: the documentation of ``torch.Tensor.exponential_``.
    """

    rate: float

    def __post_init__(self) -> None:
        require_reals(self, "rate")

    @property
    def support(self) -> tuple[float, float]:  # noqa: D102
        return 0.0, math.inf

    @property
    def scale(self) -> float:  # noqa: D102
        return 1 / self.rate

    @property
    def max_scaled_density(self) -> float:  # noqa: D102
        return 1.0

    @property
    def typical_magnitude(self) -> float:
        """Where x times the density is largest."""
        return 1 / self.rate

    @property
    def max_magnitude(self) -> float:  # noqa: D102
        return 50 / self.rate

    @property
    def is_rounded(self) -> bool:
        """The logarithm is taken in the dtype's own arithmetic."""
        return False

    def cdf(self, x: Array, special: ModuleType = host_special) -> Array:  # noqa: D102
        return -special.expm1(-self.rate * x)

    def sf(self, x: Array, special: ModuleType = host_special) -> Array:  # noqa: D102
        return special.exp2(-self.rate / math.log(2) * x)
