"""What checking costs, as ratios that mean the same on every machine.

``python -m benchmarks`` measures in one process with one torch thread: the CPU time of drawing a
pool's values by the initializer alone, of checking them, and of what PyTorch's own test does with
as many values (``scipy.stats.kstest`` on a Python list). The three alternate, so that a busy
machine slows them alike, and the smallest time of all rounds counts. The memory is the peak of a
fresh process that verifies one cell under the standard profile. Each result stands beside its
goal; no test asserts a time.
"""
