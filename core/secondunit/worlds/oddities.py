"""Textured things of several swinging parts, no two alike: they deform, turn, and have fringes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from secondunit.worlds.camera import Camera, Field, sampled, swing
from secondunit.worlds.draws import Draws

_PARTS = 4
_BEARINGS = 256
_HARMONICS = 5  # of an outline; the amplitude of each falls with its number


@dataclass(frozen=True)
class Oddity:
    """One thing in each of B clips: coverage (B,1,F,H,W) and colour (B,3,F,H,W)."""

    alpha: Any
    colour: Any


def oddity(
    draw: Draws, field: Field, camera: Camera, textures: Any, size: tuple[float, float]
) -> Oddity:
    """Draw one; `size` is the range of its main part's radius, in halves of the shorter side.

    `textures` (B,3,h,w) are its skin.
    """
    batch = len(textures)
    radius = draw.uniform(*size, batch, 1, 1, 1)
    x, y = _local(draw, field, camera, batch)
    distance, part = _Outline.drawn(draw, batch, radius).distance(field, x, y)
    short = min(field.shape[1:])
    soft = draw.one_of((1.2, 1.2, 1.6, 2.5, 5.0), batch, 1, 1, 1) * 2 / short
    alpha = field.blurred((0.5 - distance / soft).clamp(0, 1))
    x, y, part = (field.middles(each) for each in (x, y, part))
    # beyond the edge the skin goes on as it is there: foreground colour has no background in it
    skin = sampled(textures, (x / radius * 0.55).clamp(-2, 2), (y / radius * 0.55).clamp(-2, 2))
    tints = draw.uniform(0.45, 1.15, batch, 3, _PARTS, 1, 1, 1)
    tint = sum(tints[:, :, i] * (part == i)[:, None] for i in range(_PARTS))
    lit = draw.uniform(-0.3, 0.3, 2, batch, 1, 1, 1)
    light = (1 + (lit[0] * x + lit[1] * y) / radius).clamp(0.35, 1.5)
    return Oddity(alpha[:, None], (skin * tint * light[:, None]).clamp(0, 1))


def _local(draw: Draws, field: Field, camera: Camera, batch: int) -> tuple[Any, Any]:
    """The grid as the thing sees it: its own centre, upright and at its own size."""
    moments = field.moments
    wide, high = float(field.x.max()), float(field.y.max())
    speed = draw.uniform(0, 1, batch, 1) ** 2 * 1.1 * draw.chance(0.85, batch, 1)
    heading = draw.angle(batch, 1)
    centre_x = draw.uniform(-0.7, 0.7, batch, 1) * wide
    centre_y = draw.uniform(-0.65, 0.65, batch, 1) * high
    centre_x = centre_x + swing(draw, moments, batch, speed) * heading.cos() - camera.x * 1.1
    centre_y = centre_y + swing(draw, moments, batch, speed) * heading.sin() - camera.y * 1.1
    turning = draw.chance(0.5, batch, 1) * draw.uniform(0, 0.9, batch, 1)
    turn = draw.angle(batch, 1) + swing(draw, moments, batch, turning)
    scale = swing(draw, moments, batch, draw.chance(0.5, batch, 1) * 0.3).exp()
    spread = (..., None, None)
    x, y = field.x - centre_x[spread], field.y - centre_y[spread]
    cos, sin, scale = turn.cos()[spread], turn.sin()[spread], scale[spread]
    return (x * cos + y * sin) / scale, (y * cos - x * sin) / scale


@dataclass(frozen=True)
class _Outline:
    """Parts (B,parts): where each is hung, its radius and flatness, how it swings and ripples."""

    radius: Any
    offset: Any
    flat: Any
    swing: Any
    pace: Any
    phase: Any
    ripple: Any
    ripple_phase: Any
    fringe: Any
    hairs: Any

    @classmethod
    def drawn(cls, draw: Draws, batch: int, radius: Any) -> _Outline:
        import torch

        first = torch.zeros(1, _PARTS, device=draw.device)
        first[0, 0] = 1
        there = torch.maximum(draw.chance(0.7, batch, _PARTS), first)
        share = draw.uniform(0.25, 0.75, batch, _PARTS) * (1 - first) + first
        hung = draw.uniform(-1, 1, batch, _PARTS, 2) * (1 - first)[..., None]
        falling = torch.arange(1, _HARMONICS + 1, device=draw.device)
        return cls(
            radius.view(batch, 1) * share * there - (1 - there),  # absent parts cover nothing
            hung * radius.view(batch, 1, 1),
            draw.uniform(0.25, 1.0, batch, _PARTS),
            draw.uniform(-0.9, 0.9, batch, _PARTS) * (1 - first),
            draw.uniform(1.0, 7.0, batch, _PARTS),
            draw.angle(batch, _PARTS),
            draw.normal(0.2, batch, _PARTS, _HARMONICS) / falling,
            draw.angle(batch, _PARTS, _HARMONICS),
            draw.chance(0.3, batch, 1, 1) * draw.uniform(0.03, 0.14, batch, 1, 1),
            draw.one_of((9.0, 14.0, 21.0, 30.0), batch, 1, 1),
        )

    def distance(self, field: Field, x: Any, y: Any) -> tuple[Any, Any]:
        """About the distance (B,T,H,W) outside the outline, and which part is nearest."""
        import torch

        best, part = self._of_part(field, x, y, 0), torch.zeros_like(x)
        for index in range(1, _PARTS):
            one = self._of_part(field, x, y, index)
            part = torch.where(one < best, torch.full_like(part, index), part)
            best = torch.minimum(best, one)
        return best, part

    def _of_part(self, field: Field, x: Any, y: Any, index: int) -> Any:
        def own(value: Any) -> Any:
            return value[:, index].reshape(-1, 1, 1, 1)

        if index:
            moment = field.moments.view(1, -1, 1, 1)
            angle = own(self.swing) * (own(self.pace) * moment + own(self.phase)).sin()
            cos, sin = angle.cos(), angle.sin()
            x, y = x * cos - y * sin - own(self.offset[..., 0]), x * sin + y * cos
            y = y - own(self.offset[..., 1])
        y = y / own(self.flat)
        bearing = (y.atan2(x) * (_BEARINGS / math.tau)).int().bitwise_and_(_BEARINGS - 1).long()
        reach = self._reach(field.moments, index).gather(2, bearing.flatten(2)).view_as(x)
        return ((x * x).addcmul_(y, y).sqrt_() - reach).mul_(0.8)

    def _reach(self, moments: Any, index: int) -> Any:
        """How far the part goes in each bearing at each moment: (B,T,_BEARINGS)."""
        import torch

        bearing = torch.arange(_BEARINGS, device=moments.device) * (math.tau / _BEARINGS)
        total = torch.ones_like(bearing)
        for number in range(_HARMONICS):
            pace = self.pace[:, index].view(-1, 1, 1) * (number % 2)
            phase = self.ripple_phase[:, index, number].view(-1, 1, 1)
            wave = (number + 1) * bearing + phase + pace * moments.view(1, -1, 1)
            total = total + self.ripple[:, index, number].view(-1, 1, 1) * wave.cos()
        if index == 0:
            total = total + self.fringe * (bearing * self.hairs).cos()
        return self.radius[:, index].view(-1, 1, 1) * total
