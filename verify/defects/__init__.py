"""Known defects of PyTorch: what an entry is, and the file that lists them."""
