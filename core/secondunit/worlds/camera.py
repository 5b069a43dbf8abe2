"""Where a moving camera looks, and how things move: smooth paths that stay about the frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from secondunit.worlds.draws import Draws

TAPS = 3
"""Moments of an open shutter: motion blur is their mean."""


@dataclass(frozen=True)
class Field:
    """The frame's grid: x and y (H,W) in halves of its shorter side from its centre, and moments.

    `moments` (F*TAPS,) counts time in units of eight frames from the middle of the clip.
    """

    x: Any
    y: Any
    moments: Any
    frames: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, height, width."""
        return self.frames, *self.x.shape

    def middles(self, drawn: Any) -> Any:
        """Of (B,F*TAPS,...), what there was in the middle of each frame's shutter: (B,F,...)."""
        return drawn.unflatten(1, (self.frames, TAPS))[:, :, TAPS // 2]

    def blurred(self, drawn: Any) -> Any:
        """Of (B,F*TAPS,...), the mean over each frame's shutter: (B,F,...)."""
        return drawn.unflatten(1, (self.frames, TAPS)).mean(2)


def field_of(
    frames: int, height: int, width: int, shutter: float, device: str, every: float, leap: float
) -> Field:
    """The grid of a clip whose shutter is open for so much of a frame.

    Of the shot, `every` so many frames are seen, and the first lies `leap` frames further back: as
    calls see it that build on each other.
    """
    import torch

    short = min(height, width)
    rows = (torch.arange(height, device=device) * 2 + 1 - height) / short
    columns = (torch.arange(width, device=device) * 2 + 1 - width) / short
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    taps = (torch.arange(TAPS, device=device) - (TAPS - 1) / 2) / TAPS * shutter
    times = (torch.arange(frames, device=device) - (frames - 1) / 2) * every
    times[0] -= leap
    return Field(x, y, ((times[:, None] + taps) / 8).flatten(), frames)


def swing(draw: Draws, moments: Any, batch: int, speed: Any) -> Any:
    """(batch,len(moments)): a smooth path that sets out from 0 at up to `speed` (batch,1)."""
    pace, phase = draw.uniform(0.4, 2.2, batch, 1), draw.angle(batch, 1)
    return speed / pace * ((pace * moments + phase).sin() - phase.sin())


def shake(draw: Draws, moments: Any, batch: int) -> Any:
    """(batch,len(moments)): a hand's unrest, in some clips."""
    strength = draw.chance(0.35, batch, 1) * draw.uniform(0.004, 0.03, batch, 1)
    total: Any = 0
    for _ in range(2):
        pace, phase = draw.uniform(4, 14, batch, 1), draw.angle(batch, 1)
        total = total + (pace * moments + phase).sin()
    return strength * total


@dataclass(frozen=True)
class Camera:
    """A camera's path: where it looks (batch,T) and how it turns and zooms."""

    x: Any
    y: Any
    turn: Any
    zoom: Any

    @classmethod
    def drawn(cls, draw: Draws, moments: Any, batch: int) -> Camera:
        """Still in a quarter of the clips; else panning, and sometimes turning and zooming."""
        moves = draw.chance(0.75, batch, 1)
        speed = draw.uniform(0.0, 0.55, batch, 1)
        return cls(
            swing(draw, moments, batch, moves * speed) + shake(draw, moments, batch),
            swing(draw, moments, batch, moves * speed * 0.4) + shake(draw, moments, batch),
            swing(draw, moments, batch, moves * draw.chance(0.3, batch, 1) * 0.12),
            swing(draw, moments, batch, moves * draw.chance(0.4, batch, 1) * 0.2).exp(),
        )

    def at_middles(self, field: Field) -> Camera:
        """Where it looks in the middle of each frame's shutter alone."""
        paths = (self.x, self.y, self.turn, self.zoom)
        return Camera(*(field.middles(path) for path in paths))

    def of(self, clips: Any) -> Camera:
        """The cameras of some clips of the batch, by their numbers."""
        paths = (self.x, self.y, self.turn, self.zoom)
        return Camera(*(path[clips] for path in paths))

    def seen(self, field: Field, depth: float, reach: Any) -> tuple[Any, Any]:
        """Places (B,T,H,W), -1..1 over a layer `reach` (B,1,1,1) wide; near layers move more."""
        spread = (..., None, None)
        cos, sin = self.turn.cos()[spread], self.turn.sin()[spread]
        zoom = (1 + (self.zoom - 1) * depth)[spread]
        x = (field.x * cos - field.y * sin) * zoom + (self.x * depth)[spread]
        y = (field.x * sin + field.y * cos) * zoom + (self.y * depth)[spread]
        return x / reach, y / reach


def sampled(layer: Any, x: Any, y: Any) -> Any:
    """A layer (B,C,h,w) seen at places (B,T,H,W) in -1..1, mirrored beyond: (B,C,T,H,W)."""
    import torch
    import torch.nn.functional as functional

    batch, times, high, wide = x.shape
    grid = torch.stack([x, y], -1).reshape(batch, times * high, wide, 2)
    found = functional.grid_sample(layer, grid, padding_mode="reflection", align_corners=False)
    return found.unflatten(2, (times, high))
