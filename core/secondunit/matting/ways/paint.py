"""Paint: the model repaints the plate with the subject on flat colour, and its answers vote."""

from __future__ import annotations

import numpy as np

from secondunit.callsheet import CallSheet, Need, Pixels
from secondunit.matting.screen import keyed, on_screen
from secondunit.matting.ways import Answers, Guess, Passage, Wish
from secondunit.matting.ways.flat import COLOURS, farthest
from secondunit.matting.ways.likeness import likeness

NAME = "paint"

_WHITE: Pixels = np.ones(3, np.float32)  # what is behind a reference's subject
_REFUSED = 0.35  # likeness below which an answer's frame has no vote


def needs(marked: bool, wish: Wish) -> frozenset[Need] | None:
    """It begins from words; a marked subject may be shown to a model beside them, or without."""
    if wish.subject.strip():
        return frozenset({"plate", "paint", "edit", "words"})
    return frozenset({"plate", "paint", "edit", "references"}) if marked else None


def write(passage: Passage, wish: Wish) -> tuple[CallSheet, ...]:
    """All of the plate to be painted over, once for each vote; the subject's marks as keys and as
    something to look like, where the model takes these.
    """
    colour = farthest(passage.plate, passage.marks)
    subject = wish.spoken
    words = f"isolate {subject} on a flat {colour} screen" if subject else f"isolate on {colour}"
    paint = np.ones(passage.plate.shape[:3], bool)
    sheet = passage.sheet(paint=paint, prompt=words, seeds=tuple(range(max(1, wish.votes))))
    if passage.marks and "keys" in passage.honours:
        flat = COLOURS[colour]
        sheet.keys = {i: on_screen(passage.plate[i], m, flat) for i, m in passage.marks.items()}
        paint[list(passage.marks)] = False
    if passage.marks and "references" in passage.honours:
        index = min(passage.marks)
        sheet.references = (on_screen(passage.plate[index], passage.marks[index], _WHITE),)
    return (sheet,)


def read(passage: Passage, wish: Wish, answers: Answers) -> Guess:
    """The mean of the votes, and how far they are apart. An answer that left the plate has none."""
    flat = COLOURS[farthest(passage.plate, passage.marks)]
    votes = np.stack([keyed(answer, flat) for answer in answers])
    alike = np.stack(
        [likeness(passage.plate, answer, v) for answer, v in zip(answers, votes, strict=True)]
    )
    weight = np.where(alike >= _REFUSED, alike, 1e-3)  # all refused: the best of a bad lot
    share = (weight / weight.sum(0))[..., None, None]
    found = (votes * share).sum(0)
    spread = np.sqrt((((votes - found) ** 2) * share).sum(0))
    for index, marked in passage.marks.items():
        found[index], spread[index] = marked, 0
    return Guess(found.astype(np.float32), spread.astype(np.float32), alike.max(0))
