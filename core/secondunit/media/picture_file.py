"""One picture in a file of its own: what its header says, and its pixels as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO

from secondunit.callsheet import Size
from secondunit.media.depth import Depth, Frame
from secondunit.media.footage import Footage, refuse_absurd
from secondunit.media.refusals import reading
from secondunit.media.smpte import unpacked
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.problem import BadValue, MediaMissing, MediaTruncated, MediaUnreadable

_DEPTHS = {
    "uint8": Depth(8),
    "uint16": Depth(16),
    "half": Depth(16, floating=True),
    "float": Depth(32, floating=True),
}
_CODECS = {"openexr": "exr"}
_ACES = {
    "ACES2065-1": (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767),
    "ACEScg": (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767),
}
# Words that a new file has of its own, or that are told in other fields.
_OWN_WORDS = frozenset({"Software", "DateTime", "reelName", "timecode", "ResolutionUnit"})
_OWN_KINDS = ("oiio:", "openexr:", "tiff:", "png:", "jpeg:", "dpx:", "Exif:", "planarconfig")
_CARRIED = frozenset({"oiio:ColorSpace", "dpx:Transfer", "dpx:Colorimetric"})


@dataclass(frozen=True)
class Layout:
    """How a picture lies in its file.

    display   the size of the whole picture; x and y tell where the stored pixels lie in it
    channels  the places of R, G, B (A) among the stored channels, or of one grey (A)
    kind      OpenImageIO's name of the values' type
    bits      of one value, in the file
    """

    display: Size
    x: int
    y: int
    stored: Size
    channels: tuple[int, ...]
    count: int
    kind: str
    bits: int

    @property
    def grey(self) -> bool:
        """Whether one channel stands for three."""
        return len(self.channels) < 3

    @property
    def alpha(self) -> bool:
        """Whether the last channel is alpha."""
        return len(self.channels) in (2, 4)

    @property
    def depth(self) -> Depth:
        """The depth that frames come in."""
        depth = _DEPTHS[self.kind]
        return depth if depth.floating or depth.bits == 8 else Depth(self.bits)

    @property
    def words(self) -> str:
        """Depth and channels, for a message."""
        return f"{self.depth} values {'with' if self.alpha else 'without'} alpha"


def read_picture(path: Path, layer: str = "") -> tuple[Frame, Layout]:
    """The pixels (H,W,3|4) of the display window, and their layout; or those of a named layer.

    What lies outside the stored pixels is 0. Raises MediaMissing, MediaTruncated, MediaUnreadable.
    """
    with _opened(path) as (file, spec):
        layout = _layout(spec, path, layer)
        begin, end = 0, layout.count
        if layout.channels == tuple(range(layout.channels[0], layout.channels[-1] + 1)):
            begin, end = layout.channels[0], layout.channels[-1] + 1
        pixels = file.read_image(0, 0, begin, end, layout.kind)
        words = file.geterror()
    # A cut JPEG gives grey pixels and words; other formats give nothing.
    if pixels is None or words:
        raise MediaTruncated(
            f"The picture ends early or is damaged ({_first_line(words)})",
            where=str(path),
            remedy="Copy or render it again",
        )
    pixels = pixels[..., [place - begin for place in layout.channels]]
    if layout.grey:
        pixels = pixels[..., [0, 0, 0, *range(1, pixels.shape[-1])]]
    if not layout.depth.floating and layout.depth.bits > 8:
        pixels = pixels >> (16 - layout.depth.bits)
    return np.ascontiguousarray(_in_display_window(pixels, layout)), layout


def read_facts(path: Path, rate: Rate | None, layer: str = "") -> tuple[Footage, Layout]:
    """What a picture's header tells, as the footage of a still; its rate where none is given."""
    with _opened(path) as (file, spec):
        layout = _layout(spec, path, layer)
        told = {attribute.name: attribute.value for attribute in spec.extra_attribs}
        codec = str(file.format_name())
        names = "".join(str(spec.channelnames[place]) for place in layout.channels)
        names = names.replace(f"{layer}.", "") if layer else names
    rate = rate or _rate(told)
    aspect = Fraction(told.get("PixelAspectRatio") or 1).limit_denominator(10_000)
    footage = Footage(
        str(path),
        "still",
        layout.display,
        FrameRange(0, 0),
        rate,
        layout.depth,
        layout.alpha,
        _CODECS.get(codec, codec),
        f"{names} {layout.depth}",
        timecode=_timecode(told, rate),
        reel=str(told.get("reelName", "")),
        colour_space=_aces_space(told),
        pixel_aspect=aspect if aspect > 0 else Fraction(1),
        grey=layout.grey,
        metadata=_worth_carrying(told, straight=layout.alpha and _straight(told, codec)),
    )
    return footage, layout


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    if not path.is_file():
        raise MediaMissing(
            "There is no such file", where=str(path), remedy="Check the path, or relink the clip"
        )
    # Alpha stays as the file has it: multiplying it in would not survive a round trip.
    wish = OpenImageIO.ImageSpec()
    wish.attribute("oiio:UnassociatedAlpha", 1)
    with reading(str(path)), path.open("rb"):
        file = OpenImageIO.ImageInput.open(str(path), wish)
    if file is None:
        raise MediaUnreadable(
            f"This is no picture we can read ({_first_line(OpenImageIO.geterror())})",
            where=str(path),
            remedy="It may be damaged, half copied, or of a kind we do not know",
        )
    try:
        yield file, file.spec()
    finally:
        file.close()


