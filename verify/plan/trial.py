"""Code of the user's is tried in a process of its own, before it can end this one."""

from __future__ import annotations

import faulthandler
import multiprocessing
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

import torch

from verify.plan import containment
from verify.quoting import said

_POLL = 0.02
"""Seconds between two looks at the process in which a model is tried."""


def survived(called: str, work: Callable[[], object], refusal: type[Exception]) -> None:
    """Do once what a model asks for, in a process of its own, which it may end.

    Only where processes can be forked without harm, on Linux, and as long as no other device has
    been spoken to: an accelerator cannot be used on both sides of a fork.

    Parameters
    ----------
    called : str
        What names the model in a sentence.
    work : callable
        Imports its module and builds it.
    refusal : type of Exception
        What the work raises for the user to read.

    Raises
    ------
    refusal
        What the work raises, and in one sentence if it raises anything else or ends the process.
    """
    if sys.platform != "linux":
        return
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_try, args=(there, called, work, refusal))
    process.start()
    try:
        # Whatever the model starts holds the other end too, so that its closing tells nothing.
        while process.is_alive() and not here.poll(_POLL):
            pass
        sentence = here.recv() if here.poll() else _ended(called, process)
    finally:
        process.kill()
        process.join()
    if sentence:
        raise refusal(sentence)


def _try(
    told: Connection, called: str, work: Callable[[], object], refusal: type[Exception]
) -> None:
    faulthandler.disable()  # The sentence is enough.
    torch.set_num_threads(1)  # Others that have worked already are not on this side of the fork.
    sentence = ""
    with containment.contained():
        try:
            work()
        except refusal as problem:
            sentence = str(problem)
        except BaseException as error:  # An interrupt of the user's reaches the other process too.
            sentence = f"{called} raises {said(error)}."
        for child in multiprocessing.active_children():
            child.kill()  # Nobody else knows of it.
        told.send(sentence)


def _ended(called: str, process: multiprocessing.process.BaseProcess) -> str:
    process.join()
    code = process.exitcode or 0
    how = f"exit code {code}" if code >= 0 else f"signal {-code}, {signal.strsignal(-code)}"
    return (
        f"{called} ends the process in which it is imported and built ({how}): a model that "
        "cannot be built cannot be looked at."
    )
