"""Carry: frames with the subject on flat colour are carried through the shot as an edit."""

from __future__ import annotations

import numpy as np

from secondunit.callsheet import CallSheet, Need
from secondunit.matting.screen import GREEN, keyed, on_screen
from secondunit.matting.ways import Answers, Guess, Passage, Wish
from secondunit.matting.ways.likeness import likeness

NAME = "carry"


def needs(marked: bool, wish: Wish) -> frozenset[Need] | None:
    """It begins from a frame that is marked."""
    return frozenset({"plate", "paint", "edit", "keys", "carry"}) if marked else None


def write(passage: Passage, wish: Wish) -> tuple[CallSheet, ...]:
    """The plate to be painted over, the marked frames already on the screen."""
    paint = np.ones(passage.plate.shape[:3], bool)
    paint[list(passage.marks)] = False
    keys = {index: on_screen(passage.plate[index], m) for index, m in passage.marks.items()}
    return (passage.sheet(paint=paint, keys=keys, carry=bool(keys), prompt=wording(wish)),)


def read(passage: Passage, wish: Wish, answers: Answers) -> Guess:
    """The key of the answer."""
    (answer,) = answers
    found = keyed(answer, GREEN)
    for index, marked in passage.marks.items():
        found[index] = marked
    return Guess(found, np.zeros_like(found), likeness(passage.plate, answer, found))


def wording(wish: Wish) -> str:
    """What is asked for, in words."""
    return f"isolate {wish.spoken} on a flat green screen" if wish.spoken else "isolate on green"
