"""A group of ranks: started once for a process, asked many times, ended with it."""

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
def missing() -> str:
    """What a group of ranks needs and this machine lacks, in words; or nothing."""
    if not torch.distributed.is_available():
        return "not tested: PyTorch is built without torch.distributed"
    if not torch.distributed.is_gloo_available():
        return "not tested: PyTorch is built without gloo"
    return "" if hasattr(os, "fork") else "not tested: this system cannot fork processes"


class Group:
    """Ranks that wait for tasks, each at the other end of a pipe.

    A process that has imported PyTorch and done nothing else forks them: one import serves all,
    and no thread is forked. They meet in a file of a temporary folder, and end when their pipe is
    closed, or with the process that started them.
    """

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="verify-ranks-")
        pairs = [socket.socketpair() for _ in range(WORLD)]
        theirs = [other.fileno() for _, other in pairs]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "verify.ranks.nursery", str(os.getpid()), self.folder]
        self.nursery = subprocess.Popen(
            [*command, *map(str, theirs)],
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
        if group_of.get(os.getpid()) is self:
            del group_of[os.getpid()]
        for pipe in self.pipes:
            pipe.close()
        self.nursery.kill()
        self.nursery.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


group_of: dict[int, Group] = {}
"""The group of this process; one that was forked from it has none."""


def group() -> Group:
    """The ranks of this process, started where there are none."""
    own = os.getpid()
    if own not in group_of:
        group_of[own] = Group()
        atexit.register(_end, own)
    return group_of[own]


def _end(owner: int) -> None:
    if os.getpid() == owner and owner in group_of:
        group_of[owner].end()


def ask(task: Callable[..., _T], *arguments: object, ranks: int = WORLD) -> Sequence[_T]:
    """What the first ranks answer to a task; every one does it."""
    return group().call(task, *arguments)[:ranks]
