"""Self-contained pages from evidence: one for each backend, and an index."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from reports.evidence import calibration as panel
from reports.evidence import faults, verdict, words
from reports.evidence.dtypes import dtype_key
from reports.evidence.records import CellRecord, Report, RunRecord
from reports.evidence.store import complete, write_atomically
from reports.page import matrix, packed, paper, pictures, strip, tiles, views
from reports.page.breaks import LINE, breakable, command
from reports.page.sources import linked
from reports.text import summary
from verify.outcome.promises import FILLS

INDEX = "index.html"
MOST_BYTES = 3_000_000
# Of these, what the pictures and tables of failing cells may take as plain markup.
INLINE_BYTES = 600_000
# What headings and the matrix leave is for words, for such pictures, and for what is packed.
WORDS, PICTURES = 0.6, 0.2
# More faults than this are counted and left to the matrix; of one fault more subjects than this
# are counted until it is unfolded.
MOST_FAULTS, MOST_PLACES = 100, 2
MARK = '<meta name="generator" content="verify reports">'
# Where the page takes what is known only once the rest of it is: no text of a cell can hold it.
NOTE, PACKED = "<!--note-->", "<!--packed-->"
# Letters of the sentence that says what is left out.
SPARE = 400


def build(evidence: Report, directory: Path) -> None:
    """Write the pages and the Markdown summary of a run; items never seen count as lost."""
    whole = complete(evidence)
    names = page_names(whole)
    # Items of no backend (a file that cannot be collected) concern every page.
    shown = {
        backend: views.views(cell for cell in whole.cells if cell.backend in (backend, ""))
        for backend in names
    }
    pages = {names[backend]: _page(whole, backend, bare) for backend, bare in shown.items()}
    pages[INDEX] = _index(whole, shown)
    for name, text in pages.items():
        write_atomically(directory / name, _encoded(text).decode())
    write_atomically(directory / summary.SUMMARY, summary.markdown(whole))
    clear(directory, keep=frozenset(pages))


def write(path: Path, template: str, **shown: object) -> None:
    """Write a page of its own from one of the templates."""
    write_atomically(path, _encoded(_template(template).render(shown)).decode())


def clear(directory: Path, keep: frozenset[str] = frozenset()) -> None:
    """Remove pages of an earlier run, so that nobody mistakes them for this one's."""
    for path in directory.glob("*.html"):
        if path.name not in keep and path.is_file() and MARK.encode() in path.read_bytes()[:400]:
            path.unlink()


def page_names(evidence: Report) -> dict[str, str]:
    """Return the file name of each backend's page."""
    return names_of({cell.backend for cell in evidence.cells} - {""} or {""})


def names_of(backends: Iterable[str]) -> dict[str, str]:
    """Return the file names of the pages of these backends."""
    names: dict[str, str] = {}
    for backend in sorted(backends):
        stem = re.sub(r"[^\w-]+", "_", backend)[:60].strip("_") or "backend"
        while f"{stem}.html" in {*names.values(), INDEX}:
            stem += "_"
        names[backend] = f"{stem}.html"
    return names


def _page(evidence: Report, backend: str, bare: Sequence[views.CellView]) -> str:
    known = _known(evidence, backend, [view.cell for view in bare])
    details = (_detail(view, evidence.run) for view in bare)
    room = MOST_BYTES - len(_encoded(_rendered(known, bare)))
    placed = views.placed(bare, details, WORDS * room, min(INLINE_BYTES, PICTURES * room))
    return _filled(_rendered(known, placed), placed)


def _filled(page: str, cells: Sequence[views.CellView]) -> str:
    """Pack what does not stand in a page as it is; leave the calmest out if that is too much."""
    hidden = {view.anchor: view.hidden for view in cells if any(view.hidden)}
    room = MOST_BYTES - SPARE - len(_encoded(page))
    text, kept = packed.fitting(hidden, room)
    left_out = len(hidden) - kept
    note = _template("left_out.html").render(amount=left_out) if left_out else ""
    return page.replace(NOTE, note, 1).replace(PACKED, text, 1)


def _detail(view: views.CellView, run: RunRecord) -> list[str]:
    """Return the markup of a cell's words, of its tables and of its pictures."""
    body = _template("body.html").render(view=view, run=run).strip()
    tables = _template("tables.html").render(view=view).strip()
    figure = _template("figure.html")
    drawn = (
        picture and figure.render(picture=picture)
        for picture in view.pictures(view.cell.alpha or run.alpha)
    )
    return [body, tables, *(text or "" for text in drawn)]


def _known(evidence: Report, backend: str, cells: Sequence[CellRecord]) -> dict[str, object]:
    """Return what a page shows beside its cells."""
    calibrated = panel.calibration(cells)
    own, known = faults.parted(faults.faults(cells, evidence.run.defects))
    return {
        "title": backend or "all backends",
        "backend": backend,
        "run": evidence.run,
        "problems": list(summary.warnings(evidence.problems)),
        "overview": verdict.overview(evidence, cells),
        "dtypes": sorted({cell.dtype for cell in cells} - {""}, key=dtype_key),
        "fills": [*FILLS],
        "power": verdict.power(cells),
        "calibration": calibrated and calibrated.uniformity,
        "calibration_picture": _calibration_picture(calibrated),
        "faults": own,
        "known": known,
        "advice": summary.ADVICE,
        "most_faults": MOST_FAULTS,
        "most_places": MOST_PLACES,
    }


def _rendered(known: dict[str, object], cells: Sequence[views.CellView]) -> str:
    groups = matrix.groups(cells)
    return _template("backend.html").render(
        known,
        groups=groups,
        paper=paper.printed(groups, paper.MOST_ROWS),
        patches=strip.patches(groups),
        anchors={view.cell.nodeid: view.anchor for view in cells},
        defects=views.defects(cells),
    )


def _calibration_picture(calibrated: panel.Calibration | None) -> str:
    return pictures.bars(calibrated.bins, "Exact p-values, one a cell") if calibrated else ""


def _index(evidence: Report, shown: Mapping[str, Sequence[views.CellView]]) -> str:
    names = page_names(evidence)
    groups = matrix.across(shown)
    entries = []
    for backend, bare in shown.items():
        overview = verdict.overview(evidence, [view.cell for view in bare])
        entries.append((backend or "all backends", names[backend], overview))
    return _template("index.html").render(
        title="all backends",
        run=evidence.run,
        problems=list(summary.warnings(evidence.problems)),
        overview=verdict.overview(evidence),
        entries=entries,
        groups=groups,
        paper=paper.printed(groups, paper.MOST_WIDE_ROWS),
        pages=names,
    )


def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        auto_reload=False,
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        big=words.big,
        count=words.count,
        number=words.number,
        decision=words.decision,
        decided=words.decided,
        said=words.said,
        p_words=words.p_words,
        effect=words.effect,
        detectable=words.detectable,
        plural=words.plural,
        tile=tiles.tile,
        linked=linked,
        command=command,
        breakable=breakable,
        slug=views.slug,
        drawn=Markup,
    )
    environment.globals.update(
        glyphs=views.GLYPHS, line=LINE, mark=Markup(MARK), note=Markup(NOTE), packed=Markup(PACKED)
    )
    return environment


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", errors="backslashreplace")
