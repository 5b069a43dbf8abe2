"""A bank of textures: crops of photographs that packages ship, noise, dead leaves and patterns.

Every use of a texture crops, turns, mirrors and recolours it, so a bank of some hundred goes far.
The photographs are those of scikit-image that its documentation says are in the public domain, CC0
or without known restrictions, and scikit-learn's china.jpg and flower.jpg (CC BY 2.0,
danielbuechele and vultilion).
"""

from __future__ import annotations

import functools
import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from secondunit.worlds.draws import Draws
from secondunit_contract.problem import PartMissing

SIDE = 160
"""A texture is so many pixels wide and high."""

_PHOTOGRAPHS = {
    "skimage": (
        *("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "grass.png", "brick.png"),
        *("gravel.png", "camera.png", "hubble_deep_field.jpg", "ihc.png", "clock_motion.png"),
        *("coins.png", "retina.jpg"),
    ),
    "sklearn": ("china.jpg", "china.jpg", "china.jpg", "flower.jpg", "flower.jpg"),
}  # colour photographs of places are few: china.jpg thrice
_FOLDERS = {"skimage": "data", "sklearn": "datasets/images"}
_SHARE = (0.45, 0.17, 0.26, 0.12)  # photographs, dead leaves, noise, patterns


@functools.cache
def photographs() -> tuple[Any, ...]:
    """Each (3,H,W) in 0..1, shorter side 320. Raises PartMissing without the packages."""
    import numpy as np
    import torch
    from PIL import Image

    found = []
    for package, names in _PHOTOGRAPHS.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise PartMissing(
                f"The generated clips take their photographs from {package}, which is not here",
                remedy='Install it with: pip install "secondunit[worlds]"',
            )
        for name in names:
            with Image.open(Path(spec.origin).parent / _FOLDERS[package] / name) as picture:
                scale = 320 / min(picture.size)
                size = (round(picture.width * scale), round(picture.height * scale))
                small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
            pixels = np.asarray(small, dtype=np.float32) / 255
            found.append(torch.from_numpy(pixels).permute(2, 0, 1).contiguous())
    return tuple(found)


@functools.lru_cache(maxsize=4)
def bank(seed: int, count: int, device: str = "cpu") -> Any:
    """(count,3,SIDE,SIDE) float32 in 0..1: made once, kept."""
    import torch

    draw = Draws(seed)
    makers = (_photograph, _leaves, _clouds, _pattern)
    kinds = torch.multinomial(
        torch.tensor(_SHARE), count, replacement=True, generator=torch.Generator().manual_seed(seed)
    )
    return torch.stack([makers[int(kind)](draw).clamp(0, 1) for kind in kinds]).to(device)


def looks(draw: Draws, textures: Any, batch: int) -> Any:
    """(batch,3,SIDE,SIDE): textures of the bank, turned, mirrored, in colours of their own."""
    import torch

    chosen = textures[draw.whole(len(textures), batch)]
    for axis in (-1, -2):
        flip = draw.chance(0.5 if axis == -1 else 0.15, batch, 1, 1, 1)
        chosen = torch.where(flip > 0, chosen.flip(axis), chosen)
    swapped = torch.where(draw.chance(0.5, batch, 1, 1, 1) > 0, chosen.roll(1, 1), chosen.flip(1))
    chosen = torch.where(draw.chance(0.3, batch, 1, 1, 1) > 0, swapped, chosen)
    grey = chosen.mean(1, keepdim=True)
    saturation = draw.uniform(0.3, 1.5, batch, 1, 1, 1)
    chosen = (grey + (chosen - grey) * saturation).clamp(1e-3, 1)
    chosen = chosen ** draw.uniform(0.6, 1.7, batch, 1, 1, 1)
    gain = draw.uniform(0.5, 1.1, batch, 1, 1, 1) * draw.uniform(0.8, 1.2, batch, 3, 1, 1)
    return (chosen * gain + draw.uniform(-0.08, 0.15, batch, 3, 1, 1)).clamp(0, 1)


def noise(draw: Draws, channels: int, cells: float) -> Any:
    """(channels,SIDE,SIDE) smooth noise in 0..1, about so many cells across."""
    import torch.nn.functional as functional

    across = max(3, math.ceil(cells) + 2)
    coarse = draw.uniform(0, 1, 1, channels, across, across)
    return functional.interpolate(coarse, (SIDE, SIDE), mode="bicubic", align_corners=True)[0]


def _photograph(draw: Draws) -> Any:
    import torch.nn.functional as functional

    photograph = photographs()[int(draw.whole(len(photographs()), 1))]
    high, wide = photograph.shape[1:]
    side = int(min(high, wide) * float(draw.uniform(0.3, 1.0, 1)))
    top = int(draw.whole(high - side + 1, 1))
    left = int(draw.whole(wide - side + 1, 1))
    crop = photograph[None, :, top : top + side, left : left + side]
    return functional.interpolate(crop, (SIDE, SIDE), mode="bilinear", antialias=True)[0]


def _leaves(draw: Draws) -> Any:
    """Dead leaves: shapes of one colour lying over each other, as things in a picture do."""
    import torch

    rows, columns = _grid()
    made = draw.uniform(0, 1, 3, 1, 1).expand(3, SIDE, SIDE).clone()
    for _ in range(6 + int(draw.whole(36, 1))):
        x, y, turn, size = (float(v) for v in draw.uniform(0, 1, 4))
        wide = 0.03 + 0.32 * size * size
        high = wide * float(draw.uniform(0.3, 1.5, 1))
        across = (columns - x) * math.cos(turn * 3.2) + (rows - y) * math.sin(turn * 3.2)
        along = (rows - y) * math.cos(turn * 3.2) - (columns - x) * math.sin(turn * 3.2)
        if size < 0.6:
            inside = (across / wide) ** 2 + (along / high) ** 2 < 1
        else:
            inside = (across.abs() < wide) & (along.abs() < high)
        colour = draw.uniform(0, 1, 3, 1, 1) + (along / high * float(draw.normal(0.1, 1)))
        made = torch.where(inside, colour, made)
    return made


def _clouds(draw: Draws) -> Any:
    """Noise of several scales, its colours tied to each other as light ties them."""
    octaves = [(2.0, 0.5), (5.0, 0.28), (13.0, 0.16), (40.0, 0.1)]
    grey = sum(noise(draw, 1, cells * float(draw.uniform(0.6, 1.6, 1))) * w for cells, w in octaves)
    tint = sum(noise(draw, 3, cells) * w for cells, w in octaves[:2])
    mixed = grey + (tint - 0.39) * float(draw.uniform(0.2, 1.2, 1))
    return (mixed - mixed.mean()) * float(draw.uniform(0.8, 2.6, 1)) + draw.uniform(
        0.15, 0.85, 3, 1, 1
    )


def _pattern(draw: Draws) -> Any:
    """Stripes or checks."""
    rows, columns = _grid()
    turn, period = float(draw.angle(1)), float(draw.uniform(0.03, 0.2, 1))
    across = (columns * math.cos(turn) + rows * math.sin(turn)) / period
    along = (rows * math.cos(turn) - columns * math.sin(turn)) / (
        period * float(draw.uniform(0.6, 2, 1))
    )
    checks = along.floor() if float(draw.chance(0.5, 1)) else 0
    which = (across.floor() + checks) % 2
    one, other = draw.uniform(0, 1, 2, 3, 1, 1)
    return one * which + other * (1 - which) + (noise(draw, 1, 20) - 0.5) * 0.2


def _grid() -> tuple[Any, Any]:
    import torch

    line = torch.linspace(0, 1, SIDE)
    rows, columns = torch.meshgrid(line, line, indexing="ij")
    return rows, columns
