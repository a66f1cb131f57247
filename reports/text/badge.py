"""A small picture of a run's verdict, to be shown beside a project's name."""

from __future__ import annotations

from html import escape

from reports.evidence.records import Report
from reports.evidence.verdict import Overview, RunVerdict, overview

BADGE = "badge.svg"
LABEL = "initializers"
_COLOURS = {
    RunVerdict.PASS: "#17663f",
    RunVerdict.FAIL: "#a9231b",
    RunVerdict.INCOMPLETE: "#7d5200",
}
# The width of a letter on average, and of the empty space at both ends of a text.
_LETTER, _SPACE = 6.6, 12


def message(view: Overview) -> str:
    """Return the verdict in a few words."""
    wrong = sum(amount for verdict, amount in view.counts.items() if verdict.is_wrong)
    words = {
        RunVerdict.PASS: f"verified · {view.cells:,} {'cell' if view.cells == 1 else 'cells'}",
        RunVerdict.FAIL: f"{wrong:,} wrong",
        RunVerdict.INCOMPLETE: "incomplete",
    }
    return words[view.verdict]


def badge(evidence: Report) -> str:
    """Return the picture as SVG."""
    view = overview(evidence)
    text = message(view)
    left, right = (round(_LETTER * len(words) + _SPACE) for words in (LABEL, text))
    title = escape(f"{LABEL}: {text} (torch {evidence.run.torch})")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" '
        f'role="img" aria-label="{title}">\n<title>{title}</title>\n'
        f'<clipPath id="round"><rect width="{left + right}" height="20" rx="3"/></clipPath>\n'
        f'<g clip-path="url(#round)"><rect width="{left}" height="20" fill="#3b3d43"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_COLOURS[view.verdict]}"/></g>\n'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" '
        f'font-size="11">{_text(LABEL, 0, left)}{_text(text, left, right)}</g>\n</svg>\n'
    )


def _text(words: str, start: int, width: int) -> str:
    # The length is fixed, so that the text fits whatever font there is.
    return (
        f'<text x="{start + width / 2:g}" y="14" textLength="{width - _SPACE}">'
        f"{escape(words)}</text>"
    )
