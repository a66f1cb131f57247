"""Recipes of models: one row binds a model and its initialization to the law of each parameter."""
