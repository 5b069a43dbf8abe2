"""Tint: the subject is tinted on the frames that are known, the shot made again from half noise,
and what takes on the tint is the subject.

After Shrivastava et al.: Point Prompting (2025), where a dot is followed; here all of the subject
is. The same frames untinted are made again from the same noise, so that what the model's own
re-making changes cancels out.
"""

from __future__ import annotations

import numpy as np

from secondunit.callsheet import CallSheet, Need, Pixels
from secondunit.matting.ways import Answers, Guess, Passage, Wish
from secondunit.matting.ways.flat import COLOURS, farthest
from secondunit.matting.ways.likeness import likeness

NAME = "tint"

_SHARE = 0.6  # of the flat colour in the tint: the subject must still be seen through it
_STRENGTH = 0.6  # of noise the shot is made again from
_TAKEN = 0.5  # of the tint's full length: so much of it is wholly the subject
_LEAST = 0.08  # chroma a tint must have reached anywhere to be believed


def needs(marked: bool, wish: Wish) -> frozenset[Need] | None:
    """It begins from a frame that is marked."""
    return frozenset({"plate", "paint", "keys", "strength"}) if marked else None


def write(passage: Passage, wish: Wish) -> tuple[CallSheet, ...]:
    """Two sheets that differ in nothing but the tint."""
    flat = COLOURS[farthest(passage.plate, passage.marks)]
    paint = np.ones(passage.plate.shape[:3], bool)
    paint[list(passage.marks)] = False
    tinted = {index: _tinted(passage.plate[index], m, flat) for index, m in passage.marks.items()}
    plain = {index: passage.plate[index] for index in passage.marks}
    return tuple(
        passage.sheet(paint=paint, keys=dict(keys), strength=_STRENGTH, prompt="")
        for keys in (tinted, plain)
    )


def read(passage: Passage, wish: Wish, answers: Answers) -> Guess:
    """How far each pixel went along the tint, against the untinted answer."""
    tinted, plain = answers
    flat = COLOURS[farthest(passage.plate, passage.marks)]
    away = flat - flat.mean()
    went = _chroma(tinted - plain) @ (away / (np.linalg.norm(away) ** 2 * _SHARE))
    found = np.clip(went / _TAKEN, 0, 1).astype(np.float32)
    found[went.max(axis=(1, 2)) < _LEAST] = 0
    for index, marked in passage.marks.items():
        found[index] = marked
    return Guess(found, np.zeros_like(found), likeness(passage.plate, plain, found))


def _tinted(picture: Pixels, marked: Pixels, flat: Pixels) -> Pixels:
    share = _SHARE * marked[..., None]
    return (picture * (1 - share) + flat * share).astype(np.float32)


def _chroma(difference: Pixels) -> Pixels:
    return difference - difference.mean(-1, keepdims=True)
