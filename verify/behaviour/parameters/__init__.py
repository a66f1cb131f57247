"""How modules hold, list, train, store and restore their parameters: questions about it."""
