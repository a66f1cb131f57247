"""What is known of a tensor without a density: constants, structure, orthogonality, sparsity."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from initlaws.builds import Place
from initlaws.descriptions.digits import few_digits, written
from initlaws.descriptions.fits import Values
from initlaws.descriptions.formulas import Formula
from initlaws.descriptions.gathering import Gathered, has_laws
from initlaws.descriptions.kinds import NORMAL, kinds
from verify.laws import Dirac, Eye, Structure

REVIEW = 100.0
"""The rank of what somebody must look at."""

WRITTEN = "written, the same in every build"

_GAINS: tuple[tuple[str, str, float], ...] = (
    ("1.0", "1", 1.0),
    ("math.sqrt(2)", "√2", math.sqrt(2)),
    ("5 / 3", "5/3", 5 / 3),
    ("0.75", "3/4", 0.75),
)
"""Gains that the documentation of `torch.nn.init.calculate_gain` lists."""


def unchecked(why: str, advice: str = "") -> Formula:
    """A line for what has no law that is known here."""
    code, review = f"Unchecked({_quoted(why)})", f"nothing is asked of these values{advice}"
    return Formula(code, f"no law: {why}", rank=REVIEW, review=review)


def copy_of(name: str) -> Formula:
    """A line for a tensor that starts as another one does."""
    code = f"Computed(lambda values: values, ({_quoted(name)},))"
    words, review = f"a copy of {name} in every build", "are they meant to start alike?"
    return Formula(code, words, rank=REVIEW, review=review)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', "'") + '"'


def structure(found: Gathered) -> tuple[Formula, ...]:
    """What a tensor must be said to be without looking at a density; empty for others."""
    if math.isnan(found.observed.low) and found.place.tensor.numel() and _is_real(found):
        return (unchecked("it holds NaN: is it left unwritten?"),)
    if found.first is not None:
        return (fixed(found.place, found.first),)
    if not has_laws(found.place):
        return (unchecked(f"it is drawn, and no law is known of the dtype {found.place.dtype}"),)
    if found.gains and len(found.place.shape) == 1:
        return (unchecked(f"a random direction of norm {found.gains[1]:g}"),)
    if found.gains:
        return tuple(_orthogonal(found))
    if len(found.rows) > 1:
        rows = ", ".join(map(str, list(found.rows)[:8]))
        return (unchecked(f"its rows {rows} hold constants, the others do not"),)
    if found.zeros:
        return tuple(_sparse(found)) or (unchecked("it is sparse, and its values are not normal"),)
    return ()


def _is_real(found: Gathered) -> bool:
    return found.place.tensor.is_floating_point() or found.place.tensor.is_complex()


def fixed(place: Place, values: Tensor) -> Formula:
    """What values that are the same in every build are."""
    if not values.numel() or not has_laws(place):
        return Formula("Written()", WRITTEN)
    flat = values.reshape(-1)
    if bool((flat == flat[0]).all()) and (not values.is_complex() or not bool(flat[0].imag)):
        return _constant(flat[0].real if values.is_complex() else flat[0])
    if values.is_complex():
        return Formula("Written()", WRITTEN)
    for law, code, words in _structures(place, values):
        if torch.equal(values, _made(law, values)):
            return Formula(code, words)
    return _gates(place, values) or Formula("Written()", WRITTEN)


def _gates(place: Place, values: Tensor) -> Formula | None:
    """A constant for each gate: the biases of a cell whose forget gate starts open."""
    if not isinstance(place.module, nn.RNNBase | nn.RNNCellBase) or values.dim() != 1:
        return None
    if values.numel() % place.module.hidden_size:
        return None
    gates = values.view(-1, place.module.hidden_size)
    if not bool((gates == gates[:, :1]).all()):
        return None
    each = [_constant(gate[0]) for gate in gates]
    words = f"by gates {', '.join(said.words for said in each)}"
    return Formula(f"Parts(({', '.join(said.code for said in each)}))", words)


def _constant(value: Tensor) -> Formula:
    """The shortest number that the dtype rounds to a value."""
    whole = float(value)
    if not math.isfinite(whole):
        code = "math.inf" if whole > 0 else "-math.inf"
        return Formula(f"Constant({code})", f"the constant {whole:g}")
    for digits in range(17):
        short = float(f"{whole:.{digits}e}")
        if torch.equal(torch.tensor(short, dtype=value.dtype), value.cpu()):
            break
    return Formula(f"Constant({written(short)})", f"the constant {short:g}")


def _structures(place: Place, values: Tensor) -> Iterator[tuple[Structure, str, str]]:
    if values.dim() == 2:
        yield Eye(), "Eye()", "the identity"
    if 3 <= values.dim() <= 5:
        groups = getattr(place.module, "groups", 1)
        for count in sorted({1, groups if isinstance(groups, int) else 1, *range(2, 9)}):
            if not values.shape[0] % count:
                code = "Dirac()" if count == 1 else f"Dirac(groups={count})"
                yield Dirac(groups=count), code, f"the identity convolution, groups={count}"


def _made(law: Structure, values: Tensor) -> Tensor:
    made = torch.full_like(values, law.background)
    made[tuple(torch.from_numpy(law.ones(tuple(values.shape))).T)] = 1
    return made


def _pieces(found: Gathered) -> int:
    """Into how many parts an orthogonal tensor was cut.

    Pieces of orthonormal rows have such rows, and orthonormal columns stacked on others are such
    columns: the finest parts that are no wider than high say most, else the coarsest.
    """
    rows = found.place.shape[0]
    columns = found.place.tensor[0].numel()
    high = [count for count in found.gains if rows // count >= columns]
    return max(high) if high else min(found.gains)


def _orthogonal(found: Gathered) -> Iterator[Formula]:
    count = _pieces(found)
    gain = found.gains[count]
    near = 4 * found.step + 1e-6
    code, words = next(
        ((c, w) for c, w, value in _GAINS if abs(gain / value - 1) <= near),
        (written(float(f"{gain:.{6 if near < 1e-5 else 2}g}")),) * 2,
    )
    whole, said = f"Haar({code})", f"orthogonal, gain {words}"
    if count == 1:
        yield Formula(whole, said)
    else:
        yield Formula(f"Blocks({whole}, {count})", f"{said}, in {count} parts")


def _sparse(found: Gathered) -> Iterator[Formula]:
    rows, zeros = found.place.shape[0], found.zeros
    shares = (float(f"{zeros / rows:.{digits}g}") for digits in range(1, 18))
    share = next(each for each in shares if math.ceil(each * rows) == zeros)
    if NORMAL not in kinds(Values.of(found)):
        return
    for digits, std in few_digits(found.std, 1 / math.sqrt(2 * found.count)):
        code = f"Sparse({written(share)}, {written(std)})"
        yield Formula(code, f"{zeros} zeros in each column, else N(0, {std:g}²)", rank=digits)
