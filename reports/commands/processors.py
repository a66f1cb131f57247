"""Verify under every choice of kernels that this machine has, and say which differ."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path

from reports.commands.inputs import machine
from reports.commands.problem import Problem
from reports.evidence.words import plain
from reports.processors import difference, runs, settings

FOLDER = "processors"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "arguments",
        nargs="*",
        help=f"after --: names of settings ({', '.join(settings.SETTINGS)}; default: all), "
        "then what pytest is given under each",
    )


def run(options: argparse.Namespace) -> int:
    """Run each setting, print how they differ, and return 0, 1 or 3."""
    asked, names = _parsed(options.arguments)
    found, left_out = settings.chosen(names, machine().kernels)
    for name, reason in left_out.items():
        print(f"processors: {name} is left out: {reason}.")
    ended: dict[str, runs.Ended] = {}
    for number, setting in enumerate(found, start=1):
        print(
            f"\nprocessors: {number} of {len(found)}, {setting.name} ({setting.words}); "
            f"profile {asked.profile}; --run-seed {asked.run_seed}",
            flush=True,
        )
        folder = asked.report_dir / setting.name
        given = ["--profile", asked.profile, "--run-seed", asked.run_seed, *asked.rest]
        try:
            ended[setting.name] = runs.verify(setting, folder, given)
        except KeyboardInterrupt:
            return runs.INTERRUPTED
        if ended[setting.name].code in (runs.USAGE, runs.INTERRUPTED):
            return ended[setting.name].code
    for line in difference.text(ended):
        print(plain(line))
    return difference.verdict(ended).exit_code


def _parsed(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """What every run is given, and the settings that are named before any option of pytest."""
    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    own.add_argument("--profile", default="smoke")
    own.add_argument("--run-seed", default=str(secrets.randbits(32)))
    own.add_argument("--report-dir", type=Path, default=Path(FOLDER))
    try:
        asked, rest = own.parse_known_args(arguments)
    except argparse.ArgumentError as problem:
        raise Problem(f"{problem}") from None
    first = next((i for i, word in enumerate(rest) if word.startswith("-")), len(rest))
    for name in rest[:first]:
        if name not in settings.SETTINGS:
            raise Problem(f"unknown setting {name!r}: choose among {', '.join(settings.SETTINGS)}")
    asked.rest = rest[first:]
    return asked, rest[:first]
