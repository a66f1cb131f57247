"""Write the catalogues of `docs/` from the tables of the suite.

``tox run -e documents`` writes them; a self-test says when they are out of date.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

import strategies  # noqa: E402
from verify.defects import known_defects  # noqa: E402
from verify.defects.known_defects import KnownDefect  # noqa: E402
from verify.outcome import schema  # noqa: E402
from verify.subjects import SUBJECTS, Subject  # noqa: E402

_FAMILIES = {
    "initializer": "Initializers of `torch.nn.init`",
    "module": "Defaults of `torch.nn` modules",
    "operation": "Random operations",
    "recipe": "Recipes of models",
    "network": "Networks with tied parameters",
    "propagation": "Signals through one layer, and through a hundred",
    "independence": "Products of independent draws",
}
"""Headings, in the order in which readers look."""

_HEAD = "<!-- Written by `tox run -e documents`. Change the tables of the suite instead. -->"


def verified() -> str:
    """Return the page that lists every subject with its law and its source."""
    sections = [_HEAD, "", "# What is verified", ""]
    sections += [
        "Each row is a row of a table in `verify/subjects/`: what fills tensors, the law that they",
        "follow, and where the law comes from. Each is verified in every dtype that the backend",
        "has, and initializers in every memory layout too. [Promises](promises.md) lists what is",
        "asked besides the law.",
    ]
    for family, heading in _FAMILIES.items():
        rows = [subject for subject in SUBJECTS.values() if subject.family == family]
        sections += ["", f"## {heading}", "", *_table(_SUBJECT_COLUMNS, rows)]
    return "\n".join(sections) + "\n"


def defects() -> str:
    """Return the page that lists every known defect of PyTorch."""
    entries = known_defects.load()
    sections = [
        _HEAD,
        "",
        "# Known defects of PyTorch",
        "",
        f"The suite knows {len(entries)} defects of released versions; those tried are 2.6.0,",
        "2.11.0, 2.13.0 and 2.15.0. [Known defects](known-defects.md) says how the list is used,",
        "and how to bring one's own.",
        "",
        *_table(_DEFECT_COLUMNS, entries),
    ]
    return "\n".join(sections) + "\n"


def drawable() -> str:
    """Return the page that lists every strategy."""
    public = (getattr(strategies, name) for name in sorted(strategies.__all__))
    rows = [each for each in public if inspect.isfunction(each) and each.__module__ != _COMBINED]
    purpose, _, rest = inspect.getdoc(strategies).partition("\n\n")
    head = [_HEAD, "", "# Strategies", "", purpose, "", rest.partition("Examples")[0].strip(), ""]
    use = ["Each docstring gives its arguments; `from strategies import shapes`.", ""]
    return "\n".join([*head, *use, *_table(_STRATEGY_COLUMNS, rows), ""])


def evidence_format() -> str:
    """Return the page that describes every entry of an evidence file."""
    headings = {"run": "The run line", "cell": "A cell line"}
    sections = [
        _HEAD,
        "",
        "# The evidence file",
        "",
        "`evidence.jsonl` holds a run as data: one JSON object a line, in UTF-8, keys sorted.",
        "The first line speaks of the run, every other of one cell. Lines are appended as cells",
        "end, so a run that dies leaves what it has seen; at the end the file is put in order, by",
        "node id, and depends on the run seed alone. `python -m reports build DIR` makes the pages",
        "from this file alone, without PyTorch.",
        "",
        f"This is version {schema.SCHEMA}. Its JSON Schema is "
        "[evidence.schema.json](evidence.schema.json). Older versions are",
        "read as if they had been written today. Sentences are for readers: no verdict hangs on",
        "one. An entry is left out, or null, where it would say nothing. Where runs that were",
        "added up differ in a text, an array holds the text of each.",
    ]
    for kind, record in schema.LINES.items():
        head = [("schema", f"`{schema.SCHEMA}`"), ("kind", f"`{kind}`")]
        rows = _table(_ENTRY_COLUMNS, [*head, *record.rows()])
        sections += ["", f"## {headings[kind]}", "", *rows]
    sections += ["", "## A finding", "", *_table(_ENTRY_COLUMNS, schema.FINDING.rows())]
    return "\n".join(sections) + "\n"


def evidence_schema() -> str:
    """Return the JSON Schema of the lines of an evidence file."""
    return json.dumps(schema.json_schema(), indent=1, ensure_ascii=False) + "\n"


def _table(columns: dict[str, Callable[..., str]], rows: Iterable[object]) -> list[str]:
    cells = ([_cell(show(row)) for show in columns.values()] for row in rows)
    head = [f"| {' | '.join(columns)} |", f"| {' | '.join('---' for _ in columns)} |"]
    return head + [f"| {' | '.join(row)} |" for row in cells]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def _law(subject: Subject) -> str:
    since = f" ({subject.history})" if subject.history else ""
    return f"{subject.words}{since}"


def _where(defect: KnownDefect) -> str:
    every = f"every subject of {' and '.join(defect.promises)}"
    where = ", ".join((*(defect.subjects or (every,)), *defect.dtypes))
    return where if "cpu" in defect.seen_on else f"{where} on {', '.join(defect.seen_on)}"


_SUBJECT_COLUMNS: dict[str, Callable[[Subject], str]] = {
    "name": lambda subject: f"`{subject.name}`",
    "law": _law,
    "formula": lambda subject: subject.formula,
    "source": lambda subject: subject.source,
}

_COMBINED = "strategies._define"
"""Where what combines strategies is defined."""

_STRATEGY_COLUMNS: dict[str, Callable[[Callable[..., object]], str]] = {
    "strategy": lambda each: f"`{each.__name__}`",
    "draws": lambda each: (inspect.getdoc(each) or "").partition("\n\n")[0],
    "arguments": lambda each: ", ".join(f"`{name}`" for name in inspect.signature(each).parameters),
}

_DEFECT_COLUMNS: dict[str, Callable[[KnownDefect], str]] = {
    "defect": lambda defect: f"`{defect.id}`",
    "where": _where,
    "versions": lambda defect: defect.summary()["versions"],
    "symptom": lambda defect: defect.symptom + (f" [link]({defect.link})" if defect.link else ""),
}

_ENTRY_COLUMNS: dict[str, Callable[[tuple[str, str]], str]] = {
    "entry": lambda row: f"`{row[0]}`",
    "meaning": lambda row: row[1],
}

PAGES: dict[str, Callable[[], str]] = {
    "what-is-verified.md": verified,
    "list-of-known-defects.md": defects,
    "strategies.md": drawable,
    "evidence-format.md": evidence_format,
    "evidence.schema.json": evidence_schema,
}
"""Each generated page, and what writes it."""

if __name__ == "__main__":
    for name, write in PAGES.items():
        (DOCS / name).write_text(write(), encoding="utf-8")
