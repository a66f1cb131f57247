"""``python -m zoo``: look at every architecture, and write what is wrong."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import torch

from zoo.architecture import Architecture
from zoo.architectures import ARCHITECTURES, PACKAGES
from zoo.comparing import compared, sketched
from zoo.looking import Look, looked
from zoo.page import page


def main() -> int:
    """Look at the architectures that are asked for; 0 if nothing is wrong with any, else 1."""
    parser = argparse.ArgumentParser(prog="python -m zoo", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="architectures or packages; default: all that is installed"
    )
    parser.add_argument("--shard", type=_shard, default=(1, 1), metavar="I/N")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page too")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--sketch", type=Path, metavar="DIR", help="keep how each starts here")
    other.add_argument("--like", type=Path, metavar="DIR", help="hold each against such a sketch")
    options = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"  # Whatever it builds, it builds from here.
    number, shards = options.shard
    chosen = _chosen(options.names)[number - 1 :: shards]
    look = _look(options.sketch, options.like)
    looks = list[Look]()
    with ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
        for architecture, found in zip(chosen, pool.map(look, chosen), strict=True):
            print(_said(architecture, found), flush=True)
            looks += [found] if isinstance(found, Look) else []
            if options.write:  # After each: what was found is not lost.
                options.write.write_text(page(looks, _versions(looks)), encoding="utf-8")
    return int(len(looks) < len(chosen) or not all(each.passed for each in looks))


def _look(sketch: Path | None, like: Path | None) -> Callable[[Architecture], Look | str]:
    """What is done with each architecture."""
    if sketch:
        sketch.mkdir(parents=True, exist_ok=True)
        return partial(sketched, folder=sketch)
    return partial(compared, folder=like) if like else looked


def _versions(looks: Sequence[Look]) -> dict[str, str]:
    """The version of each package that was looked at, and of PyTorch."""
    packages = dict.fromkeys(each.package for each in looks)
    return {each: importlib.metadata.version(each) for each in packages} | {
        "PyTorch": torch.__version__
    }


def _shard(text: str) -> tuple[int, int]:
    number, _, shards = text.partition("/")
    if not (number.isdigit() and shards.isdigit() and 1 <= int(number) <= int(shards)):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form I/N")
    return int(number), int(shards)


def _chosen(names: Sequence[str]) -> list[Architecture]:
    """Those of a package or name that is asked for; of all that is installed by default."""
    known = {*PACKAGES} | {each.name for each in ARCHITECTURES}
    if unknown := {*names} - known:
        sys.exit(f"zoo: there is no architecture or package {', '.join(sorted(unknown))}")
    absent = {each for each in PACKAGES if importlib.util.find_spec(each) is None}
    for package in PACKAGES:
        if package in absent:
            print(f"not looked at: {package} is not installed (pip install {package})")
    asked = [e for e in ARCHITECTURES if not names or {e.package, e.name} & {*names}]
    return [each for each in asked if each.package not in absent]


def _said(architecture: Architecture, found: Look | str) -> str:
    """The lines of an architecture."""
    if isinstance(found, str):
        return f"{architecture.package} {architecture.name}: {found}"
    wrong = [f"    {way}: {each}" for way, said in found.found.items() for each in said]
    verdict = "WRONG" if wrong else "ok"
    return "\n".join([f"{found.package} {found.name}: {verdict}, {found.tensors} tensors", *wrong])


if __name__ == "__main__":
    sys.exit(main())
