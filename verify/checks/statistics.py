"""Mergeable statistics: fixed-size summaries that add up, and the decisions they allow.

Every statistic is a small frozen value. `merge` adds two of them, whatever cases, workers,
shards or nights they come from; `findings` turns one into decisions. A check is born by
putting a statistic under a new name; `verify.checks.words` holds what to say of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from verify.checks import bounds
from verify.checks.bounds import ALPHA, INTERVAL_Z
from verify.checks.finding import Detectable, Effect, Finding
from verify.checks.words import WORDS

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BINS = 4096
"""Bins of the histogram of probability-integral transforms."""

TAIL = 2.0**-14
"""Tails are counted beyond this quantile: 3.84 standard deviations of a normal."""

FINE = 2.0**-18
"""Samples whose lattice moves the cdf by more than this are held against their contract
law alone (support, band-KS, extremes, repeats) and not pooled: 2^-18 is 200 times below what
KS sees in 2^24 values, and shifts no moment by more than a fifth of a standard error of 2^28."""

_CHI_SQUARE_BINS = 64
_CHI_SQUARE_FROM = _CHI_SQUARE_BINS << 14
_LEGENDRE = 8
# Standard errors between a null and an alternative that is found with power 0.999.
_SEPARATION = math.sqrt(2 * math.log(2 / ALPHA)) + 3.09


@dataclass(frozen=True, eq=False)
class Statistic:
    """A summary that merges by addition and yields findings."""

    kind: ClassVar[str] = ""

    @property
    def pools(self) -> bool:
        """Whether it may be added up over the cases of a cell."""
        return True

    def merge(self, other: Self) -> Self:
        """The summary of both samples; every field adds unless a subclass says otherwise."""
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return type(self)(*(a + b for a, b in pairs))

    def findings(self, name: str) -> list[Finding]:
        """Decide, under the check's `name`."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """A JSON object: kind and fields, arrays as lists."""
        values = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        return {"kind": self.kind, **values}


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


@dataclass(frozen=True, eq=False)
class Histogram(Statistic):
    """Counts of the probability-integral transforms in 4096 equal bins, and of both tails."""

    counts: Counts
    tails: Counts
    """Values below quantile `TAIL` and above 1 − `TAIL`."""
    resolution: float
    """The largest displacement of the cdf by one lattice step among the merged samples."""

    kind = "histogram"

    def merge(self, other: Self) -> Self:  # noqa: D102
        resolution = max(self.resolution, other.resolution)
        return type(self)(self.counts + other.counts, self.tails + other.tails, resolution)

    @property
    def n(self) -> int:
        """Number of values."""
        return int(self.counts.sum())

    def findings(self, name: str) -> list[Finding]:  # noqa: D102
        if self.n == 0:
            return []
        found = [self._kolmogorov_smirnov(), self._legendre(), self._tails()]
        return found + ([self._chi_square()] if self.n >= _CHI_SQUARE_FROM else [])

    def _kolmogorov_smirnov(self) -> Finding:
        """KS by DKW on the bin edges, a lower bound of the sample's own distance."""
        grid = np.arange(1, BINS) / BINS
        deviation = np.cumsum(self.counts)[:-1] / self.n - grid
        worst = int(np.abs(deviation).argmax())
        return _kolmogorov_finding(
            float(abs(deviation[worst])), self.n, self.resolution, bounds.dkw, grid[worst]
        )

    def _legendre(self) -> Finding:
        """Components 1 to 8 of Neyman's smooth test, each scored by bin averages."""
        means = _LEGENDRE_SCORES @ self.counts / self.n
        p_values = [
            bounds.chernoff_mean(float(mean), scores, self.n)
            for mean, scores in zip(means, _LEGENDRE_SCORES, strict=True)
        ]
        p_value = min(1.0, _LEGENDRE * min(p_values))
        worst = int(np.argmin(p_values))
        return _decided(
            "legendre",
            p_value,
            self.n,
            detail=f"component {worst + 1} of the transform is {means[worst]:+.3g}",
            effect=self._spread(float(means[1])),
            detectable=Detectable("spread", _SEPARATION / math.sqrt(5 * self.n), "relative"),
        )

    def _spread(self, second: float) -> Effect:
        """Standard deviation of the transform relative to that of a uniform."""

        def spread(component: float) -> float:
            return math.sqrt(max(0.0, 1 + 2 * component / math.sqrt(5)))

        half = INTERVAL_Z / math.sqrt(self.n)
        return Effect(
            "spread of F(x)", spread(second), spread(second - half), spread(second + half), "× law"
        )

    def _tails(self) -> Finding:
        expected = self.n * TAIL
        p_values = [bounds.binomial(int(count), self.n, TAIL) for count in self.tails]
        worst = int(np.argmin(p_values))
        count, half = int(self.tails[worst]), INTERVAL_Z * math.sqrt(expected)
        side = ("lower", "upper")[worst]
        return _decided(
            "tails",
            min(1.0, 2 * p_values[worst]),
            self.n,
            detail=f"{count} values in the {side} tail where {expected:.1f} are expected",
            effect=Effect(
                f"{side} tail mass",
                count / expected,
                max(0.0, (count - half) / expected),
                (count + half) / expected,
                "× law",
            ),
            detectable=Detectable("tail mass", _SEPARATION / math.sqrt(expected), "relative"),
        )

    def _chi_square(self) -> Finding:
        statistic, p_value = bounds.chi_square(self.counts, _CHI_SQUARE_BINS)
        degrees = _CHI_SQUARE_BINS - 1
        return _decided(
            "chi_square", p_value, self.n, detail=f"{statistic:.1f} on {degrees} degrees of freedom"
        )


