"""From a sample of a subject to evidence: each tensor against its law, and all together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import torch

from verify.checks import joint
from verify.checks.statistics import Exact, Statistic
from verify.checks.stretches import stretches
from verify.engine.reduction import reduce
from verify.engine.sampling import Sample
from verify.laws import Continuous
from verify.outcome.evidence import NOTHING, Evidence
from verify.subjects.tensor_law import TensorLaw


def observe(sample: Sample, tensors: Sequence[TensorLaw], *, sort: bool) -> Evidence:
    """The evidence of one sample.

    Parameters
    ----------
    sample : Sample
        In which every one of `tensors` has its lawful shape (`unlawful_state`).
    tensors : sequence of TensorLaw
        The tensors to look at.
    sort : bool
        Whether to compute what needs an ordered sample, and what compares tensors.

    Returns
    -------
    Evidence
        That of an initializer's nameless tensor as a whole; a module's tensor by tensor.
    """
    if any(values.is_complex() for values in sample.tensors.values()):
        return _complex_evidence(sample, tensors, sort)
    own = [tensor for tensor in tensors if not tensor.copy_of]  # A copy adds no evidence.
    evidence = {tensor.label: _tensor_evidence(sample, tensor, sort) for tensor in own}
    if "" in evidence:
        return evidence[""] + Evidence(_again(sample, _drawn(sample, tensors)) if sort else {})
    return Evidence(_together(sample, tensors) if sort else {}) + _shared(evidence)


_SHARED = ("lags", "neighbours")
"""What is added up over all tensors of a module: as if they were one."""


def _shared(evidence: Mapping[str, Evidence]) -> Evidence:
    """The evidence of each tensor, and of all of them what they share."""
    whole = NOTHING
    for each in evidence.values():
        whole += Evidence({name: s for name, s in each.statistics.items() if name in _SHARED})
    own = {
        label: replace(
            each, statistics={n: s for n, s in each.statistics.items() if n not in _SHARED}
        )
        for label, each in evidence.items()
    }
    return replace(whole, tensors=own)


_PARTS = ("real part", "imaginary part")


def _complex_evidence(sample: Sample, tensors: Iterable[TensorLaw], sort: bool) -> Evidence:
    """Real and imaginary part as two tensors with a law each, or side by side with one law."""
    parts = {}
    laws: list[TensorLaw] = []
    for tensor in tensors:
        both = torch.view_as_real(sample.tensors[tensor.name])
        components = tensor.law.components()
        if len(components) == 1:
            parts[tensor.name] = both.flatten(-2)
            laws.append(replace(tensor, law=components[0]))
            continue
        for place, law in enumerate(components):
            name = f"{tensor.name} {_PARTS[place]}".strip()
            parts[name] = both[..., place].contiguous()
            laws.append(replace(tensor, name=name, law=law))
    return observe(replace(sample, tensors=parts), laws, sort=sort)


def _tensor_evidence(sample: Sample, tensor: TensorLaw, sort: bool) -> Evidence:
    values = tensor.lawful(sample.tensors[tensor.name])
    if values.numel() == 0:
        return Evidence({})
    host = sample.host_stream(tensor.label)
    return reduce(values, tensor.lawful_shape, tensor.law, host, sort=sort)


def _together(sample: Sample, tensors: Iterable[TensorLaw]) -> dict[str, Statistic]:
    """What only several tensors show."""
    names = {tensor.name for tensor in tensors}
    found: dict[str, Statistic] = {"state": Exact(len(names), 0)}
    if copied := {tensor.name: tensor.copy_of for tensor in tensors if tensor.copy_of}:
        found["copies"] = joint.copies(copied, sample.tensors)
    drawn = _drawn(sample, tensors)
    found["between"] = joint.between(drawn, sample.host_stream())
    found["joint"] = joint.neighbours(drawn, sample.host_stream(" side by side"))
    return found | _again(sample, drawn)


def _again(sample: Sample, drawn: Mapping[str, joint.Drawn]) -> dict[str, Statistic]:
    """Stretches that come again, in one tensor or in two."""
    return {"stretches": stretches(drawn, sample.host_stream(" stretch by stretch"))}


def _drawn(sample: Sample, tensors: Iterable[TensorLaw]) -> dict[str, joint.Drawn]:
    """The tensors of independent entries, those with broken values left out."""
    return {
        tensor.label: joint.Drawn(values, tensor.law)
        for tensor in tensors
        if isinstance(tensor.law, Continuous)
        and not tensor.copy_of
        and (values := tensor.lawful(sample.tensors[tensor.name])).numel()
        and bool(values.isfinite().all())
    }


def unlawful_state(sample: Sample, tensors: Iterable[TensorLaw]) -> str:
    """What is wrong with the set of tensors, their names and shapes; or nothing."""
    expected = {tensor.name: tensor.shape for tensor in tensors}
    problems = [f"{name} is missing" for name in expected if name not in sample.shapes]
    for name, shape in sample.shapes.items():
        if name not in expected:
            problems.append(f"{name} of shape {shape} has no law")
        elif shape != expected[name]:
            problems.append(f"{name} has the shape {shape}, not {expected[name]}")
    return "; ".join(problems)
