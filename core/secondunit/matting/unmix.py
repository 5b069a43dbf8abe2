"""Unmixing: how much of each pixel is subject, from its colour, the screen's and the subject's.

Torch tensors in linear light, pictures (3,h,w) and planes (h,w), on any device.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np

PURITY = 0.6
"""What colour off the screen's hue counts against being screen, at full balance."""

LUMA = (0.2126, 0.7152, 0.0722)
"""The shares of linear red, green and blue (Rec.709) in luminance."""

_RESTLESS = 0.02  # the unrest of alpha that is hair's, not cloth's
_FAINT = 0.3  # alpha below which a pixel's own level is more noise than subject
_OFF = 2.0  # the same for the hard key: 1 / tan of the angle between hues

BLOCK = 4
"""Pixels a side of the blocks that the subject's colours are gathered in."""

_LEVELS = 7  # scales, each twice as far: near colours where there are some, far ones elsewhere
_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


class Subject(NamedTuple):
    """The subject's colours around each block: what separates them best from the screen.

    mean      (3,h,w) the colour
    axis      (3,h,w) so scaled that (plate - screen)·axis is 0 at the screen, 1 at the subject
    apart     (h,w) squared distance between the two, in the subject's own spread
    varied    (h,w) the spread along the screen's hue, in parts of the screen's own
    """

    mean: Any
    axis: Any
    apart: Any
    varied: Any


def difference(plate: Any, screen: Any, balance: float) -> Any:
    """The alpha (h,w) by the vector colour difference: any hue, no channel named.

    k = c·u - 0.6·balance·|c across u|, where c is a colour less its own mean and u the screen's
    direction; alpha = 1 - k(plate) / k(screen). Balance 0 is the soft "average" limit of the trade,
    1 the hard one. The screen's k is |c(screen)|, as it lies on its own axis.
    """
    _, full = _hue(screen)
    return 1 - _excess(plate, screen, PURITY * balance) / full.clamp(min=1e-5)


def off_hue(plate: Any, screen: Any) -> Any:
    """The alpha (h,w) of a hard key: 1 for every hue some 25 degrees and more off the screen's.

    Too hard for any edge; but it tells skin on a yellow wall, which is all but yellow, from a veil,
    whose greys leave the screen's hue as it is.
    """
    _, full = _hue(screen)
    return 1 - _excess(plate, screen, _OFF) / full.clamp(min=1e-5)


def excess(colour: Any, screen: Any, purity: float) -> Any:
    """How much of the screen's hue is in a colour (h,w), and the hue itself (3,h,w)."""
    hue, _ = _hue(screen)
    return _excess(colour, screen, purity), hue


def paleness(plate: Any, screen: Any) -> tuple[Any, Any]:
    """How saturated (h,w) colours of the screen's hue are, in parts of it, and how that varies.

    Light and shade leave it as it is, as they do all cloth; where the screen shows through hair it
    is another one from pixel to pixel.
    """
    hue, full = _hue(screen)
    level = plate.mean(0)
    along = ((plate - level) * hue).sum(0)
    full = full / screen.mean(0).clamp(min=1e-5)
    mean = around(level).clamp(min=1e-5)
    pure = around(along) / mean
    varied = around((along - pure * level) ** 2).sqrt() / mean
    return pure / full, varied / full


def parts(colour: Any, screen: Any) -> tuple[Any, Any]:
    """How much of a colour, less its grey, lies along the screen's hue and how much across it."""
    hue, _ = _hue(screen)
    off_grey = colour - colour.mean(0, keepdim=True)
    along = (off_grey * hue).sum(0)
    return along, _length(off_grey - along * hue)


