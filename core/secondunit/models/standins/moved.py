"""A crude animation: what lies around drawn points of a clip, cut out and dragged along their
paths.

What a dragged piece leaves behind is guessed from around it. A model is then shown where things
shall be, not how they look on the way. After Time-to-Move (Singer et al. 2025).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import shift

from secondunit.callsheet import UNKNOWN, CallSheet, Pixels, Track
from secondunit.stage.rough import roughed

_SHARE = 1 / 8  # of the shorter side: how far a piece reaches where its track does not say
_MOVES = 0.5  # pixels: a point that goes less far rests, and pins what is around it

Mask = NDArray[np.bool_]


class Seen(NamedTuple):
    """A clip (T,H,W,3), which of its pixels (T,H,W) are known, and which of those are kept as they
    are.
    """

    clip: Pixels
    known: Mask
    kept: Mask

    @classmethod
    def of(cls, sheet: CallSheet) -> Seen:
        """What there is to see of a sheet, whoever is to honour it."""
        shape = (sheet.frames, sheet.height, sheet.width)
        clip = np.full((*shape, 3), UNKNOWN, np.float32)
        kept = np.zeros(shape, np.bool_)
        known = kept.copy()
        if sheet.plate is not None:
            clip = np.clip(sheet.plate, 0, 1).astype(np.float32)
            kept = kept if sheet.paint is None else ~sheet.paint
            known = kept | (clip != np.float32(UNKNOWN)).any(axis=-1)
        for frame, picture in sheet.keys.items():
            clip[frame], kept[frame], known[frame] = np.clip(picture, 0, 1), True, True
        return cls(clip, known, kept)


def animated(seen: Seen, tracks: Sequence[Track]) -> tuple[Pixels, Mask]:
    """The clip (T,H,W,3) with what is around each track's beginning dragged along it, and (T,H,W)
    where its pieces are.

    What nobody knows is guessed from what is known before and after it. Of pieces that meet, the
    track named last lies on top; none lies on what is kept.
    """
    clip = _without_moving(seen, tracks)
    pieces = np.zeros(clip.shape[:3], np.bool_)
    for track in tracks:
        begin = min(track.path)
        start = np.array(track.at(begin))
        picture = roughed(seen.clip[begin : begin + 1], ~seen.known[begin : begin + 1])[0]
        for frame in range(begin, len(clip)):
            there = np.array(track.at(frame))
            across, down = there - start
            inside = _disc(picture, there, _radius(track, picture)) & ~seen.kept[frame]
            clip[frame][inside] = shift(picture, (down, across, 0), order=1, mode="nearest")[inside]
            pieces[frame] |= inside
    return clip, pieces


def _without_moving(seen: Seen, tracks: Sequence[Track]) -> Pixels:
    """The clip without the pieces that go elsewhere, what they leave guessed."""
    shown = seen.known.copy()
    stays = seen.kept.copy()  # in the end as it was
    for track in tracks:
        begin, points = min(track.path), np.array(list(track.path.values()))
        start = np.array(track.at(begin))
        stays[:begin] |= seen.known[:begin]
        if np.abs(points - start).max() <= _MOVES:
            continue
        gone = _disc(seen.clip[0], start, _radius(track, seen.clip[0]))
        shown[: begin + 1] &= ~gone
        shown[begin + 1 :] &= ~gone | seen.kept[begin + 1 :]
    ground = roughed(seen.clip, ~shown)
    ground[stays] = seen.clip[stays]
    return ground


def _radius(track: Track, picture: Pixels) -> float:
    return track.radius or min(picture.shape[:2]) * _SHARE


def _disc(picture: Pixels, middle: NDArray[np.float64], radius: float) -> Mask:
    rows, columns = np.ogrid[: picture.shape[0], : picture.shape[1]]
    away = (columns + 0.5 - middle[0]) ** 2 + (rows + 0.5 - middle[1]) ** 2
    return np.asarray(away <= radius**2)
