"""From a cell to its outcome: draw samples, reduce them, pool them, decide."""
