"""What can be asked of a model, set on generated clips: the question, and the answer that is true.

Each kind lays clips out as our tasks do: unknown pixels are mid grey and white in the matte; frames
given edited are kept; a plate to be repainted is shown under a white matte.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from secondunit.callsheet import UNKNOWN
from secondunit.worlds import words
from secondunit.worlds.clips import Clips

GREEN = (16 / 255, 208 / 255, 32 / 255)


@dataclass(frozen=True)
class Call:
    """A question with its answer, float32 tensors of B clips.

    target      (B,3,F,H,W): the true answer
    video       (B,3,F,H,W): what is shown; UNKNOWN where nobody knows
    matte       (B,1,F,H,W): 1 is to be made
    prompts     one a clip
    references  (B,R,3,H,W): who must look like this; R is often 0
    """

    target: Any
    video: Any
    matte: Any
    prompts: tuple[str, ...]
    references: Any


def on_green(clips: Clips) -> Any:
    """The subject alone on the screen's green."""
    return clips.subject * clips.alpha + _flat(clips, GREEN) * (1 - clips.alpha)


def marked(clips: Clips, rng: Random) -> Call:
    """The subject on green, as one frame, or the first few, already show it."""
    return _propagated(clips, rng, on_green(clips), "isolate on green")


def edited(clips: Clips, rng: Random) -> Call:
    """An edit of one frame, carried through: the subject gone, recoloured, or all of it relit."""
    which = rng.choice(("gone", "recoloured", "relit"))
    if which == "gone":
        target = clips.clean
    elif which == "recoloured":
        swapped = clips.subject.roll(rng.choice((1, 2)), 1)
        target = clips.plate + (swapped - clips.subject) * clips.alpha
    else:
        gains = [rng.uniform(0.45, 1.25) for _ in range(3)]
        target = clips.plate * _flat(clips, tuple(gains))
    return _propagated(clips, rng, target.clamp(0, 1), "carry the edit")


def isolated(clips: Clips, rng: Random) -> Call:
    """The subject on green, by words alone."""
    prompts = tuple(words.isolate(told.subject, rng) for told in clips.told)
    return _call(on_green(clips), clips.plate, _all(clips), prompts)


def removed(clips: Clips, rng: Random) -> Call:
    """The shot without the subject, by words alone."""
    prompts = tuple(words.remove(told.subject, rng) for told in clips.told)
    return _call(clips.clean, clips.plate, _all(clips), prompts)


def widened(clips: Clips, rng: Random) -> Call:
    """A wider frame: borders on any sides are unknown."""
    matte = _all(clips)
    height, width = matte.shape[-2:]
    for clip in matte:
        while True:
            top, bottom = (rng.choice((0, 1)) * rng.uniform(0.06, 0.26) for _ in range(2))
            left, right = (rng.choice((0, 1)) * rng.uniform(0.06, 0.26) for _ in range(2))
            if rng.random() < 0.4:
                top = bottom = left = right = rng.uniform(0.08, 0.22)
            if top + bottom + left + right:
                break
        rows = slice(round(top * height), height - round(bottom * height))
        clip[..., rows, round(left * width) : width - round(right * width)] = 0
    return _filled(clips, clips.plate, matte, rng)


