"""Two runs side by side: whether the candidate may replace the baseline."""
