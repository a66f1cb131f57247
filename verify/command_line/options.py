"""The command line's values, checked: every problem is one sentence that says how to mend it."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from verify import backends, torch_api
from verify.defects import file as defect_file
from verify.defects import known_defects
from verify.defects.known_defects import KnownDefect
from verify.engine import witness
from verify.outcome.promises import FILLS
from verify.plan import containment, watchdog
from verify.plan.profiles import PROFILES, Profile
from verify.plan.run import derive
from verify.quoting import said
from verify.subjects import SUBJECTS

_SEEDS = 1 << 64

ONEDNN = "VERIFY_ONEDNN"
"""The environment variable that switches oneDNN off in every process of a run."""

OWN_DEFECTS = "default"
"""The value that stands for the suite's own file of known defects."""

_DEFECTS: Mapping[str, tuple[KnownDefect, ...] | None] = {OWN_DEFECTS: None, "none": ()}


class BadOption(ValueError):
    """An option that cannot be used; its text is meant for the user."""


def supported_torch() -> None:
    """Refuse a PyTorch that the suite does not know how to speak to."""
    if torch_api.version() < torch_api.OLDEST:
        oldest = ".".join(map(str, torch_api.OLDEST))
        raise BadOption(
            f"PyTorch {torch.__version__} is too old: install {oldest} or newer, "
            f"for example with `pip install 'torch>={oldest}'`."
        )


def choose_kernels(environment: Mapping[str, str]) -> None:
    """Switch oneDNN off in this process if ``VERIFY_ONEDNN=0``: PyTorch has no variable for it."""
    asked = environment.get(ONEDNN, "")
    if asked not in ("", "0", "1"):
        raise BadOption(f"{ONEDNN}={asked!r} is neither 0 (oneDNN off) nor 1.")
    if asked == "0":
        torch.backends.mkldnn.enabled = False  # type: ignore[assignment]


def unmanaged_generator() -> None:
    """Refuse to start while Hypothesis reseeds torch's generator before every example."""
    before = torch.default_generator.get_state()
    untouched: list[bool] = []

    @settings(max_examples=1, database=None, deadline=None, phases=(Phase.generate,))
    @given(st.none())
    def probe(_nothing: None) -> None:
        untouched.append(bool(torch.equal(before, torch.default_generator.get_state())))

    probe()
    if not all(untouched):
        raise BadOption(
            "Hypothesis manages torch's generator, so every example would see the same random "
            "numbers: uninstall the plugin that registers it (hypothesis-torch), or start "
            "pytest with `-p no:` and its name."
        )


def backend_names(text: str | None, file: str | None = None) -> list[str]:
    """The backends to verify; by default all that the machine has.

    Parameters
    ----------
    text : str or None
        Their names, between commas.
    file : str or None
        A Python file outside the suite that defines one more.
    """
    if file is not None and not is_file(file):
        raise BadOption(f"--backend-file {file!r} is no file.")
    backends.choose(file)
    # A driver may wait for what never comes, and a file may end the process.
    with (
        watchdog.limit(watchdog.DEFAULT),
        watchdog.staying(everywhere=True),
        containment.contained(),
    ):
        present, problems = backends.present(), backends.problems()
        outside, problem = backends.chosen()
    if problem:
        raise BadOption(problem)
    if outside and outside not in present:
        raise BadOption(
            f"the backend {outside!r} of {file} has no device here: its count() gives 0."
        )
    if text is None:
        for clash in backends.clashes():
            raise BadOption(clash)
        if not present:
            raise BadOption(f"there is no backend to verify here: {' '.join(problems.values())}")
        return present
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name in problems:
            raise BadOption(problems[name])
        if name not in backends.known():
            raise BadOption(
                f"unknown backend {name!r}: choose among {', '.join(backends.known())}."
            )
        if name not in present:
            raise BadOption(
                f"the backend {name!r} has no device here: this machine has {', '.join(present)}."
            )
    return sorted(set(names))


def backends_left_out(verified: Collection[str]) -> list[str]:
    """A sentence for each backend that cannot be used, and that nobody has asked for by name."""
    problems = backends.problems()
    return [problems[name] for name in problems if name not in verified]


