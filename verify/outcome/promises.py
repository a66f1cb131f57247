"""What can be promised, and which test asks it: the one table of promises.

It needs no PyTorch, so that whoever reads evidence knows what an item was about that never
handed any over: its worker died, or it was planned and lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# Where these are broken, wrong numbers reach users.
VALUES = {
    "law": "Laws of the initializers",
    "operation": "Random operations",
    "transposed": "Transposed tensors",
    "channels last": "Channels last",
    "strided": "Strided tensors",
    "offset": "Tensors inside a buffer",
    "compiled": "Compiled fills",
    "compiled, dynamic": "Compiled fills of any size",
    "compiled, fallback": "Compiled fills, random numbers of eager calls",
    "compiled, aot_eager": "Captured fills without a compiler",
    "compiled default": "Compiled construction",
    "compiled default, aot_eager": "Captured construction without a compiler",
    "compiled reset": "Compiled resets",
    "default": "Defaults of the modules",
    "reset": "Resets",
    "materialisation": "From the meta device",
    "sharded": "Sharded tensors",
    "sharded training": "Sharded training",
    "recipe": "Recipes",
    "recipe from meta": "Recipes from the meta device",
    "recipe from checkpoint": "Recipes from a checkpoint",
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
BEHAVIOUR = {
    "neighbouring seeds": "Neighbouring seeds",
    "streams": "Streams and seeds",
    "shards": "Shards and replicas",
    "resharding": "Checkpoints and new shards",
    "generators": "Generators",
    "compiled call": "Compiled calls",
    "compiled constructor": "Compiled constructors",
    "compiled generators": "Generators of compiled calls",
    "contract of the call": "The call",
    "call under transforms": "The call under transforms",
    "errors": "What must raise",
    "bounded time": "Bounded time",
    "empty": "Empty tensors",
    "batch norm": "Batch norm",
    "completeness": "Completeness",
    "construction": "Construction",
    "conversions": "Conversions",
    "copies": "Copies and pickles",
    "lazy": "Lazy modules",
    "loading": "States and files",
    "parametrization": "Parametrizations",
    "recomputation": "Recomputation",
    "embedding": "Embeddings",
    "parameters": "Parameters",
    "deprecation": "Deprecated aliases",
    "known defect": "Known defects of PyTorch",
    "entry": "Entries of known defects",
}
# What stands in the place of a promise where a file of tests cannot even be collected.
COLLECTION = "collection"
TITLES = {**VALUES, **BEHAVIOUR, COLLECTION: "Files that cannot be collected"}

EAGER = "eager"
FILLS: Mapping[str, tuple[str, ...]] = {
    EAGER: (),
    "compiled": (
        "compiled",
        "compiled, dynamic",
        "compiled, fallback",
        "compiled, aot_eager",
        "compiled call",
        "compiled constructor",
        "compiled default",
        "compiled default, aot_eager",
        "compiled generators",
        "compiled reset",
    ),
    "sharded": ("sharded", "sharded training", "shards", "resharding"),
    "materialised": (
        "materialisation",
        "recipe from meta",
        "recipe from checkpoint",
        "loading",
        "copies",
    ),
}
"""By fill method, how values reach a tensor: its promises; those not listed are eager."""

_FILLS = {promise: fill for fill, own in FILLS.items() for promise in own}


def fill(promise: str) -> str:
    """The fill method that a promise is about."""
    return _FILLS.get(promise, EAGER)


@dataclass(frozen=True)
class Identity:
    """What an item is about, as its cell line says it."""

    promise: str
    subject: str
    backend: str
    dtype: str
    witness: str = ""


@dataclass(frozen=True)
class Asked:
    """What the items of one test function ask; `{name}` stands for a part of the item's id.

    Attributes
    ----------
    promise, subject, backend, dtype, witness
        What their cell lines say.
    ids
        The form of the id, in square brackets at the end of the node id.

    """

    promise: str
    ids: str = r"(?P<backend>[^-]+)-(?P<dtype>[^-]+)-(?P<subject>.+)"
    subject: str = "{subject}"
    backend: str = "{backend}"
    dtype: str = "{dtype}"
    witness: str = ""

    def identity(self, id: str) -> Identity | None:
        """What the item of an id is about; None for an id of another form."""
        found = re.fullmatch(self.ids, id, re.DOTALL)
        if found is None:
            return None
        fields = (self.promise, self.subject, self.backend, self.dtype, self.witness)
        return Identity(*(text.format_map(found.groupdict()) for text in fields))


_LAYOUT = r"(?P<backend>[^-]+)-(?P<dtype>[^-]+)-(?P<subject>.+)-(?P<layout>[^-]+)"
_COMPILED = r"(?P<backend>[^-]+)-(?P<dtype>[^-]+)-(?P<subject>.+)-(?P<way>[^-]+)"
_FACTORY = r"(?P<backend>[^-]+)-[^-]+-[^-]+-(?P<subject>.+)"
_WITNESS = r"(?P<backend>[^-]+)-(?P<dtype>[^-]+)-(?P<subject>[^-]+)-(?P<defect>.+)"

ASKED: Mapping[str, Asked] = {
    "test_aliases.py::test_future_warning": Asked("deprecation"),
    "test_batch_norm.py::test_batch_norm": Asked("batch norm"),
    "test_bounded_time.py::test_bounded_time": Asked("bounded time"),
    "test_completeness.py::test_completeness": Asked("completeness"),
    "test_compiled.py::test_compiled": Asked("{way}", _COMPILED),
    "test_compiled.py::test_other_ways": Asked("{way}", _COMPILED),
    "test_compiled.py::test_captured_default": Asked("compiled default, aot_eager"),
    "test_compiled.py::test_compiled_call": Asked("compiled call"),
    "test_compiled.py::test_compiled_constructor": Asked("compiled constructor"),
    "test_compiled.py::test_compiled_default": Asked("compiled default"),
    "test_compiled.py::test_compiled_generators": Asked("compiled generators"),
    "test_compiled.py::test_compiled_reset": Asked("compiled reset"),
    "test_construction.py::test_construction": Asked("construction"),
    "test_contracts.py::test_contract": Asked("contract of the call"),
    "test_conversions.py::test_conversions": Asked("conversions"),
    "test_convolutions.py::test_identity_convolution": Asked("convolution"),
    "test_copies.py::test_copies": Asked("copies"),
    "test_defaults.py::test_default": Asked("default"),
    "test_embeddings.py::test_embedding": Asked("embedding"),
    "test_empty.py::test_empty": Asked("empty", _FACTORY, dtype="any"),
    "test_errors.py::test_errors": Asked("errors"),
    "test_fans.py::test_fans": Asked("fan"),
    "test_gains.py::test_gain": Asked("gain"),
    "test_generators.py::test_generators": Asked("generators"),
    "test_independence.py::test_independence": Asked("independence"),
    "test_known_defects.py::test_entry": Asked(
        "entry", "(?P<subject>.+)", backend="host", dtype="any"
    ),
    "test_known_defects.py::test_known_defect": Asked("known defect", _WITNESS, witness="{defect}"),
    "test_laws.py::test_law": Asked("law"),
    "test_layouts.py::test_layout": Asked("{layout}", _LAYOUT),
    "test_lazy.py::test_lazy": Asked("lazy"),
    "test_loading.py::test_loading": Asked("loading"),
    "test_operations.py::test_operation": Asked("operation"),
    "test_parameters.py::test_parameters": Asked("parameters"),
    "test_parametrizations.py::test_parametrization": Asked("parametrization"),
    "test_propagation.py::test_depth": Asked("depth"),
    "test_propagation.py::test_moments": Asked("propagation"),
    "test_propagation.py::test_propagation": Asked("propagation"),
    "test_recipes.py::test_from_checkpoint": Asked("recipe from checkpoint"),
    "test_recipes.py::test_from_meta": Asked("recipe from meta"),
    "test_recipes.py::test_recipe": Asked("recipe"),
    "test_recomputation.py::test_recomputation": Asked("recomputation"),
    "test_resets.py::test_materialisation": Asked("materialisation"),
    "test_resets.py::test_reset": Asked("reset"),
    "test_sharded.py::test_resharding": Asked("resharding"),
    "test_sharded.py::test_sharded": Asked("sharded"),
    "test_sharded.py::test_shards": Asked("shards"),
    "test_sharded.py::test_training": Asked("sharded training"),
    "test_streams.py::test_neighbouring_seeds": Asked("neighbouring seeds"),
    "test_streams.py::test_streams": Asked("streams"),
    "test_symmetry.py::test_symmetry": Asked("symmetry"),
    "test_tied_gradients.py::test_tied_gradient": Asked("tied gradient"),
    "test_tied_gradients.py::test_worked_example": Asked("tied gradient", subject="worked example"),
    "test_ties.py::test_tie": Asked("tie"),
    "test_transforms.py::test_transforms": Asked("call under transforms"),
}
"""By file and function: the promise, and how the id of an item says the rest."""


def asked_by(nodeid: str) -> Asked | None:
    """What the test function of a node id asks; None for one that is not in the table."""
    place = nodeid.partition("[")[0]
    return ASKED.get("::".join(part.rpartition("/")[2] for part in place.split("::")))


def identity(nodeid: str) -> Identity | None:
    """What the item of a node id is about; None for items of no test in the table."""
    asked, id = asked_by(nodeid), nodeid.partition("[")[2]
    return asked.identity(_unescaped(id[:-1])) if asked and id.endswith("]") else None


def missing_row(nodeid: str) -> str:
    """Which row of these tables a test function that hands over an outcome lacks, in a sentence."""
    asked, place = asked_by(nodeid), "verify/outcome/promises.py"
    if asked is None:
        return f"{nodeid} asks no promise: give it a row in ASKED of {place}."
    if asked.promise not in TITLES and "{" not in asked.promise:
        return (
            f"{nodeid} asks the promise {asked.promise!r}, which has no title: give it a row in "
            f"VALUES or BEHAVIOUR of {place}."
        )
    return ""


def _unescaped(id: str) -> str:
    """The id as it was given to pytest, which escapes whatever is not ASCII."""
    try:
        return id.encode("ascii").decode("unicode_escape")
    except ValueError:
        return id
