"""The ledger: what is written is read, whatever happened to the file in between."""

from __future__ import annotations

import json
from dataclasses import replace

from reports.calibration import ledger
from reports.evidence.records import CellRecord, Finding, Report, RunRecord
from reports.processors.runs import Ended
from selftest.reports.processors.pretend import KERNELS, MACHINE
from verify.outcome.verdict import Verdict


def _cell(verdict: str, p: float) -> CellRecord:
    finding = Finding("chi_square", verdict == "pass", p, 1 << 20, "said", exact=True)
    name = f"verify/test_laws.py::test_law[cpu-float32-{verdict}]"
    return CellRecord(name, "law", verdict, "cpu", "float32", Verdict(verdict), n=9, decisions=4,
                findings=(finding,), replay="pytest x")  # fmt: skip


def _entry(seed: int = 1, code: int = 0, **changes):
    run = RunRecord(backends={"cpu": {"ATen": "DEFAULT", "processor": "AMD EPYC"}})
    cells = (_cell("pass", 0.123456789), *([_cell("fail", 1e-30)] if code == 1 else []))
    evidence = Report(run, cells)
    made = ledger.entry(MACHINE, seed, "smoke", "scalar", Ended(code, 124.7164, evidence))
    return replace(made, **changes)


def _read(path):
    held = ledger.read(path)
    return list(held.entries), held.notes


def test_an_entry_says_what_a_run_found():
    entry = _entry(code=1)
    assert (entry.decisions, entry.cells, entry.values, entry.seconds) == (8, 2, 18, 124.7)
    assert entry.kernels == KERNELS | {"ATen": "DEFAULT"}  # As the run itself says.
    (alarm,) = entry.alarms
    assert alarm["verdict"] == "fail" and alarm["replay"] == "pytest x"
    assert sorted(entry.exact.values()) == [1e-30, 0.123457]
    assert entry.is_alarm and entry.is_complete


def test_a_run_without_evidence_has_gaps_and_the_kernels_of_the_machine():
    entry = ledger.entry(MACHINE, 1, "smoke", "scalar", Ended(-9, 1.0, None))
    assert not entry.is_alarm and not entry.is_complete and entry.kernels == KERNELS


def test_what_is_appended_is_read(tmp_path):
    path = tmp_path / "deep" / ledger.LEDGER
    entries = [_entry(1), _entry(2, 1), _entry(3, 3)]
    for entry in entries:
        ledger.append(path, entry)
    assert _read(path) == (entries, [])
    assert path.read_bytes().count(b"\n") == 3
    assert _read(tmp_path / "none") == ([], [])


def test_a_line_cut_short_costs_itself_alone(tmp_path):
    path = tmp_path / ledger.LEDGER
    ledger.append(path, _entry(1))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    ledger.append(path, _entry(2))
    entries, problems = _read(path)
    assert entries == [_entry(1, ended=entries[0].ended), _entry(2, ended=entries[1].ended)]
    assert problems == ["Line 2 of ledger.jsonl was not used: it is damaged."]


def test_damaged_lines_are_said_and_left_out(tmp_path):
    path = tmp_path / ledger.LEDGER
    good = json.loads(json.dumps(ledger.asdict(_entry())))
    bad = [{**good, "exact": {"a": 2}}, {**good, "exact": {"a": "x"}}, {**good, "code": None}, [],
           {k: v for k, v in good.items() if k != "suite"}, {**good, "alarms": [3]}]  # fmt: skip
    text = "\n".join(map(json.dumps, [*bad, good]))
    path.write_bytes(text.encode() + b"\n\xff\xfe\n{\n")
    entries, problems = _read(path)
    assert entries == [_entry(ended=entries[0].ended)] and len(problems) == len(bad) + 2


def test_ledgers_of_two_machines_are_put_together_by_concatenation(tmp_path):
    one, two, both = (tmp_path / name for name in ("one", "two", "both"))
    for path, seeds in ((one, (1, 2)), (two, (3, 4))):
        for seed in seeds:
            ledger.append(path, _entry(seed))
    both.write_bytes(one.read_bytes() + two.read_bytes())
    entries, problems = _read(both)
    assert [entry.seed for entry in entries] == [1, 2, 3, 4] and not problems


def test_a_run_seed_counts_once_and_an_alarm_before_a_green_run(tmp_path):
    """The same run seed draws the same values, on another machine and under another profile."""
    path = tmp_path / ledger.LEDGER
    for entry in (_entry(1, profile="smoke"), _entry(1, 1, profile="standard"), _entry(1, 3)):
        ledger.append(path, entry)
    ledger.append(path, _entry(1, suite="another"))
    entries, problems = _read(path)
    assert [(entry.code, entry.suite) for entry in entries] == [(1, MACHINE.suite), (0, "another")]
    assert problems == [
        "2 of the runs repeat a run seed, which draws the same values: "
        "each run seed is counted once."
    ]