def _legendre_scores() -> Floats:
    """Averages over each bin of the orthonormal shifted Legendre polynomials 1 to 8."""
    edges = np.linspace(-1, 1, BINS + 1)
    polynomials = (np.polynomial.Legendre.basis(k) for k in range(1, _LEGENDRE + 1))
    integrals = [np.diff(p.integ()(edges)) * BINS / 2 for p in polynomials]
    norms = np.sqrt(2 * np.arange(1, _LEGENDRE + 1) + 1)
    return np.stack(integrals) * norms[:, None]


_LEGENDRE_SCORES = _legendre_scores()


@dataclass(frozen=True, eq=False)
class Kolmogorov(Statistic):
    """The KS distance of one sorted sample (it does not add up)."""

    n: int
    distance: float
    resolution: float

    kind = "kolmogorov"

    @property
    def pools(self) -> bool:  # noqa: D102
        return False

    def findings(self, name: str) -> list[Finding]:  # noqa: D102
        return [_kolmogorov_finding(self.distance, self.n, self.resolution, bounds.kolmogorov)]


def _kolmogorov_finding(
    distance: float, n: int, resolution: float, p_value: Any, where: float | None = None
) -> Finding:
    place = "" if where is None else f" at quantile {where:.3f}"
    band = bounds.dkw_band(n, 2 * bounds.POWER_MISS)
    return _decided(
        "kolmogorov_smirnov",
        p_value(max(0.0, distance - resolution), n),
        n,
        detail=f"distance {distance:.3g}{place}",
        effect=Effect(
            "KS distance", distance, max(0.0, distance - band), min(1.0, distance + band)
        ),
        detectable=Detectable("KS distance", bounds.dkw_band(n) + band + resolution),
    )


@dataclass(frozen=True, eq=False)
class NormalMoments(Statistic):
    """Sum and sum of squares of standardised normal values: the two exact tests."""

    n: int
    total: float
    squares: float

    kind = "normal_moments"

    def findings(self, name: str) -> list[Finding]:  # noqa: D102
        if self.n == 0:
            return []
        mean, scale = self.total / self.n, math.sqrt(self.squares / self.n)
        half_mean, half_scale = INTERVAL_Z / math.sqrt(self.n), INTERVAL_Z / math.sqrt(2 * self.n)
        low, high = scale / (1 + half_scale), scale / max(1e-9, 1 - half_scale)
        return [
            _decided(
                "mean",
                bounds.normal_mean(self.total, self.n),
                self.n,
                detail=f"the mean is off by {mean:+.3g} standard deviations",
                effect=Effect("location", mean, mean - half_mean, mean + half_mean, "std"),
                detectable=Detectable("location", _SEPARATION / math.sqrt(self.n), "std"),
            ),
            _decided(
                "scale",
                bounds.normal_scale(self.squares, self.n),
                self.n,
                detail=f"the standard deviation is {scale:.4g}× the law's",
                effect=Effect("scale", scale, low, high, "× law"),
                detectable=Detectable("scale", _SEPARATION / math.sqrt(2 * self.n), "relative"),
            ),
        ]


