"""What each check says: one row per check, for messages and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from verify.checks import horizons
from verify.checks.horizons import Horizon


@dataclass(frozen=True)
class Words:
    """How to speak of a check.

    Attributes
    ----------
    obeyed, broken : str
        The sentence's subject when the check passes and when it fails.
    quantity : str
        What the effect measures.
    places : tuple of str
        For sums at several places: the name of each.
    exact : bool
        Whether the p-value of a whole cell is uniform under the law, where the others are bounds.
    horizon : Horizon or None
        From how many values on its p-value gets no sharper; None for an exact comparison.
    """

    obeyed: str
    broken: str
    quantity: str = ""
    places: tuple[str, ...] = ()
    exact: bool = False
    horizon: Horizon | None = None

    def subject(self, passed: bool) -> str:
        """`obeyed` or `broken`."""
        return self.obeyed if passed else self.broken


EDGE = 32
"""Positions watched at both ends of every tensor."""

PARTS = 32
"""Regions that a tensor, its last axis, and a column of a sparse matrix are divided into."""

LANES = 16
"""Values that a vectorised loop fills at a time."""

CORNER = 4
"""Signs are watched in the leading square of this side, one place per entry."""

MANTISSA = 52
"""Bits of the longest mantissa, the lowest first."""

APART = ", which should share nothing with "
"""Stands between the names of two tensors where a lag would be named."""

FAR = tuple(range(15, 25))
"""Beyond quantiles 2^-k of these k values are counted, where samples are large."""

RESIDUES = (2, 3, 4, 5, 8)
"""Rows are told apart by what is left of their number, divided by these."""

DISTANCES = (*range(1, 17), 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Rows so far apart are asked whether zeros of a column prefer or avoid each other."""

NEIGHBOURS = 64
"""Columns are compared with so many that follow."""

_POSITIONS = tuple(
    f"{moment} of entry {index if side > 0 else -1 - index}"
    for side in (1, -1)
    for moment in ("in the mean", "in the spread")
    for index in range(EDGE)
) + tuple(
    f"{moment} of {region}"
    for moment in ("in the mean", "in the spread")
    for region in (
        *(f"part {part + 1} of {PARTS} of the tensor" for part in range(PARTS)),
        *(f"part {part + 1} of {PARTS} along the last axis" for part in range(PARTS)),
        *(f"the entries {lane} after a multiple of {LANES}" for lane in range(LANES)),
    )
)

_BEYOND = tuple(
    f"beyond the quantile 2^-{k} {side}"
    for side in ("at the lower end", "at the upper end", "of both ends")
    for k in FAR
)

_ROWS_OF_ZEROS = (
    "on average",
    "in the first row",
    "in the last row",
    *(f"in part {part + 1} of {PARTS} of the rows" for part in range(PARTS)),
    *(f"in rows {left} modulo {divisor}" for divisor in RESIDUES for left in range(divisor)),
    *(f"at {distance} rows from another" for distance in DISTANCES),
)

_SHARED_ZEROS = (
    "with the same column of the next call",
    "with the same column of the call after the next",
    "with the column half a matrix further",
    *(f"with the column {lag} further" for lag in range(1, NEIGHBOURS + 1)),
)

