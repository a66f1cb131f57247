"""The command `initlaws`: verify, describe, compare and audit what a function builds."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from initlaws.options import BUDGET, OPTIONS, BadArgument, Options, in_words

if TYPE_CHECKING:
    from initlaws.builds import Builds
    from initlaws.comparisons.sketches import Sketch
    from initlaws.progress import Progress

KEEPS, BREAKS, INTERRUPTED, UNUSABLE = 0, 1, 2, 4
"""Exit codes; those of pytest where they mean the same."""

_MODEL = "MODULE:FUNCTION"
_SKETCH = ".json"


class _Parser(argparse.ArgumentParser):
    """Refuses in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise BadArgument(f"{message}: see `{self.prog} --help`.")


@dataclass(frozen=True)
class _Command:
    """One of the commands.

    Attributes
    ----------
    words : str
        What it does.
    work : callable
        Does it, and returns the exit code.
    options : mapping
        What it takes besides the model: arguments of `add_argument` by name.
    """

    words: str
    work: Callable[[argparse.Namespace], int]
    options: Options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process if none are given.

    Returns
    -------
    int
        0: the model keeps what it was asked for; 1: it does not; 2: interrupted; 4: what was given
        cannot be used.
    """
    try:
        chosen = _parser().parse_args(arguments)
        if find_spec("torch") is None:
            raise BadArgument("PyTorch is not installed here: install it with `pip install torch`.")
        from initlaws.builds import Unusable

        try:
            return COMMANDS[chosen.command].work(chosen)
        except Unusable as problem:
            raise BadArgument(str(problem)) from None
    except BadArgument as problem:
        print(f"initlaws: {problem}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("initlaws: interrupted.", file=sys.stderr)
        return INTERRUPTED


def _verify(chosen: argparse.Namespace) -> int:
    from initlaws import following, loading
    from initlaws.table import of_report

    laws = loading.laws(chosen.laws, chosen.time_limit)
    builds, seconds = _built(chosen, chosen.model)
    looked = following.budget(chosen.profile, chosen.builds, chosen.seconds)
    with _telling(builds, looked.planned(builds), seconds) as progress:
        report = following.follow(builds, laws, looked, progress)
    print(of_report(report))
    return _concluded(chosen, passed=report.passed)


def _describe(chosen: argparse.Namespace) -> int:
    from initlaws.describing import describe

    if chosen.output is not None:
        _writable(chosen.output)
    builds, seconds = _built(chosen, chosen.model)
    with _telling(builds, chosen.builds, seconds) as progress:
        found = describe(builds, progress=progress, **_count(chosen))
    if chosen.output is None:  # `> laws.py` gets nothing but laws.
        print(found.table(), file=sys.stderr)
        print(found.laws_file(), end="")
        return KEEPS
    print(found.table())
    Path(chosen.output).write_text(found.laws_file(), encoding="utf-8")
    print(f"laws: {chosen.output}, {found.summary()}")
    return KEEPS


def _compare(chosen: argparse.Namespace) -> int:
    from initlaws.comparing import compare

    if chosen.like.endswith(_SKETCH):
        return _compare_with_sketch(chosen)
    builds, seconds = _built(chosen, chosen.model)
    other, more = _built(chosen, chosen.like)
    with _telling(builds, chosen.builds, seconds + more) as progress:
        found = compare(builds, other, progress=progress, **_count(chosen))
    print(found.table())
    return _concluded(chosen, passed=found.passed)


def _compare_with_sketch(chosen: argparse.Namespace) -> int:
    """Compare with what another environment has kept; the seeds must not be the same."""
    from initlaws.comparing import compare_sketches
    from initlaws.comparisons.sketches import Sketch

    path = Path(chosen.like)
    if not path.is_file():
        raise BadArgument(f"--like {chosen.like!r} is no file: write it with `initlaws sketch`.")
    other = Sketch.from_json(path.read_text(encoding="utf-8"))
    own = _sketched(chosen)
    found = compare_sketches(own, other)
    print(found.table())
    return _concluded(chosen, passed=found.passed)


def _sketch(chosen: argparse.Namespace) -> int:
    _writable(chosen.output)
    Path(chosen.output).write_text(_sketched(chosen).to_json(), encoding="utf-8")
    print(f"sketch: {chosen.output}")
    return KEEPS


def _sketched(chosen: argparse.Namespace) -> Sketch:
    from initlaws.comparisons.sketches import sketch

    builds, seconds = _built(chosen, chosen.model)
    with _telling(builds, chosen.builds, seconds) as progress:
        return sketch(builds, progress=progress, **_count(chosen))


def _audit(chosen: argparse.Namespace) -> int:
    from initlaws.auditing import audit

    builds, seconds = _built(chosen, chosen.model)
    with _telling(builds, chosen.builds, seconds) as progress:
        found = audit(builds, progress=progress, **_count(chosen))
    print(found.table())
    return _concluded(chosen, passed=found.passed)


def _built(chosen: argparse.Namespace, model: str) -> tuple[Builds, float]:
    """The builds of a model, and how long one takes."""
    from time import monotonic

    from initlaws import loading

    builds = loading.builds(model, chosen.seed, chosen.device, chosen.time_limit)
    started = monotonic()
    builds.places  # noqa: B018  # Built once, and looked at.
    return builds, monotonic() - started


def _count(chosen: argparse.Namespace) -> dict[str, Any]:
    """The number of builds, if one is asked for: each command has one of its own."""
    return {} if chosen.builds is None else {"count": chosen.builds}


@contextmanager
def _telling(builds: Builds, count: int | None, seconds: float) -> Iterator[Progress]:
    """What is told of the work: an estimate, and how far it is."""
    from initlaws.progress import Progress

    progress = Progress(sys.stderr)
    numel = sum(place.tensor.numel() for place in builds.places)
    progress.estimate(numel, count, seconds)
    try:
        yield progress
    finally:
        progress.close()


def _concluded(chosen: argparse.Namespace, *, passed: bool) -> int:
    """The exit code; for a model that fails, the command that shows it again is the last line."""
    if passed:
        return KEEPS
    print(f"\nTo repeat this: {_replay(chosen)}")
    return BREAKS


def _replay(chosen: argparse.Namespace) -> str:
    """A command that does the same again, from anywhere."""
    given = in_words(chosen, COMMANDS[chosen.command].options | OPTIONS)
    words = shlex.join(["initlaws", chosen.command, chosen.model, *given])
    return f"cd {shlex.quote(str(Path.cwd()))} && {words}"


def _writable(text: str) -> None:
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise BadArgument(f"--output {text!r} cannot be written: name a file in a folder.")


COMMANDS: Mapping[str, _Command] = {
    "verify": _Command(
        "hold a model against the laws of its author",
        _verify,
        {
            "--laws": {"required": True, "metavar": "FILE", "help": "Python that defines LAWS"},
            **BUDGET,
        },
    ),
    "describe": _Command(
        "find the law of every tensor, and write a file of laws",
        _describe,
        {"--output": {"metavar": "FILE", "help": "where to write the laws; default: stdout"}},
    ),
    "compare": _Command(
        "hold a model against another that must start the same way",
        _compare,
        {
            "--like": {
                "required": True,
                "metavar": _MODEL,
                "help": f"what builds the other, or a sketch of it: FILE{_SKETCH}",
            }
        },
    ),
    "sketch": _Command(
        "keep what compare needs of a model, for another environment",
        _sketch,
        {"--output": {"required": True, "metavar": "FILE", "help": f"FILE{_SKETCH}"}},
    ),
    "audit": _Command(
        "ask of any model what must hold without laws: nothing unwritten, nothing repeated …",
        _audit,
        {},
    ),
}


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("initlaws", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        one = commands.add_parser(
            name, help=command.words, description=command.words, allow_abbrev=False
        )
        one.add_argument("model", metavar=_MODEL, help="what builds the model, without arguments")
        for option, how in (command.options | OPTIONS).items():
            short = ["-o"] if option == "--output" else []
            one.add_argument(*short, option, **how)
    return parser
