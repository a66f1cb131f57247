"""Damaged evidence: every command says what is wrong, and none calls it a pass."""

from __future__ import annotations

import contextlib
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reports.__main__ import main
from reports.commands import replay
from reports.evidence import store
from reports.evidence.records import CellRecord, Report, RunRecord
from reports.nights.merge import merge
from selftest.reports.observed import night, observed, raw, write
from verify.checks import statistics as kinds
from verify.outcome.evidence import Evidence as Observed
from verify.outcome.verdict import Verdict

EXAMPLES = 200
FUZZ = settings(
    max_examples=EXAMPLES, database=None, deadline=None, derandomize=True,
    phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
)  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]
CODES = {0, 1, 3, 4}
ODD = (
    None, True, False, "", "x", "pass", "fail", "\0", "\ud800", "\u2028", "a\nb", "x" * 999, -1, 0,
    1, 2, 7, 0.5, -0.0, 1e-320, 1e308, 10**17, 10**30, 10**400, math.nan, math.inf, -math.inf,
    [], {}, [[]], [None], {"": None}, {"kind": "exact"}, {"packed": ""}, [1, 2], ["x"],
)  # fmt: skip
GARBAGE = (
    b"", b"{", b"\xff\xfe\x00", b"[]", b"null", b"NaN", b"{}", b'"x"', b"[" * 10**5, b"9" * 5000,
    b'{"schema": 2, "kind": "run"}', b'{"schema": 2, "kind": "cell"}', b'{"schema": 99}',
    b'{"schema": 2, "kind": []}',
)  # fmt: skip


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside a value; of long arrays the first ones."""
    entries: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value[:2]))
    for name, each in entries:
        yield (*path, name)
        yield from _paths(each, (*path, name))


def _changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    copy = value.copy()
    copy[path[0]] = _changed(value[path[0]], path[1:], new) if len(path) > 1 else new
    return copy


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    copy = value.copy()
    if len(path) > 1:
        copy[path[0]] = _without(value[path[0]], path[1:])
    else:
        del copy[path[0]]
    return copy


NIGHTS = [raw(night(seed)) for seed in (1, 2)]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], ...]:
    """The lines of one night, and those of a sum of two."""
    folder = tmp_path_factory.mktemp("nights")
    nights = [write(folder / f"{number}", lines) for number, lines in enumerate(NIGHTS)]
    return NIGHTS[0], merge(nights).text.encode().splitlines()


class Lines(list[bytes]):
    """The lines of a file, too long to be shown whole."""

    def __repr__(self) -> str:
        return "\n".join(repr(line[:300]) for line in self)


def damaged(draw: Random, lines: list[bytes]) -> list[bytes]:
    """Some of the things that become of a file."""
    lines = Lines(lines)
    for _ in range(draw.randint(1, 3)):
        if not lines:
            break
        at = draw.randrange(len(lines))
        how = draw.choice(["drop", "repeat", "cut", "garbage", *["change"] * 8, "lack"])
        if how == "drop":
            del lines[at]
        elif how == "repeat":
            lines.insert(at, draw.choice(lines))
        elif how == "cut":
            lines[at] = lines[at][: draw.randint(0, len(lines[at]))]
        elif how == "garbage":
            lines.insert(at, draw.choice(GARBAGE))
        else:
            lines[at] = _hurt(draw, lines[at], lack=how == "lack")
    return lines


def _hurt(draw: Random, line: bytes, *, lack: bool) -> bytes:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return line
    places = list(_paths(value))
    if not places:
        return line
    path = draw.choice(places)
    return _dumped(_without(value, path) if lack else _changed(value, path, draw.choice(ODD)))


def _dumped(value: Any) -> bytes:
    try:
        return json.dumps(value).encode()
    except ValueError:  # Too many digits for Python, but not for a file.
        return b'{"schema": 2, "kind": "cell", "n": ' + b"9" * 5000 + b"}"


def _code(*arguments: object) -> int:
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1


def _commands(folder: Path, whole: Path, other: Path) -> Iterator[tuple[object, ...]]:
    """Everything that reads evidence, and of the damaged file each way in."""
    yield "summary", folder
    yield "summary", folder, "--annotations"
    yield "badge", folder
    yield "replay", folder
    yield "replay", folder, "normal_"
    yield "compare", whole, folder
    yield "compare", folder, whole
    yield "history", folder.parent
    yield "merge", folder.parent.parent / "joined", folder
    yield "merge", folder.parent.parent / "summed", other, folder
    yield "build", folder


@pytest.fixture(autouse=True)
def _no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(arguments: list[str]) -> tuple[Report, str]:
        found = CellRecord(
            arguments[0] if arguments else "", "law", "x", "cpu", "float32", Verdict.PASS
        )
        return Report(RunRecord(), (found,)), ""

    monkeypatch.setattr(replay, "_replayed", answer)


@pytest.mark.parametrize("part", range(4))
def test_no_command_falls_over_damaged_evidence(bases: tuple[list[bytes], ...], part) -> None:
    for seed in range(part, EXAMPLES, 4):
        draw = Random(seed)
        _falls_over_nothing(damaged(draw, draw.choice(bases)), seed)


def _falls_over_nothing(lines: list[bytes], seed: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        folder = write(root / "runs" / "damaged", lines)
        whole, other = write(root / "whole", NIGHTS[0]), write(root / "other", NIGHTS[1])
        problems = store.read(folder / store.EVIDENCE).problems
        # That a line is there twice is no gap for a sum, which counts it once.
        gaps = [problem for problem in problems if "it repeats" not in problem]
        for arguments in _commands(folder, whole, other):
            code = _code(*arguments)
            assert code in CODES, (seed, arguments)
            # The history does not look at statistics, and misses nothing where they are damaged.
            assert code or not gaps or arguments[0] == "history", (seed, arguments, gaps)


COMMANDS = (
    "build", "badge", "compare", "history", "merge", "replay", "summary", "thin", "nothing", "",
)  # fmt: skip
# Relative names lie in a folder that is made for the test.
ARGUMENTS = st.sampled_from((
    "", ".", "runs", "runs/whole", "runs/whole/evidence.jsonl", "nowhere", "a/b", "/dev/null",
    "/dev/null/x", "/dev/full", "a\0b", "x" * 5000, "\ud800", "a\nb", "-", "--", "--html", "-h",
    "--annotations", "~", "normal_",
))  # fmt: skip


@FUZZ
@given(st.data())
def test_arguments(data) -> None:
    """Whatever is given for a folder, a file or a name."""
    command, texts = (
        data.draw(st.sampled_from(COMMANDS)),
        data.draw(st.lists(ARGUMENTS, max_size=4)),
    )
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        write(Path(name) / "runs" / "whole", NIGHTS[0])
        assert _code(command, *texts) in CODES


def _one_line(**entries: object) -> bytes:
    return json.dumps({**night(1)[0], **entries}).encode()


@pytest.mark.parametrize(
    ("run_line", "words"),
    [
        (b"", "There is no run line that can be read"),
        (b"{", "it is truncated or not JSON"),
        (_one_line(alpha=0), "its entry alpha is 0, not a level between 0 and 1"),
        (_one_line(alpha=-1e-12), "its entry alpha is -1e-12, not a level"),
        (_one_line(alpha=1), "its entry alpha is 1, not a level"),
        (_one_line(alpha=math.nan), "its entry alpha is NaN, not a level"),
        (_one_line(alpha="1e-12"), 'its entry alpha is "1e-12", not a level'),
        (_one_line(run_seed=None), "its entry 'run_seed' is missing"),
        (_one_line(run_seed=-1), "its entry run_seed is -1, not a run seed"),
        (_one_line(planned="all"), 'its entry planned is "all", not an array'),
        (_one_line(planned=[1]), "its entry planned[0] is 1, not a text"),
        (_one_line(environment=["torch"]), 'its entry environment is ["torch"], not an object'),
    ],
)
def test_without_a_run_line_no_command_says_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], run_line: bytes, words: str
) -> None:
    folder = write(tmp_path / "runs" / "damaged", [run_line, *NIGHTS[0][1:]])
    whole = write(tmp_path / "whole", NIGHTS[0])
    other = write(tmp_path / "other", NIGHTS[1])
    for arguments in _commands(folder, whole, other):
        code = _code(*arguments)
        said = capsys.readouterr()
        if arguments[:1] == ("merge",) and arguments[-2:] != (other, folder):
            assert code == 4 and "it has no run line that says which run it is" in said.err
            continue
        assert code == 3, arguments
        if arguments[0] not in ("merge", "badge"):
            assert words in said.out.replace("\\", ""), arguments
            assert "what was planned are unknown" in said.out, arguments


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        ("passed", "no", 'findings[0].passed is "no", not true or false'),
        ("p_value", 1.5, "findings[0].p_value is 1.5, not a probability"),
        ("n", 1e6, "findings[0].n is 1000000.0, not a whole number"),
        ("effect", {"name": "x"}, "'findings[0].effect.estimate' is missing"),
    ],
)
def test_a_damaged_finding_is_named_by_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str, value: object, words: str
) -> None:
    run, line, _ = night(1)
    line["findings"][0][part] = value
    folder = write(tmp_path, raw([run, line]))
    assert _code("build", folder) == 3
    assert f"Line 2 of evidence.jsonl was not used: its entry {words}" in capsys.readouterr().out


OPTIONAL = ("tilts", "cumulants")
"""Of a signal: older files do not hold them."""


def test_every_field_of_every_statistic_is_checked() -> None:
    """Of another kind than its annotation says, a field is refused when it is read."""
    written = {**observed().to_json(), "distance": kinds.Kolmogorov(9, 0.5, 0.0).to_json()}
    assert {document["kind"] for document in written.values()} | {"sub_gaussian_moments"} == {
        *kinds.KINDS
    } - {""}
    for name, document in written.items():
        for field in document.keys() - {"kind", "lags"}:  # Lags are names of any kind.
            absent = () if field in OPTIONAL else (None,)
            for odd in ("x", [[1.0]], {"a": "x"}, True, *absent):
                with pytest.raises((ValueError, TypeError)):
                    Observed.from_json({name: {**document, field: odd}})


def test_a_full_output_is_one_sentence(tmp_path: Path) -> None:
    folder = write(tmp_path, NIGHTS[0])
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "reports", "summary", str(folder)],
            cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == 4
    assert ended.stderr == (
        "python -m reports: the output is refused (No space left on device): make room, or send it "
        "somewhere else.\n"
    )


def test_pages_that_cannot_be_written_are_not_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path, NIGHTS[0])

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert _code("build", folder) == 4
    said = capsys.readouterr()
    assert "PASS: " in said.out and "index.html" not in said.out
    assert "cannot be written (No space left on device): mend that, or copy" in said.err
