"""The projector: any frame of any media as a picture of one size, as a screen shows it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from PIL import Image

from secondunit.callsheet import Size
from secondunit.media.colour import ColourPath, space_of
from secondunit.media.depth import Frame, to_unit
from secondunit.media.footage import Footage
from secondunit.media.read import Reader, open_media
from secondunit.timeline.cards import Bytes
from secondunit_contract.clip import Clip
from secondunit_contract.frames import Rate
from secondunit_contract.problem import MediaProblem, Problem, RangeOutside
from secondunit_otio import Media, MediaFrame

_OPEN = 6  # files at once; a cut goes to and fro between few
_PREMULTIPLIED = frozenset({"exr", "prores"})


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture (H,W,3) uint8, and how much of it hides what lies below: (H,W,1), None for all."""

    picture: Bytes
    cover: Bytes | None = None


@dataclass(eq=False)
class Projector:
    """Shows frames, keeping a few files open: memory does not grow with the cut."""

    size: Size
    _readers: OrderedDict[str, Reader] = field(default_factory=OrderedDict)
    _faults: dict[str, Problem] = field(default_factory=dict)
    _last: dict[tuple[str, int], Seen] = field(default_factory=dict)

    def __enter__(self) -> Projector:
        return self

    def __exit__(self, *raised: object) -> None:
        for reader in self._readers.values():
            reader.close()

    def shown(self, frame: MediaFrame) -> Seen:
        """A frame, letterboxed. Raises what is wrong with its media."""
        path = frame.media.path
        reader = self._reader(frame.media)
        number = frame_number(frame, reader.footage)
        _refuse_beyond(number, reader.footage)
        key = (path, number)
        if key not in self._last:  # freeze frames and slow motion show one frame again and again
            seen = letterboxed(reader.frame(number), reader.footage, self.size)
            self._last = {key: seen} if len(self._last) > 1 else self._last | {key: seen}
        return self._last[key]

    def _reader(self, media: Media) -> Reader:
        path = media.path
        if path in self._faults:
            raise self._faults[path]
        if path not in self._readers:
            try:
                self._readers[path] = opened(media)
            except Problem as problem:
                self._faults[path] = problem
                raise
            if len(self._readers) > _OPEN:
                self._readers.popitem(last=False)[1].close()
        self._readers.move_to_end(path)
        return self._readers[path]


def opened(media: Media) -> Reader:
    """The media of a cut, opened. Raises what is wrong with it."""
    return open_media(Clip(media.path, None, media.rate if media.sequence else None))


def frame_number(frame: MediaFrame, footage: Footage) -> int:
    """What the footage calls a frame that a cut means.

    Where the cut does not say how it numbers a movie, and means more than the movie counts, it
    counts from timecode, as hosts do.
    """
    number = frame.file_frame
    media, start = frame.media, footage.timecode
    if media.start is None and not media.sequence and start and number not in footage.range:
        return number - _rescaled(start.frame, start.rate, media.rate)
    if footage.kind == "still":
        return footage.range.first
    return number


def _rescaled(frame: int, rate: Rate, to: Rate | None) -> int:
    if to is None or to.nominal == rate.nominal:
        return frame
    return int(Fraction(frame) / rate.nominal * to.nominal)


def _refuse_beyond(number: int, footage: Footage) -> None:
    """Raise RangeOutside, in the same words for every frame of a stretch."""
    if number not in footage.range:
        late = number > footage.range.last
        raise RangeOutside(
            "The clip runs past the end of its media"
            if late
            else "The clip begins before its media",
            footage.path,
        )


def letterboxed(frame: Frame, footage: Footage, size: Size) -> Seen:
    """A frame as a screen shows it, fitted into a size, with black around it."""
    cover = _cover(frame, footage) if footage.alpha else None
    picture = _display(frame[..., :3], footage)
    inner = fitted(footage, size)
    left, top = (size.width - inner.width) // 2, (size.height - inner.height) // 2
    place = (slice(top, top + inner.height), slice(left, left + inner.width))
    whole = np.zeros((size.height, size.width, 3), np.uint8)
    whole[place] = _scaled(picture, inner)
    if cover is None:
        return Seen(whole)
    covered = np.zeros((size.height, size.width, 1), np.uint8)
    covered[place] = _scaled(cover, inner)[..., None]
    if footage.codec not in _PREMULTIPLIED or "straight_alpha" in footage.metadata:
        whole = (whole.astype(np.uint16) * covered // 255).astype(np.uint8)
    return Seen(whole, covered)


def fitted(footage: Footage, size: Size) -> Size:
    """The size of a picture that fits into a frame, its pixels' own shape counted in."""
    wide = Fraction(footage.size.width) * (footage.pixel_aspect or 1)
    tall = Fraction(footage.size.height)
    scale = min(size.width / wide, size.height / tall)
    return Size(
        min(size.width, max(1, round(wide * scale))), min(size.height, max(1, round(tall * scale)))
    )


def _scaled(picture: Bytes, size: Size) -> Bytes:
    if picture.shape[1::-1] == tuple(size):
        return picture
    image = Image.fromarray(picture)
    how = Image.Resampling.BICUBIC
    return np.asarray(image.resize(size, how, reducing_gap=2.0))


def _display(frame: Frame, footage: Footage) -> Bytes:
    path = ColourPath(space_of(footage))
    if path.identity and frame.dtype == np.uint8:
        return np.ascontiguousarray(frame)
    light = path.to_display(np.ascontiguousarray(to_unit(frame, footage.depth)))
    shown: Bytes = np.rint(np.clip(light, 0, 1) * 255).astype(np.uint8)
    return shown


def _cover(frame: Frame, footage: Footage) -> Bytes:
    alpha = np.clip(np.nan_to_num(to_unit(frame[..., 3], footage.depth)), 0, 1)
    cover: Bytes = np.rint(alpha * 255).astype(np.uint8)
    return cover


def size_of(media: Media) -> Size | None:
    """The size media is shown at, its pixels' own shape counted in; None where nobody can tell."""
    try:
        with opened(media) as reader:
            own, aspect = reader.footage.size, reader.footage.pixel_aspect or Fraction(1)
    except MediaProblem:
        return None
    return Size(round(own.width * aspect), own.height)
