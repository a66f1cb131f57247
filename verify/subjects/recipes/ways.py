"""Ways to a model besides building it: from the meta device, and from a checkpoint."""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import tempfile
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from verify.subjects.case import C
from verify.subjects.fills import Target
from verify.subjects.recipes.parts import TRANSFORMERS
from verify.subjects.unlawful import Unlawful

Make = Callable[[C, Target], nn.Module]
"""Builds an initialised model."""

Start = Callable[[C, Target], Callable[[], nn.Module]]
"""Begins to come to models of a case: every call gives another one."""

Way = tuple[str, Start[C]]
"""A promise, and what keeps it."""

FROM_META = "recipe from meta"
FROM_CHECKPOINT = "recipe from checkpoint"

_SHOWN = 8
"""Names that are listed."""


def from_meta(make: Make[C], initialize: Callable[[nn.Module, C], object]) -> Way[C]:
    """The model on the meta device, in memory that holds anything, and then initialised.

    Parameters
    ----------
    make : callable
        Builds the model.
    initialize : callable
        The model's own way to write every parameter and buffer.

    Notes
    -----
    Source: the note "Meta device" of PyTorch's documentation, and `Module.to_empty`.
    """

    def start(case: C, target: Target) -> Callable[[], nn.Module]:
        def materialised() -> nn.Module:
            model = make(case, Target(torch.device("meta"), target.dtype))
            model.to_empty(device=target.device)
            initialize(model, case)
            return model

        return materialised

    return FROM_META, start


def restored(model: nn.Module, _case: object) -> None:
    """Initialize a model of the transformers package, and tie its weights."""
    initialize: Callable[[], None] = model.init_weights  # type: ignore[assignment]
    initialize()


def from_checkpoint(make: Make[C], name: str) -> Way[C]:
    """A model of the transformers package, loaded from a directory that lacks half of its tensors.

    What is stored is loaded as it is; what is missing is initialised as in a new model
    (documentation of transformers, `PreTrainedModel.from_pretrained`, "Loading models"). Both
    follow the same laws, since a new model is stored.

    Parameters
    ----------
    make : callable
        Builds the model that is stored.
    name : str
        Its class.
    """

    def start(case: C, target: Target) -> Callable[[], nn.Module]:
        halves = _halves()

        def loaded() -> nn.Module:
            stored = make(case, target)
            kept = next(halves)(stored)
            with tempfile.TemporaryDirectory() as folder, quiet():
                save: Callable[..., None] = stored.save_pretrained  # type: ignore[assignment]
                save(folder, state_dict=dict(kept))
                kind = getattr(importlib.import_module(TRANSFORMERS), name)
                model: nn.Module = kind.from_pretrained(folder, dtype=target.dtype)
            model = _moved(model, target.device)
            if changed := _changed(model, kept):
                raise Unlawful(f"loading changes what is stored: {', '.join(changed[:_SHOWN])}")
            return model

        return loaded

    return FROM_CHECKPOINT, start


def _moved(model: nn.Module, device: torch.device) -> nn.Module:
    """The model on a device, tied as it was.

    `Module.to` makes a parameter for each name on a device whose tensors the host's cannot become.
    """
    there: dict[int, object] = {id(p): nn.Parameter(p.to(device)) for p in model.parameters()}
    there |= {id(buffer): buffer.to(device) for buffer in model.buffers()}
    return copy.deepcopy(model, there)


def _halves() -> Iterator[Callable[[nn.Module], dict[str, Tensor]]]:
    """What each checkpoint holds: a drawn half of the tensors, then the other one, and so on."""
    while True:
        seed = int(torch.randint(1 << 31, ()))
        yield functools.partial(_half, seed=seed, first=True)
        yield functools.partial(_half, seed=seed, first=False)


def _half(model: nn.Module, *, seed: int, first: bool) -> dict[str, Tensor]:
    """Each stored tensor with probability 1/2, under all of its names or none."""
    state: Mapping[str, Tensor] = model.state_dict(keep_vars=True)
    every = list(dict.fromkeys(state.values()))  # Tensors are hashed by identity.
    stream = torch.Generator().manual_seed(seed)
    chances = (torch.rand(len(every), generator=stream) < 0.5) == first
    kept = {tensor for tensor, chance in zip(every, chances, strict=True) if chance}
    return {name: tensor.detach() for name, tensor in state.items() if tensor in kept}


def _changed(model: nn.Module, kept: Mapping[str, Tensor]) -> list[str]:
    """What is not stored, bit for bit: what is loaded and initialised is finite."""
    state = model.state_dict()
    return [name for name, values in kept.items() if not torch.equal(values, state[name])]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """The package warns of what a checkpoint lacks, which is meant, and shows its progress."""
    logging = importlib.import_module(f"{TRANSFORMERS}.utils.logging")
    level, shown = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