def bridged(clips: Clips, rng: Random) -> Call:
    """Frames between others: first and last known, sometimes more, sometimes one between."""
    matte = _all(clips)
    frames = matte.shape[2]
    for clip in matte:
        most = max(1, frames // 4)
        clip[:, : rng.choice((1, 1, rng.randint(1, most)))] = 0
        clip[:, frames - rng.choice((1, 1, rng.randint(1, most))) :] = 0
        if rng.random() < 0.15:
            clip[:, rng.randrange(frames)] = 0
    return _filled(clips, clips.plate, matte, rng)


def continued(clips: Clips, rng: Random) -> Call:
    """Frames after the known ones, or before them."""
    matte = _all(clips)
    frames = matte.shape[2]
    for clip in matte:
        known = rng.choice((1, rng.randint(1, max(1, frames // 2))))
        clip[:, :known] = 0
        if rng.random() < 0.3:
            clip[:] = clip.flip(1)
    return _filled(clips, clips.plate, matte, rng)


def cleaned(clips: Clips, rng: Random) -> Call:
    """The subject cut out with some room around it, and what is behind it asked for."""
    return _filled(clips, clips.clean, _room(clips.alpha, rng), rng)


def holed(clips: Clips, rng: Random) -> Call:
    """Holes where something else's shape moves, or a box stands; the plate is asked for."""
    matte = _room(clips.alpha.roll(1, 0), rng)
    height, width = matte.shape[-2:]
    for clip in matte:
        if rng.random() < 0.5 or not bool(clip.any()):
            clip[:] = 0
            high, wide = (max(2, round(side * rng.uniform(0.2, 0.5))) for side in (height, width))
            top, left = rng.randint(0, height - high), rng.randint(0, width - wide)
            clip[..., top : top + high, left : left + wide] = 1
    return _filled(clips, clips.plate, matte, rng)


def worded(clips: Clips, rng: Random) -> Call:
    """A clip from its caption alone, or from its first frame and its caption."""
    matte = _all(clips)
    if rng.random() < 0.3:
        matte[:, :, 0] = 0
    return _filled(clips, clips.plate, matte, rng, told=1.0)


def guided(clips: Clips, rng: Random) -> Call:
    """A clip along a guide: its depth or its edges, with its words; sometimes its first frame."""
    guide = clips.depth if rng.random() < 0.5 else edges(clips.plate)
    video, matte = guide.expand_as(clips.plate).clone(), _all(clips)
    if rng.random() < 0.5:
        video[:, :, 0], matte[:, :, 0] = clips.plate[:, :, 0], 0
    return _call(clips.plate, video, matte, _captions(clips, rng, 1.0))


def referred(clips: Clips, rng: Random) -> Call:
    """A clip whose subject is shown on white, from one of its frames, beside the caption."""
    frame = rng.randrange(clips.plate.shape[2])
    alpha = clips.alpha[:, :, frame]
    shown = clips.subject[:, :, frame] * alpha + (1 - alpha)
    call = _filled(clips, clips.plate, _all(clips), rng, told=1.0)
    return Call(call.target, call.video, call.matte, call.prompts, shown[:, None])


KINDS: dict[str, Callable[[Clips, Random], Call]] = {
    "marked": marked,
    "edited": edited,
    "isolated": isolated,
    "removed": removed,
    "widened": widened,
    "bridged": bridged,
    "continued": continued,
    "cleaned": cleaned,
    "holed": holed,
    "worded": worded,
    "guided": guided,
    "referred": referred,
}
NEED_WORDS = frozenset({"isolated", "removed", "worded", "guided", "referred"})
"""Kinds that say little of clips without words."""


def edges(plate: Any) -> Any:
    """(B,1,F,H,W): how steep the picture is, 0..1, as a line drawing on black."""
    import torch.nn.functional as functional

    grey = plate.mean(1, keepdim=True)
    across = functional.pad(grey[..., 1:] - grey[..., :-1], (0, 1))
    down = functional.pad(grey[..., 1:, :] - grey[..., :-1, :], (0, 0, 0, 1))
    return ((across.square() + down.square()).sqrt() * 5).clamp(0, 1)


def _propagated(clips: Clips, rng: Random, target: Any, prompt: str) -> Call:
    """The plate under a white matte, but for the frames given as they shall be."""
    frames = target.shape[2]
    video, matte = clips.plate.clone(), _all(clips)
    if rng.random() < 0.6:
        keys = [0]
    elif rng.random() < 0.6:
        keys = list(range(min(frames - 1, 4))) or [0]
    else:
        keys = sorted({rng.randrange(frames), rng.choice((0, frames - 1))})
    video[:, :, keys], matte[:, :, keys] = target[:, :, keys], 0
    return _call(target, video, matte, (prompt,) * len(target))


def _filled(clips: Clips, target: Any, matte: Any, rng: Random, told: float = 0.5) -> Call:
    video = target * (1 - matte) + UNKNOWN * matte
    return _call(target, video, matte, _captions(clips, rng, told))


def _captions(clips: Clips, rng: Random, share: float) -> tuple[str, ...]:
    return tuple(each.caption if rng.random() < share else "" for each in clips.told)


def _call(target: Any, video: Any, matte: Any, prompts: tuple[str, ...]) -> Call:
    none = target.new_zeros((len(target), 0, 3, *target.shape[-2:]))
    return Call(target, video, matte, prompts, none)


def _all(clips: Clips) -> Any:
    import torch

    return torch.ones_like(clips.alpha)


def _room(alpha: Any, rng: Random) -> Any:
    """Where the subject is, and some pixels around it."""
    import torch.nn.functional as functional

    size = rng.choice((3, 5, 7, 11))
    frames = alpha.transpose(1, 2).flatten(0, 1)
    grown = functional.max_pool2d(frames, size, 1, size // 2) > 0.03
    return grown.float().unflatten(0, (len(alpha), alpha.shape[2])).transpose(1, 2).contiguous()


def _flat(clips: Clips, colour: tuple[float, ...]) -> Any:
    return clips.plate.new_tensor(colour).view(1, 3, 1, 1, 1)
