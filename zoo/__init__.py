"""Architectures of the field, built small, and what is wrong with how they start."""
