"""Implementations that are correct but different, to prove that the suite bears them."""
