"""Calm: an edge that chatters where the plate stands still is averaged with the frames around it.

For finished alphas. Only what stands still is touched, and nothing is moved or resampled, so motion
blur, and everything else that moves, stays as it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from secondunit.callsheet import Pixels
from secondunit.matting.cutout import Cutout, Cutouts, Seen, held, told_apart

_REACH = 2  # frames either way: five alphas change a fifth as much from one to the next
_WINDOW = 5  # pixels a side over which a plate's noise averages out, and a movement does not
_BEYOND_NOISE = 3.0  # of the noise that is left: twice as much change is no longer still
_LEAST, _MOST = 0.35 / 255, 1.5 / 255  # the noise left that is believed
_QUARTER = 0.3186  # of a normal spread: what a quarter of all values stay below


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame: its picture (H,W,3) as looked at, its alpha (H,W) before anything was calmed."""

    picture: Pixels
    alpha: Pixels


def calmed(
    cut: Callable[[Iterator[Seen]], Cutouts], frames: Iterator[Seen], chatter: float
) -> Cutouts:
    """The frames' cutouts, their alphas calmed by `chatter` 0..1; 0 leaves them as they are.

    alpha + chatter·Σ w_k (alpha_k - alpha) / (1 + Σ w_k) over two frames before and two after, w
    the stillness of the plate between them. An artist's mattes rule as before. Three cutouts and
    five alphas are held at most.
    """
    return _calmed(cut, frames, chatter) if chatter else cut(frames)


def _calmed(
    cut: Callable[[Iterator[Seen]], Cutouts], frames: Iterator[Seen], chatter: float
) -> Cutouts:
    asked: deque[Seen] = deque()

    def shown() -> Iterator[Seen]:
        for seen in frames:
            asked.append(seen)
            yield seen

    before: deque[Moment] = deque(maxlen=_REACH)
    ahead: deque[tuple[Seen, Cutout, Moment]] = deque()
    for cutout in cut(shown()):
        seen = asked.popleft()
        ahead.append((seen, cutout, Moment(seen.picture, cutout.alpha)))
        if len(ahead) > _REACH:
            yield _first(before, ahead, chatter)
    while ahead:
        yield _first(before, ahead, chatter)


def _first(
    before: deque[Moment], ahead: deque[tuple[Seen, Cutout, Moment]], chatter: float
) -> Cutout:
    """Take the first frame out, calmed by those on both sides of it."""
    seen, cutout, now = ahead.popleft()
    around = [*before, *(moment for _, _, moment in ahead)]
    before.append(now)
    alpha = held(now.alpha + np.float32(chatter) * _change(now, around), seen)
    layers = told_apart(alpha, seen)
    return replace(cutout, alpha=alpha, layers={**cutout.layers, **_edges(layers)})


def _edges(layers: dict[str, Pixels]) -> dict[str, Pixels]:
    return {name: layers[name] for name in ("core", "edge")}


def _change(now: Moment, around: list[Moment]) -> Pixels:
    """From a frame's alpha to the mean of those of its neighbours that stand still with it."""
    total = np.zeros_like(now.alpha)
    weight = np.ones_like(now.alpha)
    for other in around:
        still = stillness(now.picture, other.picture)
        total += still * (other.alpha - now.alpha)
        weight += still
    return total / weight


def stillness(one: Pixels, other: Pixels) -> Pixels:
    """How still (H,W) 0..1 two pictures (H,W,3) as looked at are to each other.

    The change from one to the other, averaged over a window with its sign: noise goes out, and what
    moved stays in. What is left of the noise is what a quarter of the picture stays below.
    """
    change = np.nan_to_num(other - one, nan=1.0, posinf=1.0, neginf=-1.0).astype(np.float32)
    moved = np.abs(cv2.blur(change, (_WINDOW, _WINDOW))).max(2)
    noise = float(np.quantile(moved[::4, ::4], 0.25)) / _QUARTER
    limit = _BEYOND_NOISE * min(max(noise, _LEAST), _MOST)
    near = cv2.dilate(moved, np.ones((3, 3), np.uint8))
    return np.asarray(np.clip(2 - near / limit, 0, 1), np.float32)
