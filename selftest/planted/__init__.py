"""Realistic faults for ``torch.nn.init``, to prove that the suite would see them."""
