"""Real processes that hold a tensor together, and what each of them does when asked."""
