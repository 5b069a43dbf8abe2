"""What a stand-in shows a model of a sheet: a clip with every pixel filled in, and how long each
of the model's cells is held at it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import UNKNOWN, CallSheet, Need, Pixels
from secondunit.models.standins.cells import Cells, Mask
from secondunit.models.standins.moved import Seen, animated
from secondunit.stage.rough import roughed

FOR_GOOD = np.inf


@dataclass(frozen=True, eq=False)
class Shown:
    """A clip (T,H,W,3) float32 0..1, and until what share of the steps each cell (t,h,w) is held:
    0 never, FOR_GOOD to the end.
    """

    clip: Pixels
    until: NDArray[np.float32]


def shown(
    sheet: CallSheet, asked: frozenset[Need], cells: Cells, drag: tuple[float, float]
) -> Shown:
    """The sheet as its stand-ins show it, of which `asked` are needed; `drag` as in `Reach`."""
    clip, kept = _laid_out(sheet, asked, cells)
    until = np.zeros(cells.kept(kept).shape, np.float32)
    if "tracks" in asked:
        moving, pieces = animated(Seen.of(sheet), sheet.tracks)
        clip = np.where(kept[..., None], clip, moving).astype(np.float32)
        until[:], until[cells.covered(pieces)] = drag
    until[cells.kept(kept)] = FOR_GOOD
    return Shown(_filled(clip, kept), until)


def _laid_out(sheet: CallSheet, asked: frozenset[Need], cells: Cells) -> tuple[Pixels, Mask]:
    """What is known of each pixel, and which of them are kept."""
    shape = (sheet.frames, sheet.height, sheet.width)
    clip = np.full((*shape, 3), UNKNOWN, np.float32)
    kept = np.zeros(shape, np.bool_)
    if sheet.plate is not None and asked & {"plate", "paint", "strength"}:
        clip = np.clip(sheet.plate, 0, 1).astype(np.float32)
        if sheet.paint is not None and "paint" in asked:
            kept = ~sheet.paint
    if "keys" in asked:
        _lay_keys(sheet, cells, clip, kept)
    return clip, kept


def _lay_keys(sheet: CallSheet, cells: Cells, clip: Pixels, kept: Mask) -> None:
    """A key stands still over the frames that share its cell, but for those that are kept anyway: a
    cell that holds one frame and not the others would show neither.
    """
    for cell in range(cells.count(sheet.frames)):
        frames = cells.frames(cell)
        given = [frame for frame in frames if frame in sheet.keys]
        for frame in frames if given else ():
            nearest = min(given, key=lambda each, frame=frame: abs(each - frame))  # type: ignore[misc]
            free = ~kept[frame] if frame not in sheet.keys else np.ones_like(kept[frame])
            clip[frame][free] = np.clip(sheet.keys[nearest], 0, 1)[free]
            kept[frame] = True


def _filled(clip: Pixels, kept: Mask) -> Pixels:
    """The clip with a guess for what nobody knows: cells that are kept are encoded with what is
    beside them.
    """
    return roughed(clip, ~kept & (clip == np.float32(UNKNOWN)).all(axis=-1))
