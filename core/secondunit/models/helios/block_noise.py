"""Noise that undoes the blocks a picture shows when it is made twice as large."""

from __future__ import annotations

from typing import Any

_LIFT = 1e-8  # what the pipeline adds to the covariance


def block_noise(
    gamma: float,
    batch: int,
    channels: int,
    frames: int,
    height: int,
    width: int,
    patch: tuple[int, int, int],
    device: Any,
    generator: Any,
) -> Any:
    """(batch,channels,frames,height,width): as the pipeline draws it, 1 on a block's own pixel and
    -gamma between two of a block.

    With the gamma that is published these add up to 0, and the lift the pipeline adds is lost in
    its single floats: on some processors their covariance is then no covariance. Here its factor is
    found in doubles.
    """
    import torch

    _, high, wide = patch
    cells = high * wide
    lift = _LIFT + max(0.0, (cells - 1) * gamma - 1)
    covariance = torch.eye(cells, dtype=torch.float64) * (1 + gamma + lift) - gamma
    factor = torch.linalg.cholesky(covariance).float().to(device)
    blocks = batch * channels * frames * (height // high) * (width // wide)
    drawn = torch.randn(blocks, cells, generator=generator, device=generator.device).to(device)
    noise = (drawn @ factor.T).view(
        batch, channels, frames, height // high, width // wide, high, wide
    )
    return noise.permute(0, 1, 2, 3, 5, 4, 6).reshape(batch, channels, frames, height, width)
