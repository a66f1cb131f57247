"""What older suites wrote, said as it is said today.

In schemas 1 and 2 a defect's id stood behind the subject of its witness, a backend before the name
of what describes it, the size of a sample in a unit, and the kind of a finding in its message.

The first files of schema 3 had in messages alone what was asked, answered and raised, the place
and the rounding: such findings are `completed`. Runs that were added up had one text for all that
they say of an entry, joined by ``" + "``, where an array stands now: such a line shows itself, for
it has one text for the shards of each night, or of the parts of a run, and is `separated`. Of
which `family` a law is stood in its formula alone.
"""

from __future__ import annotations

import re
from dataclasses import replace

from verify.checks.finding import BROKEN, Finding, Kind, Raised
from verify.checks.words import APART, WORDS
from verify.outcome.shapes import Json

_COUNTED = re.compile(r"of (\d{1,19})")
_JOINED = " + "
_WITNESSES = ("known defect", "known_defect")
_NIGHT = re.compile(r" \(run seed [^()]*\)$")
_RAISED = re.compile(r"([A-Z]\w*(?:Error|Exception|Interrupt|Exit))\b[ (:]*(.*?)\)?", re.DOTALL)
_ROUNDING = re.compile(r"\bby (\d+(?:\.\d+)?(?:e[+-]?\d+)?|inf|nan) times the rounding\b")
_COMPONENT = re.compile(r"\bthe (\w+(?: component)?) of F\(x\) is off\b")
_PLACED = re.compile(
    r"correlation with (?P<lag>.+)|(?P<tail>\w+ tail) mass|tail probability of the (?P<end>.+)"
)
_SAID_FIRST = {kind: f"{kind}: " for kind in (Kind.FIXED_UPSTREAM, Kind.STILL_THERE)}
_LETTERS = re.compile(r"\b([NU])\(")
_BY_LETTER = {"N": "normal", "U": "uniform"}


def converted(line: Json) -> Json:
    """Return a line of schema 1 or 2 whose shape has been checked, with the entries of schema 3."""
    return _run(line) if line["kind"] == "run" else _cell(line)


def separated(line: Json) -> Json:
    """Return a line whose shape has been checked, with an array for each text that was joined."""
    nights = line.get("nights") or {}
    if line["kind"] == "cell":
        streams = (line.get("streams") if nights else None) or {}
        return {**line, "streams": _apart(streams)} if streams else line
    shards = [night["shard"] for night in nights.values() if night.get("shard")]
    if not shards and _JOINED not in str(line.get("shard") or ""):
        return line
    backends = {name: _apart(own) for name, own in (line.get("backends") or {}).items()}
    found = {
        **line,
        **_apart({name: line.get(name) or "" for name in ("profile", "shard")}),
        "environment": _apart(line.get("environment") or {}),
        **({"backends": backends} if backends else {}),
    }
    if not nights:
        return found
    asked = {
        seed: {"profile": night.get("profile") or "", "shards": _values(night.get("shard") or "")}
        for seed, night in nights.items()
    }
    return {**found, "run_seed": sorted(asked), "nights": asked}


def family(formula: str) -> str:
    """Return the family that a law's formula names: lines without `families` say nothing else."""
    names = [*dict.fromkeys(_LETTERS.findall(formula))]
    if len(names) > 1:
        return "several"
    given = "truncated " * (" given " in formula)
    return f"{given}{_BY_LETTER[names[0]]}" if names else ""


def _apart(entries: Json) -> Json:
    """Return texts by name, those that were joined as arrays."""
    return {name: _values(value) if _JOINED in value else value for name, value in entries.items()}


def _values(text: str) -> list[str]:
    return text.split(_JOINED)


