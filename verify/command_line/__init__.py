"""The command line's values, checked."""
