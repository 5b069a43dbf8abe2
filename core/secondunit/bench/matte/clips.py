"""The sample footage as a bench of mattes needs it: the plate, and the truth where there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from secondunit.bench.starter.footage import PLATE, TENNIS, samples
from secondunit.bench.starter.unit import frames_of
from secondunit.callsheet import Pixels
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import MediaMissing

SYNTH = "synth_true_alpha_fg"
BLUE, YELLOW = "bluescreen_grid_bbaf2n", "yellowscreen_mdn"

_REAL = 24  # frames of the real screens: a second, and long enough to see an edge boil


@dataclass(frozen=True, eq=False)
class Filmed:
    """One shot of the samples.

    plate   (T,H,W,3) as it is looked at, 0..1
    truth   (T,H,W) alpha 0..1; None where nobody knows it
    first   the true matte of the first frame, as a file an artist could give
    ours    may be shown in the documentation; others are for tests alone
    """

    name: str
    clip: Clip
    plate: Pixels
    truth: Pixels | None = None
    first: Clip | None = None
    ours: bool = True


def folder(named: Path | None) -> Path:
    """Where the footage is: what was named, or where samples are looked for.

    Raises MediaMissing where there is no such folder, or none of the footage in it.
    """
    found = named or samples()
    if found is not None and any((found / each).exists() for each in (PLATE, SYNTH, TENNIS)):
        return found
    raise MediaMissing(
        "There is no sample footage" if found is None else "That is no folder of sample footage",
        str(found or ""),
        f"Name the folder that holds {SYNTH} and {PLATE}: --footage DIR, or SECONDUNIT_SAMPLES",
    )


def green(footage: Path) -> Filmed:
    """A rendered subject before an uneven green screen, with its true alpha."""
    return _rendered(footage, "green")


def natural(footage: Path) -> Filmed:
    """The same subject before a street."""
    return _rendered(footage, "natural")


def blue(footage: Path) -> Filmed:
    """A real blue screen, vignetted, under MPEG-1 blocks."""
    return _real(footage / f"{BLUE}.mpg", ours=False)


def yellow(footage: Path) -> Filmed:
    """A real yellow wall."""
    return _real(footage / f"{YELLOW}.mp4", ours=True)


def plate(footage: Path, frames: int | None = None) -> Filmed:
    """A rendered figure before a rendered set, with its true alpha; its forearm is fast."""
    where = footage / PLATE
    told = None if frames is None else FrameRange(1, frames)
    clip, alpha = (Clip(str(where / f"{name}_####.png"), told) for name in ("plate", "alpha"))
    first = Clip(str(where / "alpha_0001.png"))
    return Filmed(PLATE, clip, frames_of(clip)[..., :3], frames_of(alpha).mean(3), first)


def tennis(footage: Path) -> Filmed:
    """A player whom a camera follows, with a mask of every frame."""
    where = footage / TENNIS
    clip, first = Clip(str(where / "rgb")), Clip(str(where / "mask" / "0001.png"))
    truth = frames_of(Clip(str(where / "mask"))).mean(3)
    return Filmed(TENNIS, clip, frames_of(clip)[..., :3], truth, first, ours=False)


SCREENS: dict[str, Callable[[Path], Filmed]] = {
    "key_synth": green, "key_blue": blue, "key_yellow": yellow,
}  # fmt: skip
ROTOS: dict[str, Callable[[Path], Filmed]] = {"plate": plate, "tennis": tennis}


def deepest(mask: Pixels) -> tuple[float, float]:
    """Where somebody would click: the point of a mask (H,W) farthest from its edge, as shares of
    width and height.
    """
    inside = np.pad(mask > 0.5, 1).astype(np.uint8)
    far = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    down, across = np.unravel_index(int(far.argmax()), far.shape)
    return (float(across) + 0.5) / mask.shape[1], (float(down) + 0.5) / mask.shape[0]


def coarse(alpha: Pixels, token: int = 16) -> Pixels:
    """An alpha (H,W) as a model with such tokens could know it at best: their means, enlarged."""
    height, width = alpha.shape
    down, across = -(-height // token), -(-width // token)
    margins = (0, down * token - height), (0, across * token - width)
    whole = np.pad(alpha, margins, mode="edge")
    means = whole.reshape(down, token, across, token).mean((1, 3)).astype(np.float32)
    large = cv2.resize(means, whole.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(large[:height, :width], 0, 1)


def _rendered(footage: Path, name: str) -> Filmed:
    where = footage / SYNTH
    clip = Clip(str(where / f"{name}.mp4"))
    truth = frames_of(Clip(str(where / "alpha16"))).mean(3)
    return Filmed(f"{SYNTH}/{name}", clip, frames_of(clip)[..., :3], truth, ours=name == "green")


def _real(path: Path, ours: bool) -> Filmed:
    clip = Clip(str(path), FrameRange(0, _REAL - 1))
    return Filmed(path.stem, clip, frames_of(clip)[..., :3], ours=ours)
