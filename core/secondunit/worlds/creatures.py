"""People and animals of the named world: what walks, flies and swims, by its phase."""

from __future__ import annotations

from math import pi
from typing import Any

from secondunit.worlds.brush import Brush, overlap, union

SKINS = ((0.96, 0.80, 0.68), (0.85, 0.64, 0.48), (0.60, 0.42, 0.30), (0.40, 0.27, 0.20))
HAIRS = ((0.10, 0.08, 0.07), (0.30, 0.19, 0.11), (0.62, 0.45, 0.22), (0.55, 0.53, 0.50))
DARK = (0.08, 0.07, 0.08)
LIGHT = (0.96, 0.95, 0.92)


def person(brush: Brush, stride: Any, waving: Any) -> None:
    """A person in clothes of the named colour, 2 units tall.

    stride   how far the legs swing, radians (n,1,1,1): 0 stands, 0.5 walks, 0.9 runs
    waving   1 where an arm is raised and waves (n,1,1,1)
    """
    skin, hair = _one_of(brush, 0, SKINS), _one_of(brush, 1, HAIRS)
    cloth = brush.pattern()
    sides = ((pi, 0.68, 0.72), (0.0, 1.0, 1.0))  # the far leg and arm first, darker
    for lag, shade, _ in sides:
        _leg(brush, stride, lag, shade, skin)
    _arm(brush, stride, 0.0, skin, 0.68)
    brush.paint(brush.line((0.0, -0.46), (0.0, 0.06), 0.2), brush.colour, cloth)
    brush.paint(brush.slab(0.0, 0.08, 0.2, 0.14, 0.08), brush.tone(0.8))
    brush.paint(brush.line((0.0, -0.66), (0.0, -0.56), 0.075), skin, 0.85)
    _head(brush, skin, hair)
    _arm(brush, stride, pi, skin, 1.0, waving)


def _leg(brush: Brush, stride: Any, lag: float, shade: float, skin: Any) -> None:
    import torch

    swing = stride * torch.sin(brush.phase + lag)
    apart = (0.09 if lag else -0.09) * (1 - stride.clamp(max=0.4) / 0.4)
    bend = stride * 1.3 * torch.sin(brush.phase + lag + 1.9).clamp(min=0) + 0.05
    hip = (apart, 0.14)
    knee = (apart + 0.42 * torch.sin(swing), 0.14 + 0.42 * torch.cos(swing))
    foot = (
        knee[0] + 0.4 * torch.sin(swing - bend),
        knee[1] + 0.4 * torch.cos(swing - bend),
    )
    shin = brush.either(2, skin, brush.tone(0.8), 0.3)
    brush.paint(brush.line(knee, foot, 0.085), shin, shade)
    brush.paint(brush.line(hip, knee, 0.115), brush.tone(0.8), shade)
    toe = (foot[0] + 0.1, foot[1] + 0.02)
    brush.paint(brush.line(foot, toe, 0.06), DARK)


def _arm(
    brush: Brush, stride: Any, lag: float, skin: Any, shade: float, waving: Any = None
) -> None:
    import torch

    swing = stride * 0.9 * torch.sin(brush.phase + lag)
    aside = (0.2 if lag else -0.2) * (1 - stride.clamp(max=0.4) / 0.4)
    bend = 0.25 + stride
    if waving is not None:
        raised = 2.5 + 0.35 * torch.sin(brush.phase * 1.5)
        swing, bend = torch.where(waving > 0, raised, swing), torch.where(waving > 0, 0.3, bend)
    shoulder = (aside * 0.9, -0.48)
    elbow = (
        shoulder[0] + aside * 0.4 + 0.28 * torch.sin(swing),
        shoulder[1] + 0.28 * torch.cos(swing),
    )
    hand = (elbow[0] + 0.28 * torch.sin(swing + bend), elbow[1] + 0.28 * torch.cos(swing + bend))
    brush.paint(brush.line(elbow, hand, 0.06), skin, shade)
    brush.paint(brush.line(shoulder, elbow, 0.085), brush.tone(0.88), shade)
    brush.paint(brush.disc(hand[0], hand[1], 0.075), skin, shade)


