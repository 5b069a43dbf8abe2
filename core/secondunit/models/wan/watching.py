"""Someone waits for a call: asked before every block whether to go on, told of every step.

Only an exception stops a pipeline at once; its own flag still decodes the whole clip. A block of a
large model takes seconds, and so does one of its decoder, so both ask first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from secondunit.callsheet import Watch

_TRANSFORMERS = ("transformer", "transformer_2")
_ENDS = ("encoder", "decoder")


@contextmanager
def asking(blocks: list[Any], watch: Watch) -> Iterator[None]:
    """While this lasts, `watch.check()` is called before each block of the model, its text reader
    and its VAE.
    """

    def ask(*told: object) -> None:
        watch.check()

    hooks = [block.register_forward_pre_hook(ask) for block in blocks]
    try:
        watch.check()
        yield
    finally:
        for hook in hooks:
            hook.remove()


def blocks_of(pipe: Any) -> list[Any]:
    """The parts of a pipeline that each take a while: its blocks, its text reader, its VAE, as far
    as they are at hand.
    """
    import torch

    found: list[Any] = []
    for name in _TRANSFORMERS:
        transformer = getattr(pipe, name, None)
        if transformer is not None:
            found += [*transformer.blocks, *getattr(transformer, "vace_blocks", ())]
    for end in _ENDS if pipe.vae is not None else ():
        coder = getattr(pipe.vae, end)
        found.append(coder)
        for part in coder.modules():
            if isinstance(part, torch.nn.ModuleList):
                found += list(part)
    if pipe.text_encoder is not None:
        found += list(pipe.text_encoder.encoder.block)
    return list({id(block): block for block in found}.values())


class Believed:
    """What the model believes the finished clip to be, as the scheduler has it after a step.

    A multistep solver that predicts the clean clip keeps its last estimate. Of others it is read
    off the straight line a step is: v = (x2 - x1) / (sigma2 - sigma1), x0 = x2 - sigma2 * v; the
    first step has no line yet.
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
        if before is None:
            return None
        first, second = (float(self._scheduler.sigmas[at]) for at in (step, step + 1))
        return latents - second * (latents - before) / (second - first)


def telling(
    watch: Watch,
    take: int,
    total: int,
    believed: Believed,
    show: Callable[[Any], Callable[[], Any]],
) -> Callable[..., dict[str, Any]]:
    """A callback for the end of each of the pipeline's steps: `show` makes an estimate into a
    preview on demand.
    """

    def told(_pipe: Any, step: int, _time: Any, kept: dict[str, Any]) -> dict[str, Any]:
        estimate = believed.after(step, kept["latents"])
        watch.step(take, step + 1, total, None if estimate is None else show(estimate))
        watch.check()
        return kept

    return told
