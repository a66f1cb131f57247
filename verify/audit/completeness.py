"""Nothing is forgotten: every class and function of the namespaces is accounted for."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import ModuleType

from torch import nn

from verify import torch_api
from verify.behaviour.exact import counted, problem
from verify.outcome.outcome import Outcome
from verify.subjects import INITIALIZERS, MODULES

_SAMPLES = "its one buffer is None unless the private argument _random_samples is given"

UNVERIFIED: Mapping[str, str] = {
    "FractionalMaxPool2d": _SAMPLES,
    "FractionalMaxPool3d": _SAMPLES,
    "NLLLoss2d": "a deprecated name of NLLLoss, which has a row",
    "RNNBase": "the base of RNN, GRU and LSTM, which have rows",
    "RNNCellBase": "the base of RNNCell, GRUCell and LSTMCell, which have rows",
}
"""Classes that need no row although they have state or cannot be constructed: and why."""

OTHERWISE = frozenset({"calculate_gain"})
"""Functions of `torch.nn.init` that fill no tensor and are verified by a test of their own."""

_REASONS = "UNVERIFIED in verify/audit/completeness.py"
_GUESSES: tuple[object, ...] = (2, (2, 2), nn.Identity())
_MOST_GUESSES = 1000


def classes(namespaces: Iterable[ModuleType]) -> dict[str, type[nn.Module]]:
    """Every public module class by its name there."""
    return {
        name: value
        for namespace in namespaces
        for name, value in vars(namespace).items()
        if not name.startswith("_") and isinstance(value, type) and issubclass(value, nn.Module)
    }


def forgotten_classes(
    found: Mapping[str, type[nn.Module]],
    rows: Collection[str],
    reasons: Mapping[str, str] = UNVERIFIED,
) -> dict[str, str]:
    """What is wrong, by the name of the class.

    Parameters
    ----------
    found : mapping
        The classes by name.
    rows : collection of str
        The names that have a row.
    reasons : mapping
        Why other names need none.

    Returns
    -------
    dict
        A sentence for each class that is forgotten, and for each reason that is stale.
    """
    problems = {
        name: problem
        for name, cls in found.items()
        if name not in rows and name not in reasons and (problem := _unverified(name, cls))
    }
    for name in reasons:
        if name in rows or name not in found:
            stale = "has a row" if name in rows else "does not exist"
            problems[name] = f"torch.nn.{name} {stale}: remove its reason from {_REASONS}"
    return dict(sorted(problems.items()))


def functions(namespace: ModuleType) -> list[str]:
    """The public functions that the namespace defines."""
    return [
        name
        for name, value in vars(namespace).items()
        if inspect.isroutine(value)
        and getattr(value, "__module__", None) == namespace.__name__
        and not name.startswith("_")
    ]


def forgotten_functions(namespace: ModuleType, rows: Collection[str]) -> dict[str, str]:
    """A sentence for each public function that has no row."""
    return {
        name: f"{namespace.__name__}.{name} has no row: "
        "add one to INITIALIZERS in verify/subjects/initializers.py"
        for name in sorted(set(functions(namespace)) - OTHERWISE - set(rows))
    }


def _unverified(name: str, cls: type[nn.Module]) -> str:
    """What is wrong with a class that has neither row nor reason, or nothing."""
    try:
        state = torch_api.declared(_constructed(cls))
    except Exception as error:
        said = f"{type(error).__name__}: {error}".partition("\n")[0]
        what = f"cannot be constructed from guesses ({said})"
    else:
        what = f"has state ({', '.join(state)})" if state else ""
    advice = f"add one to verify/subjects/modules/, or its reason to {_REASONS}"
    return what and f"torch.nn.{name} {what} and no row: {advice}"


def _constructed(cls: type[nn.Module]) -> nn.Module:
    """A module of the class, from the first guess that its constructor takes.

    Raises
    ------
    Exception
        What the constructor said to the first guess, where it takes none.
    """
    refusals: list[Exception] = []
    for arguments in itertools.islice(_guessed(cls), _MOST_GUESSES):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Deprecated classes say so.
                return cls(**arguments)
        except Exception as refusal:
            refusals.append(refusal)
    raise refusals[0]


def _guessed(cls: type[nn.Module]) -> Iterator[dict[str, object]]:
    """Arguments that a constructor may take: what it requires; then what it leaves open too."""
    parameters = inspect.signature(cls).parameters.values()
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    required = [p.name for p in named if p.default is p.empty]
    for values in itertools.product(_GUESSES, repeat=len(required)):
        yield dict(zip(required, values, strict=True))
    for name in (p.name for p in named if p.default is None):
        yield dict.fromkeys([*required, name], _GUESSES[0])


def _module_names() -> tuple[Collection[str], dict[str, str]]:
    found = classes(torch_api.namespaces())
    return found, forgotten_classes(found, {row.name for row in MODULES})


def _initializer_names() -> tuple[Collection[str], dict[str, str]]:
    namespace, rows = torch_api.initializers(), {row.name for row in INITIALIZERS}
    return functions(namespace), forgotten_functions(namespace, rows)


NAMESPACES = {"torch.nn": _module_names, "torch.nn.init": _initializer_names}
"""By namespace: what is found there, and a sentence for each name that is forgotten."""


def verify_completeness(namespace: str) -> Outcome:
    """Look for a row, for statelessness or for a reason, of each public name."""
    found, forgotten = NAMESPACES[namespace]()
    problems = []
    for name, said in forgotten.items():
        full = f"{namespace}.{name}"  # The sentence begins with it.
        answer = said.removeprefix(f"{full} ")
        problems.append(problem("completeness", full, answer, name, message=said))
    asked = Outcome(
        promise="completeness",
        subject=namespace,
        backend="host",
        dtype="any",
        words="whatever fills tensors is verified: no class or function is left out",
        formula="public names ⊆ rows ∪ stateless ∪ reasons",
        source="the namespace of the version under test",
    )
    return counted(asked, len(found), problems, "completeness", shown=len(problems))
