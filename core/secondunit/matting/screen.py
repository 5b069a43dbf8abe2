"""Flat screens: setting a subject on one, and reading the alpha back from a picture on one."""

from __future__ import annotations

import numpy as np

from secondunit.callsheet import Pixels

GREEN: Pixels = np.array([16 / 255, 208 / 255, 32 / 255], np.float32)
"""The screen a model is asked for: display-referred, far from skin, cloth and sky."""


def on_screen(picture: Pixels, alpha: Pixels, screen: Pixels = GREEN) -> Pixels:
    """The subject (H,W,3) with its alpha (H,W), before a flat screen."""
    return (picture * alpha[..., None] + screen * (1 - alpha[..., None])).astype(np.float32)


def keyed(picture: Pixels, screen: Pixels = GREEN) -> Pixels:
    """The alpha (H,W) of a picture (H,W,3) on a flat screen, by colour difference.

    After Vlahos: how far the screen's strongest channel stands above the others, against how far it
    does in the screen itself.
    """
    strongest = int(screen.argmax())
    others = [channel for channel in range(3) if channel != strongest]
    above = picture[..., strongest] - picture[..., others].max(axis=-1)
    full = float(screen[strongest] - screen[others].max())
    return np.clip(1.1 - 1.2 * above / full, 0, 1).astype(np.float32)
