"""Sources become links: addresses, works that are cited, names of the documentation."""

from __future__ import annotations

import pytest

from reports.page.sources import PAGES, WORKS, linked

DOCS = "https://docs.pytorch.org/docs/stable"


def test_only_https_and_known_works_become_links() -> None:
    text = linked("see https://a.org/x?y=1&z=2, javascript:alert(1) <b>")
    assert 'href="https://a.org/x?y=1&amp;z=2"' in text
    assert text.count("<a ") == 1 and "<b>" not in text
    assert "<a " not in linked("Knuth, TAOCP 2, sec. 3.3.2 P; torchvision; my.torch.nn")


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("torch.nn.Linear", "generated/torch.nn.Linear.html"),
        ("Tensor.new_empty", "generated/torch.Tensor.new_empty.html"),
        ("torch.nn.init", "nn.init.html"),
        ("torch.nn.init.dirac_", "nn.init.html#torch.nn.init.dirac_"),
        ("torch.random", "random.html"),
    ],
)
def test_names_lead_to_the_documentation(name: str, page: str) -> None:
    text = linked(f"PyTorch documentation, {name}; and others")
    assert f'<a href="{DOCS}/{page}" rel="noreferrer">{name}</a>;' in text


def test_a_citation_leads_to_the_work() -> None:
    text = linked("He et al. 2015, eqs. 10 and 14; Zagoruyko & Komodakis 2017")
    assert f'href="{WORKS["He et al. 2015"]}"' in text
    assert ">Zagoruyko &amp; Komodakis 2017</a>" in text


def test_every_address_is_whole() -> None:
    assert all(address.startswith("https://") for address in WORKS.values())
    assert all(page.partition("#")[0].endswith(".html") for page in PAGES.values())