def _head(brush: Brush, skin: Any, hair: Any) -> None:
    """A face, and hair with loose strands at its outline; some wear it long, some a cap."""
    import torch

    angle = torch.atan2(brush.x, -(brush.y + 0.8))
    strands = 0.03 * torch.sin(19 * angle + 20 * brush.trait(3)) * torch.sin(7 * angle + 1)
    long = (brush.trait(4) < 0.4) * 0.3
    fall = brush.line((-0.05, -0.8), (-0.11, -0.8 + long), 0.13) + 2 * strands
    brush.paint(fall, hair)
    brush.paint(brush.disc(0.02, -0.79, 0.175), skin)
    crown = overlap(brush.disc(-0.015, -0.815, 0.195) + strands, brush.y + 0.80 - 0.25 * brush.x)
    brush.paint(crown, brush.either(5, brush.colour, hair, 0.2))
    brush.paint(brush.disc(0.1, -0.78, 0.025), DARK)


def quadruped(brush: Brush, stride: Any, kind: str) -> None:
    """A dog, a cat or a horse, standing on four legs."""
    import torch

    thick, leg, neck, head = {
        "dog": (0.23, 0.50, 0.30, 0.19),
        "cat": (0.21, 0.40, 0.22, 0.20),
        "horse": (0.25, 0.74, 0.62, 0.16),
    }[kind]
    back = 1.0 - leg - thick * 0.6
    swing = stride * 0.6
    coat = brush.pattern()
    for at, lag in ((-0.42, 0.0), (0.36, pi * 0.9), (-0.5, pi), (0.44, pi * 1.9)):
        moved = at + leg * torch.sin(swing * torch.sin(brush.phase + lag))
        knee = (at + (moved - at) * 0.4 + 0.04, back + leg * 0.5)
        shade = 0.66 if lag in (0.0, pi * 0.9) else 0.92
        limb = union(
            brush.line((at, back), knee, 0.1),
            brush.line(knee, (moved, 0.93), 0.065),
        )
        brush.paint(limb, brush.colour, shade)
    _tail(brush, kind, back)
    brush.paint(brush.line((-0.42, back), (0.38, back), thick), brush.colour, coat)
    if kind == "dog":
        brush.paint(brush.oval(-0.05, back + thick * 0.7, 0.35, 0.08), brush.tone(1.4))
    top = (0.42 + 0.45 * neck, back - neck)
    brush.paint(brush.line((0.42, back - 0.05), top, 0.15), brush.colour)
    _muzzle(brush, kind, top, head)


def _tail(brush: Brush, kind: str, back: float) -> None:
    import torch

    wag = 0.12 * torch.sin(brush.phase * 1.3)
    if kind == "horse":
        tail = brush.line((-0.62, back - 0.1), (-0.78 + wag, back + 0.5), 0.09)
        brush.paint(tail, brush.tone(0.35))
        return
    bow = (-0.8, back - 0.2 if kind == "dog" else back - 0.35)
    end = (-0.88 + wag, back - (0.5 if kind == "dog" else 0.75))
    tail = union(brush.line((-0.55, back - 0.1), bow, 0.06), brush.line(bow, end, 0.05))
    brush.paint(tail, brush.tone(0.85))


