"""Held: cells of a model's latents that are put back to a known picture after each step, each until
a step of its own.

Kept pixels are held to the end, with the noise that belongs to the step (RePaint, Lugmayr et al.
2022; Blended Latent Diffusion, Avrahami et al. 2023); what moves along a track is held a share of
the way, what is around it a shorter one (dual-clock denoising: Time-to-Move, Singer et al. 2025).
A solver steps each cell by itself, so that what is put back touches the others only through what
the model sees.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from secondunit.models.standins.clock import forget_last_step, levels, shortened


class Held:
    """Holds what a clip shows while a model shoots.

    clean   the clip in the model's latents
    until   until what share of the steps each number of them is held: as `Shown` says
    late    how many steps are taken of the way, which then begins from the clip; None for a way
            that begins from noise
    portions    in how many portions the model makes the clip, one after the other, each from
            noise of its own: latents (1,C,t,h,w) where there are several
    given   which numbers of a clip made at once the model itself is given without noise, and keeps
            so all the way: they are put back at its end alone; None where it is given none
    """

    def __init__(
        self,
        scheduler: Any,
        clean: Any,
        until: Any,
        late: int | None = None,
        portions: int = 1,
        given: Any | None = None,
    ) -> None:
        self._scheduler, self._late, self._given = scheduler, late, given
        self._portions = [(clean, until)]
        if portions > 1:
            self._portions = list(
                zip(clean.chunk(portions, dim=2), until.chunk(portions, dim=2), strict=True)
            )
        self._left = iter(self._portions)
        self._clean, self._until = self._portions[0]
        self._noise: Any = None
        self._first: Any = None

    def at_work(self) -> AbstractContextManager[None]:
        """Entered around a pipeline's loop: the way is cut where it begins late."""
        self._noise = self._first = None
        self._left = iter(self._portions)
        if self._late is None:
            return nullcontext()
        return shortened(self._scheduler, self._late, self._begin)

    def start(self, noise: Any) -> Any | None:
        """What a take, or its next portion, begins with instead of that noise, or None where it
        begins with noise.

        Some pipelines draw noise before they lay out their steps: what they begin with gets its
        values once they have.
        """
        self._clean, self._until = next(self._left, (self._clean, self._until))
        self._noise = noise.clone()
        if self._late is None:
            return None
        self._first = noise.clone()
        self._begin()
        return self._first

    def _begin(self) -> None:
        if self._first is not None:
            level = levels(self._scheduler)[0]
            mixed = level.mixed(self._clean, self._noise)
            if self._given is not None:
                mixed = self._noise.where(self._given, mixed)
            self._first.copy_(mixed)

    def after(self, step: int, latents: Any) -> Any:
        """The latents that step number `step` left, with what is held put back."""
        import torch

        steps = len(self._scheduler.timesteps)
        held = self._until * steps > step
        if self._given is not None and step + 1 < steps:
            held = held & ~self._given
        if not bool(held.any()):
            return latents
        if bool((held & torch.isfinite(self._until)).any()):
            forget_last_step(self._scheduler)
        known = levels(self._scheduler)[step + 1].mixed(self._clean, self._noise)
        return torch.where(held, known.to(latents.dtype), latents)
