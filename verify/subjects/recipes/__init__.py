"""Recipes of models: one row binds a model and its initialization to the law of each parameter."""

from verify.subjects.recipes.bert import BERT
from verify.subjects.recipes.convolutional import CONVOLUTIONAL
from verify.subjects.recipes.decoder import DECODER
from verify.subjects.recipes.dense import CONSTANT, DENSE
from verify.subjects.recipes.recipe import Recipe
from verify.subjects.recipes.recurrent import RECURRENT

RECIPES: tuple[Recipe, ...] = (*BERT, DECODER, *RECURRENT, *DENSE, CONVOLUTIONAL)
"""One row for each recipe."""

__all__ = ["CONSTANT", "RECIPES", "Recipe"]
