"""What a run looks at: its profile, its cells, and the cases that are drawn."""
