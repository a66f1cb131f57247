"""Calls that break a rule, and how a subject must meet them."""
