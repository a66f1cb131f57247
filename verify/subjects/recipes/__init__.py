"""Recipes of models: one row binds a model and its initialization to the law of each parameter."""

from verify.subjects.recipes.architectures import ARCHITECTURES
from verify.subjects.recipes.bert import BERT
from verify.subjects.recipes.convolutional import CONVOLUTIONAL
from verify.subjects.recipes.decoder import DECODER
from verify.subjects.recipes.dense import CONSTANT, DENSE
from verify.subjects.recipes.recipe import Recipe
from verify.subjects.recipes.recurrent import RECURRENT

RECIPES: tuple[Recipe, ...] = (
    *BERT, DECODER, *ARCHITECTURES, *RECURRENT, *DENSE, CONVOLUTIONAL,
)  # fmt: skip
"""One row for each recipe."""

__all__ = ["ARCHITECTURES", "CONSTANT", "RECIPES", "Recipe"]
