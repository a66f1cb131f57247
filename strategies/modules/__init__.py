"""Strategies for the constructor arguments of modules.

Each draws a frozen dataclass whose fields carry the documented names and defaults; its
``keywords()`` are handed to the constructor. Nothing here imports PyTorch.

Sizes are those at which a wrong fan shows: inputs and outputs differ, kernels are asymmetric,
groups divide channels, and every size is 1 now and then. `max_numel` bounds the total number of
entries of all parameters and buffers of the module, so that a case is as large as a sample may be.
"""
