"""The options of all commands, what they accept, and how to write them again."""

from __future__ import annotations

import argparse
import math
from typing import Any

Options = dict[str, dict[str, Any]]
"""Arguments of `add_argument`, by the name of the option."""

_TIME_LIMIT = 60.0
_DIGITS = 40
"""More make no number that anybody means, and Python refuses thousands."""


class BadArgument(Exception):
    """What the command line says cannot be used: one sentence."""


def _seed(text: str) -> int:
    return _whole(text, 0, "a whole number, 0 or more")


def _builds(text: str) -> int:
    return _whole(text, 2, "a whole number, 2 or more: one build by itself shows no repetition")


def _whole(text: str, least: int, words: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) < _DIGITS
    if not is_number or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not {words}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.001 <= seconds < 1e6:  # Timers count in microseconds.
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds, 0.001 to 1e6")
    return seconds


OPTIONS: Options = {
    "--seed": {
        "type": _seed,
        "default": 0,
        "metavar": "S",
        "help": "all builds follow from it; default: 0",
    },
    "--builds": {
        "type": _builds,
        "metavar": "N",
        "help": "how often to build; default: as often as the size of the model asks for",
    },
    "--device": {
        "default": "cpu",
        "metavar": "D",
        "help": "under which torch.device to build; default: cpu",
    },
    "--time-limit": {
        "type": _seconds,
        "default": _TIME_LIMIT,
        "metavar": "SECONDS",
        "help": "processor time of one build, or time that it waits idly; default: 60",
    },
}
BUDGET: Options = {
    "--profile": {
        "choices": ("smoke", "standard"),
        "default": "smoke",
        "help": "how much is looked at; default: smoke",
    },
    "--seconds": {
        "type": _seconds,
        "metavar": "S",
        "help": "time on the clock: fewer builds where so many would take longer",
    },
}
"""How much is looked at, where it can be chosen."""

USUAL = {("--device", "cpu"), ("--time-limit", _TIME_LIMIT), ("--profile", "smoke")}
"""What need not be repeated."""


def in_words(chosen: argparse.Namespace, options: Options) -> list[str]:
    """The options that were chosen, as they are written; not those that are as usual.

    Parameters
    ----------
    chosen : argparse.Namespace
    options : mapping
    """
    words = []
    for name in options:
        value = getattr(chosen, name.removeprefix("--").replace("-", "_"))
        if value is not None and (name, value) not in USUAL:
            words.append(f"{name}={value}")
    return words
