"""Wardrobe: what the subject itself has of the screen's hue, so that despill leaves denim blue.

Light from a screen falls off from the subject's edge inwards; the colour of cloth does not. Torch
tensors in linear light, pictures (3,h,w) and planes (h,w), on any device.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np

from secondunit.matting import unmix

_REACH = 0.04  # of the longer side: where the screen's light has fallen to a third, from the edge
_TINTS, _STEP = 9, 0.15  # of colour across the screen's hue: what is told apart, and how finely
_CELL = 0.025  # of the longer side: some of these side by side show what falls off and what stays
_DOUBT = 0.02  # of what is seen: so much both are held for none, where they cannot be told apart
_DARK = 0.01  # of the screen's light: below, colour says nothing


class Wardrobe(NamedTuple):
    """The subject's own share of the screen's hue, around each block and by what else it is.

    share  (tints,h,w) of a colour's level, by how much it has across the screen's hue
    """

    share: Any

    def own(self, colour: Any, screen: Any, rows: slice) -> Any:
        """How much of the screen's hue is the subject's own (h,w), in colours of some rows."""
        import torch

        _, tint, level = _read(colour, screen)
        own = torch.zeros_like(level)
        full = unmix.of_blocks(self.share, rows, level.shape[1])
        for number, near in enumerate(_told(tint)):
            own += near * full[number]
        return own * level


def measured(plate: Any, screen: Any, solid: Any, alpha: Any) -> Wardrobe:
    """The wardrobe of the solid subject (h,w), whose alpha (h,w) tells where its edge is.

    In each surrounding and tint the share of the screen's hue is taken for a constant, the
    subject's own, and a part that falls off from the edge, the screen's light, by least squares.
    Neither is below 0. What varies in cloth from thread to thread is its own, too.
    """
    import torch
    import torch.nn.functional as nn

    seen = solid & (plate.mean(0) > _DARK * screen.mean(0))
    weight = nn.avg_pool2d(seen.float()[None], unmix.BLOCK, ceil_mode=True)[0]
    mean, bare = (
        nn.avg_pool2d((each * seen)[None], unmix.BLOCK, ceil_mode=True)[0] / weight.clamp(min=1e-3)
        for each in (plate, screen)
    )
    along, tint, _ = _read(mean, bare)
    lit = _lit(alpha)
    planes = torch.stack([torch.ones_like(lit), lit, lit * lit, along, along * lit, along * along])
    wide = max(1, round(_CELL * max(alpha.shape) / unmix.BLOCK))
    shares = []
    for near in _told(tint):
        cells = nn.avg_pool2d((planes * near * weight)[None], wide, ceil_mode=True)
        shares.append(_own(unmix.spread(cells)))
    coarse = torch.stack(shares)[None]
    size = [wide * side for side in coarse.shape[2:]]
    full = nn.interpolate(coarse, size, mode="bilinear", align_corners=False)[0]
    return Wardrobe(full[:, : lit.shape[0], : lit.shape[1]])


def _own(sums: Any) -> Any:
    """The part of a share (h,w) that does not fall off, from sums (6,h,w) over its surroundings."""
    import torch

    count, lit, lit_lit, share, share_lit, squared = sums / sums[:1].clamp(min=1e-6)
    a, c = count + _DOUBT, lit_lit + _DOUBT
    own = (share * c - share_lit * lit) / (a * c - lit * lit)
    fallen = (share_lit * a - share * lit) / (a * c - lit * lit)
    own = torch.where(fallen < 0, share / a, own).clamp(min=0)
    spread = (squared - share * share).clamp(min=0).sqrt()
    return own + torch.minimum(spread, own / 2)


def _lit(alpha: Any) -> Any:
    """How far (h,w) by blocks the screen's light reaches in, 1 at the subject's edge."""
    import torch
    import torch.nn.functional as nn

    there = nn.avg_pool2d((alpha > 0.5).float()[None], unmix.BLOCK, ceil_mode=True)[0] > 0.5
    inside = np.asarray(there.cpu().numpy(), np.uint8)
    far = cv2.distanceTransform(inside, cv2.DIST_L2, 3) * unmix.BLOCK
    lit = np.exp(-far / (_REACH * max(alpha.shape)))
    return torch.from_numpy(lit.astype(np.float32)).to(alpha.device)


def _read(colour: Any, screen: Any) -> tuple[Any, Any, Any]:
    """Of a colour its share of the screen's hue, what it has across it, and its level (h,w)."""
    import torch

    level = colour.mean(0)
    hue = screen - screen.mean(0, keepdim=True)
    hue = hue / (hue * hue).sum(0).sqrt().clamp(min=1e-6)
    other = torch.stack((hue[1] - hue[2], hue[2] - hue[0], hue[0] - hue[1])) / 3**0.5
    divided = level.clamp(min=1e-4)
    return (colour * hue).sum(0) / divided, (colour * other).sum(0) / divided, level


def _told(tint: Any) -> list[Any]:
    """How near (h,w) a tint is to each of those told apart; their sum is 1."""
    middle = _TINTS // 2
    at = (tint / _STEP).clamp(-middle, middle)
    return [(1 - (at - number + middle).abs()).clamp(min=0) for number in range(_TINTS)]
