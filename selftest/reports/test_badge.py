"""The badge and the summary for a CI step."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reports.__main__ import main
from reports.evidence import store
from reports.evidence.faults import faults
from reports.evidence.words import plain
from selftest.reports import fakes

CASES = {
    "pass": (0, "verified · 1 cell"),
    "fail": (1, "1 wrong"),
    "timed out": (1, "1 wrong"),
    "crashed": (3, "incomplete"),
    "unsupported": (3, "incomplete"),
}


def _folder(folder: Path, verdict: str, **entries: object) -> Path:
    return fakes.write(folder, [{**fakes.cell_line(), "verdict": verdict, **entries}])


@pytest.mark.parametrize("verdict", CASES)
def test_the_badge_says_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verdict: str
) -> None:
    code, words = CASES[verdict]
    assert main(["badge", f"{_folder(tmp_path, verdict)}"]) == code
    path = tmp_path / "badge.svg"
    assert capsys.readouterr().out == f"{path}\n"
    svg = ElementTree.parse(path).getroot()
    title = f"initializers: {words} (torch 2.13.0+cpu)"
    assert svg.get("aria-label") == svg.findtext("{*}title") == title
    assert [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")] == [
        "initializers",
        words,
    ]


def test_large_numbers_are_grouped_and_hostile_versions_are_text(tmp_path: Path) -> None:
    lines = [fakes.cell_line("eye_", promise="exact")] * 1648
    lines = [{**line, "nodeid": f"{line['nodeid']}{i}"} for i, line in enumerate(lines)]
    path = fakes.write(tmp_path, lines) / store.EVIDENCE
    text = path.read_text(encoding="utf-8").replace("2.13.0+cpu", "<script>&")
    path.write_text(text, encoding="utf-8")
    assert main(["badge", f"{tmp_path}"]) == 0
    svg = ElementTree.parse(tmp_path / "badge.svg").getroot()
    assert svg.findtext("{*}title") == "initializers: verified · 1,648 cells (torch <script>&)"


def test_the_summary_is_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", f"{_folder(tmp_path, 'fail')}"]) == 1
    assert capsys.readouterr().out.startswith("## Initializer verification: FAIL\n")


def test_annotations_name_the_worst(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", "--annotations", f"{fakes.write(tmp_path, fakes.cells())}"]) == 1
    whole, first, *others = capsys.readouterr().out.splitlines()
    found = faults(store.read(tmp_path / store.EVIDENCE).cells)
    assert plain(found[0].sentence) in first.replace("%25", "%") and len(found) == 4
    assert whole.startswith("::error title=initializers::4 of 72 cells break their promise")
    assert first.startswith("::error title=fail · ")
    assert first.endswith("%0Apytest '" + re.search(r"%0Apytest '(.*)", first)[1])
    assert len(others) == 3 and all(other.startswith("::error ") for other in others)


def test_gaps_are_warnings_and_a_pass_is_a_notice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["summary", "--annotations", f"{_folder(tmp_path / 'a', 'lost')}"]) == 3
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in said] == ["::warning", "::warning"]
    assert main(["summary", "--annotations", f"{_folder(tmp_path / 'b', 'pass')}"]) == 0
    assert capsys.readouterr().out.startswith("::notice title=initializers::")


def test_hostile_text_stays_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = {"subject": "a:b,c%\n::set-output", "reason": "50 % \r\n::error::x", "findings": []}
    main(["summary", "--annotations", f"{_folder(tmp_path, 'crashed', **hostile)}"])
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2
    assert said[1].startswith("::warning title=crashed · a%3Ab%2Cc%25 %3A%3Aset-output · ")
    assert "::50 %25   ::error::x%0Apytest" in said[1]


def _annotated(
    folder: Path, capsys: pytest.CaptureFixture[str], *lines: dict[str, object]
) -> list[str]:
    main(["summary", "--annotations", f"{fakes.write(folder, [*lines])}"])
    return capsys.readouterr().out.splitlines()


def test_a_cause_is_annotated_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In thirty cells it is one annotation, which names the first of them."""
    line = {**fakes.cell_line("eye_", promise="exact"), "verdict": "fail"}
    names = [f"{line['nodeid']}{i:02}" for i in range(30)]
    _, said = _annotated(tmp_path, capsys, *({**line, "nodeid": name} for name in names))
    assert said.startswith("::error title=fail · ")
    assert f"%0A{names[0]}, {names[1]}, {names[2]} and 27 more%0Apytest " in said


@pytest.mark.parametrize(
    ("verdict", "kind"), [("fail", "error"), ("crashed", "warning"), ("timed out", "error")]
)
@pytest.mark.parametrize("amount", [9, 10, 30])
def test_only_the_worst_are_annotated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verdict: str, kind: str, amount: int
) -> None:
    """GitHub shows ten of a kind: where there are more, the last says how many."""
    letters = [chr(ord("a") + at // 26) + chr(ord("a") + at % 26) for at in range(amount)]
    lines = [
        {**fakes.cell_line(name), "verdict": verdict, "reason": f"why {name}", "findings": []}
        for name in letters
    ]
    found = faults(store.read(fakes.write(tmp_path, lines) / store.EVIDENCE).cells)
    said = _annotated(tmp_path, capsys, *lines)
    assert all(line.startswith(f"::{kind} ") for line in said)
    assert len(found) == amount and len(said) == min(10, amount + 1)
    told = [fault.where in line for fault, line in zip(found, said[1:], strict=False)]
    assert told == [True] * 9 if amount == 9 else told == [True] * 8 + [False]
    if amount > 9:
        rest = amount - 8
        assert (
            said[-1] == f"::{kind} title=and {rest} more faults::… and {rest} more faults: "
            "see the report."
        )


def test_wrong_cells_and_gaps_have_room_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The annotation of the run takes the place of one error, and of no warning."""
    lines = [
        {**fakes.cell_line(f"{name}{chr(97 + at)}"), "verdict": verdict, "findings": [],
         "reason": f"why {name} {chr(97 + at)}"}
        for name, verdict in (("x", "fail"), ("y", "error")) for at in range(10)
    ]  # fmt: skip
    said = _annotated(tmp_path, capsys, *lines)
    assert [line.partition(" ")[0] for line in said] == ["::error"] * 10 + ["::warning"] * 10
    assert "and 2 more" in said[9] and "more faults" not in said[-1]


@pytest.mark.parametrize("command", ["badge", "summary"])
def test_what_cannot_be_used_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / store.EVIDENCE).write_text("{}\n", encoding="utf-8")
    for directory in (tmp_path, tmp_path / "missing"):
        with pytest.raises(SystemExit) as stopped:
            main([command, f"{directory}"])
        assert stopped.value.code == 4 and capsys.readouterr().err.count("\n") == 1


def test_a_full_disk_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _folder(tmp_path, "pass")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SystemExit) as stopped:
        main(["badge", f"{tmp_path}"])
    assert stopped.value.code == 4 and "No space left on device" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [store.EVIDENCE]
