"""Foreground colours: what the subject looks like under its own half-transparent edge."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from secondunit.callsheet import Pixels
from secondunit_contract.problem import SizeUnfit

if TYPE_CHECKING:
    from torch import Tensor

_EVEN = 1e-5  # how strongly neighbours are alike anyway
_ALIKE = 1.0  # how much more where alpha changes from one to the next
_SMALL, _MANY, _FEW = 32, 20, 4  # a level up to that side takes many rounds, a larger one few
_STAGE = 2  # times larger from level to level


def foreground(
    picture: Pixels, alpha: Pixels, background: Pixels | None = None, device: str = "cpu"
) -> Pixels:
    """The subject's own, straight colours (H,W,3) in a picture (H,W,3) of alpha (H,W).

    Multi-level foreground estimation (Germer et al. 2020): foreground and background are the two
    smooth pictures that mix to the plate, found by Jacobi rounds from one pixel up to the whole
    size. A clean plate (H,W,3), where there is one, is the background and is not guessed.
    All in linear light; exactly the picture where alpha is 1. Raises SizeUnfit.
    """
    if picture.shape[:2] != alpha.shape:
        raise SizeUnfit(f"An alpha of {alpha.shape} for a picture of {picture.shape[:2]}")
    if background is not None and background.shape != picture.shape:
        raise SizeUnfit(f"A clean plate of {background.shape} for a picture of {picture.shape}")
    import torch

    def planes(values: Pixels) -> Tensor:
        clean = np.nan_to_num(values, nan=0.0, posinf=65504.0, neginf=0.0)
        whole = torch.from_numpy(np.ascontiguousarray(clean, np.float32)).to(device)
        return whole.movedim(-1, 0)

    matte = planes(np.clip(alpha, 0, 1)[..., None])[0]
    behind = None if background is None else planes(background)
    found = _descended(planes(picture), matte, behind).movedim(0, -1).cpu().numpy()
    return np.where((alpha >= 1)[..., None], picture, found).astype(np.float32)


def _descended(picture: Tensor, alpha: Tensor, behind: Tensor | None) -> Tensor:
    """The foreground (3,H,W), level by level."""
    import torch

    height, width = alpha.shape
    front = _average(picture, (alpha > 0.9).float())
    back = _average(picture, (alpha < 0.1).float())
    levels = math.ceil(math.log(max(height, width, 2), _STAGE))
    for level in range(levels + 1):
        size = [max(1, round(side ** (level / levels))) for side in (height, width)]

        def sized(planes: Tensor, size: list[int] = size) -> Tensor:
            return torch.nn.functional.interpolate(planes[None], size, mode="nearest")[0]

        front = sized(front)
        back = sized(back) if behind is None else sized(behind)
        rounds = _MANY if max(size) <= _SMALL else _FEW
        front = _agreed(
            sized(picture), sized(alpha[None])[0], front, back, rounds, behind is not None
        )
        if behind is None:
            front, back = front[:3], front[3:]
    return front


def _average(picture: Tensor, share: Tensor) -> Tensor:
    return ((picture * share).sum((1, 2)) / (share.sum() + 1e-5))[:, None, None]


def _agreed(
    picture: Tensor, alpha: Tensor, front: Tensor, back: Tensor, rounds: int, known: bool
) -> Tensor:
    """Rounds in which every pixel takes the colours that suit the plate and its neighbours.

    The foreground (3,h,w); followed by the background where that is not known.
    """
    import torch

    pull = [_EVEN + _ALIKE * (alpha - near).abs() for near in _neighbours(alpha[None])]
    drawn = sum(pull[1:], pull[0])
    rest = 1 - alpha
    most = picture.amax().clamp(min=0)
    for _ in range(rounds):
        ahead = alpha * picture + _pulled(front, pull)
        if known:
            front = (ahead - alpha * rest * back) / (alpha * alpha + drawn)
            front = torch.minimum(front.clamp(min=0), most)
            continue
        after = rest * picture + _pulled(back, pull)
        own, other, both = alpha * alpha + drawn, rest * rest + drawn, alpha * rest
        scale = 1 / (own * other - both * both)
        front, back = scale * (other * ahead - both * after), scale * (own * after - both * ahead)
        front = torch.minimum(front.clamp(min=0), most)
        back = torch.minimum(back.clamp(min=0), most)
    return front if known else torch.cat((front, back))


def _neighbours(planes: Tensor) -> list[Tensor]:
    """The planes (c,h,w) as seen one pixel left, right, up and down; the border repeats."""
    import torch

    wide = torch.nn.functional.pad(planes[None], (1, 1, 1, 1), mode="replicate")[0]
    return [wide[:, 1:-1, :-2], wide[:, 1:-1, 2:], wide[:, :-2, 1:-1], wide[:, 2:, 1:-1]]


def _pulled(planes: Tensor, pull: list[Tensor]) -> Tensor:
    weighed = [w * near for w, near in zip(pull, _neighbours(planes), strict=True)]
    return sum(weighed[1:], weighed[0])
