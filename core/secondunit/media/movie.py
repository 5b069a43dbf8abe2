"""Movies, frame by frame: the n-th frame is the n-th that decoding from the start shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

import av
from av.video.reformatter import VideoReformatter

from secondunit.media.depth import Frame
from secondunit.media.footage import Footage
from secondunit.media.moments import Key, Moments
from secondunit.media.movie_header import Header, open_container, read_header, read_moments
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import MediaTruncated, MediaUnreadable

# Decoding on is quicker than seeking to a frame this near: a seek empties the decoder.
_NEAR = 8
_TRIES = 3


class _Astray(Exception):
    """The picture decoded is not the frame it should be."""


class MovieReader:
    """Frames of a movie as RGB or RGBA arrays, at their own depth, in any order."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._container, self._stream = open_container(path)
        try:
            self._header: Header = read_header(path, self._container, self._stream)
        except BaseException:
            self._container.close()
            raise
        self.footage: Footage = self._header.footage
        self._reformatter = VideoReformatter()
        self._pictures: Iterator[Any] = chain([self._header.first], self._header.rest)
        self._next = 0
        self._shown: Any = None
        self._moments: Moments | None = None
        self._looked = False

    def __enter__(self) -> MovieReader:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._pictures, self._shown = iter(()), None
        self._container.close()

    def frames(self, wanted: FrameRange) -> Iterator[Frame]:
        """The frames wanted, one after another. Raises RangeOutside at once."""
        self.footage.expect(wanted)
        return (self.frame(number) for number in wanted)

    def frame(self, number: int) -> Frame:
        """One frame (H,W,3|4). Raises RangeOutside, MediaTruncated, MediaUnreadable."""
        if number not in self.footage.range:
            self.footage.expect(FrameRange(number, number))
        index = number - self.footage.range.first
        try:
            picture = self._picture(index)
        except _Astray:
            self._moments = None
            self._rewind()
            picture = self._picture(index)
        return self._header.turn.turned(self._header.conversion.frame(picture, self._reformatter))

    def _picture(self, index: int) -> Any:
        if index == self._next - 1 and self._shown is not None:
            return self._shown
        if not self._next <= index < self._next + _NEAR:
            self._go(index)
        while self._next < index:
            self._advance()
        return self._advance()

    def _advance(self) -> Any:
        try:
            picture = next(self._pictures)
        except StopIteration:
            raise MediaTruncated(
                f"Only {self._next} of the movie's {len(self.footage.range)} frames can be decoded",
                where=self._path,
                remedy="Copy or render it again",
            ) from None
        except (av.FFmpegError, OSError) as error:
            raise MediaUnreadable(
                f"Frame {self.footage.range.first + self._next} cannot be decoded",
                where=self._path,
                remedy="The movie is damaged: copy or render it again",
            ) from error
        self._header.check(picture)
        self._next, self._shown = self._next + 1, picture
        return picture

    def _go(self, index: int) -> None:
        """Be ready to decode this frame: from the nearest key frame, or from the start."""
        if not self._looked:
            self._looked, self._moments = True, read_moments(self._path, self._header)
        lost = self._next > index
        for _, (at, key) in zip(range(_TRIES), self._keys_before(index), strict=False):
            if at <= self._next <= index and not lost:
                return
            if at == 0:
                break
            if self._start_from(at, key):
                return
            # The file has been moved, so decoding on from here is no longer possible.
            lost = True
        if lost:
            self._rewind()

    def _keys_before(self, index: int) -> Iterator[tuple[int, Key]]:
        return self._moments.keys_before(index) if self._moments else iter(())

    def _rewind(self) -> None:
        self._container.close()
        self._container, self._stream = open_container(self._path)
        self._pictures, self._next, self._shown = self._container.decode(self._stream), 0, None

    def _start_from(self, at: int, key: Key) -> bool:
        """Whether decoding now starts exactly at this key frame, which is frame `at`."""
        with suppress(av.FFmpegError, OSError):
            self._container.seek(key.decoded, stream=self._stream)
            packets = self._container.demux(self._stream)
            for packet in packets:
                if key.is_in(packet):
                    self._pictures = self._shown_from(at, chain([packet], packets))
                    self._next, self._shown = at, None
                    return True
                if packet.dts is not None and packet.dts > key.shown:
                    return False
        return False

    def _shown_from(self, at: int, packets: Iterator[Any]) -> Iterator[Any]:
        """The pictures of these packets from frame `at` on. Raises _Astray for one out of place.

        Pictures shown before the key frame lean on what came before it, and are left out.
        """
        shown = self._moments.shown if self._moments else ()
        number = at
        for packet in packets:
            for picture in packet.decode():
                if number == at and picture.pts is not None and picture.pts < shown[at]:
                    continue
                if number >= len(shown) or picture.pts != shown[number]:
                    raise _Astray
                if number == at and not picture.key_frame:
                    raise _Astray
                yield picture
                number += 1