@dataclass(frozen=True, eq=False)
class Extremes(Statistic):
    """The smallest and the largest of `n` values, as tail probabilities on either side.

    A lawful value may have moved on the way to the dtype's lattice. Each extreme is therefore
    held twice, in the order (smallest, largest): moved inward, where only an outlier still
    looks improbable, and moved outward, where only a gap does.
    """

    n: int
    inward: Floats
    outward: Floats
    resolution: float

    kind = "extremes"

    @property
    def pools(self) -> bool:  # noqa: D102
        return self.resolution <= FINE

    def merge(self, other: Self) -> Self:  # noqa: D102
        return type(self)(
            self.n + other.n,
            np.minimum(self.inward, other.inward),
            np.minimum(self.outward, other.outward),
            max(self.resolution, other.resolution),
        )

    def findings(self, name: str) -> list[Finding]:  # noqa: D102
        if self.n == 0:
            return []
        outliers = [bounds.no_outlier(float(u), self.n) for u in self.inward]
        gaps = [bounds.no_gap(float(u), self.n) for u in self.outward]
        worst = int(np.argmin(outliers + gaps))
        side, judged = _EXTREMES[worst]
        u = float(np.concatenate([self.inward, self.outward])[worst])
        return [
            _decided(
                name,
                min(1.0, len(_EXTREMES) * (outliers + gaps)[worst]),
                self.n,
                detail=f"the {side} value lies at tail probability {u:.3g}, {judged} the range "
                f"expected of {self.n} values",
                effect=Effect(f"tail probability of the {side} value", u, u, u),
                detectable=Detectable(
                    "gap at a bound",
                    -math.log(ALPHA / len(_EXTREMES)) / self.n + self.resolution,
                    "probability",
                ),
            )
        ]


_EXTREMES = (
    ("smallest", "far outside"),
    ("largest", "far outside"),
    ("smallest", "well inside"),
    ("largest", "well inside"),
)


@dataclass(frozen=True, eq=False)
class Correlation(Statistic):
    """Sums of products of centred transforms at several lags, with their pair counts."""

    sums: dict[str, float]
    pairs: dict[str, int]

    kind = "correlation"

    def merge(self, other: Self) -> Self:  # noqa: D102
        return type(self)(_added(self.sums, other.sums), _added(self.pairs, other.pairs))

    def findings(self, name: str) -> list[Finding]:  # noqa: D102
        r = {lag: 12 * self.sums[lag] / pairs for lag, pairs in self.pairs.items() if pairs}
        if not r:
            return []
        p_values = {lag: bounds.serial_correlation(r[lag], self.pairs[lag]) for lag in r}
        worst = min(r, key=lambda lag: p_values[lag])
        pairs, half = self.pairs[worst], INTERVAL_Z / math.sqrt(self.pairs[worst])
        return [
            _decided(
                name,
                min(1.0, len(r) * p_values[worst]),
                pairs,
                detail=f"correlation {r[worst]:+.3g} with {worst}",
                effect=Effect(
                    f"correlation with {worst}", r[worst], r[worst] - half, r[worst] + half
                ),
                detectable=Detectable("correlation", _SEPARATION / math.sqrt(pairs)),
            )
        ]