def beside(own: Any, around: Any, cover: Any) -> Any:
    """The subject's colour (3,h,w) in pixels it only partly covers (h,w).

    The level is a pixel's own, down to where too little of it is left; the hue goes over to that of
    the subject around much earlier: halved colour and rounding tint an edge long before they
    change its level.
    """
    import torch

    weights = own.new_tensor(LUMA)[:, None, None]
    level, level_around = ((each * weights).sum(0) for each in (own, around))
    gain = (level / level_around.clamp(min=1e-5)).clamp(0.1, 4.0)
    share = _eased(cover / _FAINT)
    tinted = around * torch.lerp(torch.ones_like(gain), gain, share)
    return torch.lerp(tinted, own, _eased((cover - 0.3) / 0.65))


def _eased(plane: Any) -> Any:
    inside = plane.clamp(0, 1)
    return inside * inside * (3 - 2 * inside)


def _hue(screen: Any) -> tuple[Any, Any]:
    off_grey = screen - screen.mean(0, keepdim=True)
    full = _length(off_grey)
    return off_grey / full.clamp(min=1e-6), full


def _excess(colour: Any, screen: Any, purity: float) -> Any:
    along, across = parts(colour, screen)
    return along - purity * across


def _length(vectors: Any) -> Any:
    """Their lengths (h,w); several times faster than torch's own norm over so few channels."""
    return (vectors * vectors).sum(0).sqrt()


def moments(plate: Any, sure: Any) -> Any:
    """Sums over blocks (1,10,h/4,w/4): weight, colours and their products where `sure` (h,w)."""
    import torch
    import torch.nn.functional as nn

    products = [plate[a] * plate[b] for a, b in _PAIRS]
    planes = torch.stack([torch.ones_like(sure), *plate, *products]) * sure
    return nn.avg_pool2d(planes[None], BLOCK, ceil_mode=True)


def subject(gathered: Any, screen: Any) -> Subject:
    """The subject's colours everywhere, from block sums (1,10,h,w) and the screen (3,h,w) there.

    Fisher's linear discriminant: of all projections the one in which the subject's own spread
    (light and shade above all) stands least in the way. With a spread that is all brightness it
    is the colour difference, with none the plain projection on the line from screen to subject.
    """
    spread_out = spread(gathered)
    weight = spread_out[0].clamp(min=1e-6)
    mean = spread_out[1:4] / weight
    noise = (0.02 * _length(screen)) ** 2 + 1e-8
    covariance = [
        spread_out[4 + at] / weight - mean[a] * mean[b] + (noise if a == b else 0)
        for at, (a, b) in enumerate(_PAIRS)
    ]
    step = mean - screen
    axis = _solved(covariance, step)
    apart = (axis * step).sum(0).clamp(min=1e-6)
    hue, full = _hue(screen)
    along = (hue * _times(covariance, hue)).sum(0).clamp(min=0).sqrt()
    return Subject(mean, axis / apart, apart, along / full.clamp(min=1e-5))


def projected(plate: Any, screen: Any, axis: Any) -> Any:
    """The alpha (h,w): how far a pixel has come from the screen to the subject, not clipped."""
    return ((plate - screen) * axis).sum(0)


def spread(gathered: Any) -> Any:
    """Block sums (1,n,h,w), the first their weight, with far ones showing through where near ones
    are thin: (n,h,w).
    """
    import torch.nn.functional as nn

    scales = [gathered]
    while len(scales) < _LEVELS and min(scales[-1].shape[2:]) > 2:
        scales.append(nn.avg_pool2d(scales[-1], 2, ceil_mode=True))
    result = scales[-1].mean((2, 3), keepdim=True).expand_as(scales[-1])
    for scale in reversed(scales):
        size = scale.shape[2:]
        below = nn.interpolate(result, size=size, mode="bilinear", align_corners=False)
        below = below / below[:, :1].clamp(min=1e-6)
        result = _blurred(scale) + 0.03 * below
    return result[0]


