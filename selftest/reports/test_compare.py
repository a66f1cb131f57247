"""``python -m reports compare``: exit codes, one sentence for bad input, text and page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.evidence.store import canonical
from reports.upgrade.speed import SPEED, Ratio
from selftest.reports import fakes

NORMAL, EYE = fakes.cell_line("normal_"), fakes.cell_line("eye_", promise="exact", formula="I")
BROKEN = fakes.cell_line("normal_", "bfloat16")
MENDED = {**BROKEN, "verdict": "pass", "findings": NORMAL["findings"]}
REFUSED = {**EYE, "verdict": "unsupported", "reason": "NotImplementedError: no <script> & kernel"}


@pytest.fixture
def compared(tmp_path, capsys):
    """Compare two lists of cell lines; the exit code and what was printed."""

    def compare(before: list[dict], after: list[dict], *options: str):
        old, new = fakes.write(tmp_path / "old", before), fakes.write(tmp_path / "new", after)
        code = main(["compare", str(old), str(new), *options])
        return code, capsys.readouterr().out

    return compare


def refused(capsys, *arguments: object) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["compare", *map(str, arguments)])
    assert ended.value.code == 4
    (sentence,) = capsys.readouterr().err.splitlines()
    return sentence


@pytest.mark.parametrize(
    ("before", "after", "code", "said"),
    [
        ([NORMAL, EYE], [NORMAL, EYE], 0, "QUALIFIED: PyTorch 2.13.0+cpu against 2.13.0+cpu: "),
        ([NORMAL, EYE], [NORMAL, REFUSED], 1, "NOT QUALIFIED: "),
        ([NORMAL, MENDED], [NORMAL, BROKEN], 1, "  normal_ · law · cpu · bfloat16: pass → fail"),
        ([NORMAL, BROKEN], [NORMAL, MENDED], 0, "Better: 1 cell"),
        ([NORMAL, EYE], [NORMAL], 3, "Missing: 1 cell"),
        ([NORMAL], [NORMAL, EYE], 0, "New: 1 cell"),
    ],
)
def test_exit_codes(compared, before, after, code, said):
    ended, printed = compared(before, after)
    assert ended == code
    assert said in printed
    assert printed.splitlines()[0].partition(":")[0] in ("QUALIFIED", "NOT QUALIFIED", "INCOMPLETE")


def test_a_regression_is_told_with_its_diagnosis_and_its_replay_command(compared):
    _, printed = compared([MENDED], [BROKEN])
    assert (
        "    values are 1 % too wide – The scale is 1.0100 × the law's: std is 1 % too large."
        in printed
    )
    assert f"    {BROKEN['replay']}" in printed


def test_nothing_that_a_terminal_would_obey_is_printed(compared):
    _, printed = compared([EYE], [{**REFUSED, "reason": "no \x1b[31m kernel"}])
    assert "\\x1b[31m kernel" in printed
    assert "\x1b" not in printed


def test_streams_laws_and_defects_are_told(compared):
    before = {**NORMAL, "streams": {"a": "00", "b": "01"}, "excluded": ["far-tail"]}
    law = {"words": "another", "formula": "N(0, 2)", "history": "since 2.14"}
    after = {**NORMAL, "streams": {"a": "00", "b": "02"}, "law": law}
    _, printed = compared([before], [after])
    assert "Seeded streams that changed bit for bit: 1 of 2, in 1 of 1 cell" in printed
    assert "  normal_ · float32: 1 of 2 (law)" in printed
    assert "→ another; N(0, 2); since 2.14" in printed
    assert "  far-tail: of 1 cell, baseline" in printed


def test_an_evidence_file_may_be_named_itself(tmp_path, capsys):
    folder = fakes.write(tmp_path / "run", [NORMAL])
    assert main(["compare", str(folder), str(folder / "evidence.jsonl")]) == 0
    assert "QUALIFIED" in capsys.readouterr().out


def test_a_long_list_is_cut_and_counted(compared):
    names = [fakes.cell_line(f"subject_{number}") for number in range(90)]
    _, printed = compared([NORMAL, *names], [NORMAL])
    assert "  subject_26 · law" in printed  # The twentieth by name, after 0, 1, 10, ….
    assert "… and 70 more: see the page (--html)" in printed


def test_a_missing_baseline(tmp_path, capsys):
    folder = fakes.write(tmp_path / "run", [NORMAL])
    said = refused(capsys, tmp_path / "nowhere", folder)
    assert "nowhere cannot be read (No such file or directory): name a folder that holds" in said


def test_a_file_that_holds_no_evidence(tmp_path, capsys):
    folder = fakes.write(tmp_path / "run", [NORMAL])
    other = tmp_path / "notes.txt"
    other.write_text("nothing of ours\n", encoding="utf-8")
    assert "notes.txt holds no usable evidence" in refused(capsys, folder, other)


def test_runs_of_different_suites_have_nothing_in_common(tmp_path, capsys):
    old, new = fakes.write(tmp_path / "a", [NORMAL]), fakes.write(tmp_path / "b", [EYE])
    assert "have no cell in common: compare two runs of one version" in refused(capsys, old, new)


def test_a_damaged_line_is_said_and_the_rest_is_compared(tmp_path, capsys):
    old = fakes.write(tmp_path / "old", [NORMAL, EYE])
    new = fakes.write(tmp_path / "new", [NORMAL, EYE])
    text = (new / "evidence.jsonl").read_text(encoding="utf-8")
    (new / "evidence.jsonl").write_text(text[:-200], encoding="utf-8")
    assert main(["compare", str(old), str(new)]) == 3
    printed = capsys.readouterr().out
    assert "note: In the candidate: Line 3 of evidence.jsonl was not used: it is trunc" in printed
    assert "  eye_ · exact · cpu · float32: pass → lost" in printed


def test_a_page_that_cannot_be_written(tmp_path, capsys):
    folder = fakes.write(tmp_path / "run", [NORMAL])
    with pytest.raises(SystemExit) as ended:
        main(["compare", str(folder), str(folder), "--html", "/dev/null/page.html"])
    assert ended.value.code == 4
    assert "/dev/null/page.html cannot be written" in capsys.readouterr().err


def test_slower_initializers_are_named(tmp_path, capsys):
    folders = [fakes.write(tmp_path / name, [NORMAL]) for name in ("old", "new")]
    for folder, time in zip(folders, (10.0, 20.0), strict=True):
        ratio = Ratio("normal_", "cpu", "float32", time, time * 0.9, time * 1.1)
        (folder / SPEED).write_text(canonical({"schema": 1, "ratios": [vars(ratio)]}))
    assert main(["compare", *map(str, folders)]) == 0
    assert "  normal_ · float32 · cpu: 2 times as long" in capsys.readouterr().out


def test_times_that_cannot_be_read_leave_a_gap(tmp_path, capsys):
    folders = [fakes.write(tmp_path / name, [NORMAL]) for name in ("old", "new")]
    for folder in folders:
        (folder / SPEED).write_text('{"schema": 1, "ratios": [7]}')
    assert main(["compare", *map(str, folders)]) == 3
    assert "measure them again, or take the file away" in capsys.readouterr().out


class Reader(HTMLParser):
    """Collects tags that are left open, addresses, scripts and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.scripts = 0
        self.text = ""

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "link", "br", "col"}:
            self.open.append(tag)
        self.scripts += tag == "script"
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    assert reader.open == []
    return reader


