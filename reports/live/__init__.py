"""A run while it goes on: evidence is stored as it comes, and progress is shown."""
