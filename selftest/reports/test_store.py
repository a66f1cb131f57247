"""The evidence file: what is written is read, and nothing else depends on how it came about."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from reports.evidence import store
from reports.evidence.records import RunRecord
from selftest.reports import fakes


def _written(directory: Path, lines: list[dict], *, tidy: bool = True) -> Path:
    writer = store.Writer(directory)
    run = store.canonical(fakes.run_line(line["nodeid"] for line in lines))
    writer.start(run)
    for line in lines:
        writer.append(store.canonical(line))
    if tidy:
        writer.finish(run, {line["nodeid"]: store.canonical(line) for line in lines})
    else:
        writer.stop()
    return directory / store.EVIDENCE


def _cell(**entries: object) -> bytes:
    names = dict.fromkeys(("nodeid", "promise", "subject", "verdict"), "x")
    return json.dumps({"schema": 1, "kind": "cell", **names, **entries}).encode()


def _histogram(*counts: int) -> dict:
    return {"distribution": {"kind": "histogram", "counts": counts}}


def _packed(**wrong: object) -> dict:
    counts = {"dtype": "int64", "size": 2, "least": 0, "bits": 8, "packed": "AAE=", **wrong}
    return {"distribution": {"kind": "histogram", "counts": counts}}


def test_round_trip(tmp_path: Path) -> None:
    line = fakes.cell_line("normal_", "bfloat16")
    evidence = store.read(_written(tmp_path, [line]))
    (cell,) = evidence.cells
    assert evidence.problems == ()
    assert evidence.run.planned == (line["nodeid"],)
    assert (cell.subject, cell.dtype, cell.verdict) == ("normal_", "bfloat16", "fail")
    assert cell.histogram == tuple(line["statistics"]["distribution"]["counts"])
    assert [f.p_value for f in cell.findings] == [f["p_value"] for f in line["findings"]]
    assert cell.findings[3].effect is not None and cell.findings[3].effect.name == "scale"


def test_round_trip_of_a_module(tmp_path: Path) -> None:
    line = fakes.module_line(zero="weight_hr_l0", history="since 1.2")
    (cell,) = store.read(_written(tmp_path, [line])).cells
    assert cell.law_history == "since 1.2"
    assert cell.histogram == ()
    assert {kind: list(counts) for kind, counts in cell.tensors.items()} == {
        kind: statistics["distribution"]["counts"] for kind, statistics in line["tensors"].items()
    }
    assert [f.tensor for f in cell.findings] == [f["tensor"] for f in line["findings"]]


def test_tensors_without_randomness_have_no_histogram(tmp_path: Path) -> None:
    exact = {"kind": "exact", "n": 8, "mismatches": 0}
    line = {**fakes.module_line(), "tensors": {"norm.weight": {"exact": exact}}}
    (cell,) = store.read(_written(tmp_path, [line])).cells
    assert cell.tensors == {}


def test_canonical_bytes_do_not_depend_on_arrival(tmp_path: Path) -> None:
    lines = fakes.cells()[:12]
    first = _written(tmp_path / "a", lines).read_bytes()
    random.Random(3).shuffle(lines)
    shuffled = [dict(reversed(line.items())) for line in lines]
    assert _written(tmp_path / "b", shuffled).read_bytes() == first
    assert [path.name for path in (tmp_path / "b").iterdir()] == [store.EVIDENCE]


def test_lines_are_on_disk_as_soon_as_they_are_appended(tmp_path: Path) -> None:
    writer = store.Writer(tmp_path)
    writer.start(store.canonical(fakes.run_line()))
    writer.append(store.canonical(fakes.cell_line()))
    assert len(store.read(tmp_path / store.EVIDENCE).cells) == 1
    writer.stop()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b'{"schema": 1, "kind": "cell", "nodeid": "x', "truncated or not JSON"),
        (b"\xff\xfe", "truncated or not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'{"schema": 4, "kind": "cell"}', "its schema is 4, and this version reads 1, 2 and 3"),
        (_cell(statistics=_histogram("x")), "was not used"),
        (_cell(statistics={"h": {"kind": "histogram", "counts": {}}}), "'size' is missing"),
        (_cell(statistics=_packed(packed="?")), "a packed array is not base64"),
        (_cell(statistics=_packed(packed="AAAA")), "of 2 entries of 8 bits has 3 bytes"),
        (_cell(statistics=_packed(size=1 << 40)), "cannot have 1099511627776 entries"),
        (b'{"hello": "world"}', "its schema is None"),
        (b'{"schema": 1, "kind": "song"}', "kind 'song' is unknown"),
        (b'{"schema": 1, "kind": "cell", "nodeid": "x"}', "entry 'promise' is missing"),
        (b'{"schema": 1, "kind": ["cell"]}', "was not used"),
        (_cell(n=float("inf")), "its entry n is Infinity, not a whole number from 0"),
        (_cell(tensors={"weight": []}), "was not used"),
        (_cell(tensors={"a": _histogram(1, 2), "b": _histogram(3)}), "of different sizes"),
    ],
)
def test_a_bad_line_is_one_sentence_and_the_rest_is_used(
    tmp_path: Path, bad: bytes, words: str
) -> None:
    path = _written(tmp_path, [fakes.cell_line()])
    run, cell = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join((run, bad, cell)))
    evidence = store.read(path)
    (problem,) = evidence.problems
    assert words in problem and problem.endswith(".")
    assert len(evidence.cells) == 1


def test_without_a_run_line_the_cells_are_still_used(tmp_path: Path) -> None:
    path = _written(tmp_path, [fakes.cell_line()])
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    evidence = store.read(path)
    assert len(evidence.cells) == 1
    assert "no run line" in evidence.problems[0]


def test_separators_and_surrogates_inside_messages_survive(tmp_path: Path) -> None:
    line = {**fakes.cell_line(), "reason": "a\u2028b\x85c\ud800d"}
    (cell,) = store.read(_written(tmp_path, [line])).cells
    assert cell.reason == line["reason"]


def test_concatenated_shards_join(tmp_path: Path) -> None:
    paths = [
        _written(tmp_path / dtype, [fakes.cell_line("uniform_", dtype)])
        for dtype in ("float32", "float64")
    ]
    both = tmp_path / "both.jsonl"
    both.write_bytes(b"".join(path.read_bytes() for path in paths))
    evidence = store.read(both)
    assert len(evidence.cells) == len(evidence.run.planned) == 2
    assert evidence.problems == ()


def test_the_first_of_two_cells_of_one_item_counts(tmp_path: Path) -> None:
    line = fakes.cell_line()
    path = _written(tmp_path, [line, {**line, "verdict": "fail"}], tidy=False)
    evidence = store.read(path)
    assert [cell.verdict for cell in evidence.cells] == ["pass"]
    assert "repeats" in evidence.problems[0]


def test_planned_items_that_were_never_seen_are_lost(tmp_path: Path) -> None:
    line = fakes.cell_line()
    missing = fakes.nodeid("law", "nn.Linear.weight", "float64")
    fakes.write(tmp_path, [line], planned=[missing])
    cells = store.complete(store.read(tmp_path / store.EVIDENCE)).cells
    assert {cell.nodeid: cell.verdict for cell in cells} == {
        line["nodeid"]: "pass",
        missing: "lost",
    }


@pytest.mark.parametrize(
    ("nodeid", "identity"),
    [
        ("verify/test_laws.py::test_law[cpu-float32-normal_]", ("cpu", "float32", "normal_")),
        ("verify/t.py::test_law[cuda-bfloat16-nn.GRU-w]", ("cuda", "bfloat16", "nn.GRU-w")),
        ("verify/t.py::test_law[a-b-c]", ("", "", "verify/t.py::test_law[a-b-c]")),
        ("verify/t.py", ("", "", "verify/t.py")),
    ],
)
def test_identity_of_a_stand_in(nodeid: str, identity: tuple[str, str, str]) -> None:
    line = store.stand_in(nodeid, "lost", "Why.")
    assert (line["backend"], line["dtype"], line["subject"]) == identity


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_canonical_form() -> None:
    assert store.canonical({"b": 1, "a": "σ"}) == '{"a":"σ","b":1}'
    assert json.loads(store.canonical({"a": 1e-300})) == {"a": 1e-300}


def test_the_environment_of_one_backend() -> None:
    backends = {"cpu": {"torch": "2.13"}, "cuda": {"torch": "2.12", "device": "H100"}}
    run = RunRecord(environment={"host": "x"}, backends=backends)
    assert run.environment_of("cuda") == {"torch": "2.12", "device": "H100", "host": "x"}
    assert run.torch == "2.13"
    assert run.described == {
        "host": "x", "cpu: torch": "2.13", "cuda: torch": "2.12", "cuda: device": "H100"
    }  # fmt: skip
    assert RunRecord(environment={"torch": "2.11"}).torch == "2.11"
    assert RunRecord().torch == "unknown"
