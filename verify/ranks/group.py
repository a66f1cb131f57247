"""Groups of ranks: one for each kind of device, started once for a process, ended with it."""

from __future__ import annotations

import atexit
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TypeVar

import torch

from verify import torch_api
from verify.ranks.placements import WORLD

_T = TypeVar("_T")

_ROOT = Path(__file__).resolve().parents[2]

IMPORTS = "VERIFY_RANKS_IMPORT"
"""Environment variable: a module that every rank imports first, as one that registers a device."""


class RankDied(BaseException):
    """A rank has ended before it answered. No Exception: a verdict of its own, for one cell."""


class RankRaised(RuntimeError):
    """A rank raised what the text says."""


@cache
def missing(kind: str = "cpu") -> str:
    """What ranks that hold tensors of a kind of device need and this machine lacks; or nothing."""
    if not torch.distributed.is_available():
        return "not tested: PyTorch is built without torch.distributed"
    if not torch.distributed.is_gloo_available():
        return "not tested: PyTorch is built without gloo"
    if not hasattr(os, "fork"):
        return "not tested: this system cannot fork processes"
    return "" if kind == "cpu" else _missing_on(kind)


def _missing_on(kind: str) -> str:
    """NCCL and its like give every rank a device of its own."""
    name = torch_api.collectives(kind)
    if not name:
        return f"not tested: PyTorch knows no collectives of {kind}"
    if not torch.distributed.is_backend_available(name):
        return f"not tested: PyTorch is built without {name}"
    count = torch_api.devices(kind)
    if count < WORLD:
        return f"not tested: {WORLD} ranks need as many devices of {kind}, {count} are here"
    return ""


class Group:
    """Ranks that wait for tasks, each at the other end of a pipe.

    A process that has imported PyTorch and done nothing else forks them: one import serves all,
    and no thread is forked. They meet in a file of a temporary folder, and end when their pipe is
    closed, or with the process that started them.

    Parameters
    ----------
    kind : str
        The type of the devices whose tensors they hold: each has one of its own, but for a CPU.
    """

    def __init__(self, kind: str = "cpu") -> None:
        self.kind = kind
        self.folder = tempfile.mkdtemp(prefix="verify-ranks-")
        pairs = [socket.socketpair() for _ in range(WORLD)]
        theirs = [other.fileno() for _, other in pairs]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "verify.ranks.nursery", str(os.getpid()), self.folder]
        self.nursery = subprocess.Popen(
            [*command, kind, *map(str, theirs)],
            pass_fds=theirs,
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.pipes: list[Connection[Any, Any]] = [Connection(mine.detach()) for mine, _ in pairs]
        for _, other in pairs:
            other.close()

    def call(self, task: Callable[..., _T], *arguments: object) -> list[_T]:
        """Let every rank do a task; the answer of each, in the order of ranks.

        Raises
        ------
        RankDied
            For a rank that ends; the others are ended too.
        RankRaised, NotImplementedError
            What a rank raised.
        """
        try:
            message = pickle.dumps((task, arguments))
            for pipe in self.pipes:
                pipe.send_bytes(message)
            answers = self._answers()
        except (EOFError, OSError) as reason:
            self.end()
            raise RankDied(f"a rank of {WORLD} ended before it answered") from reason
        except BaseException:
            self.end()
            raise
        for rank, (_, error, said) in enumerate(answers):
            if error:
                raise error(f"rank {rank} of {WORLD}: {said}")
        return [value for value, _, _ in answers]

    def _answers(self) -> list[Any]:
        """Every answer; whoever waits for one that has died would wait for ever."""
        answers: dict[int, Any] = {}
        while len(answers) < WORLD:
            waited = [pipe for rank, pipe in enumerate(self.pipes) if rank not in answers]
            for ready in wait(waited):
                assert isinstance(ready, Connection)
                answers[self.pipes.index(ready)] = pickle.loads(ready.recv_bytes())
        return [answers[rank] for rank in range(WORLD)]

    def end(self) -> None:
        """End every rank, and leave nothing behind."""
        if group_of.get((os.getpid(), self.kind)) is self:
            del group_of[os.getpid(), self.kind]
        for pipe in self.pipes:
            pipe.close()
        self.nursery.kill()
        self.nursery.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


group_of: dict[tuple[int, str], Group] = {}
"""By process and kind of device; a process that was forked from another one has none."""


def group(kind: str = "cpu") -> Group:
    """The ranks of this process that hold tensors of a kind of device; started where none are."""
    own = os.getpid(), kind
    if own not in group_of:
        group_of[own] = Group(kind)
        atexit.register(_end, own)
    return group_of[own]


def _end(owner: tuple[int, str]) -> None:
    if os.getpid() == owner[0] and owner in group_of:
        group_of[owner].end()


def ask(
    task: Callable[..., _T], *arguments: object, ranks: int = WORLD, kind: str = "cpu"
) -> Sequence[_T]:
    """What the first ranks answer to a task; every one does it."""
    return group(kind).call(task, *arguments)[:ranks]