def _muzzle(brush: Brush, kind: str, top: tuple[float, float], head: float) -> None:
    x, y = top
    if kind == "horse":
        mane = brush.line((0.36, y + 0.62), (x - 0.1, y - 0.08), 0.09)
        brush.paint(mane, brush.tone(0.35))
        brush.paint(brush.line((x, y), (x + 0.24, y + 0.22), 0.11), brush.colour)
        brush.paint(brush.polygon((x - 0.1, y), (x - 0.02, y - 0.24), (x + 0.07, y)), brush.colour)
    elif kind == "dog":
        brush.paint(brush.disc(x, y, head), brush.colour)
        brush.paint(brush.line((x + 0.1, y + 0.06), (x + 0.27, y + 0.08), 0.09), brush.tone(1.25))
        brush.paint(brush.line((x - 0.12, y - 0.1), (x - 0.17, y + 0.16), 0.075), brush.tone(0.5))
        brush.paint(brush.disc(x + 0.34, y + 0.05, 0.045), DARK)
    else:
        for side in (-0.11, 0.1):
            ear = brush.polygon(
                (x + side - 0.1, y - 0.08), (x + side, y - 0.36), (x + side + 0.1, y - 0.08)
            )
            brush.paint(ear, brush.tone(0.8))
        brush.paint(brush.oval(x, y, head * 1.1, head * 0.95), brush.colour)
        brush.paint(brush.disc(x + 0.17, y + 0.06, 0.03), (0.9, 0.5, 0.5))
    brush.paint(brush.disc(x + 0.07, y - 0.03, 0.04), DARK)


def bird(brush: Brush) -> None:
    """A bird that beats its wings."""
    import torch

    beat = torch.sin(brush.phase)
    _wing(brush, beat, 0.62)
    brush.paint(brush.polygon((-0.4, -0.04), (-0.9, -0.12), (-0.9, 0.14)), brush.tone(0.7))
    brush.paint(brush.oval(0.0, 0.05, 0.55, 0.27), brush.colour, brush.pattern())
    brush.paint(brush.oval(0.08, 0.17, 0.32, 0.13), brush.tone(1.35))
    brush.paint(brush.disc(0.5, -0.12, 0.21), brush.colour)
    brush.paint(brush.polygon((0.66, -0.2), (0.95, -0.07), (0.66, -0.04)), (0.95, 0.62, 0.1))
    brush.paint(brush.disc(0.56, -0.16, 0.05), DARK)
    _wing(brush, beat, 0.85)


def _wing(brush: Brush, beat: Any, tone: float) -> None:
    tip = (-0.32, 0.02 - 0.78 * beat)
    wing = union(
        brush.line((0.1, 0.0), (tip[0] * 0.4 + 0.06, tip[1] * 0.55), 0.15),
        brush.line((tip[0] * 0.4 + 0.06, tip[1] * 0.55), tip, 0.1),
        brush.line((-0.16, 0.04), (tip[0] - 0.05, tip[1] * 0.75), 0.11),
    )
    brush.paint(wing, brush.tone(tone))


def fish(brush: Brush) -> None:
    """A fish that beats its tail."""
    import torch

    wag = 0.16 * torch.sin(brush.phase)
    upper = brush.polygon((-0.45, 0.08), (-0.95, -0.44 + wag), (-0.8 + wag, 0.04))
    lower = brush.polygon((-0.45, -0.08), (-0.8 + wag, -0.04), (-0.95, 0.44 + wag))
    tail = union(upper, lower)
    brush.paint(tail, brush.tone(0.72))
    brush.paint(brush.polygon((-0.2, -0.3), (-0.1, -0.62), (0.3, -0.3)), brush.tone(0.72))
    brush.paint(brush.oval(0.08, 0.0, 0.72, 0.4), brush.colour, brush.pattern())
    brush.paint(brush.oval(0.1, 0.2, 0.5, 0.14), brush.tone(1.35))
    brush.paint(brush.line((-0.02, 0.05), (-0.2, 0.14 + wag), 0.08), brush.tone(0.72))
    brush.paint(brush.disc(0.5, -0.1, 0.1), LIGHT)
    brush.paint(brush.disc(0.53, -0.1, 0.055), DARK)


def _one_of(brush: Brush, which: int, choices: tuple[tuple[float, float, float], ...]) -> Any:
    """A colour a thing, by a trait."""
    chosen = (brush.traits[:, which] * len(choices)).long().clamp(max=len(choices) - 1)
    return brush.colour.new_tensor(choices)[chosen]
