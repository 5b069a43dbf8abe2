"""Staying near the plate: starting late on the way from noise to picture, from the plate with that
much noise.

After SDEdit (Meng et al. 2022), in the flow form x = (1 - sigma) * plate + sigma * noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FINEST = 8
"""Steps a way is laid out in, at least, where only a share of it is gone."""


def way(steps: int, strength: float) -> int:
    """How many steps the whole way from noise is laid out in."""
    return steps if strength >= 1 else max(steps, FINEST)


def steps_left(steps: int, strength: float) -> int:
    """How many of the steps are taken at that strength; one at least."""
    return min(steps, max(1, round(steps * strength)))


@contextmanager
def shortened(scheduler: Any, steps: int) -> Iterator[None]:
    """While this lasts, the scheduler lays out its whole way, and then keeps its last `steps`
    steps.
    """
    whole = scheduler.set_timesteps

    def cut(*told: Any, **more: Any) -> None:
        whole(*told, **more)
        scheduler.timesteps = scheduler.timesteps[-steps:]
        scheduler.sigmas = scheduler.sigmas[-steps - 1 :]
        scheduler.num_inference_steps = steps

    scheduler.set_timesteps = cut
    try:
        yield
    finally:
        del scheduler.set_timesteps


def starting_sigma(scheduler: Any, steps: int, kept: int) -> float:
    """The share of noise at which the last `kept` of so many steps begin."""
    scheduler.set_timesteps(steps)
    return float(scheduler.sigmas[-kept - 1])


def encoded(pipe: Any, pictures: Any) -> Any:
    """Pictures (1,3,T,H,W) in -1..1 as latents in the model's scale, float32."""
    import torch

    vae = pipe.vae
    with torch.no_grad():
        latents = vae.encode(pictures.to(vae.device, vae.dtype)).latent_dist.mode().float()
    mean, spread = (
        torch.tensor(values, device=latents.device, dtype=torch.float32).view(1, -1, 1, 1, 1)
        for values in (vae.config.latents_mean, vae.config.latents_std)
    )
    return (latents - mean) * (1.0 / spread)
