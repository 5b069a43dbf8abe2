"""Image sequences and stills: each frame is a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from secondunit.media.depth import Frame
from secondunit.media.footage import Footage, hole
from secondunit.media.pattern import Pattern
from secondunit.media.picture_file import Layout, read_facts, read_picture
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import MediaMissing, MediaUnreadable, SizeDisagrees


class SequenceReader:
    """Frames of a sequence, or the one frame of a still, at their own depth, in any order."""

    def __init__(self, files: Pattern | Path, rate: Rate | None = None, layer: str = "") -> None:
        self._files, self._layer = files, layer
        numbers = files.numbers() if isinstance(files, Pattern) else [0]
        if not numbers:
            raise MediaMissing(
                "No file matches", where=str(files), remedy="Check the path, or relink the clip"
            )
        self._first, self._there = numbers[0], frozenset(numbers)
        facts, self._layout = read_facts(self._file(self._first), rate, layer)
        self.footage: Footage = replace(
            facts,
            path=str(files),
            range=FrameRange(numbers[0], numbers[-1]),
            kind="sequence" if isinstance(files, Pattern) else "still",
        )

    def __enter__(self) -> SequenceReader:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """No file is kept open between frames."""

    def refuse_holes(self, wanted: FrameRange) -> None:
        """Raise FrameMissing where a frame wanted has no file."""
        missing = {self._number(frame) for frame in wanted} - self._there
        if missing:
            raise hole(missing, self.footage.path)

    def frames(self, wanted: FrameRange) -> Iterator[Frame]:
        """The frames wanted, one after another. Raises RangeOutside and FrameMissing at once."""
        self.footage.expect(wanted)
        self.refuse_holes(wanted)
        return (self.frame(number) for number in wanted)

    def frame(self, number: int) -> Frame:
        """One frame (H,W,3|4).

        Raises RangeOutside, FrameMissing, MediaTruncated, MediaUnreadable, and SizeDisagrees for
        a frame that is not the size of the first.
        """
        self.footage.expect(FrameRange(number, number))
        self.refuse_holes(FrameRange(number, number))
        path = self._file(self._number(number))
        frame, layout = read_picture(path, self._layer)
        self._refuse_unlike(layout, path)
        return frame

    def _number(self, frame: int) -> int:
        return frame - self.footage.range.first + self._first

    def _file(self, number: int) -> Path:
        return self._files.file(number) if isinstance(self._files, Pattern) else self._files

    def _refuse_unlike(self, layout: Layout, path: Path) -> None:
        first = self._layout
        if layout.display != first.display:
            raise SizeDisagrees(
                f"The frame is {layout.display.width} x {layout.display.height}, the first one "
                f"{first.display.width} x {first.display.height}",
                where=str(path),
                remedy="Render it again at the size of the others",
            )
        if (layout.depth, layout.alpha) != (first.depth, first.alpha):
            raise MediaUnreadable(
                f"The frame has {layout.words}, the first one {first.words}",
                where=str(path),
                remedy="Render it again in the format of the others",
            )
