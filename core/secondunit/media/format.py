"""What a take is written as."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from secondunit.callsheet import Size
from secondunit.media.depth import Depth
from secondunit.media.footage import ColourTags, Footage
from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import CodecUnfit

Codec = Literal["ffv1", "prores4444", "h264", "exr", "dpx", "tiff", "png"]

MOVIES: frozenset[Codec] = frozenset({"ffv1", "prores4444", "h264"})
_LOSSY: frozenset[Codec] = frozenset({"prores4444", "h264"})
_HALF, _FLOAT = Depth(16, floating=True), Depth(32, floating=True)
_HOLDS: dict[Codec, frozenset[Depth]] = {
    "ffv1": frozenset(Depth(bits) for bits in (8, 10, 12, 14, 16)),
    "prores4444": frozenset(Depth(bits) for bits in (8, 10, 12, 16)),
    "h264": frozenset({Depth(8)}),
    "exr": frozenset({_HALF, _FLOAT}),
    "dpx": frozenset(Depth(bits) for bits in (8, 10, 12, 16)),
    "tiff": frozenset({*(Depth(bits) for bits in (8, 10, 12, 16)), _FLOAT}),
    "png": frozenset({Depth(8), Depth(16)}),
}
_SUFFIXES: dict[Codec, tuple[str, ...]] = {
    "ffv1": (".mov", ".mp4"),
    "prores4444": (".mov",),
    "h264": (".mp4", ".mov"),
    "exr": (".exr",),
    "dpx": (".dpx",),
    "tiff": (".tif", ".tiff"),
    "png": (".png",),
}
_SAME_KIND: dict[str, Codec] = {"exr": "exr", "dpx": "dpx", "tiff": "tiff", "png": "png"}
_LAYERED: frozenset[Codec] = frozenset({"exr"})
_LAYER = re.compile(r"([A-Za-z_]\w*)(?:\.(A|RGB))?", re.ASCII)
_PICTURES = frozenset({"screen", "despill"})
"""Layers that are pictures, not mattes, where their names do not say."""


@dataclass(frozen=True)
class Format:
    """What a take is written as, and what its header tells.

    depth     of the frames handed to the writer; a lossy codec brings them to its own
    rate      needed for a movie
    timecode  of the first frame written
    alpha     ProRes 4444 keeps it to ten bits, all that FFmpeg's encoders take; 0 and white exactly
    metadata  as `Footage.metadata`: an EXR's compression and chromaticities among it. Colours of
              an EXR are premultiplied by its alpha, of a ProRes too; "straight_alpha" in it says
              that the caller's are not, and is written into the header: no pixel is changed
    layers    further channels of every frame, behind R, G, B (A), for compositors to pick: "core"
              is one channel, core.A; "screen" and "despill", which are pictures, three, as in
              despill.R; "fill.RGB" and "fill.A" say so themselves. EXR alone holds them
    sound     whether what is heard is written too: into the movie, or beside pictures as a .wav
    """

    codec: Codec
    size: Size
    rate: Rate | None
    depth: Depth
    alpha: bool = False
    timecode: Timecode | None = None
    reel: str = ""
    colour: ColourTags = field(default_factory=ColourTags)
    pixel_aspect: Fraction = Fraction(1)
    metadata: dict[str, str] = field(default_factory=dict, compare=False)
    layers: tuple[str, ...] = ()
    sound: bool = False

    @classmethod
    def like(
        cls, footage: Footage, *, alpha: bool | None = None, size: Size | None = None
    ) -> Format:
        """The format of the footage's own kind that holds its pixels without loss.

        A movie becomes FFV1 in RGB, a sequence stays what it is; JPEG and other kinds become PNG,
        or EXR where floating.
        """
        if footage.kind == "movie":
            codec: Codec = "ffv1"
        else:
            codec = _SAME_KIND.get(footage.codec, "exr" if footage.depth.floating else "png")
        return cls(
            codec,
            size or footage.size,
            footage.rate,
            footage.depth,
            footage.alpha if alpha is None else alpha,
            footage.timecode,
            footage.reel,
            footage.colour,
            footage.pixel_aspect,
            dict(footage.metadata),
        )

    @property
    def lossless(self) -> bool:
        """Whether reading gives back the bits that were written."""
        return self.codec not in _LOSSY

    @property
    def movie(self) -> bool:
        """Whether all frames go into one file."""
        return self.codec in MOVIES

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one frame: (height, width, 3 or 4 and as many as the layers have)."""
        return self.size.height, self.size.width, len(self.channels)

    @property
    def channels(self) -> tuple[str, ...]:
        """What each channel of a frame is called, in order: R, G, B (A), core.A, despill.R, …"""
        own = ("R", "G", "B", "A") if self.alpha else ("R", "G", "B")
        return (*own, *(name for layer in self.layers for name in _channels_of(layer)))

    def refuse_unfit(self, path: Path) -> None:
        """Raise CodecUnfit where this format cannot be, or cannot stand under that name."""
        if self.layers:
            self._refuse_layers(path)
        faults = {
            f"{self.codec} holds no {self.depth} values": self.depth not in _HOLDS[self.codec],
            f"{self.codec} needs a file name ending in {' or '.join(_SUFFIXES[self.codec])}": (
                path.suffix.lower() not in _SUFFIXES[self.codec]
            ),
            "A movie needs a frame rate": self.movie and self.rate is None,
            "H.264 keeps no alpha": self.codec == "h264" and self.alpha,
            f"H.264 needs even sizes, not {self.size.width} x {self.size.height}": (
                self.codec == "h264" and bool((self.size.width | self.size.height) & 1)
            ),
        }
        for fault, holds in faults.items():
            if holds:
                raise CodecUnfit(fault, where=str(path), remedy=self._what_fits())

    def _refuse_layers(self, path: Path) -> None:
        if self.codec not in _LAYERED:
            raise CodecUnfit(
                f"{self.codec} holds no layers, and {', '.join(self.layers)} are asked for",
                where=str(path),
                remedy="Use exr (.exr), or leave the layers out",
            )
        wrong = [layer for layer in self.layers if not _LAYER.fullmatch(layer)]
        if wrong or len(set(self.channels)) < len(self.channels):
            raise CodecUnfit(
                f"A layer cannot be called {wrong[0]!r}" if wrong else "Two layers have one name",
                where=str(path),
                remedy="Give each a name of its own, of letters, digits and _, as in core",
            )

    def _what_fits(self) -> str:
        """The formats that can hold these pictures, with their suffixes."""
        even = not (self.size.width | self.size.height) & 1
        fits = [
            f"{codec} ({_SUFFIXES[codec][0]})"
            for codec, depths in _HOLDS.items()
            if self.depth in depths
            and (codec not in MOVIES or self.rate is not None)
            and (codec != "h264" or (even and not self.alpha))
        ]
        return f"Use {' or '.join(fits)}" if fits else "Convert the plate to another depth first"


def _channels_of(layer: str) -> tuple[str, ...]:
    """The channels of a layer, named as compositors expect them: layer.channel."""
    name, _, told = layer.partition(".")
    return tuple(f"{name}.{channel}" for channel in told or ("RGB" if name in _PICTURES else "A"))


def suffix_for(wanted: Format) -> str:
    """The usual ending of a file of this format."""
    return _SUFFIXES[wanted.codec][0]
