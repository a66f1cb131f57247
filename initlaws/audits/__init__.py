"""The questions of an audit, a module for each kind."""
