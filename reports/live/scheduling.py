"""Which worker gets which item: those that share an expensive start go to one worker."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScheduling
from xdist.workermanage import WorkerController

STARTS: Mapping[str, re.Pattern[str]] = {
    "processes that stand ready as ranks": re.compile("shard"),
    "the compiler": re.compile("compil|recomput"),
    "the library of transformers": re.compile("Bert|GPT2|Llama|ViTFor|T5For|Whisper"),
}
"""What takes seconds to start in a worker, and the node ids of the items that need it."""


class Together(LoadScheduling):  # type: ignore[misc]  # It has no types.
    """Load scheduling in which one worker starts what several items need, and others have the rest.

    Nobody waits: a worker that finds nothing else takes such an item all the same.
    """

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        self._owners: dict[str, WorkerController] = {}

    def _send_tests(self, node: WorkerController, num: int) -> None:
        first = [*islice(self._suited(node), num)]
        self.pending[:] = first + [each for each in self.pending if each not in first]
        super()._send_tests(node, num)

    def _suited(self, node: WorkerController) -> Iterator[int]:
        """The pending items, but for those whose start is another worker's."""
        for item in self.pending:
            start = start_of((self.collection or ())[item])
            if not start or self._owner(start, node) is node:
                yield item

    def _owner(self, start: str, node: WorkerController) -> WorkerController:
        """Who has started it; whoever asks first, and again after that worker has died."""
        if self._owners.get(start) not in self.node2pending:
            self._owners[start] = node
        return self._owners[start]


def start_of(nodeid: str) -> str:
    """What an item has to start; nothing for most."""
    return next((start for start, items in STARTS.items() if items.search(nodeid)), "")
