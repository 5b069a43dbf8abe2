"""What a scheduler's steps mean to a picture: how much of it there is before each, and how much
noise; and a way that is begun late.

Beginning late from a plate with that much noise is SDEdit (Meng et al. 2022): it keeps the shot
near the plate.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

FINEST = 8
"""Steps a way is laid out in, at least, where only a share of it is gone."""


class Level(NamedTuple):
    """How much of a clean picture, and how much of noise, are in what a step begins with."""

    picture: float
    noise: float

    def mixed(self, clean: Any, noise: Any) -> Any:
        """A clean picture with as much noise as belongs here."""
        return self.picture * clean + self.noise * noise


DONE = Level(1.0, 0.0)


def levels(scheduler: Any) -> list[Level]:
    """The level before each step that is laid out, and the end, where no noise is left.

    Flows say sigmas, which are shares of noise; solvers with other sigmas say how they read them;
    what has no sigmas says what is left of the picture at each of its times.
    """
    read = getattr(scheduler, "_sigma_to_alpha_sigma_t", None)
    if read is not None:
        pairs = [read(sigma) for sigma in scheduler.sigmas[:-1]]
        return [*(Level(float(picture), float(noise)) for picture, noise in pairs), DONE]
    if hasattr(scheduler, "sigmas"):
        return [*(Level(1 - float(each), float(each)) for each in scheduler.sigmas[:-1]), DONE]
    shares = [float(scheduler.alphas_cumprod[int(time)]) for time in scheduler.timesteps]
    return [*(Level(math.sqrt(each), math.sqrt(1 - each)) for each in shares), DONE]


def levels_of(scheduler: Any, steps: int) -> list[Level]:
    """The levels of so many steps, laid out for it."""
    scheduler.set_timesteps(steps)
    return levels(scheduler)


def way(steps: int, strength: float) -> int:
    """How many steps the whole way from noise is laid out in."""
    return steps if strength >= 1 else max(steps, FINEST)


def steps_left(steps: int, strength: float) -> int:
    """How many of the steps are taken at that strength; one at least."""
    return min(steps, max(1, round(steps * strength)))


@contextmanager
def shortened(
    scheduler: Any, steps: int, heard: Callable[[], None] | None = None
) -> Iterator[None]:
    """While this lasts, the scheduler lays out its whole way, and then keeps its last `steps`
    steps; `heard` is called whenever it has.
    """
    whole = scheduler.set_timesteps

    @functools.wraps(whole)  # pipelines look at its signature
    def cut(*told: Any, **more: Any) -> None:
        whole(*told, **more)
        scheduler.timesteps = scheduler.timesteps[-steps:]
        if hasattr(scheduler, "sigmas"):
            scheduler.sigmas = scheduler.sigmas[-steps - 1 :]
            scheduler.num_inference_steps = steps  # what has no sigmas measures its strides by it
        if heard is not None:
            heard()

    scheduler.set_timesteps = cut
    try:
        yield
    finally:
        del scheduler.set_timesteps


@contextmanager
def strode(scheduler: Any, steps: int) -> Iterator[None]:
    """While this lasts, the scheduler lays out its whole way, and then goes it in so many strides:
    what is made in step with another, of whose way a share is gone, and comes from noise itself.
    """
    whole = scheduler.set_timesteps

    @functools.wraps(whole)  # pipelines look at its signature
    def laid(*told: Any, **more: Any) -> None:
        whole(*told, **more)
        last = len(scheduler.timesteps)
        places = [at * last // steps for at in range(steps)]
        scheduler.timesteps = scheduler.timesteps[places]
        scheduler.sigmas = scheduler.sigmas[[*places, last]]
        scheduler.num_inference_steps = steps
        scheduler.set_begin_index(0)  # it is told the other's times

    scheduler.set_timesteps = laid
    try:
        yield
    finally:
        del scheduler.set_timesteps


def forget_last_step(scheduler: Any) -> None:
    """A solver that mends its last step by the next one would go on from what it left, and not
    from what was put in its place: let it mend nothing this time.
    """
    if getattr(scheduler, "last_sample", None) is not None:
        scheduler.last_sample = None
