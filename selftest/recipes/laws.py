"""The laws of `Model`."""

from verify.recipes import Constant, Normal, Rows, Same

LAWS = {
    "embed.weight": Rows(Normal(0.0, 0.02), 0),  # Row 0 is padding, hence zero.
    "head.weight": Same("embed.weight"),
    "layers.*.weight": Normal(0.0, 0.02),
    "norm.weight": Constant(1.0),
    "*.bias": Constant(0.0),
}