def _run(line: Json) -> Json:
    environment: dict[str, str] = {}
    backends: dict[str, dict[str, str]] = {}
    for key, value in (line.get("environment") or {}).items():
        backend, _, name = key.rpartition(": ")
        own = backends.setdefault(backend, {}) if backend else environment
        own[name] = value
    changed: dict[str, object] = {**line, "environment": environment}
    if backends:
        changed["backends"] = backends
    if identities := line.get("identities"):
        changed["identities"] = {nodeid: _named(each) for nodeid, each in identities.items()}
    return changed


def _cell(line: Json) -> Json:
    nights = {seed: _own(night) for seed, night in (line.get("nights") or {}).items()}
    return {**_own(_named(line)), **({"nights": nights} if nights else {})}


def _named(line: Json) -> Json:
    """The same with a witness's defect in an entry of its own."""
    subject, _, witness = line["subject"].rpartition(": ")
    if line["promise"] not in _WITNESSES or not subject:
        return {**line, "witness": ""}
    return {**line, "subject": subject, "witness": witness}


def _own(line: Json) -> Json:
    return {**line, "findings": [_finding(each) for each in line.get("findings") or ()]}


def _finding(data: Json) -> Json:
    changed = {**data, "kind": _kind(data)}
    if seen := data.get("detectable"):
        counted = _COUNTED.fullmatch(seen.get("unit") or "")
        changed["detectable"] = {**seen, "of": int(counted[1]) if counted else None}
        changed["detectable"] |= {"unit": ""} if counted else {}
    return changed


def _kind(data: Json) -> Kind:
    """What the p-value, the message or the check tells."""
    if data.get("p_value") is not None:
        return Kind.P_VALUE
    message = data.get("message") or ""
    told = (kind for kind, words in _SAID_FIRST.items() if message.startswith(words))
    broken = not data["passed"] and data.get("scope") == "case"
    by_check = BROKEN.get(data["check"]) if broken else None
    return next(told, by_check or Kind.COMPARISON)


def completed(finding: Finding) -> Finding:
    """Return a finding with what its message alone tells, if it failed and has no such entry.

    A finding of today that has none says nothing of the kind in its message either.
    """
    told = (finding.asked, finding.answer, finding.place, finding.rounding)
    if finding.passed or told != ("", "", "", None):
        return finding
    message = _NIGHT.sub("", finding.message)
    if finding.p_value is not None:
        return replace(finding, place=_place(finding, message))
    if finding.kind in _SAID_FIRST:
        return replace(finding, answer=message.removeprefix(_SAID_FIRST[finding.kind]))
    if finding.effect is not None:
        return finding  # It sums up, or compares sizes: nothing was asked.
    times = [float(number) for number in _ROUNDING.findall(message)]
    return replace(_answered(finding, message), rounding=max(times, default=None))


def _answered(finding: Finding, message: str) -> Finding:
    """Tell the question from the answer, and an exception from what it says."""
    case = f"{finding.case}: "
    asked, _, answer = message.partition(": ")
    if finding.case and message.startswith(case):
        asked, answer = finding.case, message.removeprefix(case)
    answer = answer.partition(", by ")[0]
    if finding.check in WORDS and asked == WORDS[finding.check].broken:
        asked = ""
    # An exception is what the refusal of the impossible is judged by, and ends no question.
    raised = None if finding.check == "errors" else _RAISED.fullmatch(answer)
    asked, _, under = asked.partition(" under ") if answer else (asked, "", "")
    told = replace(finding, asked=asked, under=under, answer=answer)
    if raised is None:
        return told
    return replace(told, raised=Raised(raised[1], raised[2].partition("\n")[0]))


def _place(finding: Finding, message: str) -> str:
    """Find the place in the name of the effect, or one of the check's own in the message."""
    if finding.check == "legendre":
        component = _COMPONENT.search(message)
        return component[1] if component else ""
    named = _PLACED.fullmatch(finding.effect.name) if finding.effect else None
    if named:
        return str(named[named.lastgroup or 0]).replace(APART, " and ")
    places = WORDS[finding.check].places if finding.check in WORDS else ()
    return next((p for p in places if re.search(rf"{re.escape(p)}(?!\w)", message)), "")
