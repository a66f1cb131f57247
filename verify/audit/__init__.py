"""Whether anything is forgotten: of PyTorch's namespaces, and of the known defects."""
