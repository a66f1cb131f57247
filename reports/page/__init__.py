"""The pages of a run: self-contained HTML from evidence."""