def _layout(spec: Any, path: Path, layer: str = "") -> Layout:
    if spec.deep:
        raise MediaUnreadable("Deep pictures are not read", where=str(path), remedy="Flatten it")
    names = [str(name) for name in spec.channelnames]
    channels = _layer_channels(names, layer, path) if layer else _channels(names, path)
    kinds = {str(spec.channelformat(place)) for place in channels}
    kind = kinds.pop() if len(kinds) == 1 else "float"
    if kind not in _DEPTHS:
        raise MediaUnreadable(f"Values of type {kind} are not read", where=str(path))
    display = Size(spec.full_width, spec.full_height)
    stored = Size(spec.width, spec.height)
    for size in (display, stored):
        refuse_absurd(size, spec.nchannels * 4, str(path))
    bits = spec.get_int_attribute("oiio:BitsPerSample", 0)
    return Layout(
        display,
        spec.x - spec.full_x,
        spec.y - spec.full_y,
        stored,
        channels,
        spec.nchannels,
        kind,
        bits if 8 < bits < 16 else _DEPTHS[kind].bits,
    )


def _channels(names: list[str], path: Path) -> tuple[int, ...]:
    """The places of R, G, B (A), or of the grey (A), in the file's first part."""
    place = {name.upper(): index for index, name in enumerate(names)}
    alpha = [place["A"]] if "A" in place else []
    if {"R", "G", "B"} <= place.keys():
        return (place["R"], place["G"], place["B"], *alpha)
    if len(names) == 1:
        return (0,)
    if set(place) == {"Y", "A"}:
        return (place["Y"], *alpha)
    raise MediaUnreadable(
        f"The picture has the channels {', '.join(names[:8])}, but no R, G and B",
        where=str(path),
        remedy="Render the picture itself into the first part as R, G, B",
    )


def _layer_channels(names: list[str], layer: str, path: Path) -> tuple[int, ...]:
    """The places of a layer's R, G, B (A), or of its one channel: A, Y or whatever its name."""
    place = {
        channel: index
        for index, (name, _, channel) in enumerate(each.rpartition(".") for each in names)
        if name == layer
    }
    if {"R", "G", "B"} <= place.keys():
        alpha = [place["A"]] if "A" in place else []
        return (place["R"], place["G"], place["B"], *alpha)
    if len(place) == 1:
        return tuple(place.values())
    there = dict.fromkeys(each.rpartition(".")[0] for each in names if "." in each)
    raise MediaUnreadable(
        f"The picture has no layer {layer} of one channel or of R, G and B",
        where=str(path),
        remedy=f"Ask for {' or '.join(there)}" if there else "It has no layers: leave it out",
    )


def _in_display_window(pixels: Frame, layout: Layout) -> Frame:
    (width, height), (x, y) = layout.display, (layout.x, layout.y)
    if (x, y) == (0, 0) and layout.stored == layout.display:
        return pixels
    whole = np.zeros((height, width, pixels.shape[-1]), pixels.dtype)
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + layout.stored.width, width), min(y + layout.stored.height, height)
    if left < right and top < bottom:
        whole[top:bottom, left:right] = pixels[top - y : bottom - y, left - x : right - x]
    return whole


def _rate(told: dict[str, Any]) -> Rate | None:
    """The rate an EXR or a DPX tells; nonsense counts as nothing."""
    for key in ("FramesPerSecond", "framesPerSecond", "dpx:FrameRate", "dpx:TemporalFrameRate"):
        value = told.get(key)
        try:
            if isinstance(value, tuple):
                return Rate.of(Fraction(int(value[0]), int(value[1])))
            if value:
                return Rate.of(float(value))
        except (BadValue, ZeroDivisionError, ValueError):
            continue
    return None


def _timecode(told: dict[str, Any], rate: Rate | None) -> Timecode | None:
    if rate is None:
        return None
    if "timecode" in told:
        try:
            return Timecode.parse(str(told["timecode"]), rate)
        except BadValue:
            return None
    bits = told.get("smpte:TimeCode")
    return unpacked(int(bits[0]), rate) if bits else None


def _aces_space(told: dict[str, Any]) -> str:
    """The ACES space that an EXR's chromaticities are those of, or ""."""
    if told.get("acesImageContainerFlag"):
        return "ACES2065-1"
    corners = told.get("chromaticities")
    if not corners:
        return ""
    for name, known in _ACES.items():
        if np.allclose(corners, known, atol=1e-3):
            return name
    return ""


def _worth_carrying(told: dict[str, Any], straight: bool) -> dict[str, str]:
    words = {
        key: value
        for key, value in told.items()
        if isinstance(value, str)
        and value
        and (key in _CARRIED or not (key in _OWN_WORDS or key.startswith(_OWN_KINDS)))
    }
    if told.get("chromaticities"):
        words["chromaticities"] = " ".join(map(repr, told["chromaticities"]))
    if straight:
        words["straight_alpha"] = "yes"
    return words


def _first_line(words: str) -> str:
    return next((line.strip() for line in words.splitlines() if line.strip()), "no reason given")


def _straight(told: dict[str, Any], codec: str) -> bool:
    """Whether the file's colours are not multiplied by its alpha."""
    return codec == "png" or bool(told.get("tiff:UnassociatedAlpha"))
