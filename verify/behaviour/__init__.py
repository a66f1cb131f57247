"""Promises about behaviour: questions that are answered exactly."""
