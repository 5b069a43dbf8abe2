"""What the things of the named world look like: shapes, people, animals, vehicles and props."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import pi
from typing import Any

from secondunit.worlds.brush import Brush, overlap, union
from secondunit.worlds.creatures import DARK, LIGHT, bird, fish, person, quadruped

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.86, 0.09, 0.09),
    "orange": (0.97, 0.50, 0.05),
    "yellow": (0.96, 0.86, 0.12),
    "green": (0.13, 0.36, 0.17),
    "cyan": (0.10, 0.76, 0.86),
    "blue": (0.12, 0.24, 0.88),
    "purple": (0.48, 0.13, 0.70),
    "pink": (0.97, 0.48, 0.70),
    "brown": (0.42, 0.24, 0.11),
    "white": (0.95, 0.95, 0.95),
    "grey": (0.52, 0.52, 0.53),
    "black": (0.07, 0.07, 0.08),
}
"""The named colours in daylight, as displayed. Green is dark: far from the screen's."""

STEEL = (0.70, 0.72, 0.75)
WOOD = (0.45, 0.29, 0.16)
GLASS = (0.55, 0.70, 0.80)


def ball(brush: Brush) -> None:
    """A ball, some with a band of white around it."""
    rim = 1.06 - 0.36 * (brush.x**2 + brush.y**2).clamp(max=1)
    whole = brush.disc(0.0, 0.0, 0.97)
    brush.paint(whole, brush.colour, brush.pattern() * rim)
    band = overlap(whole, (brush.y + 0.1 * brush.x).abs() - 0.13 + (brush.trait(0) > 0.5) * 9.0)
    brush.paint(band, LIGHT, rim)


def box(brush: Brush) -> None:
    """A box seen a little from above: a front and a lid."""
    brush.paint(brush.slab(0.0, 0.0, 0.78, 0.78, 0.06), brush.colour, brush.pattern())
    lid = overlap(brush.slab(0.0, 0.0, 0.78, 0.78, 0.06), brush.y + 0.5)
    brush.paint(lid, brush.tone(1.25))
    seam = brush.slab(0.0, 0.14, 0.09, 0.64)
    brush.paint(seam, brush.tone(0.6), 1.0, 0.8)


def star(brush: Brush) -> None:
    """A star of five points."""
    brush.paint(brush.star(5, 0.47), brush.colour, brush.pattern())


def triangle(brush: Brush) -> None:
    """A triangle, one point up, darker on one side."""
    whole = brush.polygon((0.0, -0.95), (0.92, 0.7), (-0.92, 0.7))
    brush.paint(whole, brush.colour, brush.pattern())
    brush.paint(overlap(whole, 0.18 * brush.y - brush.x + 0.17), brush.tone(0.72))


def ring(brush: Brush) -> None:
    """A ring one can see through."""
    edge = brush.disc(0.0, 0.0, 0.70).abs() - 0.25
    brush.paint(edge, brush.colour, (1.08 - 1.1 * (edge + 0.25)) * brush.pattern())


def heart(brush: Brush) -> None:
    """A heart."""
    lobes = union(brush.disc(-0.44, -0.32, 0.5), brush.disc(0.44, -0.32, 0.5))
    wedge = brush.polygon((-0.82, -0.02), (0.0, -0.3), (0.82, -0.02), (0.0, 0.92))
    brush.paint(union(lobes, wedge), brush.colour, brush.pattern())


def cross(brush: Brush) -> None:
    """An upright cross with arms of equal length."""
    bars = union(brush.slab(0.0, 0.0, 0.94, 0.31, 0.05), brush.slab(0.0, 0.0, 0.31, 0.94, 0.05))
    brush.paint(bars, brush.colour, brush.pattern())


def car(brush: Brush) -> None:
    """A car from the side."""
    brush.paint(
        brush.polygon((-0.5, 0.3), (-0.32, -0.12), (0.26, -0.12), (0.55, 0.3)), brush.colour
    )
    for left, right in ((-0.38, -0.06), (0.02, 0.36)):
        glass = brush.polygon(
            (left, 0.26), (left + 0.1, -0.03), (right - 0.1, -0.03), (right, 0.26)
        )
        brush.paint(glass, GLASS)
    brush.paint(brush.slab(0.0, 0.48, 0.96, 0.25, 0.14), brush.colour, brush.pattern())
    brush.paint(brush.slab(0.0, 0.66, 0.9, 0.06, 0.05), brush.tone(0.55))
    brush.paint(brush.disc(0.88, 0.44, 0.07), (1.0, 0.95, 0.7))
    for at in (-0.54, 0.54):
        brush.paint(brush.disc(at, 0.76, 0.23), DARK)
        brush.paint(brush.disc(at, 0.76, 0.1), STEEL)


