"""How a movie's pixels become RGB: which matrix, which range, which depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from secondunit.callsheet import Size
from secondunit.media.depth import Depth, Frame
from secondunit.media.footage import ColourTags
from secondunit_contract.problem import MediaUnreadable

# The numbers of ITU-T H.273, as FFmpeg names them.
PRIMARIES = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "ebu3213",
}
TRANSFERS = {
    1: "bt709",
    4: "gamma22",
    5: "gamma28",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    9: "log",
    10: "log_sqrt",
    11: "iec61966-2-4",
    12: "bt1361e",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    17: "smpte428",
    18: "arib-std-b67",
}
MATRICES = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    9: "bt2020nc",
    10: "bt2020c",
}
_SWSCALE = {
    "bt709": Colorspace.ITU709,
    "fcc": Colorspace.FCC,
    "bt470bg": Colorspace.ITU601,
    "smpte170m": Colorspace.ITU601,
    "smpte240m": Colorspace.SMPTE240M,
    "bt2020nc": Colorspace.BT2020,
    "bt2020c": Colorspace.BT2020,
}
_PLANAR_DEEP = frozenset(f"gbr{a}p{b}le" for a in ("", "a") for b in (9, 10, 12, 14, 16))
HD_HEIGHT = 720


def tags_of(told: Any) -> ColourTags:
    """The colour tags of a codec context."""
    span = int(told.color_range or 0)
    return ColourTags(
        PRIMARIES.get(int(told.color_primaries or 2), ""),
        TRANSFERS.get(int(told.color_trc or 2), ""),
        # 2 is "unspecified"; 0 is RGB and must not be taken for absent.
        MATRICES.get(2 if told.colorspace is None else int(told.colorspace), ""),
        {1: False, 2: True}.get(span),
    )


def matrix_for(tags: ColourTags, size: Size) -> Colorspace:
    """The matrix between Y'CbCr and RGB: as tagged, else BT.709 from 720 lines up, or BT.601."""
    untagged = Colorspace.ITU709 if size.height >= HD_HEIGHT else Colorspace.ITU601
    return _SWSCALE.get(tags.matrix, untagged)


@dataclass(frozen=True)
class Conversion:
    """The way from one pixel format to RGB arrays.

    target     the pixel format asked of FFmpeg
    source     bits of one value in the file
    luma       the file holds Y'CbCr rather than RGB or grey
    """

    target: str
    depth: Depth
    alpha: bool
    grey: bool
    source: int
    luma: bool
    matrix: Colorspace
    full_range: bool

    def frame(self, picture: Any, reformatter: VideoReformatter) -> Frame:
        """(H,W,3|4) uint8 or uint16 of a decoded picture. Nothing here depends on other frames."""
        converted = reformatter.reformat(
            picture,
            format=self.target,
            src_colorspace=self.matrix,
            dst_colorspace=self.matrix,
            src_color_range=ColorRange.JPEG if self.full_range else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.BILINEAR,
        )
        array: Frame = np.ascontiguousarray(converted.to_ndarray())
        if self.target in ("rgb48le", "rgba64le") and (self.luma or self.grey):
            _stretch(array, self)
        return array


def conversion_for(pixel_format: Any, tags: ColourTags, size: Size, path: str) -> Conversion:
    """How pictures of this `av.VideoFormat` become RGB. Raises MediaUnreadable for what cannot."""
    parts = pixel_format.components
    name = str(pixel_format.name)
    alpha = any(part.is_alpha for part in parts)
    bits = max(part.bits for part in parts)
    if bits > 16 or pixel_format.is_bayer or name.startswith(("xyz", "yaf", "grayf", "gbrpf16")):
        raise MediaUnreadable(
            f"The movie's pixels are {name}, which is not read",
            where=path,
            remedy="Convert it to ProRes, or to an EXR sequence for floating values",
        )
    grey = len(parts) - alpha == 1 and not pixel_format.has_palette
    if bits <= 8:
        target, depth = ("rgba" if alpha else "rgb24"), Depth(8)
    elif name in _PLANAR_DEEP:
        target, depth = name, Depth(bits)
    else:
        target, depth = ("rgba64le" if alpha else "rgb48le"), Depth(16)
    luma = not pixel_format.is_rgb and not grey and not pixel_format.has_palette
    full = bool(tags.full_range) or name.startswith("yuvj") or not luma
    return Conversion(
        target, depth, alpha, grey, bits, luma, matrix_for(tags, size), full_range=full
    )


def _stretch(array: Frame, how: Conversion) -> None:
    """Make white 65535, in place.

    swscale widens to 16 bits by shifting: white arrives as 65280 (limited range), or as the code
    value and zeros below it (full range, grey, alpha: an opaque 12-bit alpha as 65520). Repeating
    the top bits below is the exact widening.
    """
    _repeat_bits(array[..., :3], 8 if how.luma and not how.full_range else how.source)
    if how.alpha:
        _repeat_bits(array[..., 3], how.source)


def _repeat_bits(values: Frame, bits: int) -> None:
    if bits < 16:
        np.minimum(values, 0xFFFF - (0xFFFF >> bits), out=values)
        values += values >> bits
