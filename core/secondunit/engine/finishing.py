"""Finishing: answers become frames at the plate's size and depth, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels
from secondunit.engine.coverage import Coverage
from secondunit.engine.patterns import Patterns
from secondunit.engine.shot import Shot
from secondunit.media.depth import from_unit, to_unit
from secondunit.media.highlights import remerge
from secondunit.stage.detail import Known, brought_back
from secondunit.stage.keep import feathered, kept_outside
from secondunit.stage.light import lit

Native = NDArray[Any]
DARKENED = 0.25
"""How light is shown: two stops down."""


class Finish:
    """Turns what a model painted into the frames of a take.

    Give it painted frames in order; it reads the plate beside them, each frame once.
    """

    def __init__(self, shot: Shot, painted: Iterator[tuple[int, Pixels]]) -> None:
        self._shot, self._painted = shot, painted
        self._feather = float(getattr(shot.values, "feather", 0))
        self._nearby = self._known_neighbours()
        self._cache: dict[int, Known] = {}
        self._coverage, self._patterns = Coverage(shot), Patterns(shot)

    def _known_neighbours(self) -> dict[int, list[int]]:
        """For each wholly invented frame the nearest frames of a clip before and after it."""
        layout = self._shot.layout
        known = [layout.origin(index) is not None for index in range(len(layout))]
        near: dict[int, list[int]] = {
            index: [] for index, is_known in enumerate(known) if not is_known
        }
        for order in (range(len(known)), reversed(range(len(known)))):
            last = None
            for index in order:
                if known[index]:
                    last = index
                elif last is not None:
                    near[index].append(last)
        return near

    def look(self, index: int, frame: Native) -> Pixels:
        """A finished frame as it is looked at (H,W,3); light darkened, for a screen shows none of
        what is brighter than white.
        """
        if self._shot.light:
            return self._shot.to_display(np.asarray(frame * frame.dtype.type(DARKENED)))
        return self._shot.to_display(frame)

    def frames(self) -> Iterator[tuple[int, Native]]:
        """(index, native frame) of every delivered frame, in order."""
        painted = self._painted
        waiting = next(painted, None)
        for index in range(len(self._shot.layout)):
            answer = None
            if waiting and waiting[0] == index:
                answer, waiting = waiting[1], next(painted, None)
            if index in self._shot.layout.deliver:
                yield index, self._finished(index, answer)

    def _finished(self, index: int, answer: Pixels | None) -> Native:
        shot = self._shot
        plate = shot.native(index)
        if answer is None:
            return plate
        paint = shot.paint(index)
        if shot.light:
            painted = self._lit(plate, answer)
        else:
            painted = self._in_plate_space(index, self._grown(index, answer), plate, paint)
        whole = kept_outside(plate, painted, paint)
        if whole.shape[2] == 4 and shot.layout.origin(index) is None:
            whole[..., 3] = shot.depth.white
        elif whole.shape[2] == 4 and shot.layout.plate not in (None, shot.layout.size):
            whole[shot.layout.beyond_plate(), 3] = shot.depth.white
        return whole

    def _lit(self, plate: Native, answer: Pixels) -> Native:
        """The plate with what it has clipped given back."""
        shot = self._shot
        own = to_unit(plate[..., :3], shot.depth)
        return from_unit(lit(own, answer, shot.clipped(own), shot.fit), shot.depth)

    def _grown(self, index: int, answer: Pixels) -> Pixels:
        """The answer at the delivered size, with detail from the frames beside it, or from those
        that saw from elsewhere what is painted on this one, and of what repeats itself beside it.
        """
        near = [self._known(each) for each in self._nearby.get(index, [])]
        if near:
            return brought_back(answer, near, self._shot.fit)
        picture = brought_back(answer, self._coverage.of(index), self._shot.fit)
        return self._patterns.over(index, picture)

    def _known(self, index: int) -> Known:
        if index not in self._cache:
            if len(self._cache) > 1:
                self._cache.pop(min(self._cache))
            self._cache[index] = Known.of(self._shot.display(index, "detail"), self._shot.fit)
        return self._cache[index]

    def _in_plate_space(
        self, index: int, picture: Pixels, plate: Native, paint: NDArray[np.bool_]
    ) -> Native:
        """The painted picture in the plate's own colour space and depth, its edge feathered."""
        shot = self._shot
        known = shot.layout.origin(index) is not None
        own = to_unit(plate[..., :3], shot.depth)
        beyond_white = shot.depth.floating or not shot.colour.identity
        if known and beyond_white:
            colour = remerge(picture, own, shot.colour)
        else:
            colour = shot.colour.from_display(picture)
        if self._feather and known:
            share = feathered(paint, self._feather)
            edge = (share > 0) & (share < 1)
            shown, part = colour[edge], share[edge][:, None]
            # Nothing fades into a pixel that is no number, or infinite.
            beneath = np.where(np.isfinite(own[edge]), own[edge], shown)
            colour[edge] = beneath * (1 - part) + shown * part
        return from_unit(colour, shot.depth)