def _added(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return {key: a.get(key, 0) + b.get(key, 0) for key in sorted(a.keys() | b.keys())}


@dataclass(frozen=True, eq=False)
class Deviations(Statistic):
    """Sums of centred scores, one per place, each score sub-Gaussian with a known proxy."""

    totals: Floats
    counts: Counts
    proxies: Floats

    kind = "deviations"

    def merge(self, other: Self) -> Self:  # noqa: D102
        proxies = np.maximum(self.proxies, other.proxies)
        return type(self)(self.totals + other.totals, self.counts + other.counts, proxies)

    def findings(self, name: str) -> list[Finding]:  # noqa: D102
        places = np.flatnonzero(self.counts)
        if places.size == 0:
            return []
        counts = self.counts[places]
        errors = np.sqrt(self.proxies[places] / counts)
        estimates = self.totals[places] / counts
        worst = int(np.abs(estimates / errors).argmax())
        estimate, error = float(estimates[worst]), float(errors[worst])
        half, quantity = INTERVAL_Z * error, WORDS[name].quantity
        return [
            _decided(
                name,
                bounds.sub_gaussian(estimates / errors),
                int(counts[worst]),
                detail=f"{quantity} {estimate:+.3g} (place {places[worst]} of {self.counts.size})",
                effect=Effect(quantity, estimate, estimate - half, estimate + half),
                detectable=Detectable(quantity, _SEPARATION * error),
            )
        ]


@dataclass(frozen=True, eq=False)
class Rare(Statistic):
    """A count of events that should be rare: at most `rate` expected among `n`."""

    count: int
    rate: float
    n: int

    kind = "rare"

    def findings(self, name: str) -> list[Finding]:  # noqa: D102
        threshold = bounds.rare_threshold(self.rate)
        return [
            _decided(
                name,
                bounds.rare(self.count, self.rate),
                self.n,
                detail=f"{self.count} where at most {self.rate:.3g} are expected",
                effect=Effect(WORDS[name].quantity, self.count, self.count, self.count),
                detectable=Detectable(WORDS[name].quantity, threshold, f"of {self.n}"),
            )
        ]


@dataclass(frozen=True, eq=False)
class Exact(Statistic):
    """An exact comparison of `n` entries: every single mismatch counts."""

    n: int
    mismatches: int

    kind = "exact"

    def findings(self, name: str) -> list[Finding]:  # noqa: D102
        share = f"{self.mismatches} of {self.n}"
        return [
            Finding(
                check=name,
                passed=self.mismatches == 0,
                p_value=None,
                n=self.n,
                message=f"{WORDS[name].subject(self.mismatches == 0)}: {share} mismatch",
                effect=Effect("mismatches", self.mismatches, self.mismatches, self.mismatches),
                detectable=Detectable("mismatches", 1, f"of {self.n}"),
            )
        ]


@dataclass(frozen=True, eq=False)
class Largest(Statistic):
    """The largest error seen, in units of what is allowed."""

    n: int
    value: float

    kind = "largest"

    def merge(self, other: Self) -> Self:  # noqa: D102
        return type(self)(self.n + other.n, max(self.value, other.value))

    def findings(self, name: str) -> list[Finding]:  # noqa: D102
        passed = self.value <= 1
        return [
            Finding(
                check=name,
                passed=passed,
                p_value=None,
                n=self.n,
                message=f"{WORDS[name].subject(passed)}: {self.value:.3g}× the allowed error",
                effect=Effect(
                    WORDS[name].quantity, self.value, self.value, self.value, "× allowed"
                ),
                detectable=Detectable(WORDS[name].quantity, 1, "× allowed"),
            )
        ]


def _decided(
    check: str,
    p_value: float,
    n: int,
    *,
    detail: str,
    effect: Effect | None = None,
    detectable: Detectable | None = None,
) -> Finding:
    """A statistical decision at level α; a NaN p-value is a failure, never a pass."""
    passed = p_value >= ALPHA
    message = f"{WORDS[check].subject(passed)}: {detail}"
    return Finding(check, passed, p_value, n, message, effect, detectable)


KINDS: dict[str, type[Statistic]] = {
    cls.kind: cls
    for cls in (Histogram, Kolmogorov, NormalMoments, Extremes, Correlation, Deviations, Rare,
                Exact, Largest)
}  # fmt: skip


def from_json(document: dict[str, Any]) -> Statistic:
    """Rebuild a statistic from `Statistic.to_json`.

    Raises
    ------
    ValueError
        For an unknown kind or a missing field.
    """
    cls = KINDS.get(document.get("kind", ""))
    if cls is None:
        raise ValueError(f"unknown statistic kind {document.get('kind')!r}; use a newer suite")
    try:
        values = [document[f.name] for f in fields(cls)]
    except KeyError as missing:
        raise ValueError(f"statistic {cls.kind!r} lacks the field {missing}") from None
    return cls(*(np.asarray(v) if isinstance(v, list) else v for v in values))
