"""Many runs: parts that are joined, nights that add up, and what became of each cell."""