def boat(brush: Brush) -> None:
    """A boat with a sail."""
    brush.paint(brush.slab(-0.04, -0.15, 0.035, 0.8), WOOD)
    brush.paint(brush.polygon((0.04, -0.95), (0.7, 0.36), (0.04, 0.36)), brush.tone(1.15))
    brush.paint(brush.polygon((-0.12, -0.7), (-0.12, 0.36), (-0.6, 0.36)), brush.tone(1.3))
    hull = brush.polygon((-0.95, 0.46), (0.98, 0.46), (0.66, 0.97), (-0.66, 0.97))
    brush.paint(hull, brush.colour, brush.pattern())
    brush.paint(overlap(hull, (brush.y - 0.56).abs() - 0.05), LIGHT)


def plane(brush: Brush) -> None:
    """An aeroplane from the side."""
    brush.paint(
        brush.polygon((-0.94, -0.5), (-0.7, -0.5), (-0.42, 0.0), (-0.85, 0.0)), brush.tone(0.8)
    )
    brush.paint(
        brush.polygon((0.12, -0.05), (-0.12, -0.05), (-0.38, -0.42), (-0.24, -0.42)),
        brush.tone(0.6),
    )
    brush.paint(brush.line((-0.78, 0.0), (0.72, 0.05), 0.19), brush.colour, brush.pattern())
    brush.paint(brush.disc(0.72, 0.0, 0.1), GLASS)
    for at in (-0.45, -0.2, 0.05, 0.3):
        brush.paint(brush.disc(at, -0.04, 0.055), GLASS)
    brush.paint(
        brush.polygon((0.2, 0.1), (-0.42, 0.62), (-0.6, 0.62), (-0.2, 0.1)), brush.tone(0.7)
    )


def cup(brush: Brush) -> None:
    """A cup with a handle."""
    handle = brush.disc(0.58, 0.08, 0.3).abs() - 0.09
    brush.paint(handle, brush.tone(0.8))
    side = brush.polygon((-0.7, -0.7), (0.62, -0.7), (0.45, 0.97), (-0.53, 0.97))
    brush.paint(side, brush.colour, brush.pattern() * (1.0 - 0.25 * brush.x))
    brush.paint(brush.oval(-0.04, -0.7, 0.66, 0.2), brush.tone(1.3))
    brush.paint(brush.oval(-0.04, -0.67, 0.54, 0.13), (0.22, 0.13, 0.08))


def tree(brush: Brush) -> None:
    """A tree with a leafy crown of the named colour."""
    import torch

    brush.paint(brush.polygon((-0.1, 0.1), (0.1, 0.1), (0.17, 0.98), (-0.17, 0.98)), WOOD)
    leaves = 0.05 * torch.sin(17 * brush.x + 5 * brush.trait(3)) * torch.sin(15 * brush.y)
    crown = union(
        brush.disc(0.0, -0.48, 0.46),
        brush.disc(-0.38, -0.14, 0.38),
        brush.disc(0.4, -0.12, 0.36),
        brush.disc(0.02, 0.0, 0.4),
    )
    shade = 1 - 0.25 * (brush.x + brush.y) + 3 * leaves
    brush.paint(crown + leaves, brush.colour, shade.clamp(0.6, 1.15))


def lamp(brush: Brush) -> None:
    """A standing lamp, its shade of the named colour."""
    brush.paint(brush.slab(0.0, 0.4, 0.06, 0.5), STEEL)
    brush.paint(brush.oval(0.0, 0.9, 0.42, 0.1), STEEL, 0.8)
    shade = brush.polygon((-0.36, -0.95), (0.36, -0.95), (0.74, 0.1), (-0.74, 0.1))
    glow = 1.12 - 0.3 * brush.x.abs()
    brush.paint(shade, brush.colour, brush.pattern() * glow)
    brush.paint(overlap(shade, 0.0 - brush.y), brush.tone(1.4))


def racket(brush: Brush) -> None:
    """A racket: strings one can see through in a frame of the named colour."""
    head = brush.oval(0.0, -0.38, 0.5, 0.58)
    across = ((brush.x * 6) % 1 - 0.5).abs().minimum(((brush.y * 6) % 1 - 0.5).abs())
    brush.paint(overlap(head, (across - 0.09) / 6), LIGHT, 1.0, 0.75)
    brush.paint(head.abs() - 0.11, brush.colour)
    brush.paint(brush.line((-0.2, 0.14), (0.0, 0.42), 0.07), brush.colour)
    brush.paint(brush.line((0.2, 0.14), (0.0, 0.42), 0.07), brush.colour)
    brush.paint(brush.line((0.0, 0.44), (0.0, 0.9), 0.11), brush.tone(0.75))


