"""Self-contained pages from evidence: one for each backend, and an index."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from reports import matrix, pictures, summary, verdict, views, words
from reports.records import Cell, Evidence
from reports.store import complete, write_atomically

MOST_BYTES = 3_000_000
# Bytes for the sentence that says what had to be left out.
SPARE = 500
# How many cells keep their tables, until the page is small enough; the worst go first.
WHOLE = (None, 120, 40, 0)
# More entries than this under "what needs attention" are counted, and left to the matrix.
MOST_TROUBLES = 40
MARK = '<meta name="generator" content="verify reports">'
_URL = re.compile(r"https://[^\s<>\"']+[^\s<>\"'.,;:)\]]")


def build(evidence: Evidence, directory: Path) -> None:
    """Write the pages and the Markdown summary of a run; items never seen count as lost."""
    whole = complete(evidence)
    pages = {name: _page(whole, backend) for backend, name in page_names(whole).items()}
    pages["index.html"] = _index(whole)
    for name, text in pages.items():
        write_atomically(directory / name, _encoded(text).decode())
    write_atomically(directory / summary.SUMMARY, summary.markdown(whole))
    clear(directory, keep=frozenset(pages))


def clear(directory: Path, keep: frozenset[str] = frozenset()) -> None:
    """Remove pages of an earlier run, so that nobody mistakes them for this one's."""
    for path in directory.glob("*.html"):
        if path.name not in keep and MARK.encode() in path.read_bytes()[:400]:
            path.unlink()


def page_names(evidence: Evidence) -> dict[str, str]:
    """Return the file name of each backend's page."""
    backends = sorted({cell.backend for cell in evidence.cells} - {""}) or [""]
    names: dict[str, str] = {}
    for backend in backends:
        stem = re.sub(r"[^\w-]+", "_", backend)[:60].strip("_") or "backend"
        while f"{stem}.html" in {*names.values(), "index.html"}:
            stem += "_"
        names[backend] = f"{stem}.html"
    return names


def _page(evidence: Evidence, backend: str) -> str:
    # Items of no backend (a file that cannot be collected) concern every page.
    cells = [cell for cell in evidence.cells if cell.backend in (backend, "")]
    known = _known(evidence, backend, cells)
    for whole in WHOLE:
        bare = views.views(cells, whole)
        room = MOST_BYTES - SPARE - len(_encoded(_shown(known, bare)))
        if room >= 0:
            break
    return _shown(known, views.illustrated(bare, evidence.run.alpha, room))


def _known(evidence: Evidence, backend: str, cells: Sequence[Cell]) -> dict[str, object]:
    """Return what a page shows beside its cells."""
    calibration = verdict.calibration(cells)
    return {
        "title": backend or "all backends",
        "backend": backend,
        "run": evidence.run,
        "problems": evidence.problems,
        "overview": verdict.overview(evidence, cells),
        "dtypes": sorted({cell.dtype for cell in cells} - {""}),
        "power": verdict.power(cells),
        "calibration": calibration,
        "calibration_picture": _calibration_picture(calibration),
        "most_troubles": MOST_TROUBLES,
    }


def _shown(known: dict[str, object], cells: Sequence[views.CellView]) -> str:
    return _template("backend.html").render(
        known,
        groups=matrix.groups(cells),
        troubles=matrix.troubles(cells),
        anchors={view.cell.nodeid: view.anchor for view in cells},
        excluded=views.excluded(cells),
        crowded=sum(view.crowded for view in cells),
        brief=sum(view.brief for view in cells),
    )


def _calibration_picture(calibration: verdict.Calibration | None) -> str:
    return pictures.bars(calibration.bins, "P-values of passing checks") if calibration else ""


def _index(evidence: Evidence) -> str:
    names = page_names(evidence)
    entries = []
    for backend, name in names.items():
        cells = [cell for cell in evidence.cells if cell.backend in (backend, "")]
        entries.append((backend or "all backends", name, verdict.overview(evidence, cells)))
    return _template("index.html").render(
        title="all backends",
        run=evidence.run,
        problems=evidence.problems,
        overview=verdict.overview(evidence),
        entries=entries,
    )


@cache
def _template(name: str) -> Template:
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        big=words.big,
        count=words.count,
        number=words.number,
        p=words.p_value,
        p_words=words.p_words,
        effect=words.effect,
        detectable=words.detectable,
        plural=words.plural,
        linked=linked,
        naming=naming,
        drawn=Markup,
    )
    environment.globals.update(glyphs=views.GLYPHS, tone=views.tone, mark=Markup(MARK))
    return environment.get_template(name)


def linked(text: str) -> Markup:
    """Return text with its https addresses as links; nothing else becomes one."""
    parts, end = [], 0
    for match in _URL.finditer(text):
        url = escape(match[0])
        parts += [escape(text[end : match.start()])]
        parts += [Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(url)]
        end = match.end()
    return Markup("").join((*parts, escape(text[end:])))


def naming(text: str, tensor: str) -> Markup:
    """Return text with the name that it begins with set apart."""
    name = f"{tensor}: "
    if not tensor or not text.startswith(name):
        return escape(text)
    return Markup("<code>{}</code>: {}").format(tensor, text.removeprefix(name))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", errors="backslashreplace")
