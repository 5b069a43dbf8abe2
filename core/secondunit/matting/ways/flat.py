"""The flat colour a subject is set on: the one of a few that is farthest from the subject."""

from __future__ import annotations

import numpy as np

from secondunit.callsheet import Pixels
from secondunit.matting.screen import GREEN

COLOURS: dict[str, Pixels] = {
    "green": GREEN,
    "blue": np.array([24 / 255, 48 / 255, 224 / 255], np.float32),
    "magenta": np.array([224 / 255, 24 / 255, 208 / 255], np.float32),
}
"""Colours that keyers and the words of editing models know, display-referred."""
_LIKE = 0.35  # of the flat colour's own chroma: a pixel that leans so far towards it is like it
_ENOUGH = 0.02  # of the subject in the first colour, before another is taken


def farthest(passage_plate: Pixels, marks: dict[int, Pixels]) -> str:
    """The name of the colour fewest of the subject's pixels lean towards; green where none is
    marked.
    """
    inside = [passage_plate[index][marked > 0.5] for index, marked in marks.items()]
    colours = np.concatenate(inside) if inside else np.zeros((0, 3), np.float32)
    if not len(colours):
        return "green"
    shares = {name: _leaning(colours, flat) for name, flat in COLOURS.items()}
    first = next(iter(shares))
    return first if shares[first] <= _ENOUGH else min(shares, key=lambda name: shares[name])


def _leaning(colours: Pixels, flat: Pixels) -> float:
    """Share of colours (N,3) whose chroma leans towards the flat colour's."""
    away = flat - flat.mean()
    length = float(np.linalg.norm(away))
    along = (colours - colours.mean(1, keepdims=True)) @ (away / length)
    return float((along > _LIKE * length).mean())
