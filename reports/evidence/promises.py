"""What can be promised: the titles of promises, in the order in which readers see them."""

from __future__ import annotations

# Where these are broken, wrong numbers reach users.
VALUES = {
    "law": "Laws of the initializers",
    "operation": "Random operations",
    "transposed": "Transposed tensors",
    "channels last": "Channels last",
    "strided": "Strided tensors",
    "offset": "Tensors inside a buffer",
    "default": "Defaults of the modules",
    "reset": "Resets",
    "materialisation": "From the meta device",
    "recipe": "Recipes",
    "symmetry": "Symmetry of hidden units",
    "tied gradient": "Tied gradients",
    "tie": "Ties",
    "independence": "Products of independent draws",
    "propagation": "Signal propagation",
    "depth": "A hundred layers",
    "gain": "Gains",
    "fan": "Fans",
    "convolution": "Identity convolutions",
}
# And where these are, something else happens than is documented.
CONDUCT = {
    "neighbouring seeds": "Neighbouring seeds",
    "streams": "Streams and seeds",
    "generators": "Generators",
    "contract of the call": "The call",
    "call under transforms": "The call under transforms",
    "errors": "What must raise",
    "bounded time": "Bounded time",
    "empty": "Empty tensors",
    "batch norm": "Batch norm",
    "completeness": "Completeness",
    "construction": "Construction",
    "lazy": "Lazy modules",
    "parametrization": "Parametrizations",
    "embedding": "Embeddings",
    "parameters": "Parameters",
    "deprecation": "Deprecated aliases",
    "known defect": "Known defects of PyTorch",
    "entry": "Entries of known defects",
}
TITLES = VALUES | CONDUCT
_RANKS = {promise: rank for rank, promise in enumerate(TITLES)}


def title(promise: str) -> str:
    """Return the heading of a promise."""
    return TITLES.get(_plain(promise), _plain(promise).capitalize())


def rank(promise: str) -> int:
    """Return the place of a promise among all; those of tomorrow come last."""
    return _RANKS.get(_plain(promise), len(_RANKS))


def is_of_values(promise: str) -> bool:
    """Whether wrong numbers reach users where the promise is broken."""
    return _plain(promise) in VALUES


def _plain(promise: str) -> str:
    return promise.replace("_", " ")