def test_the_page_says_all_that_the_text_says_without_scripts_or_requests(compared, tmp_path):
    path = tmp_path / "pages" / "qualification.html"
    before = [{**NORMAL, "streams": {"a": "00"}}, MENDED, EYE]
    after = [{**NORMAL, "streams": {"a": "01"}}, BROKEN, REFUSED]
    code, printed = compared(before, after, "--html", str(path))
    assert code == 1
    assert f"page: {path}" in printed
    reader = read(path)
    assert reader.scripts == 0
    assert all(re.match(r"data:|#", address) for address in reader.addresses)
    for said in ("not qualified", "2 cells got worse", "no <script> & kernel", "all (law)"):
        assert said in reader.text
    assert "prefers-color-scheme: dark" in path.read_text(encoding="utf-8")


def test_the_page_of_a_quiet_upgrade(compared, tmp_path):
    path = tmp_path / "quiet.html"
    assert compared([NORMAL], [NORMAL], "--html", str(path))[0] == 0
    text = read(path).text
    assert "none of the 1 cell in both runs got worse" in text
    assert "Every cell is held to the same law in both runs." in text
    assert "They were not measured." in text


class TestTwoBackendsOfOneRun:
    """CPU against device: of one run, without a second file."""

    @pytest.fixture
    def run(self, tmp_path):
        device = {**NORMAL, "backend": "cuda", "nodeid": NORMAL["nodeid"].replace("cpu", "cuda")}
        return fakes.write(tmp_path / "run", [NORMAL, device])

    def test_they_are_compared(self, run, capsys):
        assert main(["compare", str(run), "--backends", "cpu", "cuda"]) == 0
        printed = capsys.readouterr().out
        assert "PyTorch 2.13.0+cpu on cuda against cpu: " in printed
        assert "How far an effect must move to be seen" in printed
        assert "Both runs are of PyTorch" not in printed

    def test_a_backend_that_is_not_there(self, run, capsys):
        said = refused(capsys, run, "--backends", "cpu", "xpu")
        assert "no cell of the backend 'xpu': those of the run are cpu, cuda" in said

    def test_one_run_needs_two_backends(self, run, capsys):
        assert "name another one, or two of its backends" in refused(capsys, run)
