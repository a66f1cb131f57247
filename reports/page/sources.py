"""Sources as links: what the documentation names, and the papers that laws come from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from markupsafe import Markup, escape

_DOCS = "https://docs.pytorch.org/docs/stable"
_ARXIV = "https://arxiv.org/abs"
# What is cited by name: the first words of a citation, and where it can be read.
WORKS: Mapping[str, str] = {
    "Glorot & Bengio 2010": "https://proceedings.mlr.press/v9/glorot10a.html",
    "Grave et al. 2017": f"{_ARXIV}/1609.04309",
    "He et al. 2015": f"{_ARXIV}/1502.01852",
    "Higham 2002": "https://doi.org/10.1137/1.9780898718027",
    "Ioffe & Szegedy 2015": f"{_ARXIV}/1502.03167",
    "Kingma & Ba 2015": f"{_ARXIV}/1412.6980",
    "Klambauer et al. 2017": f"{_ARXIV}/1706.02515",
    "Mezzadri 2007": f"{_ARXIV}/math-ph/0609050",
    "Miyato et al. 2018": f"{_ARXIV}/1802.05957",
    "Poole et al. 2016": f"{_ARXIV}/1606.05340",
    "Robert 1995": f"{_ARXIV}/0907.4010",
    "Salimans & Kingma 2016": f"{_ARXIV}/1602.07868",
    "Saxe et al. 2013": f"{_ARXIV}/1312.6120",
    "Zagoruyko & Komodakis 2017": f"{_ARXIV}/1706.00388",
    "Built-in Exceptions": "https://docs.python.org/3/library/exceptions.html",
    "Autograd mechanics": f"{_DOCS}/notes/autograd.html",
    "autograd mechanics": f"{_DOCS}/notes/autograd.html",
    "Reproducibility": f"{_DOCS}/notes/randomness.html",
    "Serialization semantics": f"{_DOCS}/notes/serialization.html",
    "extending PyTorch": f"{_DOCS}/notes/extending.html",
    "meta device": f"{_DOCS}/meta.html",
    "calculate_gain": f"{_DOCS}/nn.init.html#torch.nn.init.calculate_gain",
}
# Modules of PyTorch that have a page of their own; other names have one each.
PAGES: Mapping[str, str] = {
    "torch": "torch.html",
    "torch.nn.init": "nn.init.html",
    "torch.nn.utils": "nn.html",
    "torch.nn.utils.parametrizations": "nn.html",
    "torch.nn.utils.parametrize": "nn.html",
    "torch.optim": "optim.html",
    "torch.overrides": "torch.overrides.html",
    "torch.random": "random.html",
    "torch.utils.checkpoint": "checkpoint.html",
    "torch.utils.deterministic.fill_uninitialized_memory": "deterministic.html",
}
_FOUND = re.compile(
    r"(?P<url>https://[^\s<>\"']+[^\s<>\"'.,;:)\]])"
    rf"|(?P<work>{'|'.join(map(re.escape, WORKS))})"
    r"|(?<![\w.])(?P<name>(?:torch|Tensor)(?:\.[A-Za-z]\w*)*)(?![\w.]*\w)"
)


def linked(text: str) -> Markup:
    """Return text with its https addresses and all that it cites as links; nothing else is one."""
    parts, end = [], 0
    for match in _FOUND.finditer(text):
        kind = str(match.lastgroup)
        parts += [escape(text[end : match.start()])]
        link = Markup('<a href="{}" rel="noreferrer">{}</a>')
        parts += [link.format(_ADDRESSES[kind](match[0]), match[0])]
        end = match.end()
    return Markup("").join((*parts, escape(text[end:])))


def _page(name: str) -> str:
    """Return the page that documents a name of PyTorch."""
    if name.startswith("torch.nn.init."):
        return f"{_DOCS}/nn.init.html#{name}"
    full = f"torch.{name}" if name.startswith("Tensor") else name
    return f"{_DOCS}/{PAGES.get(full, f'generated/{full}.html')}"


_ADDRESSES: Mapping[str, Callable[[str], str]] = {
    "url": str,
    "work": WORKS.__getitem__,
    "name": _page,
}