def of_blocks(blocks: Any, rows: slice, width: int) -> Any:
    """Values by blocks (c,h,w) at the pixels of some rows."""
    import torch.nn.functional as nn

    first = max(0, rows.start // BLOCK - 1)
    part = blocks[None, :, first : -(-rows.stop // BLOCK) + 1]
    size = (part.shape[2] * BLOCK, part.shape[3] * BLOCK)
    full = nn.interpolate(part, size, mode="bilinear", align_corners=False)[0]
    top = rows.start - first * BLOCK
    return full[:, top : top + rows.stop - rows.start, :width]


def _blurred(planes: Any) -> Any:
    import torch.nn.functional as nn

    for _ in range(2):
        planes = nn.avg_pool2d(nn.pad(planes, (1,) * 4, mode="replicate"), 3, 1)
    return planes


def _solved(covariance: list[Any], right: Any) -> Any:
    """The symmetric 3x3 system of each pixel, by its cofactors."""
    import torch

    rr, rg, rb, gg, gb, bb = covariance
    first, second, third = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    fourth, fifth, sixth = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    size = (rr * first + rg * second + rb * third).clamp(min=1e-20)
    r, g, b = right
    rows = (
        first * r + second * g + third * b,
        second * r + fourth * g + fifth * b,
        third * r + fifth * g + sixth * b,
    )
    return torch.stack(rows) / size


def _times(covariance: list[Any], right: Any) -> Any:
    import torch

    rr, rg, rb, gg, gb, bb = covariance
    r, g, b = right
    return torch.stack(
        (rr * r + rg * g + rb * b, rg * r + gg * g + gb * b, rb * r + gb * g + bb * b)
    )


def own_white(mean: Any, varied: Any, screen: Any, balance: float) -> Any:
    """The alpha (h,w) that the colour difference gives the subject's own colour, where it is whole.

    Below 1 where the subject has something of the screen's hue. Above 1 where it has the opposite:
    then half covered pixels come out too high; what is sure of that is what most of it exceeds.
    """
    import torch

    white = difference(mean, screen, balance)
    return torch.where(white > 1, (white - varied).clamp(min=1), white)


def clipped(alpha: Any, black: float, white: float) -> Any:
    """Alpha with all up to `black` exactly 0 and all from `white` exactly 1: an artist's clip."""
    return ((alpha - black) / max(white - black, 1e-3)).clamp(0, 1)


def settled(alpha: Any, black: float, white: float) -> Any:
    """Alpha with the screen's noise exactly 0 and the solid subject exactly 1, and no edge harder.

    A plain clip takes the same from faint hair as from noise. Here a pixel's surroundings decide:
    where they all lie within the noise it is noise, where something stands in them it is left
    alone. `black` is the noise on the bare screen, 1 - `white` what the solid subject falls short.
    """
    there = alpha.clamp(0, 1)
    there = there * _beyond(there, 0.5 * black, black)
    missing = 1 - there
    # cloth is smooth and may fall short four times as far; between hairs a little screen is real
    short = (1 - white) * (1 + 3 * (1 - (busy(there) / _RESTLESS).clamp(0, 1)))
    return (1 - missing * _beyond(missing, 0.5 * short, short)).clamp(0, 1)


def _beyond(plane: Any, low: Any, high: Any) -> Any:
    """0 where a plane's surroundings are below `low` on average, 1 where above `high`."""
    return ((around(plane) - low) / (high - low + 1e-5)).clamp(0, 1)


def uneven(plane: Any, pixels: int) -> Any:
    """How far (h,w) a plane's values so near to each are apart: their standard deviation."""
    import torch.nn.functional as nn

    coarse = nn.avg_pool2d(plane[None, None], BLOCK, ceil_mode=True)
    reach = max(1, round(pixels / BLOCK))

    def mean(planes: Any) -> Any:
        return nn.avg_pool2d(planes, 2 * reach + 1, 1, reach, count_include_pad=False)

    spread_out = (mean(coarse * coarse) - mean(coarse) ** 2).clamp(min=0).sqrt()
    size = [BLOCK * side for side in coarse.shape[2:]]
    full = nn.interpolate(spread_out, size, mode="bilinear", align_corners=False)[0, 0]
    return full[: plane.shape[0], : plane.shape[1]]


def around(plane: Any) -> Any:
    """The mean (h,w) of a plane's 25 pixels around each."""
    import torch.nn.functional as nn

    return nn.avg_pool2d(plane[None, None], 5, 1, 2, count_include_pad=False)[0, 0]


def narrowed(mask: Any, pixels: int) -> Any:
    """A mask (h,w) bool without what is so near to its edge; the picture's border is none."""
    return ~widened(~mask, pixels)


def widened(mask: Any, pixels: int) -> Any:
    """A mask (h,w) bool and all that is so near to it, in a square.

    Each step reaches three times as far as the one before: a large reach costs hardly more.
    """
    for side in (0, 1):
        reach = 0
        while reach < pixels:
            step = min(2 * reach + 1, pixels - reach)
            mask, reach = _smeared(mask, step, side), reach + step
    return mask


def _smeared(mask: Any, step: int, side: int) -> Any:
    length = mask.shape[side] - step
    if length <= 0:
        return mask.any(side, keepdim=True).expand_as(mask)
    result = mask.clone()
    result.narrow(side, 0, length).logical_or_(mask.narrow(side, step, length))
    result.narrow(side, step, length).logical_or_(mask.narrow(side, 0, length))
    return result


def between(inside: Any, outside: Any) -> Any:
    """A ramp (h,w): 1 in one mask, 0 in the other, by the distances to both in between."""
    import torch

    far, near = (
        cv2.distanceTransform((~mask).cpu().numpy().astype(np.uint8), cv2.DIST_L2, 3)
        for mask in (inside, outside)
    )
    ramp = np.clip(1.5 * near / np.maximum(near + far, 1e-3) - 0.25, 0, 1)
    return torch.from_numpy(ramp.astype(np.float32)).to(inside.device)


def busy(plane: Any) -> Any:
    """The unrest (h,w) of a plane from pixel to pixel, averaged around each; slopes are none."""
    import torch.nn.functional as nn

    whole = plane[None, None]
    fine = (whole - nn.avg_pool2d(whole, 3, 1, 1, count_include_pad=False)).abs()
    return nn.avg_pool2d(fine, 7, 1, 3, count_include_pad=False)[0, 0]


def grown(alpha: Any, pixels: float) -> Any:
    """Alpha (h,w) grown by so many pixels, parts of one too; shrunk where negative."""
    if pixels < 0:
        return 1 - grown(1 - alpha, -pixels)
    whole, part = int(pixels), pixels - int(pixels)
    for _ in range(whole):
        alpha = _widened(alpha)
    return alpha + part * (_widened(alpha) - alpha) if part else alpha


def _widened(alpha: Any) -> Any:
    """One pixel wider, along rows and columns: corners stay round."""
    import torch
    import torch.nn.functional as nn

    plane = alpha[None, None]
    along = nn.max_pool2d(plane, (1, 3), 1, (0, 1))
    return torch.maximum(along, nn.max_pool2d(plane, (3, 1), 1, (1, 0)))[0, 0]


def softened(alpha: Any, pixels: float) -> Any:
    """Alpha (h,w) blurred by a Gaussian of so many pixels' deviation."""
    if pixels <= 0:
        return alpha
    import torch
    import torch.nn.functional as nn

    radius = max(1, round(3 * pixels))
    place = torch.arange(-radius, radius + 1, device=alpha.device, dtype=alpha.dtype)
    bell = torch.exp(-0.5 * (place / pixels) ** 2)
    bell = (bell / bell.sum())[None, None]
    plane = nn.pad(alpha[None, None], (radius,) * 4, mode="replicate")
    plane = nn.conv2d(plane, bell[:, :, None])
    return nn.conv2d(plane, bell[..., None])[0, 0].clamp(0, 1)


def shares(values: Any, parts: tuple[float, ...]) -> tuple[float, ...]:
    """Quantiles of a plane's values (n,); of no more than some hundred thousand of them."""
    import torch

    some = values[:: max(1, values.numel() // 200_000)]
    wanted = torch.tensor(parts, device=some.device, dtype=some.dtype)
    return tuple(float(each) for each in torch.quantile(some, wanted))
