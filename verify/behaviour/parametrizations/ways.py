"""The two ways to normalise a weight: as a parametrization, and by the older functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.draws import usual
from verify.behaviour.parametrizations.applying import has_one_weight, tensor_of
from verify.behaviour.promise import Trial
from verify.subjects.fills import Factory


@dataclass(frozen=True)
class Way:
    """A function that normalises the weight of a module, and where it keeps what.

    Attributes
    ----------
    name : str
        In words.
    kind : str
        Of the function.
    apply : callable
        Applies it to a module by its kind and the name of a tensor, with options.
    update : callable
        Gives the weight as a forward pass computes it.
    remove : callable
        Takes it from a module, by its kind and the name.
    originals : tuple of str
        What the weight is computed from, by name in the state.
    vectors : tuple of str
        What else is kept, by name in the state.
    """

    name: str
    kind: str
    apply: Callable[..., nn.Module]
    update: Callable[[nn.Module], Tensor]
    remove: Callable[[nn.Module, str, str], nn.Module]
    originals: tuple[str, ...]
    vectors: tuple[str, ...] = ()

    def on(self, module: nn.Module, **options: object) -> nn.Module:
        """Apply it to the weight."""
        return self.apply(module, self.kind, "weight", **options)

    def originals_of(self, module: nn.Module) -> list[Tensor]:
        """What the weight is computed from, in the memory of the module."""
        return [torch_api.state(module)[name] for name in self.originals]

    def vectors_of(self, module: nn.Module) -> list[Tensor]:
        """What else is kept, in the memory of the module."""
        return [torch_api.state(module)[name] for name in self.vectors]


def _accessed(module: nn.Module) -> Tensor:
    return tensor_of(module)


def _recomputed(module: nn.Module) -> Tensor:
    torch_api.recompute(module)
    return _accessed(module)


def _removed(module: nn.Module, _kind: str, name: str) -> nn.Module:
    return nn.utils.parametrize.remove_parametrizations(module, name)


def _new(kind: str, originals: tuple[str, ...], vectors: tuple[str, ...] = ()) -> Way:
    prefix = "parametrizations.weight."
    return Way(
        kind,
        kind,
        torch_api.parametrize,
        _accessed,
        _removed,
        tuple(f"{prefix}{name}" for name in originals),
        tuple(f"{prefix}0.{name}" for name in vectors),
    )


def _old(kind: str, originals: tuple[str, ...], vectors: tuple[str, ...] = ()) -> Way:
    return Way(
        f"the old {kind}",
        kind,
        torch_api.renormalize,
        _recomputed,
        torch_api.denormalize,
        tuple(f"weight_{name}" for name in originals),
        tuple(f"weight_{name}" for name in vectors),
    )


SPECTRAL = {
    "spectral-norm": _new("spectral_norm", ("original",), ("_u", "_v")),
    "old-spectral-norm": _old("spectral_norm", ("orig",), ("u", "v")),
}
MAGNITUDES = {
    "weight-norm": _new("weight_norm", ("original0", "original1")),
    "old-weight-norm": _old("weight_norm", ("g", "v")),
}


@dataclass(frozen=True)
class Form:
    """A module with one weight, and the dimension of the weight along which its outputs lie.

    Attributes
    ----------
    make : callable
        Builds the module.
    outputs : int
        The dimension, by default.
    """

    make: Callable[[Factory], nn.Module]
    outputs: int = 0


_FORMS: dict[str, tuple[Form, ...]] = {
    "Linear": (
        Form(lambda made: nn.Linear(5, 4, **made)),
        Form(lambda made: nn.Linear(3, 6, bias=False, **made)),
        Form(lambda made: nn.Bilinear(2, 3, 4, **made)),
    ),
    "Conv2d": (
        Form(lambda made: nn.Conv1d(4, 6, 2, groups=2, **made)),
        Form(lambda made: nn.Conv2d(2, 4, (3, 2), **made)),
        Form(lambda made: nn.ConvTranspose1d(3, 5, 2, **made), outputs=1),
        Form(lambda made: nn.ConvTranspose2d(4, 3, (2, 1), **made), outputs=1),
        Form(lambda made: nn.ConvTranspose3d(2, 3, (1, 2, 1), **made), outputs=1),
    ),
}


def forms(trial: Trial) -> tuple[Form, ...]:
    """The modules that are like the subject of the cell."""
    return _FORMS[trial.row.name]


def built(trial: Trial, form: Form, of: str = "") -> nn.Module:
    """A module of a form; its values start anew for each use."""
    trial.target(of)  # For its effect: the streams.
    module = form.make({"device": trial.device, "dtype": trial.dtype})
    trial.settle()
    return module


def asked_once(trial: Trial) -> bool:
    """Whether what hangs on no case is asked here, of modules with one weight."""
    return has_one_weight(trial) and usual(trial)
