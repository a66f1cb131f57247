"""Weight norm away from its start: the formula of the weight, and its gradients."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from verify.behaviour.parametrizations.applying import norms_of, tensor_of
from verify.behaviour.parametrizations.ways import Way, built, forms
from verify.behaviour.promise import Trial
from verify.behaviour.rounding import gamma
from verify.behaviour.tensors import copied, differing, doubled, identical, off


def _moved(way: Way, trial: Trial) -> Iterator[tuple[str, nn.Module, int | None]]:
    """Modules whose magnitudes are of either sign and of no length of a direction."""
    form = forms(trial)[0]
    for dim in (None, *range(tensor_of(built(trial, form)).dim())):
        module = way.on(built(trial, form), dim=dim)
        for name, tensor in zip("gv", way.originals_of(module), strict=True):
            tensor.copy_(trial.normals(*tensor.shape, of=name))
        yield f" for dim={dim}", module, dim


def wrong_start(way: Way, trial: Trial) -> list[str]:
    """Magnitudes are lengths, directions the weight, which stays: Salimans & Kingma 2016, eq. 2."""
    found, form = [], forms(trial)[0]
    for dim in (None, *range(tensor_of(built(trial, form)).dim())):
        start = tensor_of(built(trial, form)).detach().clone()
        module = way.on(built(trial, form), dim=dim)
        made, norms = way.update(module).detach(), norms_of(start, dim)
        g, v = way.originals_of(module)
        share = gamma(2 * (start.numel() // norms.numel()) + 8, start.dtype)
        if g.shape != norms.shape:
            found.append(f"magnitudes of the shape {tuple(g.shape)} for dim={dim}")
            continue
        wrong = [
            *off("magnitude", g, norms, share * norms),
            *([] if identical(v, start) else ["direction"]),
            *off("weight", made, start, 2 * share * doubled(start).abs()),
        ]
        found += [f"{text} for dim={dim}" for text in wrong]
    return found


def off_formula(way: Way, trial: Trial) -> list[str]:
    """``g·v/‖v‖``, after steps of training too: Salimans & Kingma 2016, eq. 2.

    A norm of n squares is off by n/2 + 1 roundings; a product and a quotient are one each.
    """
    found = []
    for said, module, dim in _moved(way, trial):
        for tensor in ([], way.originals_of(module)):
            for each in tensor:
                each.mul_(-0.75)
            before = copied(module.state_dict())
            made = way.update(module).detach()
            g, v = (doubled(each) for each in way.originals_of(module))
            norms = norms_of(v, dim)
            expected = g.view_as(norms) * v / norms
            bound = gamma(2 * (v.numel() // norms.numel()) + 8, made.dtype) * expected.abs()
            found += [text + said for text in off("weight", made, expected, bound)]
            found += [f"{text}{said} changes" for text in differing(before, module.state_dict())]
    return found


def off_slopes(way: Way, trial: Trial) -> list[str]:
    """``∂g = ⟨G, v⟩/‖v‖`` and ``∂v = (g·G − g·∂g·v/‖v‖)/‖v‖``: Salimans & Kingma 2016, eq. 3."""
    found = []
    for said, module, dim in _moved(way, trial):
        parameters = dict(module.named_parameters())
        pair = [parameters[name] for name in way.originals]
        weight = way.update(module)
        above = trial.normals(*weight.shape, of="gradient")
        made = torch.autograd.grad((weight * above).sum(), pair)
        roundings = 6 * (weight.numel() + 8)
        g, v = (doubled(each.detach()) for each in pair)
        formula = _slopes(g, v, doubled(above), dim)
        for name, slope, (expected, size) in zip("gv", made, formula, strict=True):
            bound = gamma(roundings, weight.dtype) * size
            away = off(f"gradient of {name}", slope, expected.view_as(slope), bound.view_as(slope))
            found += [text + said for text in away]
    return found


def _slopes(g: Tensor, v: Tensor, above: Tensor, dim: int | None) -> list[tuple[Tensor, Tensor]]:
    """Both gradients, and the sizes of the terms they are sums of."""
    axes = [axis for axis in range(v.dim()) if axis != dim]
    norms = norms_of(v, dim)
    g = g.view_as(norms)
    products = above * v
    of_g = products.sum(axes, keepdim=dim is not None) / norms
    most = products.abs().sum(axes, keepdim=dim is not None) / norms
    of_v = (g * above - g * of_g * v / norms) / norms
    return [
        (of_g, most),
        (of_v, (g.abs() * above.abs() + g.abs() * most * v.abs() / norms) / norms),
    ]
