"""The process that imports PyTorch once and forks the ranks; and what a rank does all its life.

``python -m verify.ranks.nursery PARENT FOLDER KIND PIPE PIPE …``
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import pickle
import shutil
import signal
import sys
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from verify.ranks.group import IMPORTS, RankRaised

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent dies."""


_REFUSED = (
    "placement changes are not supported",
    "got mixed torch.Tensor and DTensor",
    "would remove or reshape sharded dimension",
    "no valid sharding strategy",
)
"""How DTensor says that it cannot do something to a tensor that is divided so."""


_IMPORTED = (
    "torch._dynamo",
    "verify.ranks.training",
    "verify.ranks.reloading",
    "verify.ranks.redistribution",
)
"""Modules that every rank needs; the first is imported by the first DTensor, which takes long."""


def _die_with(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """End by a signal when the parent does; elsewhere than on Linux a closed pipe ends it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:
        os._exit(0)


def _live(rank: int, folder: str, kind: str, pipes: list[int]) -> None:
    """Meet the others, and do what is asked until nobody can ask any more."""
    from torch import distributed

    from verify import torch_api
    from verify.ranks import place

    for other, number in enumerate(pipes):
        if other != rank:
            os.close(number)
    pipe: Connection[Any, Any] = Connection(pipes[rank])
    meeting = f"file://{folder}/store"
    place.take(kind, rank)
    # Ranks agree about what is on no device by gloo, wherever their tensors are.
    backend = "gloo" if kind == "cpu" else f"cpu:gloo,{kind}:{torch_api.collectives(kind)}"
    distributed.init_process_group(backend, meeting, rank=rank, world_size=len(pipes))
    while True:
        try:
            task, arguments = pickle.loads(pipe.recv_bytes())
        except EOFError:
            return
        # Not pipe.send: PyTorch makes that share memory by descriptors, which needs a key.
        pipe.send_bytes(pickle.dumps(_answer(task, arguments)))


def _answer(task: Any, arguments: Any) -> tuple[object, type[Exception] | None, str]:
    from verify import torch_api
    from verify.ranks.tasks import Elsewhere

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return task(*arguments), None, ""
    except Elsewhere:
        return None, None, ""
    except Exception as reason:
        refused = torch_api.unsupported(reason) or any(text in str(reason) for text in _REFUSED)
        kind = NotImplementedError if refused else RankRaised
        return None, kind, f"{type(reason).__name__}: {reason}"


def _leave(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main(parent: int, folder: str, kind: str, pipes: list[int]) -> None:
    """Fork the ranks, and wait for them."""
    # Whoever is killed cannot take the folder away: the nursery does, and the ranks end with it.
    signal.signal(signal.SIGTERM, lambda *_: _leave(folder))
    _die_with(parent, signal.SIGTERM)
    # gloo speaks over the loopback: no name must be resolved.
    if Path("/sys/class/net/lo").exists():
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    import torch

    for module in filter(None, (os.environ.get(IMPORTS), *_IMPORTED)):
        importlib.import_module(module)
    torch.set_num_threads(1)
    nursery = os.getpid()
    for rank in range(len(pipes)):
        if os.fork() == 0:
            _die_with(nursery)
            try:
                _live(rank, folder, kind, pipes)
            finally:
                os._exit(1)
    for number in pipes:
        os.close(number)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], [int(number) for number in sys.argv[4:]])
