"""A model of a user's own, its laws, and what can be wrong with either."""
