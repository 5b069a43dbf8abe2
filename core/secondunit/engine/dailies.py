"""Dailies: a few frames of plate, paint region and takes, kept while a job is finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels, Size
from secondunit.engine.shot import Shot
from secondunit.media.contact import GROUND, TEXT, Row, contact_sheet, painted
from secondunit.media.depth import to_unit
from secondunit.media.read import open_media
from secondunit.media.resize import resized
from secondunit_contract.clip import Clip
from secondunit_contract.job import Take
from secondunit_contract.problem import Problem

_COLUMNS, _WIDTH = 6, 240
_RING = 5  # pixels of a thumbnail, around where a path is


class Dailies:
    """Collects what a contact sheet shows of a job: the same frames of each of its takes.

    `painted` are the laid-out frames with paint on them. Where they are few among many, the sheet
    shows them and the plate's own frames beside them; delivered or not.
    """

    def __init__(self, shot: Shot, painted: Sequence[int], title: str) -> None:
        self._shot, self._title = shot, title
        self._chosen = _chosen(shot, painted)
        self._plates: dict[int, tuple[Pixels, NDArray[np.uint8]]] = {}
        self._takes: list[tuple[str, dict[int, Pixels]]] = []

    def take(self, label: str) -> None:
        """A new take begins."""
        self._takes.append((label, {}))

    def stood(self, label: str, take: Take) -> None:
        """A take that was finished before: its frames are read back. One that cannot be read is
        left out.
        """
        begins = self._shot.layout.deliver.start
        chosen = sorted(index for index in self._chosen if index in self._shot.layout.deliver)
        try:
            with open_media(Clip(take.media)) as reader:
                first, depth = reader.footage.range.first, reader.footage.depth
                seen = {
                    index: to_unit(reader.frame(first + index - begins), depth) for index in chosen
                }
        except Problem:
            return
        self.take(label)
        for index, frame in seen.items():
            self.saw(index, partial(self._shown, frame))

    def _shown(self, frame: Pixels) -> Pixels:
        colours = self._shot.colour.to_display(np.ascontiguousarray(frame[..., :3]))
        if self._shot.task.MAKES != "matte":
            return colours
        return np.concatenate([colours, frame[..., 3:4]], axis=2)

    def saw(self, index: int, look: Callable[[], Pixels]) -> None:
        """A finished frame went by; `look` shows it (H,W,3 or 4), display-referred."""
        if index not in self._chosen:
            return
        self._takes[-1][1][index] = _small(look())

    def sheet(self, path: Path) -> Path:
        """Write the contact sheet of all takes so far."""
        shot = self._shot
        for index in self._chosen - self._plates.keys():
            plate = _small(shot.display(index, "detail"))
            mask = _small(shot.paint(index)[..., None].astype(np.float32))[..., 0] > 0.5
            self._plates[index] = (plate, self._led(painted(plate, mask), index))
        order = sorted(self._chosen)
        first = shot.layout.first - shot.layout.deliver.start
        captions = [self._caption(index, first + index) for index in order]
        label = "plate" if "plate" in shot.turnovers else "clips beside it"
        rows = [Row(label, [self._plates[index][0] for index in order], captions)]
        if shot.task.MAKES == "picture":
            rows.append(Row("paint region", [self._plates[index][1] for index in order]))
        for label, frames in self._takes:
            rows.append(Row(label, [frames.get(index, self._plates[index][0]) for index in order]))
        contact_sheet(rows, path, self._title)
        return path

    def _led(self, picture: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
        """The picture with a ring where each drawn path is on that frame."""
        height, width = picture.shape[:2]
        across = width / self._shot.layout.size.width
        rows, columns = np.ogrid[:height, :width]
        for track in self._shot.tracks:
            x, y = (each * across for each in track.at(index))
            away = np.hypot(columns - x, rows - y)
            picture[np.abs(away - _RING) <= 2] = GROUND
            picture[np.abs(away - _RING) <= 1] = TEXT
        return picture

    def _caption(self, index: int, number: int) -> str:
        if index not in self._shot.layout.deliver:
            return "the clip beside it"
        known = self._shot.layout.origin(index) is not None
        return f"frame {number}" if known else f"frame {number}, new"


def _chosen(shot: Shot, painted: Sequence[int]) -> set[int]:
    deliver = shot.layout.deliver
    few = [index for index in painted if index in deliver]
    if not few or len(few) == len(deliver) == len(shot.layout):
        return _spread(list(deliver))
    beside = [each for each in (few[0] - 1, few[-1] + 1) if 0 <= each < len(shot.layout)]
    known = [index for index in beside if shot.layout.origin(index) is not None]
    return {*known, *_spread(few, _COLUMNS - len(known))}


def _spread(indices: Sequence[int], count: int = _COLUMNS) -> set[int]:
    places = np.linspace(0, len(indices) - 1, min(count, len(indices)))
    return {indices[round(place)] for place in places}


def _small(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    scale = min(1.0, _WIDTH / width)
    return np.clip(
        resized(picture, Size(max(1, round(width * scale)), max(1, round(height * scale)))), 0, 1
    )
