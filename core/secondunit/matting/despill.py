"""Despill: the screen's light taken off the subject, the light's amount left on it.

Apart from the alpha, and before any premultiplication. Torch tensors in linear light inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from secondunit.callsheet import Pixels
from secondunit.matting.unmix import LUMA, PURITY, excess

Kind = Literal["auto", "average", "vector", "max"]

_PURITIES = {"average": 0.0, "vector": PURITY, "max": 1.0}


@dataclass(frozen=True)
class Despill:
    """How the screen's light is taken off the subject.

    kind       average takes most, some of a yellow cloth too; max takes least; vector is between;
               auto takes what is purer than most of the subject's own colours and than what is
               worn there, as average does where they have nothing of the screen's hue
    strength   0 leaves the subject as it is, 1 takes all that is found
    replace    linear colour that stands in for the light taken; its level does not count
    luminance  how much of the brightness taken is given back, as `replace`
    """

    kind: Kind = "auto"
    strength: float = 1.0
    replace: tuple[float, float, float] = (1.0, 1.0, 1.0)
    luminance: float = 1.0


def despilled(
    foreground: Any, screen: Any, how: Despill, own: float = 0.0, worn: Any = None
) -> tuple[Any, Any]:
    """The foreground (3,h,w) without the screen's hue, and how much was taken (h,w) of it.

    F - k·u, where k is the screen's excess in F along its hue u, as the colour difference reads it;
    k·luma(u) of the brightness comes back in the colour that replaces it. `own` is the purity that
    auto leaves alone, as measured on the subject; `worn` (h,w) how much of the hue
    is the subject's own for sure.
    """
    import torch

    spill, hue = excess(foreground, screen, _PURITIES.get(how.kind, own))
    if worn is not None and how.kind == "auto":
        spill = torch.minimum(spill, excess(foreground, screen, 0.0)[0] - worn)
    amount = spill.clamp(min=0) * how.strength
    weights = torch.tensor(LUMA, dtype=foreground.dtype, device=foreground.device)[:, None, None]
    stand_in = torch.tensor(how.replace, dtype=foreground.dtype, device=foreground.device)
    stand_in = stand_in[:, None, None]
    stand_in = stand_in / (stand_in * weights).sum(0, keepdim=True).clamp(min=1e-4)
    lost = (hue * weights).sum(0) * amount
    clean = foreground - amount * hue + how.luminance * lost * stand_in
    # taking the hue out may not push a channel below what it was, if that was below black
    clean = torch.maximum(clean, foreground.clamp(max=0))
    return torch.where(amount > 0, clean, foreground), amount


def despilled_picture(
    foreground: Pixels, screen: Pixels, how: Despill | None = None, device: str = "cpu"
) -> tuple[Pixels, Pixels]:
    """A straight foreground (H,W,3) despilled, and the amount (H,W); screen (H,W,3) or (3,)."""
    import torch

    bare = np.broadcast_to(np.asarray(screen, np.float32), foreground.shape)
    planes = [
        torch.from_numpy(np.ascontiguousarray(each.transpose(2, 0, 1), np.float32)).to(device)
        for each in (foreground, bare)
    ]
    clean, amount = despilled(planes[0], planes[1], how or Despill())
    return clean.permute(1, 2, 0).cpu().numpy(), amount.cpu().numpy()
