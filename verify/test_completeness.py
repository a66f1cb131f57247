"""Every module class and every initializer of the version under test is accounted for."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from verify import torch_api
from verify.audit import completeness
from verify.behaviour.exact import fields_of
from verify.outcome.outcome import Outcome
from verify.subjects import INITIALIZERS, MODULES


def _of_modules() -> tuple[Collection[str], dict[str, str]]:
    found = completeness.classes(torch_api.namespaces())
    return found, completeness.forgotten_classes(found, {row.name for row in MODULES})


def _of_initializers() -> tuple[Collection[str], dict[str, str]]:
    namespace, rows = torch_api.initializers(), {row.name for row in INITIALIZERS}
    return completeness.functions(namespace), completeness.forgotten_functions(namespace, rows)


_NAMESPACES = {"torch.nn": _of_modules, "torch.nn.init": _of_initializers}


@pytest.mark.parametrize("namespace", _NAMESPACES, ids=[f"host-any-{n}" for n in _NAMESPACES])
def test_completeness(namespace: str, conclude: Callable[[Outcome], None]) -> None:
    """Each has a row, or neither parameters nor buffers, or a reason."""
    found, forgotten = _NAMESPACES[namespace]()
    problems = [(sentence, name) for name, sentence in forgotten.items()]
    conclude(
        Outcome(
            promise="completeness",
            subject=namespace,
            backend="host",
            dtype="any",
            words="whatever fills tensors is verified: no class or function is left out",
            formula="public names ⊆ rows ∪ stateless ∪ reasons",
            source="the namespace of the version under test",
            **fields_of(len(found), problems, check="completeness", shown=len(problems)),
        )
    )
