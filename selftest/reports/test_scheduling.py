"""Items that share an expensive start go to one worker, and nobody waits for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from types import SimpleNamespace
from typing import Any

import pytest

from reports.live.scheduling import STARTS, Together, start_of

pytest.importorskip("xdist")

SHARDED = [f"verify/test_sharded.py::test_sharded[cpu-float32-{n}]" for n in range(6)]
COMPILED = [f"verify/test_compiled.py::test_compiled[cpu-float32-{n}-compiled]" for n in range(6)]
OTHERS = [f"verify/test_laws.py::test_law[cpu-float32-{n}]" for n in range(12)]


@dataclass(eq=False)
class Node:
    """A worker that runs nothing."""

    name: str
    sent: list[int] = field(default_factory=list)
    shutting_down: bool = False

    @property
    def gateway(self) -> Any:
        return SimpleNamespace(id=self.name)

    def send_runtest_some(self, indices: list[int]) -> None:
        self.sent += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def scheduler(items: list[str], nodes: list[Node]) -> Together:
    option = SimpleNamespace(tx=["popen"] * len(nodes), maxschedchunk=1, rsyncdir=[])
    config = SimpleNamespace(
        option=option, getvalue=vars(option).__getitem__, getoption=vars(option).__getitem__
    )
    together = Together(config)  # type: ignore[arg-type]
    for node in nodes:
        together.add_node(node)  # type: ignore[arg-type]
        together.add_node_collection(node, items)  # type: ignore[arg-type]
    together.schedule()
    return together


def run(items: list[str], nodes: list[Node], slow: Node | None = None) -> dict[str, list[str]]:
    """Which items each node ran, one after another by turns; one node may be slower."""
    together = scheduler(items, nodes)
    turns = 0
    while any(together.node2pending.values()):
        turns += 1
        for node in nodes:
            pending = together.node2pending[node]  # type: ignore[index]
            if pending and (node is not slow or turns % 4 == 0):
                together.mark_test_complete(node, pending[0])  # type: ignore[arg-type]
    return {node.name: [items[each] for each in node.sent] for node in nodes}


@pytest.mark.parametrize("items", [SHARDED + OTHERS, OTHERS + SHARDED, COMPILED + OTHERS + SHARDED])
def test_one_worker_starts_what_several_items_need(items):
    ran = run(items + OTHERS, [Node("gw0"), Node("gw1")])
    for start in STARTS:
        own = [name for name, those in ran.items() if start in map(start_of, those[:-4])]
        assert len(own) <= 1, start


@pytest.mark.parametrize("items", [SHARDED, SHARDED + COMPILED, OTHERS, SHARDED[:1], []])
@pytest.mark.parametrize("nodes", [1, 2, 3])
def test_every_item_runs_once(items, nodes):
    ran = run(items, [Node(f"gw{n}") for n in range(nodes)])
    assert sorted(chain.from_iterable(ran.values())) == sorted(items)


def test_nobody_waits():
    """Where nothing else is left, a slow owner is helped."""
    nodes = [Node("gw0"), Node("gw1")]
    ran = run(SHARDED, nodes, slow=nodes[0])
    assert len(ran["gw1"]) > 2


def test_a_dead_owner_has_an_heir():
    nodes = [Node("gw0"), Node("gw1"), Node("gw2")]
    together = scheduler(SHARDED + OTHERS + OTHERS, nodes)
    owner = next(node for node in nodes if 0 in node.sent)
    assert together.remove_node(owner) == SHARDED[0]  # type: ignore[arg-type]
    heirs = [node for node in nodes if node is not owner]
    while any(together.node2pending.values()):
        for node in heirs:
            for item in together.node2pending[node][:1]:  # type: ignore[index]
                together.mark_test_complete(node, item)  # type: ignore[arg-type]
    ran = sorted(item for node in heirs for item in node.sent)
    assert ran == sorted({*range(len(SHARDED + OTHERS + OTHERS))} - {0})


def test_most_items_start_nothing():
    assert not start_of(OTHERS[0])
    assert start_of(SHARDED[0]) != start_of(COMPILED[0])
