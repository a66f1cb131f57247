"""A run in words: terminal, Markdown, workflow commands and a badge."""
