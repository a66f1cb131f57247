"""Hold a model's builds against its laws."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from initlaws.builds import Builds, Progress, with_threads
from initlaws.claims import Claimed, Computed, Laws, Transformed
from initlaws.describing import likely
from initlaws.reporting import Observed, Report, Row
from initlaws.resolving import Claims, resolve
from verify.checks.finding import Finding
from verify.engine.observation import observe
from verify.engine.sampling import Sample
from verify.laws import LATTICES
from verify.outcome.evidence import NOTHING, Evidence
from verify.plan.run import derive
from verify.quoting import said
from verify.subjects.recipes.known import Exactly, Known, Written, wrong
from verify.subjects.tensor_law import TensorLaw


@dataclass(frozen=True)
class Budget:
    """How much of a model is looked at.

    Attributes
    ----------
    values : int
        Values of all its tensors in all builds.
    least, most : int
        Builds, whatever its size.
    seconds : float
        Time on the clock: fewer builds are made if so many would take longer, but two at least.
    """

    values: int
    least: int
    most: int
    seconds: float = math.inf

    def planned(self, builds: Builds) -> int:
        """How many builds to make of a model."""
        numel = sum(place.tensor.numel() for place in builds.places)
        planned = min(self.most, max(self.least, self.values // max(1, numel)))
        if math.isinf(self.seconds):
            return planned
        return min(planned, max(2, int(self.seconds / (_seconds(builds) + _LOOK * numel))))


PROFILES: Mapping[str, Budget] = {
    "smoke": Budget(1 << 25, 4, 64),
    "standard": Budget(1 << 28, 8, 512),
}
"""How much is looked at, by the name of a profile."""


def budget(
    profile: str = "smoke", builds: int | None = None, seconds: float | None = None
) -> Budget:
    """How much is looked at.

    Parameters
    ----------
    profile : str
        One of `PROFILES`.
    builds : int, optional
        How many, in place of the profile's number.
    seconds : float, optional
        Time on the clock.

    Raises
    ------
    ValueError
        For another profile, or fewer than two builds.
    """
    if profile not in PROFILES:
        raise ValueError(f"the profile {profile!r} is none of {', '.join(PROFILES)}")
    if builds is not None and builds < 2:
        raise ValueError(f"builds={builds} shows nothing: give two or more")
    chosen = PROFILES[profile] if builds is None else Budget(0, builds, builds)
    return chosen if seconds is None else replace(chosen, seconds=seconds)


_LOOK = 1e-7
"""Seconds that a value takes to be looked at, about."""

_TOGETHER = 1 << 20
"""Values of consecutive builds that are reduced together."""

_DISTRIBUTION = ("distribution", "moments")
"""What is asked of values that went through a function: it need not keep how they were rounded."""

_GUESSED = 8
"""Builds by which is guessed what a wrong tensor looks like."""

_BEGINNING, _BITS = 64, 100.0
"""Entries by which builds are told apart, and what they leave to chance at least, in bits."""


@with_threads(1)
def follow(
    builds: Builds,
    laws: Laws,
    looked: Budget = PROFILES["smoke"],
    progress: Progress | None = None,
) -> Report:
    """Build a model a number of times, and decide whether each tensor keeps its law.

    Parameters
    ----------
    builds : Builds
    laws : mapping, or sequence of pairs
    looked : Budget
    progress : callable, optional

    Returns
    -------
    Report
        Each decision is made at the suite's level, 10⁻¹².

    Raises
    ------
    initlaws.builds.Unusable
        If the model cannot be built.
    """
    claims = resolve(builds.places, laws)
    if claims.problems:
        return Report(builds.called, builds.seed, 1, problems=claims.problems)
    return _Following(builds, claims, looked.planned(builds), progress).report()


def _seconds(builds: Builds) -> float:
    """How long one build takes."""
    began = time.perf_counter()
    builds.model(0)
    return time.perf_counter() - began


class _Following:
    """The state of one model's verification."""

    def __init__(
        self, builds: Builds, claims: Claims, count: int, progress: Progress | None
    ) -> None:
        self.builds = builds
        self.claims = claims
        self.count = count
        self.progress = progress
        self.laws = [law for each in claims.claimed for law in each.laws]
        self.wrong: dict[str, dict[str, str]] = {each.place.name: {} for each in claims.claimed}
        self.observed: dict[str, Observed] = {}
        self.beginnings: dict[str, Tensor] = {}
        self.fixed: dict[str, Tensor] = {}

    def report(self) -> Report:
        pooled, findings = NOTHING, list[Finding]()
        for number, sample in enumerate(self._samples()):
            seen = self._narrowed(self._seen(sample, sort=not number))
            if not number:
                findings = [
                    f for f in seen.findings("case") if f.check not in _pooling(seen, f.tensor)
                ]
            pooled += seen.pooled()
        findings += (pooled + self._patterns(pooled)).findings("cell")
        return self._told(findings, pooled)

    def _seen(self, sample: Sample, *, sort: bool) -> Evidence:
        """The evidence of a sample; complex tensors, whose parts have laws, by themselves."""
        parts = {law.name for law in self.laws if sample.tensors[law.name].is_complex()}
        real = [law for law in self.laws if law.name not in parts]
        seen = observe(_of(sample, real), real, sort=sort) if real else NOTHING
        others = [law for law in self.laws if law.name in parts]
        if others:
            seen += Evidence({}, observe(_of(sample, others), others, sort=sort).tensors)
        return seen

    def _narrowed(self, seen: Evidence) -> Evidence:
        """The same, of what is computed back from a tensor its distribution alone."""
        made = {c.place.name for c in self.claims.claimed if isinstance(c.claim, Transformed)}
        tensors = {
            label: replace(
                each, statistics={n: s for n, s in each.statistics.items() if n in _DISTRIBUTION}
            )
            if label in made
            else each
            for label, each in seen.tensors.items()
        }
        return replace(seen, tensors=tensors)

    def _samples(self) -> Iterator[Sample]:
        """Consecutive builds, some at a time, as one sample each."""
        numel = sum(math.prod(law.shape) for law in self.laws)
        most = min(self.count, max(2, _TOGETHER // max(1, numel)))
        number = 0
        while number < self.count:
            # A last build by itself would have no other to be compared with.
            calls = self.count - number if self.count - number <= most + 1 else most
            rows = [self._state(number + i) for i in range(calls)]
            shapes = {law.name: law.shape for law in self.laws}
            stacked = {
                name: torch.stack([row[name] for row in rows]).reshape(calls, -1) for name in shapes
            }
            yield Sample(stacked, shapes, derive("follow", self.builds.seed, number), calls)
            number += calls

    def _state(self, number: int) -> dict[str, Tensor]:
        """The tensors of one build that have a law, part by part; what is known is looked at."""
        values = self.builds.values(number)
        every = {n: values[each.name] for each in self.builds.places for n in each.names}
        state: dict[str, Tensor] = {}
        for each in self.claims.claimed:
            name, tensor = each.place.name, values[each.place.name]
            before = self.observed.get(name)
            self.observed[name] = before.beside(tensor) if before else Observed.of(tensor)
            claim = each.claim.of(every) if isinstance(each.claim, Computed) else each.claim
            if isinstance(claim, Known):
                self._compare(name, claim, tensor)
                continue
            self._fresh(each, tensor, number)
            state |= each.parts(tensor)
        if self.progress:
            self.progress(number + 1, self.count)
        return state

    def _compare(self, name: str, claim: Known, tensor: Tensor) -> None:
        """Hold a tensor whose values are known against them."""
        if isinstance(claim, Written):
            self.fixed.setdefault(name, tensor.clone())
        if isinstance(claim, Exactly | Written) and not self.wrong[name]:
            found = _differs(name, tensor, claim, self.fixed)
            self.wrong[name] |= {found: found} if found else {}

    def _fresh(self, each: Claimed, tensor: Tensor, number: int) -> None:
        """Compare how a random tensor begins in the first two builds."""
        if number > 1 or not _leaves_to_chance(each):
            return
        name, begins = each.place.name, tensor.reshape(-1)[:_BEGINNING].clone()
        if torch.equal(self.beginnings.setdefault(name, begins), begins) and number:
            self.wrong[name]["fresh"] = (
                "it begins with the same values under two seeds: does the build set the seed?"
            )

    def _patterns(self, pooled: Evidence) -> Evidence:
        """The evidence of each pattern that speaks of several tensors, under its words."""
        amounts = Counter(law.kind for law in self.laws)
        whole = NOTHING
        for law in self.laws:
            if amounts[law.kind] > 1 and law.label in pooled.tensors:
                whole += Evidence({}, {f"all of {law.kind}": pooled.tensors[law.label]})
        return whole

    def _told(self, findings: list[Finding], pooled: Evidence) -> Report:
        """The report: what a tensor shows by itself, else what a pattern shows, else the whole."""
        failed = sorted((f for f in findings if not f.passed), key=_plainness)
        of = {law.label: law for law in self.laws}
        patterns, between = [], []
        for finding in failed:
            law = of.get(_REAL.sub("", finding.tensor))
            if law is not None:
                # Of each check the one that says most: they come in that order.
                wrong = self.wrong[law.name.partition("[part ")[0]]
                wrong.setdefault(finding.check, _sentence(finding, law.row))
            elif finding.tensor:
                patterns.append(f"{finding.tensor}: {_sentence(finding)}")
            else:
                between.append(_sentence(finding))
        by_itself = any(self.wrong.values())
        return Report(
            called=self.builds.called,
            seed=self.builds.seed,
            builds=self.count,
            rows=tuple(self._rows()),
            whole=() if by_itself else tuple(patterns or between),
            findings=tuple(findings),
            evidence=pooled,
        )

    def _rows(self) -> Iterator[Row]:
        looks = self._looks()
        for each in self.claims.claimed:
            name = each.place.name
            wrong = self.wrong[name]
            sentences, checks = tuple(wrong.values()), tuple(wrong)
            yield Row(each, self.observed[name], sentences, looks.get(name, ""), checks)

    def _looks(self) -> dict[str, str]:
        """What each tensor that is wrong looks like, in some builds more."""
        wrong = [each.place for each in self.claims.claimed if self.wrong[each.place.name]]
        if not wrong:
            return {}
        some = [self.builds.values(number) for number in range(min(self.count, _GUESSED))]
        stacked = {
            place: torch.stack([values[place.name].flatten() for values in some]) for place in wrong
        }
        return {place.name: likely(values, place) for place, values in stacked.items()}


def _differs(name: str, tensor: Tensor, claim: Known, fixed: Mapping[str, Tensor]) -> str:
    """What is wrong with a tensor whose values are known; or why they cannot be computed."""
    try:
        return wrong(name, tensor, claim, fixed)
    except Exception as error:
        return f"the values of {name} cannot be computed, {said(error)}"


_REAL = re.compile(" (real|imaginary) part$")


def _of(sample: Sample, laws: Sequence[TensorLaw]) -> Sample:
    """The tensors of a sample that have these laws."""
    names = {law.name for law in laws}
    tensors = {name: values for name, values in sample.tensors.items() if name in names}
    shapes = {name: shape for name, shape in sample.shapes.items() if name in names}
    return replace(sample, tensors=tensors, shapes=shapes)


def _pooling(seen: Evidence, tensor: str) -> set[str]:
    """The checks of a tensor that are decided of the pool."""
    of = seen.tensors.get(tensor, NOTHING) if tensor else seen
    return {name for name, statistic in of.statistics.items() if statistic.pools}


def _leaves_to_chance(each: Claimed) -> bool:
    lattice = LATTICES.get(each.place.dtype)
    laws: Sequence[TensorLaw] = each.laws
    if lattice is None or not laws:
        return False
    entries = min(_BEGINNING, math.prod(laws[0].lawful_shape))
    return len(laws) == 1 and laws[0].law.entropy((entries,), lattice) > _BITS


_PLAIN = ("exact", "support", "scale", "shift")
"""Checks that say what is wrong in the units of the values, the plainest first."""


def _plainness(finding: Finding) -> tuple[int, float, str]:
    """Checks in the units of the values first, then the smallest p-values."""
    rank = _PLAIN.index(finding.check) if finding.check in _PLAIN else len(_PLAIN)
    return rank, -1.0 if finding.p_value is None else finding.p_value, finding.check


def _sentence(finding: Finding, row: int | None = None) -> str:
    p = "" if finding.p_value is None else f", p {_bounded(finding.p_value)}"
    where = "" if row is None else f" in row {row}"
    return f"{finding.check}{where}: {finding.message}{p}"


def _bounded(p_value: float) -> str:
    return "< 1e-300" if p_value < 1e-300 else f"= {p_value:.1g}"
