"""Cutouts: what a frame's matte is pulled from, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from secondunit.callsheet import Pixels


@dataclass(frozen=True, eq=False)
class Seen:
    """One frame as a matte is pulled from it, at the plate's size.

    picture   (H,W,3) display-referred, 0..1
    linear    (H,W,3) linear light
    hint      (H,W) 0..1: where the model believes the subject; None where it was not asked
    spread    (H,W): how far its answers disagree
    sureness  0..1 of the frame's hint
    token     side in pixels of what the hint can tell apart
    given     (H,W) the artist's own matte of this frame
    garbage   (H,W) 0..1: what is not the subject, whatever else is said; holdout: what is
    clean     (H,W,3) linear: the plate without the subject
    """

    picture: Pixels
    linear: Pixels
    hint: Pixels | None = None
    spread: Pixels | None = None
    sureness: float = 1.0
    token: float = 1.0
    given: Pixels | None = None
    garbage: Pixels | None = None
    holdout: Pixels | None = None
    clean: Pixels | None = None


@dataclass(frozen=True, eq=False)
class Cutout:
    """One frame's answer.

    alpha   (H,W) 0..1
    colour  (H,W,3) linear, straight: the subject's own, nothing of what is behind it
    layers  by name, (H,W) or (H,W,3) linear: for who looks closer
    """

    alpha: Pixels
    colour: Pixels
    layers: dict[str, Pixels] = field(default_factory=dict)


Cutouts = Iterator[Cutout]


class Finish(NamedTuple):
    """What an artist may do to any alpha.

    black, white  alpha up to here is 0, from here 1
    grow          pixels the edge goes out, or in where negative; parts of one too
    soften        pixels of blur
    """

    black: float = 0.0
    white: float = 1.0
    grow: float = 0.0
    soften: float = 0.0

    def of(self, alpha: Pixels) -> Pixels:
        """The alpha (H,W) so finished; exact 0 and 1 stay so where the edge is not near."""
        if (self.black, self.white) != (0.0, 1.0):
            alpha = np.clip((alpha - self.black) / max(self.white - self.black, 1e-3), 0, 1)
        if self.grow:
            alpha = grown(alpha, self.grow)
        if self.soften:
            alpha = cv2.GaussianBlur(alpha.astype(np.float32), (0, 0), self.soften / 2)
            alpha = np.where(alpha < 1 / 1024, 0, np.where(alpha > 1 - 1 / 1024, 1, alpha))
        return np.asarray(alpha, np.float32)


def grown(alpha: Pixels, pixels: float) -> Pixels:
    """An alpha (H,W) whose edge goes out by so many pixels, or in where negative: whole ones by the
    largest value around, the rest by a share of the next.
    """
    whole, rest = divmod(abs(pixels), 1)
    change = cv2.dilate if pixels > 0 else cv2.erode

    def by(radius: int) -> Pixels:
        if not radius:
            return alpha
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
        return np.asarray(change(alpha, disc), np.float32)

    near = by(int(whole))
    return near if not rest else (1 - rest) * near + rest * by(int(whole) + 1)


def held(alpha: Pixels, seen: Seen) -> Pixels:
    """The alpha with what the artist's mattes say of it: garbage out, holdout in, and a matte given
    for this frame as it is.
    """
    if seen.given is not None:
        return seen.given
    if seen.garbage is not None:
        alpha = alpha * (1 - seen.garbage)
    if seen.holdout is not None:
        alpha = np.maximum(alpha, seen.holdout)
    return np.asarray(alpha, np.float32)


def told_apart(alpha: Pixels, seen: Seen) -> dict[str, Pixels]:
    """The layers any alpha has: what is wholly in, what is edge, and how sure of each pixel."""
    sure = np.full_like(alpha, seen.sureness)
    if seen.spread is not None:
        sure = sure * (1 - 2 * np.clip(seen.spread, 0, 0.5))
    return {
        "core": (alpha >= 1).astype(np.float32),
        "edge": ((alpha > 0) & (alpha < 1)).astype(np.float32),
        "confidence": sure.astype(np.float32),
    }
