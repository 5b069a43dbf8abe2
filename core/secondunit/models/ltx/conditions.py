"""A sheet's keys as LTX-2 is shown them: single pictures, and clips where they stand in a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from secondunit.callsheet import Pixels


@dataclass(frozen=True, eq=False)
class Piece:
    """Known frames (n,H,W,3), 0..1, from frame `start` on: 1 of them and some times a latent's
    more, which is what the VAE takes.
    """

    start: int
    frames: Pixels


def pieces(keys: Mapping[int, Pixels], time: int) -> list[Piece]:
    """Keys in a row make a clip as long as the VAE takes it; what is left over of it stands alone.
    `time` is how many frames a latent is.
    """
    laid = []
    for start, length in _rows(sorted(keys)):
        whole = (length - 1) // time * time + 1
        laid.append((start, whole))
        laid += [(each, 1) for each in range(start + whole, start + length)]
    return [
        Piece(start, np.stack([np.clip(keys[start + at], 0, 1) for at in range(length)]))
        for start, length in laid
    ]


def opening(laid: list[Piece]) -> Pixels | None:
    """The known frames (n,H,W,3) that a clip begins with, if any."""
    return next((piece.frames for piece in laid if not piece.start), None)


def apart(laid: list[Piece], time: int) -> int:
    """How many latent frames of their own all later pieces are."""
    return sum((len(piece.frames) - 1) // time + 1 for piece in laid if piece.start)


def conditions(laid: list[Piece], time: int) -> list[Any]:
    """The pieces as the pipeline takes them.

    It re-compresses a single picture as those it was trained on were, which takes 8 bits; clips
    keep all they have.
    """
    from diffusers.pipelines.ltx2 import LTX2VideoCondition

    made = []
    for piece in laid:
        frames = (piece.frames * 255).astype(np.float32)
        if len(frames) == 1:
            frames = np.round(frames).astype(np.uint8)
        made.append(LTX2VideoCondition(frames=frames, index=-(-piece.start // time)))
    return made


def _rows(places: list[int]) -> Iterator[tuple[int, int]]:
    """(first, how many) of each row of numbers that follow each other."""
    for _, row in groupby(enumerate(places), key=lambda each: each[1] - each[0]):
        numbers = [place for _, place in row]
        yield numbers[0], len(numbers)
