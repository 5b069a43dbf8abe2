"""What a call sheet asks for, in an artist's words."""

from __future__ import annotations

from collections.abc import Iterable

from secondunit.callsheet import KeyPlaces, Need

IN_WORDS: dict[Need, str] = {
    "words": "shooting from words alone",
    "plate": "working from a plate",
    "paint": "painting inside a matte",
    "edit": "changing what is already in the picture",
    "carry": "carrying an edit of one frame through the others",
    "keys": "passing through given pictures",
    "references": "keeping to reference pictures",
    "guide": "following a guide clip",
    "tracks": "following drawn tracks",
    "strength": "staying near the plate",
    "light": "giving back light brighter than white",
    "look": "reading footage without shooting",
}
"""Each need, as the end of "It cannot do: …"."""

KEY_PLACES: dict[KeyPlaces, str] = {
    "anywhere": "any frames",
    "ends": "the first frame, and with it the last",
    "beginning": "the first frame and those right after it",
    "first": "the first frame alone",
}
"""Where keys are taken, as the end of "It takes pictures to pass through on …"."""


def in_words(needs: Iterable[Need]) -> str:
    """The needs in one line, always in the same order."""
    asked = set(needs)
    return ", ".join(words for need, words in IN_WORDS.items() if need in asked)
