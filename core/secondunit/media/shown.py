"""Frames as they are shown to people: scaled down, display-referred, eight bits."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Literal

import numpy as np
from PIL import Image

from secondunit.callsheet import Size
from secondunit.media.colour import ColourPath, space_of
from secondunit.media.depth import to_unit
from secondunit.media.read import open_media
from secondunit.media.resize import resized
from secondunit_contract.clip import Clip

_QUALITY = 88


def shown_size(width: int, height: int, side: int) -> tuple[int, int]:
    """The size to show: its longer side at most `side`, its shape kept, even as codecs want."""
    scale = min(1.0, side / max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def shown(clip: Clip, side: int) -> Generator[tuple[np.ndarray, np.ndarray | None]]:
    """Each frame's colours (H,W,3), display-referred, unclipped, and its alpha (H,W,1), 0 to 1.

    The alpha is None where the media has none. Raises Problems of the media, the first before any
    frame is given.
    """
    with open_media(clip) as reader:
        footage = reader.footage
        path = ColourPath(space_of(footage))
        small = Size(*shown_size(footage.size.width, footage.size.height, side))
        for frame in reader.frames(clip.range or footage.range):
            light = to_unit(frame, footage.depth)
            colours = resized(path.to_display(np.ascontiguousarray(light[..., :3])), small)
            alpha = np.clip(resized(light[..., 3:], small), 0, 1) if footage.alpha else None
            yield colours, alpha


def jpegs(clip: Clip, side: int, layer: Literal["colour", "alpha"] = "colour") -> Iterator[bytes]:
    """Each frame as a JPEG file: its colours, or its alpha alone in grey, white where it has none.

    Raises as `shown`.
    """
    with closing(shown(clip, side)) as frames:
        for colours, alpha in frames:
            if layer == "alpha":
                grey = np.ones(colours.shape[:2]) if alpha is None else alpha[..., 0]
                picture = Image.fromarray(eight_bits(grey), "L")
            else:
                picture = Image.fromarray(eight_bits(colours), "RGB")
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=_QUALITY)
            yield file.getvalue()


def eight_bits(light: np.ndarray) -> np.ndarray:
    """0 to 1 as 0 to 255."""
    return np.rint(np.clip(light, 0, 1) * 255).astype(np.uint8)
