"""Every architecture of the zoo, by package."""

from __future__ import annotations

from zoo.architecture import Architecture
from zoo.packages import diffusers, timm, torchvision, transformers

ARCHITECTURES: tuple[Architecture, ...] = (
    *transformers.ARCHITECTURES,
    *timm.ARCHITECTURES,
    *torchvision.ARCHITECTURES,
    *diffusers.ARCHITECTURES,
)

PACKAGES = tuple(dict.fromkeys(each.package for each in ARCHITECTURES))
