"""Marks: what the artist has marked on frames, from mattes or from clicks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from secondunit.callsheet import Pixels, Size
from secondunit.matting.hint import OFFSETS, Hint, meant
from secondunit.matting.marking import Marked
from secondunit.matting.motion import Beside
from secondunit.media.depth import to_unit
from secondunit.media.footage import Footage
from secondunit.media.read import Reader
from secondunit.media.resize import resized
from secondunit.stage.layout import Turnover
from secondunit_contract.problem import BadValue, MarkMissing, RangeOutside, SizeDisagrees


class MatteMarks:
    """Marks from a matte: one picture, or frame by frame.

    A matte of one picture marks every frame of the plate, or, for a task that carries it through
    the shot, the frame it was drawn on. A longer one is laid on the plate by number where it holds
    the plate's numbers, first frame on first frame otherwise. Past its end it marks nothing; for a
    task that carries it, it says nothing there. A few mattes drawn on frames apart are keys:
    they say something of those frames, and of no other.
    """

    def __init__(
        self,
        reader: Reader,
        plate: Turnover,
        drawn_on: int | None,
        keys: Sequence[int] = (),
    ) -> None:
        """`drawn_on` and `keys` for a task that carries it; the n-th frame of a matte with `keys`
        is the matte of the plate's frame keys[n].

        Raises SizeDisagrees where its shape is not the plate's, BadValue and RangeOutside where its
        frames and `keys` do not go together or the plate lacks one of them.
        """
        footage = reader.footage
        ours, theirs = footage.size, plate.size
        if abs(ours.width * theirs.height - ours.height * theirs.width) > max(*ours, *theirs):
            raise SizeDisagrees(
                f"The matte is {ours.width}x{ours.height}, "
                f"the plate {theirs.width}x{theirs.height}",
                footage.path,
                "Give a matte of the plate's shape",
            )
        self._reader, self._plate, self._drawn_on = reader, plate, drawn_on
        self._keys = _keyed(footage, plate, keys)
        self._single = len(footage.range) == 1
        by_number = footage.range.clipped_to(plate.range) is not None
        self._shift = 0 if by_number else footage.range.first - plate.range.first

    def __call__(self, frame: int) -> Pixels | None:
        """(H,W) 0..1 at the plate's size; None where the matte has nothing to say of the frame."""
        if self._keys:
            number = self._keys.get(frame)
            return None if number is None else self._matte(number)
        if self._single:
            if self._drawn_on is not None and frame != self._drawn_on:
                return None
            return self._matte(self._reader.footage.range.first)
        number = frame + self._shift
        if number in self._reader.footage.range:
            return self._matte(number)
        if self._drawn_on is not None:
            return None
        return np.zeros((self._plate.size.height, self._plate.size.width), np.float32)

    def _matte(self, number: int) -> Pixels:
        picture = to_unit(self._reader.frame(number), self._reader.footage.depth)
        alpha = picture[..., 3:4] if picture.shape[2] == 4 else picture.mean(2, keepdims=True)
        return np.clip(resized(alpha, self._plate.size)[..., 0], 0, 1)


class HintMarks:
    """Marks from clicks, strokes or a box, on one frame or several."""

    def __init__(self, values: Marked, plate: Turnover, display: Callable[[int], Pixels]) -> None:
        """Raises RangeOutside for marks on frames the plate has not, MarkMissing for a frame where
        it is only said what is not meant.
        """
        self._values, self._plate, self._display = values, plate.range, display
        self._masks: dict[int, Pixels | None] = dict.fromkeys(
            values.frames_marked(plate.range.first)
        )
        for frame in self._masks:
            self._check(frame)

    def __call__(self, frame: int) -> Pixels | None:
        """(H,W) 0 or 1 on the frames that were marked; None on every other."""
        if frame not in self._masks:
            return None
        found = self._masks[frame]
        if found is None:
            found = meant(self._display(frame), self._hint(frame), self._beside(frame)).astype(
                np.float32
            )
            self._masks[frame] = found
        return found

    def _hint(self, frame: int) -> Hint:
        return self._values.hint(frame, self._plate.first)

    def _beside(self, frame: int) -> Iterator[Beside]:
        """The plate's frames near one, nearest first."""
        for offset in OFFSETS:
            for there in (frame - offset, frame + offset):
                if there in self._plate:
                    yield Beside(there - frame, self._display(there))

    def _check(self, frame: int) -> None:
        if frame not in self._plate:
            raise RangeOutside(
                f"Frame {frame} is marked, the plate is {self._plate}",
                remedy=f"Mark a frame of {self._plate}, or take the marks on frame {frame} away",
            )
        if not self._hint(frame).says_something:
            raise MarkMissing(
                f"On frame {frame} it is only marked what is not meant",
                remedy=f"Click on the subject on frame {frame} too, or take the marks there away",
            )


def _keyed(footage: Footage, plate: Turnover, keys: Sequence[int]) -> dict[int, int]:
    """The matte's number for each of the plate's frames that one was drawn on."""
    if not keys:
        return {}
    if len(set(keys)) != len(keys) or len(keys) != len(footage.range):
        raise BadValue(
            f"{len(footage.range)} frames of matte were given, drawn on {len(set(keys))} frames",
            footage.path,
            "Name one frame of the plate for each frame of the matte",
        )
    for frame in keys:
        if frame not in plate.range:
            raise RangeOutside(
                f"A matte was drawn on frame {frame}, the plate is {plate.range}",
                footage.path,
                f"Name frames of {plate.range}",
            )
    return dict(zip(keys, footage.range, strict=True))


def no_marks(frame: int) -> Pixels | None:
    """Nothing is marked anywhere."""
    return None


def scaled(marks: Pixels, size: Size) -> Pixels:
    """Marks (H,W) at another size, soft."""
    return np.clip(resized(marks[..., None], size)[..., 0], 0, 1)
