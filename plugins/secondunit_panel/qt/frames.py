"""Frames as they are told: the way the host shows them, and those a job is unsure of."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from secondunit_panel import words
from secondunit_panel.dailies import Ask
from secondunit_panel.host import About, Shot


def counted(shot: Shot | None, about: About) -> Callable[[int], str]:
    """How a frame of the clip is told: as the host shows it where the clip stands."""
    if shot is None or shot.clip.range is None:
        return str
    place, shift = shot.place, shot.place.range.first - shot.clip.range.first
    return lambda frame: words.moment(place, frame + shift, about)


def unsure(asks: list[Ask]) -> Iterator[tuple[int, int]]:
    """The frames that jobs are unsure of, from first to last."""
    for each in asks:
        if each.first is not None and each.last is not None and each.first <= each.last:
            yield each.first, each.last
