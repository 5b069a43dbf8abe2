"""A brush that paints one kind of thing for many clips at once, part over part.

The thing's own coordinates: x to the right (the way it faces), y down, its middle at the origin and
all of it within one unit of it; what stands touches y = 1. Distances are signed, negative inside.
"""

from __future__ import annotations

from math import cos, pi, sin, tau
from typing import Any

REACH = 1.2
"""A sprite shows -REACH to REACH of the thing's coordinates."""


class Brush:
    """Paints n sprites of `frames` pictures, `side` pixels square.

    colour   the named colour, (n,3)
    phase    where the thing is in its stride, (n, frames), radians
    soft     width of its edges in its own units, (n,)
    facing   1 to the right, -1 to the left, (n,)
    traits   numbers in 0..1 in which two things of a kind differ, (n, 8)
    """

    def __init__(
        self, colour: Any, phase: Any, soft: Any, facing: Any, traits: Any, side: int
    ) -> None:
        import torch

        count, frames = phase.shape
        axis = (torch.arange(side, device=colour.device) + 0.5) / side * (2 * REACH) - REACH
        self.x = axis.view(1, 1, 1, side) * facing.view(count, 1, 1, 1)
        self.y = axis.view(1, 1, side, 1)
        self.colour = colour
        self.phase = phase.view(count, frames, 1, 1)
        self.traits = traits
        self._soft = soft.view(count, 1, 1, 1)
        self._rgb = torch.zeros(count, 3, frames, side, side, device=colour.device)
        self._cover = torch.zeros(count, 1, frames, side, side, device=colour.device)

    def sprites(self) -> Any:
        """(n, frames, 4, side, side): colour multiplied by coverage, and coverage."""
        import torch

        return torch.cat([self._rgb, self._cover], 1).transpose(1, 2)

    def trait(self, which: int) -> Any:
        """One number in 0..1 a thing, shaped to be used in distances (n,1,1,1)."""
        return self.traits[:, which].view(-1, 1, 1, 1)

    def either(self, which: int, yes: Any, no: Any, share: float = 0.5) -> Any:
        """The colour `yes` (3,) or (n,3) for `share` of the things, by a trait, else `no`."""
        import torch

        chosen = (self.traits[:, which] < share).view(-1, 1)
        return torch.where(chosen, self._tensor(yes), self._tensor(no))

    def tone(self, factor: float) -> Any:
        """The named colour, darker below 1, towards white above; black stays black."""
        if factor <= 1:
            return self.colour * factor
        strength = (factor - 1) * self.colour.amax(1, keepdim=True)
        return self.colour + (1 - self.colour) * strength

    def paint(self, distance: Any, colour: Any, shade: Any = 1.0, opacity: float = 1.0) -> None:
        """A part over what is painted: its colour (3,) or (n,3) times a shade that may vary."""
        cover = (0.5 - distance / self._soft).clamp(0, 1).unsqueeze(1) * opacity
        tint = self._tensor(colour).view(-1, 3, 1, 1, 1)
        shaded = shade if isinstance(shade, float) else shade.unsqueeze(1)
        self._rgb = self._rgb * (1 - cover) + (tint * shaded).clamp(0, 1) * cover
        self._cover = self._cover + cover * (1 - self._cover)

    def disc(self, x: Any, y: Any, radius: Any) -> Any:
        """A filled circle."""
        return ((self.x - x) ** 2 + (self.y - y) ** 2 + 1e-9).sqrt() - radius

    def oval(self, x: Any, y: Any, width: Any, height: Any) -> Any:
        """An ellipse with these half axes; near its edge the distance is nearly true."""
        across, down = (self.x - x) / width, (self.y - y) / height
        least = min(width, height) if isinstance(width, float) else (width + height) / 2
        return ((across**2 + down**2 + 1e-9).sqrt() - 1) * least

    def line(self, start: tuple[Any, Any], end: tuple[Any, Any], radius: Any) -> Any:
        """A stroke with round ends."""
        (ax, ay), (bx, by) = start, end
        dx, dy = bx - ax, by - ay
        px, py = self.x - ax, self.y - ay
        along = ((px * dx + py * dy) / (dx * dx + dy * dy + 1e-6)).clamp(0, 1)
        return ((px - dx * along) ** 2 + (py - dy * along) ** 2 + 1e-9).sqrt() - radius

    def slab(self, x: Any, y: Any, width: float, height: float, corner: float = 0.0) -> Any:
        """A rectangle with these half sides and rounded corners."""
        across = (self.x - x).abs() - (width - corner)
        down = (self.y - y).abs() - (height - corner)
        outside = (across.clamp(min=0) ** 2 + down.clamp(min=0) ** 2 + 1e-9).sqrt()
        return outside + _larger(across, down).clamp(max=0) - corner

    def polygon(self, *corners: tuple[Any, Any]) -> Any:
        """A convex polygon, its corners clockwise as seen."""
        distance: Any = None
        for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
            dx, dy = bx - ax, by - ay
            length = (dx * dx + dy * dy) ** 0.5
            side = ((self.x - ax) * dy - (self.y - ay) * dx) / length
            distance = side if distance is None else _larger(distance, side)
        return distance

    def star(self, points: int, inner: float) -> Any:
        """A star with a point upwards, its tips one unit out and its dents `inner` out."""
        import torch

        sector = tau / points
        angle = torch.atan2(self.x, -self.y)
        folded = torch.remainder(angle + sector / 2, sector) - sector / 2
        radius = (self.x**2 + self.y**2 + 1e-9).sqrt()
        along, across = radius * folded.cos(), (radius * folded.sin()).abs()
        dent = (inner * cos(pi / points), inner * sin(pi / points))
        edge = (dent[0] - 1, dent[1])
        length = (edge[0] ** 2 + edge[1] ** 2) ** 0.5
        return ((along - 1) * edge[1] - across * edge[0]) / length

    def pattern(self) -> Any:
        """How light the named colour is, over the thing: stripes, dots, mottled, or plain."""
        import torch

        kind, scale = self.trait(6), 7 + 7 * self.trait(7)
        stripes = torch.sin(scale * (self.x * 0.8 + self.y * 0.6))
        dots = torch.sin(scale * self.x) * torch.sin(scale * self.y)
        mottled = torch.sin(scale * self.x + 2.3 * torch.sin(scale * 0.7 * self.y + 1)) * dots
        dark = torch.where(kind < 0.12, (stripes > 0.25) * 0.28, (dots > 0.45) * 0.28)
        dark = torch.where(kind > 0.24, mottled.abs() * 0.22, dark)
        return 1 - torch.where(kind > 0.5, torch.zeros_like(dark), dark)

    def _tensor(self, colour: Any) -> Any:
        if isinstance(colour, tuple):
            return self.colour.new_tensor(colour).view(1, 3)
        return colour


def union(first: Any, *others: Any) -> Any:
    """All of several parts as one."""
    for other in others:
        first = first.minimum(other)
    return first


def overlap(first: Any, *others: Any) -> Any:
    """What several parts share."""
    for other in others:
        first = first.maximum(other)
    return first


def _larger(first: Any, second: Any) -> Any:
    return first.maximum(second)
