"""Opening footage: one door for movies, image sequences and stills."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol, Self

from secondunit.media.depth import Frame
from secondunit.media.footage import Footage
from secondunit.media.movie import MovieReader
from secondunit.media.pattern import PICTURES, Pattern, pattern_in, pattern_of
from secondunit.media.sequence import SequenceReader
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import BadValue, MediaUnreadable, RateDisagrees


class Reader(Protocol):
    """Footage opened: frames as (H,W,3|4) arrays of the file's own depth and its own alpha."""

    footage: Footage

    def frame(self, number: int) -> Frame:
        """One frame by its number.

        Raises RangeOutside, FrameMissing, MediaTruncated, MediaUnreadable.
        """
        ...

    def frames(self, wanted: FrameRange) -> Iterator[Frame]:
        """Frames in order, one at a time: memory does not grow with the range."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *raised: object) -> None: ...


def open_media(clip: Clip | str | Path, layer: str = "") -> Reader:
    """Open what a clip names, and refuse here and now what cannot be read later.

    A pattern (shot.####.exr, shot.%04d.exr, shot.@@@@.exr) or a folder with one sequence is a
    sequence; a picture file by itself is a still, frame 0; everything else a movie, from frame 0.
    `clip.media_start` renames the first frame; `clip.rate` and `clip.colour_space` tell what the
    file does not. `layer` asks for a layer of an EXR by its name instead of the picture itself: one
    of a single channel, as mattes are, comes as three equal ones.

    Raises MediaMissing, MediaUnreadable, MediaEmpty, MediaTruncated, RangeOutside, FrameMissing
    (only for frames of the clip's range) and, for a movie, RateDisagrees.
    """
    if not isinstance(clip, Clip):
        clip = Clip(str(clip))
    reader = _reader(clip, layer)
    try:
        footage = reader.footage.numbered(clip.media_start)
        if clip.colour_space:
            footage = replace(footage, colour_space=clip.colour_space)
        reader.footage = footage
        if clip.rate is not None:
            _refuse_rate(footage, clip.rate)
        wanted = clip.range or footage.range
        footage.expect(wanted)
        if isinstance(reader, SequenceReader):
            reader.refuse_holes(wanted)
    except BaseException:
        reader.close()
        raise
    return reader


def _reader(clip: Clip, layer: str) -> MovieReader | SequenceReader:
    if not clip.media.strip() or "\0" in clip.media:
        raise BadValue("The clip names no media", remedy="Give the path of a movie or a sequence")
    path = Path(clip.media)
    files: Pattern | Path | None = None
    if path.is_dir():
        files = pattern_in(path)
    elif not path.is_file():
        files = pattern_of(path)
    if files is None and path.suffix.lower() in PICTURES:
        files = path
    if files is not None:
        return SequenceReader(files, clip.rate, layer)
    if layer and path.is_file():
        raise MediaUnreadable(
            f"A movie holds no layers, and {layer} is asked for",
            where=str(path),
            remedy="Name the EXR sequence that holds it, or leave the layer out",
        )
    return MovieReader(str(path))


def _refuse_rate(footage: Footage, rate: Rate) -> None:
    if footage.kind == "movie" and footage.rate != rate:
        raise RateDisagrees(
            f"The clip says {rate} frames a second, the movie {footage.rate}",
            where=footage.path,
            remedy="Leave the rate out, or conform the movie to it first",
        )