def file_summary(text: str) -> str:
    """A file that the command line names, with a digest of what it holds, for the report."""
    return f"{text}, SHA-256 {hashlib.sha256(Path(text).read_bytes()).hexdigest()[:12]}"


def is_file(text: str) -> bool:
    """Whether a text names a file; what no path can be, names none."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def profile(name: str) -> Profile:
    """The profile of that name."""
    if name not in PROFILES:
        raise BadOption(f"unknown profile {name!r}: choose among {', '.join(PROFILES)}.")
    return PROFILES[name]


def run_seed(text: str) -> int:
    """A run seed: a whole number from 0 to 2^64 − 1."""
    if not re.fullmatch(r"\d{1,20}", text, re.ASCII) or int(text) >= _SEEDS:
        raise BadOption(f"the run seed {text!r} is not a whole number from 0 to 2^64 - 1.")
    return int(text)


def time_limit(text: str) -> float:
    """Seconds that one call may take."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.001 <= seconds < 1e6:  # Timers count in microseconds.
        raise BadOption(
            f"the time limit {text!r} is not a positive number of seconds, from 0.001 to below 1e6."
        )
    return seconds


def shard(text: str) -> tuple[int, int]:
    """``I/N``: part I of N, counted from 1."""
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise BadOption(f"the shard {text!r} is not of the form I/N with 1 <= I <= N, like 2/4.")
    return int(match[1]), int(match[2])


def defects(text: str) -> tuple[KnownDefect, ...] | None:
    """The known defects to forgive: none at all, or those of a file; None for the suite's own."""
    if text in _DEFECTS:
        return _DEFECTS[text]
    try:
        chosen = known_defects.load(Path(text))
    except defect_file.BadFile as problem:
        raise BadOption(str(problem)) from None
    for defect in chosen:
        if wrong := _misdescribed(defect):
            raise BadOption(
                f"known defects in {text!r} cannot be used: known defect {defect.id!r}: {wrong}."
            )
    return chosen


def _misdescribed(defect: KnownDefect) -> str:
    """What keeps cells from being held against an entry; or nothing. Others are red cells."""
    for name in defect.subjects:
        if name not in SUBJECTS or defect.calls:
            continue
        features = SUBJECTS[name].anchors[0].features()
        if unknown := sorted(defect.region.keys() - features.keys()):
            choices = ", ".join(sorted(features))
            return f"the field 'region' has no {unknown[0]!r} for {name}: choose among {choices}"
    for name in () if defect.calls else witness.shown_on(defect):
        try:
            witness.build(SUBJECTS[name].anchors[0], defect.witness).features()
        except Exception as error:
            return f"the field 'witness' describes no case of {name} ({said(error)}): mend it"
    return ""


def defects_summary(text: str) -> str:
    """The choice in words for the report, the contents of a file by their number and a digest."""
    chosen = defects(text)
    if text in _DEFECTS or chosen is None:
        return text
    digest = hashlib.sha256(repr(chosen).encode()).hexdigest()[:12]
    return f"{text}, {len(chosen)} entries, SHA-256 {digest}"


def fills(text: str | None) -> tuple[str, ...]:
    """The fill methods to look at, in the order of the table; by default all of them."""
    asked = [*FILLS] if text is None else [name.strip() for name in text.split(",")]
    for name in asked:
        if name not in FILLS:
            raise BadOption(f"unknown fill method {name!r}: choose among {', '.join(FILLS)}.")
    return tuple(name for name in FILLS if name in asked)


def in_shard(nodeid: str, part: int, parts: int) -> bool:
    """Whether an item belongs to a shard: by a stable hash of its id."""
    return derive("shard", nodeid) % parts == part - 1


def writable(text: str) -> Path:
    """The report directory, made if need be."""
    if not text:
        raise BadOption("--report-dir is empty: name a directory for the report.")
    directory = Path(text)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except (OSError, ValueError) as problem:  # The latter for what no path can be.
        why = getattr(problem, "strerror", None) or said(problem)
        raise BadOption(
            f"the report directory {text!r} cannot be written ({why}): "
            "choose another with --report-dir."
        ) from problem
    return directory