def book(brush: Brush) -> None:
    """A closed book standing, with its pages and a title."""
    brush.paint(brush.slab(0.1, 0.04, 0.66, 0.9, 0.03), LIGHT, 0.9)
    brush.paint(brush.slab(0.0, -0.02, 0.66, 0.93, 0.04), brush.colour, brush.pattern())
    brush.paint(brush.slab(-0.58, -0.02, 0.1, 0.93, 0.03), brush.tone(0.6))
    for at, long in ((-0.5, 0.34), (-0.3, 0.22)):
        brush.paint(brush.slab(0.1, at, long, 0.05), brush.either(0, LIGHT, brush.tone(0.4)))


def umbrella(brush: Brush) -> None:
    """An open umbrella with a bent handle."""
    brush.paint(brush.slab(0.0, 0.3, 0.045, 0.6), DARK)
    brush.paint(overlap(brush.disc(0.14, 0.82, 0.14).abs() - 0.04, 0.82 - brush.y), DARK)
    dents = union(*(brush.oval(at, 0.12, 0.24, 0.17) for at in (-0.72, -0.24, 0.24, 0.72)))
    cloth = overlap(brush.disc(0.0, 0.0, 0.97), brush.y - 0.1, -dents)
    fold = 1 - 0.3 * ((brush.x * 2.1) % 1 - 0.5).abs()
    brush.paint(cloth, brush.colour, fold * brush.pattern())


def flower(brush: Brush) -> None:
    """A flower on a stem, its petals of the named colour."""
    import math

    brush.paint(brush.line((0.0, -0.1), (0.04, 0.95), 0.06), (0.20, 0.42, 0.16))
    brush.paint(brush.line((0.04, 0.7), (0.38, 0.46), 0.09), (0.24, 0.46, 0.18))
    for turn in range(6):
        angle = turn * pi / 3
        petal = brush.disc(0.36 * math.sin(angle), -0.36 + 0.36 * math.cos(angle), 0.27)
        brush.paint(petal, brush.tone(0.85 if turn % 2 else 1.0))
    brush.paint(brush.disc(0.0, -0.36, 0.17), brush.either(0, (0.95, 0.8, 0.2), (0.3, 0.18, 0.1)))


def house(brush: Brush) -> None:
    """A house with walls of the named colour."""
    brush.paint(brush.slab(0.44, -0.62, 0.1, 0.26), (0.45, 0.25, 0.2))
    brush.paint(brush.slab(0.0, 0.42, 0.76, 0.55, 0.02), brush.colour, brush.pattern())
    brush.paint(brush.polygon((0.0, -0.95), (0.95, -0.08), (-0.95, -0.08)), brush.tone(0.7))
    brush.paint(brush.slab(0.32, 0.64, 0.15, 0.34), WOOD, 0.8)
    brush.paint(brush.slab(-0.34, 0.36, 0.2, 0.18), LIGHT)
    brush.paint(brush.slab(-0.34, 0.36, 0.15, 0.13), GLASS)


SHAPES: dict[str, Callable[..., None]] = {
    "ball": ball,
    "box": box,
    "star": star,
    "triangle": triangle,
    "ring": ring,
    "heart": heart,
    "cross": cross,
    "person": person,
    "dog": partial(quadruped, kind="dog"),
    "cat": partial(quadruped, kind="cat"),
    "horse": partial(quadruped, kind="horse"),
    "bird": bird,
    "fish": fish,
    "car": car,
    "boat": boat,
    "plane": plane,
    "cup": cup,
    "tree": tree,
    "lamp": lamp,
    "racket": racket,
    "book": book,
    "umbrella": umbrella,
    "flower": flower,
    "house": house,
}

STRIDING = ("dog", "cat", "horse")
ALIVE = ("person", *STRIDING, "bird", "fish")
"""These change from frame to frame; of all others one picture is enough."""


def drawn(shape: str, brush: Brush, stride: Any, waving: Any) -> Any:
    """The sprites of one shape: (n, frames, 4, side, side), colour times coverage and coverage.

    stride, waving   (n,), as `creatures.person` wants them
    """
    stride, waving = stride.view(-1, 1, 1, 1), waving.view(-1, 1, 1, 1)
    if shape == "person":
        person(brush, stride, waving)
    elif shape in STRIDING:
        SHAPES[shape](brush, stride)
    else:
        SHAPES[shape](brush)
    return brush.sprites()
