"""What is known of a media file before its pixels are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from secondunit.callsheet import Size
from secondunit.media.depth import Depth
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.problem import FrameMissing, MediaUnreadable, RangeOutside

Kind = Literal["movie", "sequence", "still"]

LARGEST_SIDE = 32_768
"""Pixels. A header that declares more is taken for a broken one before any memory is asked for."""

LARGEST_FRAME = 16 * 1024**3
"""Bytes."""


@dataclass(frozen=True)
class ColourTags:
    """What a file says of its colour, in FFmpeg's words; "" and None where it says nothing."""

    primaries: str = ""
    transfer: str = ""
    matrix: str = ""
    full_range: bool | None = None


@dataclass(frozen=True)
class Footage:
    """A media file: which frames it holds, of which size and depth, and what its header tells.

    range         a sequence's own numbers, else from 0; or as `Clip.media_start` says
    rate          None for a still or a sequence that does not tell
    timecode      of the first frame
    colour_space  an OCIO name where the clip or the file gives one
    grey          one channel in the file, delivered as three equal ones
    metadata      further header words worth carrying into a take
    remarks       what a person should know of how it is read, as the end of a sentence
    """

    path: str
    kind: Kind
    size: Size
    range: FrameRange
    rate: Rate | None
    depth: Depth
    alpha: bool
    codec: str
    pixel_format: str
    timecode: Timecode | None = None
    reel: str = ""
    colour: ColourTags = field(default_factory=ColourTags)
    colour_space: str = ""
    pixel_aspect: Fraction = Fraction(1)
    grey: bool = False
    metadata: dict[str, str] = field(default_factory=dict, compare=False)
    remarks: tuple[str, ...] = field(default=(), compare=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one frame: (height, width, 3 or 4)."""
        return self.size.height, self.size.width, 4 if self.alpha else 3

    def numbered(self, media_start: int | None) -> Footage:
        """The same footage with its first frame called `media_start`; None changes nothing."""
        if media_start is None:
            return self
        return replace(self, range=self.range.shifted(media_start - self.range.first))

    def expect(self, wanted: FrameRange) -> None:
        """Raise RangeOutside unless it holds every frame wanted."""
        if not self.range.covers(wanted):
            raise RangeOutside(
                f"Frames {wanted} are asked for, but the media holds {self.range}",
                where=self.path,
                remedy="Ask for frames inside it",
            )


def refuse_absurd(size: Size, bytes_a_pixel: int, path: str) -> None:
    """Raise MediaUnreadable for a size no camera and no renderer makes. Call before reading."""
    sane = 0 < size.width <= LARGEST_SIDE and 0 < size.height <= LARGEST_SIDE
    if not sane or size.width * size.height * bytes_a_pixel > LARGEST_FRAME:
        raise MediaUnreadable(
            f"The file declares a picture of {size.width} x {size.height} pixels",
            where=path,
            remedy=f"Up to {LARGEST_SIDE} a side are read; the header may be broken",
        )


def hole(numbers: Iterable[int], path: str) -> FrameMissing:
    """The problem of a sequence that lacks these frames."""
    missing = sorted(numbers)
    named = ", ".join(map(str, missing[:5])) + (", …" if len(missing) > 5 else "")
    return FrameMissing(
        f"{len(missing)} frame{'s' if len(missing) > 1 else ''} missing: {named}",
        where=path,
        remedy="Render or copy them again, or ask for a range without them",
    )
