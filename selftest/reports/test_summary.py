"""The verdict as text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reports.evidence import store, words
from reports.evidence.faults import faults
from reports.evidence.records import CellRecord, Defect, Effect, Finding, Report
from reports.evidence.verdict import overview
from reports.text import summary, workflow
from selftest.reports import fakes
from verify.outcome.verdict import Verdict


def _evidence(folder: Path, *lines: dict) -> Report:
    return store.complete(store.read(fakes.write(folder, lines) / store.EVIDENCE))


def _terminal(evidence: Report) -> str:
    return "\n".join(text for text, _ in summary.terminal(evidence, Path("report")))


def test_a_pass_is_short(tmp_path: Path) -> None:
    text = _terminal(_evidence(tmp_path, fakes.cell_line()))
    assert text.startswith("PASS: The one cell keeps its promise.")
    assert "false-alarm probability of this run ≤ 900 × 10⁻¹² = 9 × 10⁻¹⁰." in text
    assert text.endswith("report: report/index.html")


def test_a_fault_has_its_sentence_its_size_its_place_and_its_replay(tmp_path: Path) -> None:
    line = fakes.cell_line("normal_", "bfloat16")
    evidence = _evidence(tmp_path, line, fakes.cell_line())
    shown = _terminal(evidence).split("\n\n")[1].splitlines()
    assert shown[0].startswith("1. values are 1 % too wide (1.01 × law, sure to be found from ")
    assert shown[1:] == [
        "   fail: normal_ · bfloat16 · cpu · law – scale, p = 10⁻⁴²",
        f"   {line['replay']}",
    ]


def test_a_fault_names_the_ids_of_its_questions(tmp_path: Path) -> None:
    evidence = _evidence(tmp_path, fakes.cell_line("dirac_", promise="exact"))
    assert f"1. {words.said(f'{fakes.ASKED}: {fakes.ANSWER}')}" in _terminal(evidence)
    assert "· exact – equal (off-reference), a comparison" in _terminal(evidence)
    assert "at (1, 0, 2) (off-reference) |" in summary.markdown(evidence)
    (cell,) = evidence.cells
    (finding,) = cell.findings
    asked = {"above-one": "a sparsity above one", "below-zero": "a sparsity below zero"}
    alike = tuple(replace(finding, question=q, asked=x, case=x) for q, x in asked.items())
    (fault,) = faults([replace(cell, findings=alike)])
    assert fault.questions == "above-one and below-zero"


def test_a_fault_names_its_tensors(tmp_path: Path) -> None:
    evidence = _evidence(tmp_path, fakes.module_line(zero="weight_hr_l0"))
    assert f"1. weight_hr_l0: {words.said(fakes.ZERO)}" in _terminal(evidence)
    assert "| values | weight\\_hr\\_l0: one value is drawn" in summary.markdown(evidence)


def test_the_worst_tensor_speaks_and_the_others_are_named() -> None:
    def finding(check: str, p: float, tensor: str) -> Finding:
        return Finding(check, False, p, 100, f"the {check} is off", tensor=tensor)

    worst = [finding(str(p), p * 1e-20, "weight") for p in (1, 2, 3, 4)]
    others = [finding("scale", 1e-15, "bias"), finding("between", 1e-14, "")]
    cell = CellRecord(
        "n", "default", "LSTM", "cpu", "float32", Verdict.FAIL, findings=(*others, *worst)
    )
    assert summary.diagnosis(cell) == (
        "bias: the scale is off – weight: the 1 is off; the 2 is off; the 3 is off; "
        "also wrong: bias and all tensors together"
    )


def test_a_failure_says_more_than_what_was_not_supported() -> None:
    failed = Finding("scale", False, 1e-20, 100, "the scale is off")
    cell = CellRecord("n", "law", "s", "cpu", "float32", Verdict.FAIL, "not implemented for 0-d")
    assert summary.diagnosis(cell) == "not implemented for 0-d"
    assert summary.diagnosis(replace(cell, findings=(failed,))) == "the scale is off"


def test_a_terminal_obeys_no_foreign_text(tmp_path: Path) -> None:
    line = {**fakes.cell_line(), "verdict": "fail", "reason": "\x1b[2J\nbell\x07", "findings": []}
    text = _terminal(_evidence(tmp_path, line))
    assert "\x1b" not in text and "\x07" not in text
    assert "\\x1b[2J bell\\x07" in text


def test_the_worst_five_are_told_and_the_rest_is_counted(tmp_path: Path) -> None:
    line = fakes.cell_line("normal_", "float32")
    lines = [
        {
            **line,
            "nodeid": f"n{i}",
            "verdict": "crashed",
            "findings": [],
            "reason": f"{chr(i)} died",
        }
        for i in range(ord("a"), ord("a") + summary.MOST_FAULTS + 2)
    ]
    evidence = _evidence(tmp_path, *lines)
    for text in (_terminal(evidence), summary.markdown(evidence)):
        assert "… and 2 more faults: see the report." in text
        assert "e died" in text and "f died" not in text


def test_terminal_and_markdown_say_the_same(tmp_path: Path) -> None:
    evidence = _evidence(tmp_path, *fakes.cells(), fakes.module_line(scaled="weight_hh"))
    first = overview(evidence).sentence
    terminal, markdown = _terminal(evidence), summary.markdown(evidence)
    assert first in terminal and summary._text(first) in markdown
    for fault in faults(evidence.cells)[: summary.MOST_FAULTS]:
        for said in (fault.sentence, fault.where, fault.size, fault.smallest):
            assert said in terminal and summary._text(said) in markdown


def test_markdown_shows_hostile_text_as_it_is(tmp_path: Path) -> None:
    line = fakes.cell_line("normal_", "bfloat16")
    line.update(subject="<b>|*x*", replay="run `this` ``now``")
    text = summary.markdown(_evidence(tmp_path, line))
    assert "\\<b\\>\\|\\*x\\*" in text
    assert "``` run `this` ``now`` ```" in text


def test_numbers_in_words() -> None:
    shown = [words.number(x) for x in (0, 0.000919, 1.0, 1234567, 1e-12, -2.5e-7, 100)]
    assert shown == ["0", "0.000919", "1", "1.23 × 10⁶", "10⁻¹²", "−2.5 × 10⁻⁷", "100"]
    assert words.effect(Effect("scale", 1.00031, 0.9994, 1.0012, "×")) == (
        "scale 1.0003 × [0.9994, 1.0012]"
    )
    assert words.effect(Effect("mismatches", 0.0, 0.0, 0.0, "")) == "mismatches 0"
    assert words.listing("abcd") == "a, b, c and 1 more"
    assert words.listing("ab") == "a and b"
    assert words.listing([]) == ""


def test_what_other_backends_are_known_to_do_is_told_behind_the_faults(tmp_path: Path) -> None:
    evidence = _evidence(tmp_path, fakes.cell_line("dirac_", promise="exact"))
    (cell,) = evidence.cells
    (own,) = cell.findings
    most = summary.MOST_KNOWN + 2
    known = [replace(own, question=f"q{i}", elsewhere=f"d{i:02}") for i in range(most)]
    run = replace(evidence.run, defects={f.elsewhere: Defect(backends=("cpu",)) for f in known})
    cells = (
        replace(cell, findings=(*known, own)),
        replace(cell, nodeid="n", findings=tuple(known), backend="loom"),
    )
    report = replace(evidence, cells=cells, run=run)
    terminal = _terminal(report)
    assert "; 1 more shows what PyTorch is known to do on cpu." in terminal.splitlines()[0]
    first, *lines = terminal.partition(summary.ADVICE)[2].strip().splitlines()
    assert "1. " in terminal.partition(summary.ADVICE)[0] and "2. " not in terminal
    assert first == "known on cpu: d00 (2 cells)"
    assert "… and 2 more: see the report." in lines[summary.MOST_KNOWN - 1]
    assert "- known on cpu: d00 (2 cells)\n" in summary.markdown(report)
    errors = [line for line in workflow.commands(report) if line.startswith("::error")]
    assert len(errors) == 2 and not any("known on cpu" in line for line in errors)
