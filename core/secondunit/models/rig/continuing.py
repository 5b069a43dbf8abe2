"""Models that go on from frames they are shown: one picture, or the last of those that are known.

Their pipelines take what comes first in portions of their own: so a sheet's known frames are shown
as far back as whole portions go, and the clip is cut where the sheet ends.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from secondunit.callsheet import CallSheet, Need, Pixels
from secondunit.models.rig.driven import Driven, Shoot


@dataclass(frozen=True, eq=False)
class Opening:
    """How a sheet begins, for the pipeline.

    given   (n,H,W,3): frames of the sheet that come before all that is decoded
    shown   (n,H,W,3): those the pipeline goes on from; none where it begins from words
    length  how many frames the pipeline is told to make
    """

    given: Pixels
    shown: Pixels
    length: int


class Continuing(Driven):
    """A model whose keys are the first frames of a sheet.

    A family says how many of them its pipeline takes (`portion`), whether these are part of what
    it makes (`REPEATS`), and where its `pictures` go.
    """

    REPEATS = True
    """Whether what is decoded begins with the frames it was shown."""

    def portion(self, known: int) -> int:
        """How many frames, at most that many, the pipeline can be shown."""
        raise NotImplementedError

    def opening(self, sheet: CallSheet) -> Opening:
        """What of a sheet's keys is shown, and what is made."""
        known = np.zeros((0, sheet.height, sheet.width, 3), np.float32)
        if sheet.keys:
            laid = [sheet.keys[index] for index in range(len(sheet.keys))]
            known = np.clip(np.stack(laid), 0, 1).astype(np.float32)
        if len(known) == sheet.frames > 1:
            known = known[:-1]  # there must be something to make
        shown = known[len(known) - self.portion(len(known)) :]
        given = known[: len(known) - len(shown)] if self.REPEATS else known
        wanted = sheet.frames - len(given)
        return Opening(given, shown, self.card.reach.frames.up(wanted))

    def helped(self, sheet: CallSheet) -> frozenset[Need]:
        """Where a stand-in holds anything, it holds what the clip would go on from as well: then
        the clip is all of the sheet, frame by frame.
        """
        asked = super().helped(sheet)
        return asked | (sheet.needs() & {"keys"}) if asked else asked

    def own(self, sheet: CallSheet) -> CallSheet:
        """Keys, where no stand-in holds them."""
        own = super().own(sheet)
        return replace(own, keys={}) if self.helped(sheet) else own

    def told(self, shoot: Shoot) -> dict[str, Any]:
        """As many frames as fill the sheet behind those it was given."""
        return super().told(shoot) | {"num_frames": self.opening(shoot.sheet).length}

    def cut(self, decoded: Iterator[Pixels], shoot: Shoot) -> Iterator[Pixels]:
        """What was given, then what was decoded, up to the sheet's last frame."""
        opening = self.opening(shoot.sheet)
        left = shoot.sheet.frames
        for frames in itertools.chain([opening.given], decoded):
            if len(frames):
                yield frames[:left]
                left -= len(frames)
            if left <= 0:
                return


def as_clip(frames: Pixels) -> Any:
    """Frames (T,H,W,3) as a (1,T,3,H,W) float32 tensor in 0..1: five axes, because the pipelines
    then leave the values alone.
    """
    import torch

    return torch.from_numpy(frames).permute(0, 3, 1, 2)[None].contiguous()
