"""Chance that a seed decides: every parameter of a batch of clips is drawn here, on the processor,
so that a clip is the same on every device.
"""

from __future__ import annotations

import math
from typing import Any


class Draws:
    """Draws of one batch. Shapes are given as (B, ...); results lie on `device`, float32."""

    def __init__(self, seed: int, device: str = "cpu") -> None:
        import torch

        self.device = device
        self._generator = torch.Generator("cpu").manual_seed(seed)

    def uniform(self, low: float, high: float, *shape: int) -> Any:
        """Evenly between low and high."""
        import torch

        drawn = torch.rand(shape, generator=self._generator) * (high - low) + low
        return drawn.to(self.device)

    def normal(self, spread: float, *shape: int) -> Any:
        """Around nothing, with a standard deviation of `spread`."""
        import torch

        return (torch.randn(shape, generator=self._generator) * spread).to(self.device)

    def chance(self, share: float, *shape: int) -> Any:
        """1 in so large a share of places, else 0."""
        return (self.uniform(0, 1, *shape) < share).float()

    def one_of(self, values: tuple[float, ...], *shape: int) -> Any:
        """One of the values in each place."""
        import torch

        index = torch.randint(len(values), shape, generator=self._generator)
        return torch.tensor(values)[index].to(self.device)

    def whole(self, end: int, *shape: int) -> Any:
        """Whole numbers from 0 up to `end`, exclusive."""
        import torch

        return torch.randint(end, shape, generator=self._generator).to(self.device)

    def angle(self, *shape: int) -> Any:
        """Any direction, in radians."""
        return self.uniform(0, 2 * math.pi, *shape)

    def grain(self, *shape: int) -> Any:
        """Standard normal noise of a picture's size, drawn where the picture is."""
        import torch

        seed = int(torch.randint(2**62, (1,), generator=self._generator))
        there = torch.Generator(self.device).manual_seed(seed)
        return torch.randn(shape, generator=there, device=self.device)
