"""Faults of modules and calls, each of which one question of a promise must name."""
