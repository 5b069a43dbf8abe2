"""Frames into a movie file."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from secondunit.media.depth import Frame
from secondunit.media.format import Format
from secondunit.media.landing import Landing, discard
from secondunit.media.pixel_format import MATRICES, PRIMARIES, TRANSFERS, matrix_for
from secondunit.media.refusals import writing
from secondunit.media.sound import RATE, Samples, whole_numbers

_RGB = 0
_BT709 = 1
_ENCODERS = {"ffv1": "ffv1", "prores4444": "prores_ks", "h264": "libx264"}
_OPTIONS = {
    # Every frame by itself, each slice with a checksum: a damaged frame costs that frame alone.
    "ffv1": {"level": "3", "g": "1", "slices": "4", "slicecrc": "1"},
    "prores4444": {"profile": "4444", "alpha_bits": "16", "vendor": "apl0"},
    "h264": {"crf": "16", "preset": "medium"},
}


class MovieSink:
    """One movie under way. Foreign errors are Problems already."""

    def __init__(self, path: Path, wanted: Format) -> None:
        self._format, self._count = wanted, 0
        self._landing = Landing.at(path)
        self._reformatter = VideoReformatter()
        muxer, options = _muxer(path.suffix.lower(), wanted)
        with writing(path):
            # av opens the file at the first packet; a folder that refuses is told of now.
            self._landing.under_way.touch()
        try:
            with writing(path):
                self._container = av.open(
                    str(self._landing.under_way), "w", format=muxer, options=options
                )
                self._stream = self._container.add_stream(
                    _ENCODERS[wanted.codec],
                    rate=None if wanted.rate is None else wanted.rate.per_second,
                    options=_OPTIONS[wanted.codec],
                )
                _describe(self._container, self._stream, wanted)
                self._sound: Any = _sound_of(self._container) if wanted.sound else None
        except BaseException:
            discard([self._landing])
            raise

    @property
    def landings(self) -> list[Landing]:
        """The file under way."""
        return [self._landing]

    def add(self, frame: Frame) -> None:
        """Encode one more frame. Raises DiskFull, NotWritable, CodecUnfit."""
        with writing(self._landing.final):
            picture = self._picture(frame)
            picture.pts, picture.time_base = self._count, 1 / self._stream.codec_context.framerate
            self._container.mux(self._stream.encode(picture))
        self._count += 1

    def hear(self, samples: Samples) -> None:
        """Encode what is heard. Raises DiskFull, NotWritable, CodecUnfit."""
        numbers = whole_numbers(samples) << 8  # FFmpeg takes 24 bits as the upper ones of 32
        with writing(self._landing.final):
            for first in range(0, len(numbers), RATE):
                part = numbers[first : first + RATE].reshape(1, -1)
                heard = av.AudioFrame.from_ndarray(part, format="s32", layout="stereo")
                heard.sample_rate, heard.pts = RATE, first
                heard.time_base = Fraction(1, RATE)
                self._container.mux(self._sound.encode(heard))
            self._container.mux(self._sound.encode(None))

    def finish(self) -> None:
        """Write what the encoder still holds, and the header."""
        with writing(self._landing.final):
            self._container.mux(self._stream.encode(None))
            self._container.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        # av writes a trailer on closing, which the full disk that brought us here may refuse again.
        with suppress(OSError, av.FFmpegError, ValueError):
            self._container.close()

    def _picture(self, frame: Frame) -> Any:
        wanted = self._format
        alpha = "a" if wanted.alpha else ""
        if wanted.lossless:
            deep = f"gbr{alpha}p{wanted.depth.bits}le"
            name = deep if wanted.depth.bits > 8 else f"rgb{alpha or '24'}"
            return av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=name)
        if wanted.depth.bits > 8:
            frame = _for_swscale(frame, wanted.depth.bits)
            name = "rgba64le" if wanted.alpha else "rgb48le"
        else:
            name = f"rgb{alpha or '24'}"
        matrix = matrix_for(wanted.colour, wanted.size)
        return self._reformatter.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=name),
            format=self._stream.pix_fmt,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BILINEAR,
        )


def _muxer(suffix: str, wanted: Format) -> tuple[str, dict[str, str]]:
    """The container's name in FFmpeg, and its options."""
    words = {"movflags": "use_metadata_tags"}
    if wanted.sound:
        # It comes when all pictures are there, which must not wait in memory for it: a microsecond.
        words["max_interleave_delta"] = "1"
    if suffix == ".mov" and wanted.codec == "ffv1":
        # PyAV asks FFmpeg's QuickTime muxer, which lists no FFV1, though it writes it; the MP4
        # muxer does, and both write the same boxes: the brand alone tells them apart. (PyAV 18.1)
        return "mp4", words | {"brand": "qt  "}
    return suffix[1:], words


def _sound_of(container: Any) -> Any:
    stream = container.add_stream("pcm_s24le", rate=RATE)
    stream.layout, stream.format = "stereo", "s32"
    return stream


def _describe(container: Any, stream: Any, wanted: Format) -> None:
    stream.width, stream.height = wanted.size
    stream.pix_fmt = _pixel_format(wanted)
    stream.thread_type = "AUTO"
    context = stream.codec_context
    context.sample_aspect_ratio = wanted.pixel_aspect
    tags = wanted.colour
    context.color_primaries = _number(PRIMARIES, tags.primaries)
    context.color_trc = _number(TRANSFERS, tags.transfer)
    if wanted.lossless:
        context.colorspace, context.color_range = _RGB, ColorRange.JPEG
    else:
        # What the pictures are turned into is said, also where the footage said nothing.
        matrix = int(matrix_for(tags, wanted.size))
        context.colorspace = _number(MATRICES, tags.matrix, _number_of_matrix(matrix))
        context.color_range = ColorRange.MPEG
    words = {key: value for key, value in wanted.metadata.items() if key != "rotation"}
    if wanted.timecode:
        stream.metadata["timecode"] = str(wanted.timecode)
    if wanted.reel:
        stream.metadata["reel_name"] = words["reel_name"] = wanted.reel
    if "rotation" in wanted.metadata:
        stream.set_display_rotation(float(wanted.metadata["rotation"]))
    container.metadata.update(words)


def _pixel_format(wanted: Format) -> str:
    if wanted.codec == "h264":
        return "yuv420p"
    if wanted.codec == "prores4444":
        return "yuva444p10le" if wanted.alpha else "yuv444p10le"
    if wanted.depth.bits == 8:
        return "bgra" if wanted.alpha else "bgr0"
    return f"gbr{'a' if wanted.alpha else ''}p{wanted.depth.bits}le"


def _number(names: dict[int, str], name: str, otherwise: int = 2) -> int:
    """The tag's number; 2 is FFmpeg's "unspecified"."""
    return next((number for number, known in names.items() if known == name and number), otherwise)


def _number_of_matrix(swscale: int) -> int:
    return _BT709 if swscale == _BT709 else 6


def _for_swscale(frame: Frame, bits: int) -> Frame:
    """16-bit RGB as swscale wants it: it takes 65280, not 65535, for white in the colours."""
    wide = frame << (16 - bits)
    wide |= wide >> bits if bits < 16 else 0
    wide[..., :3] -= wide[..., :3] >> 8
    return wide
