"""Frames into files of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from secondunit.media.depth import Depth, Frame
from secondunit.media.format import Format
from secondunit.media.landing import Landing
from secondunit.media.pattern import Pattern
from secondunit.media.refusals import why_not_written, writing
from secondunit.media.smpte import packed
from secondunit.media.sound import Samples, time_reference, wave_path, write_wave
from secondunit_contract.frames import Rate
from secondunit_contract.problem import CodecUnfit, PartMissing

_WRITERS = {"exr": "openexr", "dpx": "dpx", "tiff": "tiff", "png": "png"}
_LOSSLESS = {
    "exr": ("zips", frozenset({"none", "rle", "zip", "zips", "piz"})),
    "tiff": ("zip", frozenset({"none", "lzw", "zip", "packbits"})),
}
# The others have no place for a rate and for timecode's bits: TIFF fails on being given one.
_TIMED = frozenset({"exr", "dpx"})
_SPECIAL = frozenset({"compression", "chromaticities", "straight_alpha", "rotation"})


class PictureSink:
    """A sequence or a still under way: every file has a hidden name until all are there."""

    def __init__(self, files: Pattern | Path, wanted: Format, first: int) -> None:
        self._files, self._format, self._first = files, wanted, first
        self._count = 0
        self.landings: list[Landing] = []

    def add(self, frame: Frame) -> None:
        """Write one more frame. Raises DiskFull, NotWritable, CodecUnfit."""
        done = self._count
        if isinstance(self._files, Pattern):
            final = self._files.file(self._first + done)
        elif done:
            raise CodecUnfit(
                "One picture file holds one frame",
                where=str(self._files),
                remedy="Name a sequence, as in take.####.exr",
            )
        else:
            final = self._files
        landing = Landing.at(final)
        self.landings.append(landing)
        with writing(final):
            landing.under_way.touch()
        self._write(landing, frame, done)
        self._count += 1

    def hear(self, samples: Samples) -> None:
        """Write a .wav beside the pictures. Raises DiskFull, NotWritable, CodecUnfit."""
        landing = Landing.at(wave_path(Path(str(self._files))))
        # It has its name first: a sequence that has all of its pictures then has its sound too.
        self.landings.insert(0, landing)
        write_wave(landing, samples, time_reference(self._format, self._first))

    def finish(self) -> None:
        """Every file is written already."""

    def abandon(self) -> None:
        """No file is open."""

    def _write(self, landing: Landing, frame: Frame, done: int) -> None:
        depth = self._format.depth
        if not depth.floating and 8 < depth.bits < 16:
            frame = frame << (16 - depth.bits) | frame >> (2 * depth.bits - 16)
        file = OpenImageIO.ImageOutput.create(_WRITERS[self._format.codec])
        if file is None:
            raise PartMissing(f"OpenImageIO was built without {self._format.codec}")
        written = file.open(str(landing.under_way), self._spec(done)) and file.write_image(
            np.ascontiguousarray(frame)
        )
        words = str(file.geterror())
        closed = file.close()
        left = str(file.geterror())
        if self._format.codec == "tiff":
            closed, left = _last_row_reads(landing.under_way), ""
        # PNG says True and leaves words when the disk is full; EXR says False and closes well.
        if not (written and closed) or words or left:
            raise why_not_written(landing.final, frame.nbytes, words or left or "no reason given")

    def _spec(self, done: int) -> OpenImageIO.ImageSpec:
        wanted = self._format
        height, width, channels = wanted.shape
        spec = OpenImageIO.ImageSpec(width, height, channels, _kind(wanted.depth))
        if wanted.layers:
            spec.channelnames = wanted.channels
        if not wanted.depth.floating:
            spec.attribute("oiio:BitsPerSample", wanted.depth.bits)
        _describe(spec, wanted)
        if wanted.rate and wanted.codec in _TIMED:
            spec.attribute("FramesPerSecond", OpenImageIO.TypeRational, _rational(wanted.rate))
            if wanted.codec == "dpx":
                spec.attribute("dpx:FrameRate", float(wanted.rate.per_second))
        if wanted.timecode:
            now = replace(wanted.timecode, frame=wanted.timecode.frame + done)
            bits = packed(now)
            if bits is None or wanted.codec not in _TIMED:
                spec.attribute("timecode", str(now))
            else:
                words = np.array([bits, 0], np.uint32)
                spec.attribute("smpte:TimeCode", OpenImageIO.TypeTimeCode, words)
        return spec


def _last_row_reads(path: Path) -> bool:
    """Whether a TIFF's last row is there: closing one never says so, full disk or not.

    (OpenImageIO 3.2: close() is True and complains of Exif data each time.)
    """
    file = OpenImageIO.ImageInput.open(str(path))
    if file is None:
        OpenImageIO.geterror()
        return False
    last = file.spec().height - 1
    row = file.read_scanlines(last, last + 1, 0, 0, file.spec().nchannels, "float")
    file.close()
    return row is not None


def _describe(spec: OpenImageIO.ImageSpec, wanted: Format) -> None:
    for key, value in wanted.metadata.items():
        if key not in _SPECIAL:
            spec.attribute(key, value)
    if wanted.codec in _LOSSLESS:
        usual, lossless = _LOSSLESS[wanted.codec]
        told = wanted.metadata.get("compression", usual)
        spec.attribute("compression", told if told in lossless else usual)
    if wanted.alpha and (wanted.codec == "png" or "straight_alpha" in wanted.metadata):
        spec.attribute("oiio:UnassociatedAlpha", 1)
    if wanted.alpha and wanted.codec == "exr" and "straight_alpha" in wanted.metadata:
        # EXR knows premultiplied alpha alone, so it has no field for this, and no reader acts on it
        spec.attribute("straight_alpha", wanted.metadata["straight_alpha"])
    if "chromaticities" in wanted.metadata:
        corners = [float(word) for word in wanted.metadata["chromaticities"].split()]
        spec.attribute("chromaticities", "float[8]", corners)
    if wanted.reel:
        spec.attribute("reelName", wanted.reel)
    spec.attribute("PixelAspectRatio", float(wanted.pixel_aspect))


def _kind(depth: Depth) -> str:
    if depth.floating:
        return "half" if depth.bits == 16 else "float"
    return depth.dtype.name


def _rational(rate: Rate) -> NDArray[np.int32]:
    exact = rate.per_second
    return np.array([exact.numerator, exact.denominator], np.int32)
