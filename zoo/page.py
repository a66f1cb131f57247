"""The page of what was found of the architectures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from zoo.comparing import AS_BEFORE
from zoo.looking import DESCRIBED, DOCUMENTED, LACKING, NEW, Look

_SHOWN = 4
"""Sentences of one way that are shown; all are counted."""

_LONGEST = 240

_WAYS = {
    NEW: "audited: nothing unwritten, all that is random follows the seed, no repeated layers, "
    "ties and values survive copies, files, loading and the meta device",
    DESCRIBED: "described from 24 builds, and held against that description under another seed",
    DOCUMENTED: "held against the standard deviation that its configuration documents for all "
    "weight matrices, and what its paper says besides (transformers)",
    LACKING: "loaded by `from_pretrained` from a checkpoint of one tensor, and held against "
    "the same description: what is missing starts as in a new model (transformers)",
    AS_BEFORE: "held against a sketch of another version, statistics of 32 builds of each",
}


def page(looks: Sequence[Look], versions: Mapping[str, str]) -> str:
    """Write the page, in Markdown.

    Parameters
    ----------
    looks : sequence of Look
    versions : mapping
        Of each package that was looked at, and of PyTorch.
    """
    wrong = [each for each in looks if not each.passed]
    fine = [each for each in looks if each.passed]
    ways = {way for each in looks for way in each.found}
    lines = [
        "# How the models of the field start",
        "",
        f"{_counted(looks, versions)}, under PyTorch {versions['PyTorch']}, each built small "
        "(`python -m zoo --write docs/zoo.md`). What it means, with witnesses: "
        "[what the zoo found](what-the-zoo-found.md).",
        "",
        *(f"- **{way}**: {words};" for way, words in _WAYS.items() if way in ways),
        "",
        f"{len(wrong)} of them start otherwise than they should, {len(fine)} as they should.",
        "",
        *(line for each in wrong for line in _wrong(each)),
        "## Those that start as they should",
        "",
        "| package | architecture | tensors | values |",
        "| --- | --- | --- | --- |",
        *(f"| {each.package} | {each.name} | {each.tensors} | {each.values} |" for each in fine),
        "",
    ]
    return "\n".join(lines)


def _counted(looks: Sequence[Look], versions: Mapping[str, str]) -> str:
    """How many architectures of each package."""
    count = Counter(each.package for each in looks)
    said = [f"{number} of {package} {versions[package]}" for package, number in count.items()]
    return f"{len(looks)} architectures: {', '.join(said)}"


def _wrong(each: Look) -> list[str]:
    lines = [f"## {each.package}: {each.name}", ""]
    for way, sentences in each.found.items():
        if sentences:
            lines += [f"{way[0].upper()}{way[1:]}:", ""]
            lines += [f"- {_short(sentence)}" for sentence in sentences[:_SHOWN]]
            more = len(sentences) - _SHOWN
            lines += [f"- and {more} more"] if more > 0 else []
            lines.append("")
    return lines


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= _LONGEST else f"{sentence[:_LONGEST]}…"
