"""Chroma: colour that a codec halved is put back along the edges that luma still shows.

Cameras and codecs keep colour at half the size (4:2:2, 4:2:0), decoders repeat it, and a key reads
little else: its edge comes out in steps of two pixels. Nothing is changed in footage whose colour
is whole. Working values are display-referred, as codecs split them; pictures are linear light.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from secondunit.callsheet import Pixels

# linear light of sRGB to luma and back: the split codecs use for small pictures; for the
# rebuilding any fixed weights do, since repeated colour repeats its differences whatever they are
_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114
_REACH, _EDGE = 1, 1e-3  # pixels of the halved colour; the variance of luma that counts as an edge

HALO = 8
"""Rows beside a strip that rebuilding it looks at."""


class Halved(NamedTuple):
    """Along which sides colour was kept at half the size."""

    across: bool = False
    down: bool = False


def halved(picture: Pixels) -> Halved:
    """Whether a picture's colour (H,W,3), linear, is the same in pairs of pixels.

    Where colour is repeated, the differences between channels inside a pair are rounding, and
    those from pair to pair are the picture.
    """
    height, width = (side - side % 2 for side in picture.shape[:2])
    if min(height, width) < 8:
        return Halved()
    # every second block of rows is plenty, and a third of the work
    rows = [row for top in range(0, height, 6) for row in (top, top + 1) if row < height]
    seen = _encoded_pixels(picture[rows][:, :width])
    differences = seen[..., [0, 2]] - seen[..., [1]]
    across = np.abs(np.diff(differences, axis=1))
    down = np.abs(differences[1::2] - differences[0::2])
    inside, between = float(across[:, 0::2].mean()), float(across[:, 1::2].mean())
    if between < 1e-4 or inside > 0.2 * between:
        return Halved()
    return Halved(True, float(down.mean()) < 0.2 * between)


def rebuilt(picture: Any, how: Halved) -> Any:
    """The picture (3,h,w), linear, its colour interpolated along luma; a torch tensor.

    Colour is modelled as a straight line over luma in each small window (joint upsampling by a
    guided filter, He and Sun 2013), and what the line misses is interpolated. Sides must be even;
    an odd last row or column is left as it is.
    """
    if not how.across:
        return picture
    import torch.nn.functional as nn

    height, width = (side - side % 2 for side in picture.shape[1:])
    step = (2 if how.down else 1, 2)
    seen = encoded(picture[:, :height, :width])
    luma = (_RED * seen[0] + _GREEN * seen[1] + _BLUE * seen[2])[None, None]
    colour = (seen[[0, 2]] - luma[0])[None]
    small_luma, small_colour = nn.avg_pool2d(luma, step), nn.avg_pool2d(colour, step)
    slope, level = _lines(small_luma, small_colour)
    missed = small_colour - (slope * small_luma + level)
    slope, level = (
        nn.interpolate(each, (height, width), mode="bilinear", align_corners=False)
        for each in (slope, level + missed)
    )
    both = slope * luma + level
    red, blue = both[0, 0] + luma[0, 0], both[0, 1] + luma[0, 0]
    green = (luma[0, 0] - _RED * red - _BLUE * blue) / _GREEN
    result = picture.clone()
    for channel, plane in enumerate((red, green, blue)):
        result[channel, :height, :width] = decoded(plane)
    return result


def encoded(linear: Any) -> Any:
    """Linear light, not negative, as sRGB is encoded; beyond 1 by the same curve. Torch."""
    import torch

    power = 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, linear * 12.92, power)


def decoded(seen: Any) -> Any:
    """The way back from `encoded`, nothing below black. Torch."""
    import torch

    power = ((seen.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(seen <= 0.04045, seen.clamp(min=0) / 12.92, power)


def _lines(luma: Any, colour: Any) -> tuple[Any, Any]:
    """Slope and level (1,2,h,w) of colour over luma around each pixel."""
    mean, level = _box(luma), _box(colour)
    variance = _box(luma * luma) - mean * mean
    slope = (_box(colour * luma) - mean * level) / (variance.clamp(min=0) + _EDGE)
    return _box(slope), _box(level - slope * mean)


def _box(planes: Any) -> Any:
    import torch.nn.functional as nn

    side = 2 * _REACH + 1
    padded = nn.pad(planes, (_REACH,) * 4, mode="replicate")
    return nn.avg_pool2d(padded, side, 1)


def _encoded_pixels(picture: Pixels) -> Pixels:
    low = np.maximum(picture, 0)
    power = 1.055 * np.maximum(low, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(low <= 0.0031308, low * 12.92, power).astype(np.float32)
