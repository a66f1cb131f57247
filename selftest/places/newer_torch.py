"""What a newer PyTorch brings in `selftest/test_places_to_edit.py`: initializers and a module.

It is loaded before the suite, by ``-p newer_torch``.
"""

import torch
from torch import nn

BROKEN = ""


@torch.no_grad()
def half_uniform_(tensor, generator=None):
    """Fill with U[0, ½)."""
    tensor.uniform_(0.0, 0.5, generator=generator)
    if BROKEN == "a check":
        tensor.view(-1)[:1] = -0.0
    return tensor


def touchy_(tensor, generator=None):
    """Fill with the same, with a defect: where there is nothing to fill, that is an error."""
    if not tensor.numel() and BROKEN != "a known defect":
        raise RuntimeError("there is nothing to fill")
    return half_uniform_(tensor, generator)


@torch.no_grad()
def logistic_(tensor, generator=None):
    """Fill with the standard logistic law, by the inverse of its distribution function."""
    uniforms = torch.empty_like(tensor, dtype=torch.float64).uniform_(generator=generator)
    return tensor.copy_(torch.logit(uniforms, eps=2.0**-60))


class Tilt(nn.Module):
    """A weight for each feature."""

    def __init__(self, features, device=None, dtype=None):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(features, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self):
        """Draw anew from U(−1, 1)."""
        nn.init.uniform_(self.weight, -1.0, 1.0 if BROKEN != "a module" else 1.01)


nn.init.half_uniform_, nn.init.touchy_, nn.init.logistic_ = half_uniform_, touchy_, logistic_
nn.Tilt = Tilt
if BROKEN in ("a question about behaviour", "a promise"):
    _rand = torch.rand
    torch.rand = lambda *args, **kwargs: _rand(*args, **kwargs) + 1
