"""Realistic faults for ``torch.nn.init`` and the modules of ``torch.nn``, to prove that the suite would see them."""
