"""The format of evidence files: what a line may hold, what writes it, what reads it.

Version 3 names what versions 1 and 2 hid in texts: the kind of a finding, the defect of a
witness, the backend that an entry of the environment describes. Older lines are read as if they
had been written today, see `verify.outcome.older`. Entries may be added within a version: whoever
does not know one skips it, and each may be left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from verify.checks.bounds import ALPHA
from verify.outcome.evidence import Evidence
from verify.outcome.older import converted, separated
from verify.outcome.outcome import Outcome
from verify.outcome.shapes import (
    FLAG,
    LEVEL,
    NAME,
    NUMBER,
    OBJECT,
    PROBABILITY,
    SEED,
    TEXT,
    WHOLE,
    Entry,
    Json,
    Listed,
    Named,
    OneOrMore,
    Record,
)

SCHEMA = 3
"""Version of the lines that are written."""

READABLE = (1, 2, 3)

_EFFECT = Record({
    "name": Entry(TEXT, "what is estimated", needed=True),
    "estimate": Entry(NUMBER, "the estimate", needed=True),
    "low": Entry(NUMBER, "lower end of its 99.9 % interval", needed=True),
    "high": Entry(NUMBER, "upper end of its 99.9 % interval", needed=True),
    "unit": Entry(TEXT, "unit of all three"),
})  # fmt: skip
_RAISED = Record({
    "type": Entry(NAME, "name of its class", needed=True),
    "said": Entry(TEXT, "how it begins what it says"),
})  # fmt: skip
_DETECTABLE = Record({
    "name": Entry(TEXT, "what would have been seen", needed=True),
    "size": Entry(NUMBER, "its size", needed=True),
    "unit": Entry(TEXT, "unit of the size"),
    "of": Entry(WHOLE, "of how many values the size is a count, where it is one"),
})  # fmt: skip
FINDING = Record({
    "check": Entry(NAME, "name of the check", needed=True),
    "kind": Entry(NAME, "`p-value`, `comparison`, `time limit`, `error`, `still there` or "
                  "`fixed upstream`"),
    "passed": Entry(FLAG, "whether it passed", needed=True),
    "p_value": Entry(PROBABILITY, "the p-value, or a bound of it; none of an exact comparison"),
    "exact": Entry(FLAG, "whether the p-value is uniform under the law; a bound is larger"),
    "confirmation": Entry(PROBABILITY, "the p-value on fresh draws of four times the size"),
    "n": Entry(WHOLE, "values, calls or pairs behind the decision"),
    "scope": Entry(TEXT, "`cell` for all its values, `case` for one configuration, `night` for "
                   "what one of several nights decided"),
    "case": Entry(TEXT, "the drawn configuration, where the scope is a case"),
    "tensor": Entry(TEXT, "which tensor of a module; empty for the whole"),
    "message": Entry(TEXT, "the finding in a sentence, for readers only"),
    "question": Entry(TEXT, "id by which known defects name what was asked, where it has one"),
    "asked": Entry(TEXT, "what was asked, in words"),
    "under": Entry(TEXT, "under what: questions that differ in it alone are one"),
    "answer": Entry(TEXT, "what is wrong, in words; none where a value was compared"),
    "raised": Entry(_RAISED, "the exception that ended the call"),
    "place": Entry(TEXT, "the worst of the places, components, ends or lags that were looked at"),
    "rounding": Entry(NUMBER, "how many times its bound on rounding a comparison saw"),
    "elsewhere": Entry(TEXT, "id of the known defect of other backends that explains it"),
    "effect": Entry(_EFFECT, "size of the deviation"),
    "detectable": Entry(_DETECTABLE, "smallest error that would have been found"),
})  # fmt: skip
_TEXTS = OneOrMore(TEXT)
_SELECTIONS = Listed(Listed(TEXT))
_LAW = Record({
    "words": Entry(TEXT, "in words"),
    "formula": Entry(TEXT, "as a formula"),
    "history": Entry(TEXT, "since which version it holds, where an earlier one had another"),
})  # fmt: skip
_COUNTS = {
    "n": Entry(WHOLE, "values drawn"),
    "cases": Entry(WHOLE, "cases explored"),
    "calls": Entry(WHOLE, "calls made"),
    "decisions": Entry(WHOLE, "decisions taken"),
}
_STATISTICS = Named(Record({"kind": Entry(NAME, "which statistic", needed=True)}))
_FAMILIES = Named(Record({
    "name": Entry(NAME, "its name, or `several`", needed=True),
    "parameters": Entry(Listed(NUMBER), "what shapes it, once location and scale are taken off; "
                        "none where that is unknown, or differs from case to case"),
}))  # fmt: skip
_SEEN = {
    "statistics": Entry(_STATISTICS, "what adds up over shards and nights, by check"),
    "tensors": Entry(Named(_STATISTICS), "the same, tensor by tensor"),
    "families": Entry(_FAMILIES, "the family of each tensor's law; under no name, of the whole"),
}
_VERDICT = Entry(NAME, "the verdict, see [Reading a report](reading-a-report.md)", needed=True)
_OWN = {
    "verdict": _VERDICT,
    "reason": Entry(TEXT, "one sentence, where the verdict needs one"),
    "replay": Entry(TEXT, "the command that runs the test again"),
    **_COUNTS,
    "findings": Entry(Listed(FINDING), "decisions that failed, came nearest to failing, or speak "
                      "of the whole cell; each as below"),
}  # fmt: skip
_PLACE = {
    "promise": Entry(TEXT, "what is promised", needed=True),
    "subject": Entry(TEXT, "what fills tensors", needed=True),
    "backend": Entry(TEXT, "the kind of device, or `host`"),
    "dtype": Entry(TEXT, "the dtype, or `any`"),
    "witness": Entry(TEXT, "id of the known defect that the cell is a witness of"),
}
_NIGHT = Record({**_OWN, "digest": Entry(NAME, "digest of the line that it comes from", True)})

LINES: Mapping[str, Record] = {
    "run": Record({
        "run_seed": Entry(OneOrMore(SEED), "what decides everything that is drawn", needed=True),
        "profile": Entry(_TEXTS, "how much is drawn: smoke, standard or deep"),
        "alpha": Entry(LEVEL, "level of one decision"),
        "shard": Entry(_TEXTS, "which part of the run: `I/N`"),
        "selections": Entry(_SELECTIONS, "the arguments of pytest that chose what was run, of "
                            "each part; none where everything was"),
        "planned": Entry(Listed(NAME), "node ids of all items, so that a lost one is noticed"),
        "identities": Entry(Named(Record(_PLACE)), "what each planned item is about, by node id"),
        "environment": Entry(Named(_TEXTS), "what the run was told, and the suite's own digest"),
        "backends": Entry(Named(Named(_TEXTS)), "by backend: versions, processor and libraries"),
        "defects": Entry(Named(Record({
            "versions": Entry(TEXT, "versions of PyTorch that have it"),
            "symptom": Entry(TEXT, "what is wrong"),
            "link": Entry(TEXT, "where it is reported"),
            "backends": Entry(Listed(TEXT), "backends on which it was seen"),
        })), "known defects in force, by id"),
        "nights": Entry(Named(Record({
            "profile": Entry(TEXT, "profile of the night"),
            "shards": Entry(Listed(TEXT), "shards of the night"),
            "selections": Entry(_SELECTIONS, "the arguments that chose what was run in it"),
        })), "of several runs added up: each, by run seed"),
    }),
    "cell": Record({
        "nodeid": Entry(NAME, "the test", needed=True),
        **_PLACE,
        "law": Entry(_LAW, "what is promised of it, for readers"),
        "source": Entry(TEXT, "where the law comes from"),
        **_OWN,
        **_SEEN,
        "failing": Entry(Record(_SEEN), "what pictures show of the smallest case that failed"),
        "excluded": Entry(Listed(TEXT), "ids of known defects whose region was left out"),
        "streams": Entry(Named(_TEXTS), "fingerprints of what fixed cases draw from fixed seeds"),
        "alpha": Entry(LEVEL, "level of its pool, where it is not that of the run"),
        "nights": Entry(Named(_NIGHT), "of several runs added up: what each found, by run seed"),
        "residues": Entry(Listed(Named(Named(OBJECT))), "what rounding took away from the sums"),
    }),
}  # fmt: skip
"""By the kind of a line: its entries, beside `schema` and `kind`."""


def run_line(**entries: object) -> Json:
    """Return the run line of some entries of `LINES`."""
    return {"schema": SCHEMA, "kind": "run", "alpha": ALPHA, **entries}


def cell_line(outcome: Outcome, nodeid: str, replay: str) -> Json:
    """Return the cell line of an outcome.

    Parameters
    ----------
    outcome : Outcome
    nodeid : str
        The test that concluded it.
    replay : str
        The command that runs the test again.
    """
    return {
        "schema": SCHEMA,
        "kind": "cell",
        "nodeid": nodeid,
        "promise": outcome.promise,
        "subject": outcome.subject,
        "witness": outcome.witness,
        "backend": outcome.backend,
        "dtype": outcome.dtype,
        "law": {"words": outcome.words, "formula": outcome.formula, "history": outcome.history},
        "source": outcome.source,
        "verdict": outcome.final_verdict,
        "reason": outcome.reason,
        "n": outcome.n,
        "cases": outcome.cases,
        "calls": outcome.calls,
        "decisions": outcome.decisions,
        "findings": [finding.to_json() for finding in outcome.findings],
        **_seen(outcome.evidence),
        "failing": _seen(outcome.failing),
        "excluded": list(outcome.excluded),
        "streams": dict(outcome.streams),
        "replay": replay,
    }


def _seen(evidence: Evidence) -> Json:
    tensors = sorted(evidence.tensors.items())
    return {
        "statistics": evidence.to_json(),
        "tensors": {name: each.to_json() for name, each in tensors},
        "families": evidence.families,
    }


def parsed(raw: bytes | str) -> Json:
    """Return the object of a line, as the version that is written would say it.

    Raises
    ------
    ValueError, RecursionError
        Where it is no line of a version that is read.
    """
    data = json.loads(raw)
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    if data.get("schema") not in READABLE:
        *some, last = map(str, READABLE)
        known = f"{', '.join(some)} and {last}"
        raise ValueError(f"its schema is {data.get('schema')!r}, and this version reads {known}")
    shape = LINES.get(str(data.get("kind")))
    if shape is None:
        raise ValueError(f"its kind {data.get('kind')!r} is unknown")
    # What older versions write has these shapes too: newer entries may all be left out.
    shape.check(data)
    line = separated(data)
    return line if line["schema"] == SCHEMA else {**converted(line), "schema": SCHEMA}


def json_schema() -> Json:
    """Return the JSON Schema of a line that is written."""
    kinds = []
    for kind, record in LINES.items():
        schema = record.json_schema()
        head = {"schema": {"const": SCHEMA}, "kind": {"const": kind}}
        needed = [*head, *schema["required"]]
        kinds.append({**schema, "properties": head | schema["properties"], "required": needed})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of evidence.jsonl",
        "oneOf": kinds,
    }
