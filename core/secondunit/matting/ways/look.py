"""Look: one pass of the model over the plate as it is, and what corresponds to what is read out."""

from __future__ import annotations

import numpy as np

from secondunit.callsheet import Need, Question, Sight
from secondunit.matting.ways import Guess, Passage, Wish

NAME = "look"


def needs(marked: bool, wish: Wish) -> frozenset[Need] | None:
    """It begins from marked frames or from words."""
    return frozenset({"look"}) if marked or wish.subject.strip() else None


def question(passage: Passage, wish: Wish) -> Question:
    """What is marked, or where nothing is, what is named."""
    masks = {index: marked > 0.5 for index, marked in passage.marks.items()}
    return Question(masks, "" if masks else wish.subject.strip(), samples=wish.samples)


def guess(passage: Passage, sight: Sight) -> Guess:
    """The sight, the marked frames as they are marked. What it says of itself counts as likeness:
    nothing was painted that could have left the plate.
    """
    found = np.array(sight.found, np.float32)
    spread = np.zeros_like(found) if sight.spread is None else np.array(sight.spread, np.float32)
    for index, marked in passage.marks.items():
        found[index], spread[index] = marked, 0
    return Guess(found, spread, np.asarray(sight.confidence, np.float32))
