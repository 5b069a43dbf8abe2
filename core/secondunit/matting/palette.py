"""The colours on either side of a band, and how much of each a pixel between them holds.

Each open pixel is explained as a mix of one colour known to be the subject's and one known not to
be, both taken from near by (after Wang and Cohen: Optimized Color Sampling for Robust Matting,
2007). All pairs are asked, and their alphas averaged by how well each explains the pixel: where
pairs that do equally well disagree, the average says so, and whoever uses it can lean on it less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from secondunit.callsheet import Pixels

if TYPE_CHECKING:
    from torch import Tensor

_CELL = 8  # pixels of a square whose pixels share their samples
_SAMPLES = 12  # colours of each side that a cell is explained by
_FROM = 4  # of so many times as many near ones, that they do not all lie on one spot
_THIN = 4  # of so many known pixels one can be a sample, for the same reason
_NOISE = 0.02  # what of a difference in linear light is noise
_GAMMA = 2.2  # from display-encoded to about linear light, where colours mix
_TRUST = 0.35  # how far from the truth a hint may be
_BATCH = 48  # cells at once: what their pairs take fits a processor's cache
_AWAY = 97  # the side of the square about an open pixel that samples are looked for in first
_MOST = 20_000  # open pixels asked one by one; a wider band is asked at half the size


class Mix(NamedTuple):
    """alpha (H,W) and doubt (H,W), about its standard deviation; 0 where alpha was known."""

    alpha: Pixels
    doubt: Pixels


def mixed(
    picture: Pixels, trimap: Pixels, hint: Pixels | None = None, device: str = "cpu"
) -> Mix | None:
    """How much of the subject each open pixel of a trimap (H,W) holds by its colour.

    The picture (H,W,3) is display-encoded; the trimap 0 and 1 where alpha is known. A hint (H,W)
    breaks ties. None where nothing is open, or one of the sides is not known anywhere.
    """
    known = (trimap == 0) | (trimap == 1)
    rows, columns = np.flatnonzero(~known.all(1)), np.flatnonzero(~known.all(0))
    if not rows.size or not (trimap == 0).any() or not (trimap == 1).any():
        return None
    box = (
        slice(max(0, int(rows[0]) - _AWAY), int(rows[-1]) + 1 + _AWAY),
        slice(max(0, int(columns[0]) - _AWAY), int(columns[-1]) + 1 + _AWAY),
    )
    if not ((trimap[box] == 0).any() and (trimap[box] == 1).any()):
        box = (slice(None), slice(None))
    clean = np.nan_to_num(picture[box], nan=0.5, posinf=1.0, neginf=0.0).astype(np.float32)
    told = None if hint is None else np.clip(hint[box], 0, 1).astype(np.float32)
    part = np.where(known[box], trimap[box], 0.5).astype(np.float32)
    found = _mixed(clean.clip(0, 1), part, told, device)
    if found is None:
        return None
    alpha, doubt = (
        np.where(known, trimap, 0.5).astype(np.float32),
        np.zeros_like(trimap, np.float32),
    )
    alpha[box], doubt[box] = found
    return Mix(alpha, doubt)


def _mixed(picture: Pixels, trimap: Pixels, hint: Pixels | None, device: str) -> Mix | None:
    unsure = trimap == 0.5
    if unsure.sum() > _MOST:
        return _at_half_size(picture, trimap, hint, device)
    subject, behind = trimap == 1, trimap == 0
    if not (subject.any() and behind.any()):
        return None  # halving has left nothing of one side
    near = cv2.dilate(unsure.astype(np.uint8), np.ones((_AWAY, _AWAY), np.uint8)) > 0
    if not ((subject & near).any() and (behind & near).any()):
        near[:] = True
    light = np.zeros(picture.shape, np.float32)
    light[near] = picture[near] ** np.float32(_GAMMA)
    cells = _cells(unsure)
    used = np.flatnonzero(cells.any(1))
    across = -(-trimap.shape[1] // _CELL)
    corners = np.stack((used // across, used % across), 1).astype(np.float32)
    centres = (corners + 0.5) * _CELL
    sides = [_near(light, side & near, centres) for side in (subject, behind)]
    expected = None if hint is None else _cells(hint)[used]
    alpha, doubt = _explained(_cells(light)[used], sides, expected, device)
    return Mix(
        np.where(unsure, _whole(alpha, used, trimap.shape), trimap).astype(np.float32),
        np.where(unsure, _whole(doubt, used, trimap.shape), 0).astype(np.float32),
    )


def _at_half_size(picture: Pixels, trimap: Pixels, hint: Pixels | None, device: str) -> Mix | None:
    height, width = trimap.shape
    half = ((width + 1) // 2, (height + 1) // 2)
    fewer, small = (
        cv2.resize(each, half, interpolation=cv2.INTER_AREA) for each in (picture, trimap)
    )
    small[(small > 0) & (small < 1)] = 0.5
    told = None if hint is None else cv2.resize(hint, half, interpolation=cv2.INTER_AREA)
    found = _mixed(fewer, small, told, device)
    if found is None:
        return None
    alpha, doubt = (cv2.resize(each, (width, height)) for each in found)
    unsure = trimap == 0.5
    return Mix(np.where(unsure, alpha, trimap), np.where(unsure, doubt, np.float32(0)))


def _cells(plane: NDArray[np.generic]) -> Pixels:
    """A plane (H,W,...) cut into its squares: (squares, pixels, ...)."""
    height, width = plane.shape[:2]
    edge = ((0, -height % _CELL), (0, -width % _CELL), *((0, 0),) * (plane.ndim - 2))
    padded = np.pad(plane, edge, mode="edge")
    down, across = padded.shape[0] // _CELL, padded.shape[1] // _CELL
    rest = plane.shape[2:]
    cut = padded.reshape(down, _CELL, across, _CELL, *rest).swapaxes(1, 2)
    return cut.reshape(down * across, _CELL * _CELL, *rest)


def _whole(values: Pixels, used: NDArray[np.intp], shape: tuple[int, ...]) -> Pixels:
    """The squares that were used back in a plane of that shape, 0 elsewhere."""
    down, across = -(-shape[0] // _CELL), -(-shape[1] // _CELL)
    cut = np.zeros((down * across, _CELL * _CELL), np.float32)
    cut[used] = values
    plane = cut.reshape(down, across, _CELL, _CELL).swapaxes(1, 2)
    return plane.reshape(down * _CELL, across * _CELL)[: shape[0], : shape[1]]


def _near(light: Pixels, side: NDArray[np.bool_], centres: Pixels) -> tuple[Pixels, Pixels]:
    """For each centre (n,2) colours (n,k,3) of a side near it, and how many times as far as the
    nearest each lies (n,k), less one.
    """
    rows, columns = np.nonzero(side)
    chosen = np.random.default_rng(0).random(len(rows)) < 1 / _THIN
    if chosen.sum() >= _SAMPLES * _FROM:
        rows, columns = rows[chosen], columns[chosen]
    wanted = min(_SAMPLES * _FROM, len(rows))
    tree = cKDTree(np.stack((rows, columns), 1))
    step = _FROM if wanted == _SAMPLES * _FROM else 1
    ranks = list(range(1, wanted + 1, step))[:_SAMPLES]
    found, places = tree.query(centres, k=ranks)
    apart, which = np.asarray(found, np.float32), np.asarray(places, np.intp)
    colours = light[rows[which], columns[which]]
    return colours, (apart / apart[:, :1].clip(min=1) - 1).clip(min=0).astype(np.float32)


def _explained(
    asked: Pixels, sides: list[tuple[Pixels, Pixels]], expected: Pixels | None, device: str
) -> tuple[Pixels, Pixels]:
    import torch

    alpha, doubt = np.zeros(asked.shape[:2], np.float32), np.zeros(asked.shape[:2], np.float32)
    for first in range(0, len(asked), _BATCH):
        now = slice(first, first + _BATCH)

        def part(values: Pixels, now: slice = now) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(values[now])).to(device)

        (subject, far), (behind, off) = ((part(c), part(d)) for c, d in sides)
        price = (far[:, :, None] + off[:, None]).flatten(1)
        told = None if expected is None else part(expected)
        mean, spread = _averaged(part(asked), subject, behind, price, told)
        alpha[now], doubt[now] = mean.cpu().numpy(), spread.cpu().numpy()
    return alpha, doubt


def _averaged(
    pixels: Tensor, subject: Tensor, behind: Tensor, price: Tensor, expected: Tensor | None
) -> tuple[Tensor, Tensor]:
    """The alphas (n,p) of pixels (n,p,3) over all pairs of k and k colours (n,k,3), and doubts.

    The alpha of a pair is the pixel's projection on the line between its colours, and its error
    what is left beside the line, in units of noise; `price` (n,k*k) is added to the error.
    """
    import torch

    count = len(pixels)
    line = (subject[:, :, None] - behind[:, None]).flatten(1, 2)
    base = behind[:, None].expand(-1, subject.shape[1], -1, -1).flatten(1, 2)
    length = (line * line).sum(-1) + 1e-5
    offset = -(base * line).sum(-1) / length
    along = torch.baddbmm(offset[:, None], pixels, (line / length[..., None]).transpose(1, 2))
    alpha = along.clamp(0, 1)
    apart = torch.cdist(pixels, behind, compute_mode="donot_use_mm_for_euclid_dist").square()
    error = apart[:, :, None].expand(-1, -1, subject.shape[1], -1).reshape(count, -1, line.shape[1])
    error = error.contiguous()  # of one colour behind there is but one memory
    error = error.sub_(along.mul_(2).sub_(alpha).mul_(alpha).mul_(length[:, None])).clamp_(min=0)
    error.mul_(0.5 / _NOISE**2).add_(price[:, None])
    if expected is not None:
        error.add_((alpha - expected[..., None]).square_(), alpha=0.5 / _TRUST**2)
    least = error.amin(-1)
    weight = error.sub_(least[..., None]).neg_().exp_()
    total = weight.sum(-1)
    mean = (weight * alpha).sum(-1) / total
    spread = ((weight * alpha * alpha).sum(-1) / total - mean * mean).clamp(min=0).sqrt()
    # where even the best pair explains the pixel badly, its alpha is little worth
    return mean, spread + (least / 20).clamp(max=0.5)
