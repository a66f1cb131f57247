"""Verify BASELINE and CANDIDATE, each in its tox environment, and compare them."""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path

from reports.commands import compare
from reports.commands.problem import Problem
from reports.evidence import store
from reports.upgrade import speed
from reports.upgrade.comparison import UpgradeVerdict

FOLDER = Path("qualification")
SIDES = ("baseline", "candidate")


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("arguments", nargs="*", help="after --: what pytest is given in both")


def run(options: argparse.Namespace) -> int:
    """Run both environments, whatever they find, and return the code of the comparison."""
    if not os.environ.get("CANDIDATE"):
        raise Problem(
            "CANDIDATE does not say which PyTorch may come next: "
            "CANDIDATE='torch==2.15.0' tox run -e qualify"
        )
    arguments = seeded(options.arguments)
    print(f"qualify: pytest {' '.join(arguments)}", flush=True)
    for side in SIDES:
        # What an earlier qualification left must not pass for this one's.
        for name in (store.EVIDENCE, speed.SPEED):
            (FOLDER / side / name).unlink(missing_ok=True)
        tox = [sys.executable, "-m", "tox", "run", "-e", side, "--", *arguments]
        subprocess.run(tox, check=False)
    for side in SIDES:
        if not (FOLDER / side / store.EVIDENCE).is_file():
            print(f"INCOMPLETE: the {side} left no evidence; what tox says above tells why.")
            return UpgradeVerdict.INCOMPLETE.like.exit_code
    folders = {side: FOLDER / side for side in SIDES}
    html = FOLDER / "qualification.html"
    return compare.run(argparse.Namespace(**folders, backends=None, html=html))


def seeded(arguments: list[str]) -> list[str]:
    """Return the arguments with a run seed: both runs must draw the same cases."""
    given = any(argument.partition("=")[0] == "--run-seed" for argument in arguments)
    return arguments if given else [*arguments, "--run-seed", str(secrets.randbits(32))]
