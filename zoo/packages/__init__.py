"""The architectures of each package: a table, and the function that builds its rows."""
