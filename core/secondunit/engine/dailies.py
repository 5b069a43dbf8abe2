"""Dailies: a few frames of plate, paint region and takes, kept while a job is finished."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels, Size
from secondunit.engine.shot import Shot
from secondunit.media.contact import Row, contact_sheet, painted
from secondunit.media.depth import to_unit
from secondunit.media.resize import resized

_COLUMNS, _WIDTH = 6, 240


class Dailies:
    """Collects what a contact sheet shows of a job: the same frames of each of its takes."""

    def __init__(self, shot: Shot) -> None:
        self._shot = shot
        deliver = shot.layout.deliver
        count = min(_COLUMNS, len(deliver))
        self._chosen = {
            round(index) for index in np.linspace(deliver.start, deliver.stop - 1, count)
        }
        self._plates: dict[int, tuple[Pixels, NDArray[np.uint8]]] = {}
        self._takes: list[tuple[str, dict[int, Pixels]]] = []

    def take(self, label: str) -> None:
        """A new take begins."""
        self._takes.append((label, {}))

    def saw(self, index: int, frame: NDArray[Any]) -> None:
        """A finished frame went by."""
        if index not in self._chosen:
            return
        shot = self._shot
        if index not in self._plates:
            plate = _small(shot.display(index, "detail"))
            mask = _small(shot.paint(index)[..., None].astype(np.float32))[..., 0] > 0.5
            self._plates[index] = (plate, painted(plate, mask))
        picture = shot.to_display(frame)
        if frame.shape[2] == 4:
            alpha = to_unit(frame[..., 3:], shot.depth)
            picture = np.concatenate([picture, alpha], axis=2)
        self._takes[-1][1][index] = _small(picture)

    def sheet(self, path: Path) -> Path:
        """Write the contact sheet of all takes so far."""
        order = sorted(self._plates)
        first = self._shot.layout.first - self._shot.layout.deliver.start
        captions = [str(first + index) for index in order]
        rows = [Row("plate", [self._plates[index][0] for index in order], captions)]
        if self._shot.task.MAKES == "picture":
            rows.append(Row("paint region", [self._plates[index][1] for index in order], []))
        for label, frames in self._takes:
            rows.append(Row(label, [frames[index] for index in order if index in frames], []))
        contact_sheet(rows, path)
        return path


def _small(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    scale = min(1.0, _WIDTH / width)
    return np.clip(
        resized(picture, Size(max(1, round(width * scale)), max(1, round(height * scale)))), 0, 1
    )
