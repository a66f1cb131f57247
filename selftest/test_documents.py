"""What a stranger reads: current, short, and without dead links."""

import importlib.util
import re
from pathlib import Path

import pytest

from verify.torch_api import version

ROOT = Path(__file__).resolve().parents[1]
LONGEST = {"README.md": 180, "CONTRIBUTING.md": 100, "docs/architecture.md": 70}
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(#[^)]*)?\)")


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(version() != (2, 13), reason="the pages speak of PyTorch 2.13")
@pytest.mark.parametrize("name", sorted(generator().PAGES))
def test_generated_pages_are_current(name):
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == generator().PAGES[name](), "run `tox run -e documents`"


@pytest.mark.parametrize("name", LONGEST)
def test_first_pages_are_short(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST[name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    missing = [target for target, _ in LINK.findall(text) if not (page.parent / target).exists()]
    assert not missing


def test_every_page_is_reachable_from_the_first():
    seen, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop().resolve()
        if page not in seen and page.suffix == ".md":
            seen.add(page)
            text = page.read_text(encoding="utf-8")
            ahead += [page.parent / target for target, _ in LINK.findall(text)]
    assert {page.resolve() for page in PAGES} <= seen
