"""Realistic faults of initializers and modules, to prove that the suite would see them."""
