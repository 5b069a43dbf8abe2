"""Someone waits for a call: asked before every block whether to go on, told of every step.

Only an exception stops a pipeline at once; its own flag still decodes the whole clip. A block of a
large model takes seconds, and so does one of its decoder, so both ask first.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from secondunit.callsheet import Watch
from secondunit.models.rig.quick import compiled

AfterStep = Callable[[int, Any], Any]
"""What is done after a step: told its number, from 0, and the latents; gives those to go on
with.
"""

_ENDS = ("encoder", "decoder")


@contextmanager
def asking(blocks: list[Any], watch: Watch) -> Iterator[None]:
    """While this lasts, `watch.check()` is called before each of these blocks."""

    def ask(*told: object) -> None:
        watch.check()

    hooks = [block.register_forward_pre_hook(ask) for block in blocks]
    try:
        watch.check()
        yield
    finally:
        for hook in hooks:
            hook.remove()


def blocks_of(parts: Iterable[Any]) -> list[Any]:
    """What takes a while in these parts of a pipeline: the blocks of networks and readers, the
    halves of a VAE and all that is a list in them; a network whose blocks are compiled as a whole.
    """
    found: list[Any] = []
    for part in parts:
        if compiled(part):
            found.append(part)
            continue
        ends = [coder for end in _ENDS if (coder := getattr(part, end, None)) is not None]
        if hasattr(part, "encode") and ends:
            found += [*ends, *(block for coder in ends for block in _listed(coder, deep=True))]
        else:
            found += _listed(part, deep=False)
    return list({id(block): block for block in found}.values())


def _listed(part: Any, deep: bool) -> Iterator[Any]:
    """The members of the lists in a part; also those within members where `deep`."""
    import torch

    for child in part.children():
        if isinstance(child, torch.nn.ModuleList):
            yield from child
            if deep:
                for member in child:
                    yield from _listed(member, deep)
        else:
            yield from _listed(child, deep)


class Believed:
    """What the model believes the finished clip to be, as the scheduler has it after a step.

    A multistep solver that predicts the clean clip keeps its last estimate. Of others it is read
    off the line a step is: with x = a * clean + s * noise at both of its ends, both equations give
    clean = (s1 * x2 - s2 * x1) / (s1 * a2 - s2 * a1); the first step has no line yet.
    """

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._before: Any = None

    def after(self, step: int, latents: Any) -> Any | None:
        """The estimate after step number `step` (from 0) left `latents`, or None while there is
        none.
        """
        before, self._before = self._before, latents
        if getattr(self._scheduler, "predict_x0", False):
            return self._scheduler.model_outputs[-1]
        if before is None or step == 0:
            return None
        (a1, s1), (a2, s2) = self._shares(step), self._shares(step + 1)
        return (s1 * latents - s2 * before) / (s1 * a2 - s2 * a1)

    def goes_on_from(self, latents: Any) -> None:
        """The next step begins with these, and not with what the last one left."""
        self._before = latents

    def _shares(self, at: int) -> tuple[float, float]:
        """How much of the clean clip and of the noise there is before step number `at`."""
        scheduler = self._scheduler
        if hasattr(scheduler, "sigmas"):
            sigma = float(scheduler.sigmas[at])
            return 1 - sigma, sigma
        if at < len(scheduler.timesteps):
            clean = float(scheduler.alphas_cumprod[int(scheduler.timesteps[at])])
        else:
            clean = float(scheduler.final_alpha_cumprod)
        return clean**0.5, (1 - clean) ** 0.5


def telling(
    watch: Watch,
    take: int,
    total: int,
    believed: Believed,
    show: Callable[[Any], Callable[[], Any]],
    change: AfterStep,
) -> AfterStep:
    """What is done after each of a take's `total` steps: the watch hears of it, and may stop it.
    `show` makes an estimate into a preview on demand, `change` may give other latents.
    """
    done = itertools.count(1)

    def told(step: int, latents: Any) -> Any:
        estimate = believed.after(step, latents)
        watch.step(take, next(done), total, None if estimate is None else show(estimate))
        watch.check()
        changed = change(step, latents)
        if changed is not latents:
            believed.goes_on_from(changed)
        return changed

    return told


def as_callback(told: AfterStep) -> Callable[..., dict[str, Any]]:
    """The same for a pipeline that calls back after each step."""

    def called(_pipe: Any, step: int, _time: Any, kept: dict[str, Any]) -> dict[str, Any]:
        return kept | {"latents": told(step, kept["latents"])}

    return called


@contextmanager
def stepping(scheduler: Any, told: AfterStep) -> Iterator[None]:
    """The same for a pipeline that does not: while this lasts, its scheduler's steps are heard."""
    step = scheduler.step
    done = itertools.count()

    @functools.wraps(step)  # pipelines look at its signature
    def stepped(*given: Any, **more: Any) -> Any:
        answer = step(*given, **more)
        latents = told(next(done) % len(scheduler.timesteps), answer[0])
        if isinstance(answer, tuple):
            return (latents, *answer[1:])
        answer["prev_sample"] = latents
        return answer

    scheduler.step = stepped
    try:
        yield
    finally:
        del scheduler.step


@contextmanager
def beginning(pipe: Any, begin: Callable[[Any], Any]) -> Iterator[None]:
    """While this lasts, the latents a pipeline would begin with are given to `begin`, and it begins
    with what that gives.
    """
    prepare = pipe.prepare_latents

    @functools.wraps(prepare)
    def prepared(*given: Any, **more: Any) -> Any:
        answer = prepare(*given, **more)
        if isinstance(answer, tuple):  # latents, and what goes with them
            return (begin(answer[0]), *answer[1:])
        return begin(answer)

    pipe.prepare_latents = prepared
    try:
        yield
    finally:
        del pipe.prepare_latents