_ROWS: dict[str, Words] = {
    "finite": Words("every value is finite", "values are NaN or infinite (or were never filled)"),
    "support": Words("every value is in the support", "values lie outside the law's support"),
    "kolmogorov_smirnov": Words(
        "the cdf matches",
        "the distribution function is not the law's",
        horizon=horizons.KOLMOGOROV_SMIRNOV,
    ),
    "contract": Words(
        "no value is moved by more than one lattice step",
        "values are moved by more than one lattice step",
        horizon=horizons.SINGLE_CASES,
    ),
    "chi_square": Words(
        "64 equal cells are as full as by chance",
        "the density is not the law's, or values are spread too evenly",
        exact=True,
        horizon=horizons.CHI_SQUARE,
    ),
    "legendre": Words(
        "the moments match", "moments of the transform are off", horizon=horizons.LEGENDRE
    ),
    "tails": Words(
        "the tails are as full as they should be", "the tails are wrong", horizon=horizons.TAILS
    ),
    "far_tails": Words(
        "the tails are as full far out",
        "the tails are wrong far out",
        "excess share",
        _BEYOND,
        horizon=horizons.FAR_TAILS,
    ),
    "mean": Words("the mean matches", "the mean is off", exact=True, horizon=horizons.MEAN),
    "scale": Words("the scale matches", "the scale is off", exact=True, horizon=horizons.SCALE),
    "extremes": Words(
        "the extremes are where they should be",
        "an extreme value is misplaced",
        horizon=horizons.EXTREMES,
    ),
    "correlation": Words(
        "values are uncorrelated", "values depend on each other", horizon=horizons.CORRELATION
    ),
    "call_means": Words(
        "the means of calls vary as they should",
        "the means of calls vary too little or too much",
        "spread of the calls' means",
        horizon=horizons.CALL_MEANS,
    ),
    "lags": Words(
        "values and sizes know nothing of those up to 4,095 before",
        "values depend on those some way before",
        horizon=horizons.LAGS,
    ),
    "neighbours": Words(
        "two and three neighbours have the joint law of independent values",
        "two or three neighbours do not have the joint law of independent values",
        "mean",
        horizon=horizons.CELLS,
    ),
    "joint": Words(
        "two tensors have the joint law of independent values",
        "two tensors do not have the joint law of independent values",
        "mean",
        horizon=horizons.CELLS,
    ),
    "position": Words(
        "every position obeys alike",
        "the law depends on the position",
        "shift of F(x)",
        _POSITIONS,
        horizon=horizons.POSITION,
    ),
    "ends": Words(
        "the bounds have as many values as they may",
        "too many or too few values lie at a bound",
        "excess share",
        ("at the lower end", "at the upper end"),
        horizon=horizons.ENDS,
    ),
    "atoms": Words(
        "no value has an atom",
        "one value is drawn too often",
        "repeats of an atom",
        horizon=horizons.RATE,
    ),
    "mode": Words(
        "no value comes back again and again",
        "some value comes back again and again",
        "values drawn too often",
        horizon=horizons.RATE,
    ),
    "duplicates": Words(
        "values repeat as often as by chance",
        "values repeat too often or too rarely",
        "duplicated values",
        horizon=horizons.RATE,
    ),
    "repeats": Words(
        "no rows, columns or blocks are equal",
        "rows, columns or blocks of 16 values are equal",
        "equal slices",
        horizon=horizons.RATE,
    ),
    "stretches": Words(
        "no stretch of values comes again",
        "a stretch of 32 values comes again, by size",
        "samples with equal stretches",
        horizon=horizons.RATE,
    ),
    "bits": Words(
        "the bits of the mantissa are fair",
        "a bit of the mantissa is not fair",
        "ones minus zeros",
        tuple(f"of bit {bit}" for bit in range(MANTISSA)),
        horizon=horizons.BITS,
    ),
    "orthogonality": Words(
        "rows or columns are orthonormal", "rows or columns are not orthonormal", "max |QᵀQ − I|"
    ),
    "haar_entry": Words(
        "entries follow the Beta law",
        "entries do not follow the Beta law",
        horizon=horizons.HAAR_ENTRY,
    ),
    "haar_sign": Words(
        "entry signs are balanced",
        "entry signs are not balanced, so Q is not Haar",
        "mean sign",
        tuple(f"of entry ({row}, {column})" for row in range(CORNER) for column in range(CORNER)),
        horizon=horizons.NO_LATTICE,
    ),
    "haar_determinant": Words(
        "determinants ±1 are balanced",
        "the determinant prefers a sign",
        "mean determinant",
        horizon=horizons.NO_LATTICE,
    ),
    "haar_trace": Words(
        "the trace averages zero", "the trace is off", "mean trace", horizon=horizons.HAAR_TRACE
    ),
    "permutation": Words("every entry is there once", "entries are missing or repeated"),
    "zero_count": Words("each column has its zeros", "columns have the wrong number of zeros"),
    "extra_zeros": Words(
        "no zero beyond the law's",
        "zeros beyond the law's number",
        "unlawful zeros",
        horizon=horizons.RATE,
    ),
    "zero_position": Words(
        "zeros fall anywhere in a column",
        "zeros prefer some rows, or each other",
        "excess of zeros per zero",
        _ROWS_OF_ZEROS,
        horizon=horizons.NO_LATTICE,
    ),
    "zero_overlap": Words(
        "columns place their zeros independently",
        "columns or calls share their zeros, or avoid each other's",
        "excess overlap per zero",
        _SHARED_ZEROS,
        horizon=horizons.NO_LATTICE,
    ),
    "zero_share": Words(
        "as many values are zero as should be",
        "another share of the values is zero",
        "excess share",
        ("of zeros",),
        horizon=horizons.ZERO_SHARE,
    ),
    "exact": Words("every entry is exact", "entries differ from the exact values"),
    "state": Words(
        "every tensor is there, and has a law", "the module's tensors are not those documented"
    ),
    "fresh": Words("every build draws anew", "every build gives the same values"),
    "between": Words(
        "the tensors are independent of each other",
        "two tensors depend on each other",
        horizon=horizons.BETWEEN,
    ),
    "product_mean": Words(
        "products of independent draws average zero",
        "products of independent draws do not average zero",
        horizon=horizons.NO_LATTICE,
    ),
    "product_variance": Words(
        "the variance of a product is the product of the variances",
        "the variance of a product is not the product of the variances",
        horizon=horizons.PRODUCT_VARIANCE,
    ),
    "copies": Words("copies equal their original", "copies differ from their original"),
    "entry": Words("the entry is up to date", "the entry has to be looked at"),
    "completeness": Words("nothing is forgotten", "something is forgotten"),
    "batch_norm": Words(
        "parameters and statistics do as documented", "parameters or statistics do otherwise"
    ),
    "construction": Words("modules are built as asked", "modules are not built as asked"),
    "conversions": Words(
        "modules are converted as documented", "modules are not converted as documented"
    ),
    "copying": Words("copies do as documented", "copies do otherwise than documented"),
    "lazy": Words("sizes are inferred as documented", "sizes are not inferred as documented"),
    "loading": Words("states load as documented", "states do not load as documented"),
    "parameters": Words(
        "parameters are held, trained and stored as documented",
        "parameters are not held, trained or stored as documented",
    ),
    "parametrization": Words(
        "the parametrised weight is as documented", "the parametrised weight is otherwise"
    ),
    "tied_gradient": Words(
        "tied gradients are the sum of the untied", "tied gradients are not the sum of the untied"
    ),
    "tie": Words("what is tied stays tied", "what is tied does not stay tied"),
    "embedding": Words("the rows do as documented", "rows do otherwise than documented"),
    "symmetry": Words(
        "units that start alike stay alike, and only they",
        "units that start alike do not stay so, or others become alike",
    ),
    "compiled": Words(
        "compiled calls draw as documented", "compiled calls draw otherwise than documented"
    ),
    "recomputation": Words(
        "what is computed again in the backward pass is the same",
        "what is computed again in the backward pass is something else",
    ),
    "streams": Words(
        "streams start, go on and are restored as documented",
        "streams do not start, go on or return as documented",
    ),
    "shards": Words(
        "what ranks hold makes one tensor, drawn once",
        "what ranks hold makes another tensor, or none",
    ),
    "resharding": Words(
        "what is divided anew stays what it was",
        "what is divided anew becomes something else",
    ),
    "sharded_training": Words(
        "ranks train one network as one process would",
        "ranks train another network than one process would",
    ),
    "gain": Words("the gain is the documented one", "the gain is not the documented one"),
    "signal": Words(
        "layers scale the signal as they should",
        "layers do not scale the signal as they should",
        horizon=horizons.SINGLE_CASES,
    ),
    "fate": Words("the signal ends where theory says", "the signal does not end where theory says"),
    "call": Words("the call does as documented", "the call does otherwise than documented"),
    "errors": Words("the impossible is refused", "the impossible is not refused as it should be"),
    "empty": Words("tensors are made as asked", "tensors are not made as asked"),
    "raises": Words("the call succeeds", "the call raises"),
    "canary": Words("nothing around the tensor changes", "the call writes outside its tensor"),
    "out": Words("what is drawn is in out", "what is drawn is not in the tensor given as out"),
    "time_limit": Words("the call ends in time", "the call does not end in time"),
    "future_warning": Words("FutureWarning is emitted", "no FutureWarning is emitted"),
}


class _Table(dict[str, Words]):
    """Says where a missing row goes."""

    def __missing__(self, check: str) -> Words:
        raise LookupError(
            f"the check {check!r} has no words: give it a row in verify/checks/words.py"
        )


WORDS: Mapping[str, Words] = _Table(_ROWS)
"""The words of each check.

Raises
------
LookupError
    For a check without a row.
"""
