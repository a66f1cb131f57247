"""Builds the distribution `initlaws`: a PEP 517 backend that needs nothing but Python."""
