"""The format of evidence: what is written has it, and older versions are read alike."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from reports.evidence import store
from reports.evidence.records import CellRecord
from reports.page import render
from reports.text import summary
from verify.checks.bounds import ALPHA
from verify.checks.finding import Detectable, Effect, Finding, Kind
from verify.checks.statistics import Exact, Rare, Tally
from verify.laws import Family
from verify.outcome import schema
from verify.outcome.evidence import Evidence
from verify.outcome.outcome import Outcome
from verify.outcome.promises import Identity
from verify.outcome.verdict import Verdict

DOCS = Path(__file__).resolve().parents[2] / "docs"
EVIDENCE = Evidence({"finite": Exact(1000, 2), "empty": Exact(0, 0), "atoms": Rare(1, 0.5, 100)})
LAW = Outcome(
    "law", "normal_", "cpu", "float32", "normal", "N(0, 1)", "the documentation",
    findings=(
        *EVIDENCE.findings("cell"),
        Finding("raises", False, None, 1, "the call raises: so", scope="case", case="c",
                kind=Kind.ERROR),
    ),
    n=9, evidence=replace(EVIDENCE, tensors={"weight": EVIDENCE}), excluded=("far-tail",),
    streams={"a": "00"},
)  # fmt: skip
MENDED = Outcome(
    "known defect", "normal_", "cpu", "float32", "too few", "c", "https://a.org", witness="tail",
    findings=(Finding("call", False, None, 1, "fixed upstream: end it", scope="case", case="c",
                      kind=Kind.FIXED_UPSTREAM),),
)  # fmt: skip
SHOWN = replace(
    MENDED, dtype="float16", verdict=Verdict.KNOWN_DEFECT,
    findings=(Finding("call", True, None, 1, "still there: so", scope="case", case="c",
                      kind=Kind.STILL_THERE),),
)  # fmt: skip
OUTCOMES = {f"verify/t.py::test_x[{number}]": each for number, each in
            enumerate((LAW, MENDED, SHOWN))}  # fmt: skip


def written() -> list[dict[str, Any]]:
    """What a run writes today."""
    run = schema.run_line(
        run_seed=5, profile="smoke", shard="1/1", planned=[*OUTCOMES], environment={"suite": "a"},
        selections=[["-k", "x"]],
        backends={"cpu": {"torch": "2.13.0", "vector": "AVX2"}},
        identities={name: vars(Identity(o.promise, o.subject, o.backend, o.dtype, o.witness))
                    for name, o in OUTCOMES.items()},
        defects={"tail": {"versions": "all", "symptom": "too few", "link": ""}},
    )  # fmt: skip
    return [run, *(schema.cell_line(o, name, f"pytest {name}") for name, o in OUTCOMES.items())]


def of_old(line: dict[str, Any], version: int) -> dict[str, Any]:
    """The same as schemas 1 and 2 said it."""
    old = {**line, "schema": version}
    if line["kind"] == "run":
        described = old.pop("backends").items()
        named = {f"{b}: {name}": value for b, own in described for name, value in own.items()}
        old["environment"] = {**old["environment"], **named}
        old["identities"] = {name: _hidden(each) for name, each in old["identities"].items()}
        return old
    return {**_hidden(old), "findings": [*map(_plain, old["findings"])]}


def _hidden(line: dict[str, Any]) -> dict[str, Any]:
    named = {name: value for name, value in line.items() if name != "witness"}
    subject = ": ".join(filter(None, (line["subject"], line["witness"])))
    return {**named, "subject": subject}


def _plain(finding: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in finding.items() if name != "kind"}
    if seen := plain.get("detectable"):
        unit = seen["unit"] if seen["of"] is None else f"of {seen['of']}"
        plain["detectable"] = {"name": seen["name"], "size": seen["size"], "unit": unit}
    return plain


def folder(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.mkdir()
    (path / store.EVIDENCE).write_text("".join(f"{store.canonical(each)}\n" for each in lines))
    return path


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_file_is_read_like_that_of_today(version: int, tmp_path: Path) -> None:
    lines = written()
    old = [of_old(line, version) for line in lines]
    assert old[1:] != lines[1:] and all("kind" not in f for x in old[1:] for f in x["findings"])
    for before, after in zip(old, lines, strict=True):
        assert schema.parsed(json.dumps(before)) == json.loads(json.dumps(after))
    one, other = folder(tmp_path / "old", old), folder(tmp_path / "new", lines)
    found = store.read(one / store.EVIDENCE)
    assert found == store.read(other / store.EVIDENCE) and not found.problems
    assert [cell.defects for cell in found.cells] == [("far-tail",), (), ("tail",)]
    assert found.run.torch == "2.13.0" and found.run.alpha == ALPHA
    for each in (one, other):
        render.build(store.read(each / store.EVIDENCE), each)
    for name in ("index.html", "cpu.html", summary.SUMMARY):
        assert (one / name).read_text() == (other / name).read_text()


def test_what_is_written_has_the_published_schema() -> None:
    published = json.loads((DOCS / "evidence.schema.json").read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(schema.json_schema()))
    validator = jsonschema.Draft202012Validator(published)
    validator.check_schema(published)
    for line in written():
        validator.validate(json.loads(json.dumps(line)))
        assert not validator.is_valid({**line, "schema": 2})
        assert not validator.is_valid({k: v for k, v in line.items() if k != "kind"})


def test_the_table_names_all_that_is_written() -> None:
    run, *cells = written()
    assert {"schema", "kind", *schema.LINES["run"].entries} == {*run, "nights"}
    for cell in cells:
        own = {"alpha", "nights", "residues"}  # Of several nights.
        assert {"schema", "kind", *schema.LINES["cell"].entries} == {*cell} | own


@pytest.mark.parametrize("kind", [Finding, Effect, Detectable])
def test_the_table_names_every_field_of_a_finding(kind: type) -> None:
    rows = schema.LINES["cell"].entries["findings"].shape.each
    shape = rows if kind is Finding else rows.entries[kind.__name__.lower()].shape
    assert {*shape.entries} == {field.name for field in fields(kind)}


def test_the_page_names_every_kind_of_finding() -> None:
    rows = schema.LINES["cell"].entries["findings"].shape.each
    assert all(f"`{kind}`" in rows.entries["kind"].meaning for kind in Kind)


@pytest.mark.parametrize(
    ("formula", "family"),
    [
        ("N(mean, std²)", "normal"),
        ("U(−b, b), b = gain·√(3 / fan)", "uniform"),
        ("weight ~ U(−√k, √k); bias ~ U(±1)", "uniform"),
        ("in_proj ~ U(±√(6/(E + 3E))), bias_k ~ N(0, 1/E)", "several"),
        ("N(mean, std²) given a ≤ x ≤ b", "truncated normal"),
        ("w = gain·Q, QᵀQ = I, Q ~ Haar", ""),
        ("", ""),
    ],
)
def test_an_older_line_tells_the_family_by_its_formula(formula: str, family: str) -> None:
    line = {**written()[1], "law": {"formula": formula}}
    del line["families"]
    cell = CellRecord.from_json(schema.parsed(json.dumps(line)))
    assert cell.family("") == cell.family("weight") == family
    assert cell.families == {}


def test_a_line_of_today_tells_it_tensor_by_tensor() -> None:
    parts = {"weight": replace(EVIDENCE, family=Family("truncated normal", (-2.0, 2.0)))}
    seen = Evidence({}, parts, Family("haar"))
    line = schema.cell_line(replace(LAW, evidence=seen), "n", "")
    cell = CellRecord.from_json(schema.parsed(json.dumps(line)))
    assert cell.families == {"": Family("haar"), "weight": parts["weight"].family}
    assert [cell.family(name) for name in ("", "weight", "bias")] == [
        "haar",
        "truncated normal",
        "",
    ]


def test_pictures_are_of_the_case_that_failed() -> None:
    counts = np.arange(8)
    shown = Evidence({"zero_rows": Tally(counts / 2)}, {}, Family("sparse", ()))
    seen = Evidence({"zero_rows": Tally(counts * 2.0)}, {}, Family("sparse"))
    passed, failed = (
        CellRecord.from_json(schema.parsed(json.dumps(schema.cell_line(each, "n", ""))))
        for each in (replace(LAW, evidence=seen), replace(LAW, evidence=seen, failing=shown))
    )
    assert passed.tallies == {"": {"zero_rows": tuple(counts * 2)}} and not passed.of_case
    assert failed.tallies == {"": {"zero_rows": tuple(counts / 2)}} and failed.of_case
    assert passed.families == {"": Family("sparse")}
    assert failed.families == {"": Family("sparse", ())}
    # A case of which nothing can be drawn says nothing of what is drawn.
    bare = Evidence({}, {}, Family("truncated normal", (1.0, 2.0)))
    line = schema.cell_line(replace(LAW, evidence=seen, failing=bare), "n", "")
    assert CellRecord.from_json(schema.parsed(json.dumps(line))).families == passed.families
