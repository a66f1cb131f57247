"""A look at each backend before anything is verified on it: what cannot work is said at once.

Source: PyTorch documentation, ``torch.utils.rename_privateuse1_backend``, ``torch.Generator`` and
``torch.accelerator``: what a device outside PyTorch has to bring, and what a seed decides.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from verify import torch_api
from verify.backends import Backend
from verify.backends.base import LACKS, MODULE
from verify.command_line.options import BadOption
from verify.plan import containment, watchdog
from verify.plan.run import dtypes_of
from verify.quoting import said, shown
from verify.subjects import SUBJECTS
from verify.subjects.recipes.poison import bears

_ENTRIES = 1001
"""More than a vector or a warp holds, and no multiple of one."""

_NEAR = 1e-3
"""Relative: of sums of a thousand squares in single precision."""

_STUCK = 3.0
"""Limits on the clock after which a step is stuck: in one it is interrupted, if it can be."""

_UNUSABLE = 4
"""The exit code of what pytest calls a usage error."""

_LARGEST = 251
"""Whole numbers below it are exact in every dtype."""


@dataclass(frozen=True)
class _Step:
    """One thing that must work.

    Attributes
    ----------
    what : str
        It, as the subject of a sentence.
    advice : str
        What to do where it does not.
    wrong : callable
        Tries it on a backend, and says what is wrong with what comes out; or nothing.
    """

    what: str
    advice: str
    wrong: Callable[[Backend], str]


@dataclass(frozen=True)
class _Found:
    """What is wrong with a step, and whether the device says that it lacks a kernel."""

    words: str = ""
    is_gap: bool = False


def inspected(backends: Iterable[Backend], seconds: float) -> list[str]:
    """What each backend lacks, one sentence without its full stop for each; the host lacks nothing.

    Parameters
    ----------
    backends : iterable of Backend
    seconds : float
        The time limit of one step.

    Raises
    ------
    verify.command_line.options.BadOption
        For the first thing without which nothing could be verified.
    """
    notes = list[str]()
    for backend in backends:
        if backend.name != "cpu":
            with (
                containment.contained(),
                watchdog.staying(everywhere=True),
                warnings.catch_warnings(),
                torch.random.fork_rng(devices=(), device_type="cpu"),  # Its module may lack.
            ):
                warnings.simplefilter("ignore")
                notes += _inspected(backend, seconds)
    return notes


def _inspected(backend: Backend, seconds: float) -> Iterator[str]:
    for step in _FIRST:
        _demand(backend, step, _tried(backend, step, seconds))
    fills = {dtype: _fill(dtype) for dtype in _dtypes(backend)}
    found = {dtype: _tried(backend, step, seconds) for dtype, step in fills.items()}
    for dtype in backend.dtypes:
        if not found[dtype].is_gap:
            _demand(backend, fills[dtype], found[dtype])
    usual = [dtype for dtype in backend.dtypes if not found[dtype].is_gap]
    if not usual:
        _demand(backend, fills[backend.dtypes[0]], found[backend.dtypes[0]])
    for step in _last(backend, usual):
        _demand(backend, step, _tried(backend, step, seconds))
    if gaps := [fills[dtype].what for dtype in found if found[dtype].is_gap]:
        yield f"{backend.name} has not implemented {', '.join(gaps)}: their cells are unsupported"
    for dtype, each in found.items():
        if each.words and not each.is_gap:
            yield f"{backend.name}: {each.words}: cells in {dtype} will fail"
    if "float64" not in backend.dtypes:
        yield f"{backend.name} lists no float64: samples are reduced on the host"
    if not bears(backend.device().type):
        yield (
            f"{backend.name} loses what is written through a view under a dispatch mode: memory is "
            "not poisoned, so that what a recipe leaves unwritten is not seen"
        )
    for lack in backend.lacks:
        yield f"{backend.name} lacks {lack}: {LACKS[lack]}"


def _tried(backend: Backend, step: _Step, seconds: float) -> _Found:
    stuck = _sentence(backend, step, f"{step.what} never returns, it is stuck in native code")
    try:
        with watchdog.last_words(f"ERROR: {stuck}", _STUCK * seconds, _UNUSABLE):
            return _limited(backend, step, seconds)
    except KeyboardInterrupt:
        raise
    except watchdog.TimedOut as error:
        return _Found(f"{step.what} timed out, {error}")
    except BaseException as error:
        is_gap = isinstance(error, Exception) and torch_api.unsupported(error)
        return _Found(f"{step.what} raises {said(error)}", is_gap)


def _limited(backend: Backend, step: _Step, seconds: float) -> _Found:
    with watchdog.limit(seconds):
        return _Found(step.wrong(backend))


def _demand(backend: Backend, step: _Step, found: _Found) -> None:
    if found.words:
        raise BadOption(_sentence(backend, step, found.words))


def _sentence(backend: Backend, step: _Step, words: str) -> str:
    return f"the backend {backend.name!r} cannot be verified, {words}: {step.advice}."


def _dtypes(backend: Backend) -> list[str]:
    """The dtypes of its cells, its own first."""
    every = {dtype for subject in SUBJECTS.values() for dtype in dtypes_of(subject, backend)}
    return [*backend.dtypes, *sorted(every - {*backend.dtypes})]


def _empty(backend: Backend, dtype: str) -> Tensor:
    return torch.empty(_ENTRIES, dtype=getattr(torch, dtype), device=backend.device())


def _host(tensor: Tensor) -> Tensor:
    return torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor)


def _places(backend: Backend) -> str:
    device = backend.device()
    return "" if isinstance(device, torch.device) else f"its device() gives {shown(device)}"


def _allocates(backend: Backend) -> str:
    made, asked = _empty(backend, backend.dtypes[0]), backend.device()
    return "" if made.device.type == asked.type else f"an empty tensor lies on {made.device}"


def _copies(backend: Backend) -> str:
    return _copied(backend, backend.dtypes[0])


def _copied(backend: Backend, dtype: str) -> str:
    sent = (torch.arange(_ENTRIES) % _LARGEST).to(getattr(torch, dtype))
    wrong = (_host(_empty(backend, dtype).copy_(sent)) != sent).nonzero()
    if not len(wrong):
        return ""
    return (
        f"of {_ENTRIES} numbers in {dtype} that are copied there and back {len(wrong)} change, "
        f"the first of them at index {int(wrong[0])}"
    )


def _waits(backend: Backend) -> str:
    backend.synchronize(backend.device())
    return ""


def _has_module(backend: Backend) -> str:
    device = backend.device()
    if device.type == "cpu":
        return ""
    module = torch.get_device_module(device)
    missing = [name for name in MODULE if not callable(getattr(module, name, None))]
    return f"its device module has no {', '.join(missing)}" if missing else ""


def _generates(backend: Backend) -> str:
    made = backend.generator(backend.device(), 1)
    kind = type(None) if "generators" in backend.lacks else torch.Generator
    return "" if isinstance(made, kind) else f"its generator() gives {shown(made)}"


def _fill(dtype: str) -> _Step:
    whole = not (getattr(torch, dtype).is_floating_point or getattr(torch, dtype).is_complex)
    what = f"{'random_' if whole else 'normal_'} in {dtype}"
    advice = f"mend it, or leave {dtype} out of the dtypes of the backend"
    fills = _random_ if whole else _normal_
    return _Step(what, advice, lambda backend: _copied(backend, dtype) or fills(backend, dtype))


def _random_(backend: Backend, dtype: str) -> str:
    made = _host(_empty(backend, dtype).random_(generator=backend.generator(backend.device(), 1)))
    return f"random_ in {dtype} fills with one number" if bool((made == made[0]).all()) else ""


def _normal_(backend: Backend, dtype: str) -> str:
    blank = torch.full((_ENTRIES,), torch.nan, dtype=getattr(torch, dtype))
    generator = backend.generator(backend.device(), 1)
    made = _host(_empty(backend, dtype).copy_(blank).normal_(generator=generator))
    if wrong := int((~made.isfinite()).sum()):
        return f"normal_ in {dtype} leaves {wrong} of {_ENTRIES} entries that are not finite"
    return f"normal_ in {dtype} fills with one number" if bool((made == made[0]).all()) else ""


def _seeds(backend: Backend, dtype: str) -> str:
    first, again, other = (_drawn(backend, dtype, seed) for seed in (1, 1, 2))
    for at, stream in enumerate(("its generator", "its global stream")):
        if not torch.equal(first[at], again[at]):
            return f"{stream} draws other numbers after the same seed"
        if torch.equal(first[at], other[at]):
            return f"{stream} draws the same numbers after another seed"
    return ""


def _drawn(backend: Backend, dtype: str, seed: int) -> tuple[Tensor, Tensor]:
    generator = backend.generator(backend.device(), seed)
    own = _empty(backend, dtype).normal_(generator=generator)
    return _host(own), _host(_empty(backend, dtype).normal_())


def _sorts(backend: Backend) -> str:
    shuffled = _scattered(torch.float32)
    found = _host(shuffled.to(backend.device()).sort().values)
    return "" if torch.equal(found, shuffled.sort().values) else "a sort leaves another order"


def _views(backend: Backend) -> str:
    numbers = _scattered(torch.float16)
    found = _host(numbers.to(backend.device()).view(torch.int16))
    right = torch.equal(found, numbers.view(torch.int16))
    return "" if right else "the bits of float16 as int16 are others"


def _counts(backend: Backend) -> str:
    digits = _scattered(torch.int64)
    found = _host(digits.to(backend.device()).bincount(minlength=_ENTRIES))
    return "" if torch.equal(found, digits.bincount(minlength=_ENTRIES)) else "bincount miscounts"


def _transforms(backend: Backend) -> str:
    wave = _scattered(torch.float32)
    found = torch.fft.rfft(wave.to(backend.device())).abs().square().sum()
    right = torch.fft.rfft(wave).abs().square().sum()
    near = abs(float(_host(found)) / float(right) - 1) < _NEAR
    return "" if near else "a Fourier transform loses its power"


def _scattered(dtype: torch.dtype) -> Tensor:
    """Small whole numbers in no order."""
    return (torch.arange(_ENTRIES) * 577 % _LARGEST).to(dtype)


def _adds(backend: Backend) -> str:
    numbers = torch.arange(_ENTRIES, dtype=torch.float64)
    found = float(_host(_empty(backend, "float64").copy_(numbers).sum()))
    right = _ENTRIES * (_ENTRIES - 1) / 2
    return "" if found == right else f"a sum in float64 gives {found!r} in place of {right!r}"


_FIRST = (
    _Step("its device()", "let it give the torch.device of a worker", _places),
    _Step(
        "its device module",
        f"register one that has {', '.join(MODULE)} by torch._register_device_module",
        _has_module,
    ),
    _Step(
        "torch.empty",
        "register the kernels of aten::empty.memory_format and aten::empty_strided for it",
        _allocates,
    ),
    _Step(
        "a copy to the device and back",
        "mend the kernel of aten::copy_ or aten::_copy_from for it, in both directions",
        _copies,
    ),
    _Step(
        "waiting for the device",
        "let torch.accelerator.synchronize reach it, or override synchronize() of the backend",
        _waits,
    ),
    _Step(
        "its generator",
        "let torch.Generator make one on it, or say that it lacks generators",
        _generates,
    ),
)
"""What everything else needs."""


_REDUCTIONS = {"sort": _sorts, "int16": _views, "bincount": _counts, "fft": _transforms}
"""What samples are reduced by where they were drawn; the names are those of `LACKS`."""


def _last(backend: Backend, usual: list[str]) -> Iterator[_Step]:
    """What is asked of a device that fills tensors of these dtypes."""
    advice = "let manual_seed, of its generator and of its device module, decide what they draw"
    yield _Step("a seeded draw", advice, partial(_seeds, dtype=usual[-1]))
    if "float64" in usual:
        advice = "mend it, or leave float64 out of the dtypes of the backend"
        yield _Step("a sum in float64", advice, _adds)
    if backend.reduces_on(backend.device()).type != "cpu":
        for name, wrong in _REDUCTIONS.items():
            yield _Step(name, f"mend it, or say that it lacks {name!r}", wrong)


__all__ = ["inspected"]
