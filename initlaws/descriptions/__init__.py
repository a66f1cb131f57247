"""How a law is found: a module for each step."""
