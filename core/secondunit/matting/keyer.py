"""Keyer: a shot on a coloured screen, frame after frame, to alpha, clean foreground and screen.

keyer = Keyer()
for plate in frames:  # (H,W,3) linear light
    pulled = keyer.pull(plate)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels, Size
from secondunit.matting import chroma, unmix, whole
from secondunit.matting.backing import Backing, Steady, small_size, smaller
from secondunit.matting.despill import Despill
from secondunit.matting.oneframe import BRIGHTEST, OneFrame, planes
from secondunit_contract.problem import BadValue, SizeDisagrees

Mask = NDArray[np.bool_]

_INFINITE = 65504.0  # the most that half floats hold
_PUREST = 2.0  # of the subject's colours: beyond, all would be left as it is
_SMOOTHING = 0.3  # how much of the way the automatic clips go in one frame


@dataclass(frozen=True)
class KeyControls:
    """What an artist may set; a key needs none of it.

    colour      the bare screen's colour, linear; None finds it
    clean       a clean plate (H,W,3) of the whole shot, linear: the screen without the subject
    balance     0 the soft limit, for hair and glass; 1 the hard one, for wardrobe near the screen
    unmixed     how much the subject's own colours have a say: 0 the colour difference alone
    black       alpha up to here is 0; None measures it on the bare screen
    white       alpha from here is 1; None measures it on the subject
    grow        pixels the edge goes out, or in where negative; parts of one too
    soften      pixels of blur
    despill     how the screen's light is taken off the subject
    """

    colour: tuple[float, float, float] | None = None
    clean: Pixels | None = None
    balance: float = 0.0
    unmixed: float = 0.5
    black: float | None = None
    white: float | None = None
    grow: float = 0.0
    soften: float = 0.0
    despill: Despill = field(default_factory=Despill)

    def __post_init__(self) -> None:
        for name in ("balance", "unmixed", "black", "white"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise BadValue(f"{name} is {value}", remedy="Give a value from 0 to 1")
        if self.black is not None and self.white is not None and self.black >= self.white:
            raise BadValue(
                f"The black clip {self.black} is not below the white clip {self.white}",
                remedy="Set black below white",
            )


@dataclass(frozen=True)
class Pulled:
    """One frame's key.

    alpha       (H,W) 0..1, linear coverage
    foreground  (H,W,3) straight (not premultiplied), linear, despilled
    screen      (H,W,3) linear: the bare screen, as if nobody stood before it
    despill     (H,W) how much of the screen's light was taken off, linear
    confidence  0..1: how far this key is to be trusted without a look
    """

    alpha: Pixels
    foreground: Pixels
    screen: Pixels
    despill: Pixels
    confidence: float


class Keyer:
    """Pulls a shot's key, its frames in order. Memory does not grow with the shot."""

    def __init__(self, controls: KeyControls | None = None, device: str = "cpu") -> None:
        self._set, self._device = controls or KeyControls(), device
        clean = None if self._set.clean is None else _usable(self._set.clean)
        colour = None if self._set.colour is None else np.array(self._set.colour, np.float32)
        self._backing = Steady(colour, clean)
        self._halved: chroma.Halved | None = None
        self._clips: tuple[float, float] | None = None
        self._pure: float | None = None

    def pull(
        self,
        frame: Pixels,
        core: Mask | None = None,
        garbage: Mask | None = None,
        clean: Pixels | None = None,
    ) -> Pulled:
        """The key of the next frame (H,W,3), linear light; NaN, infinite and negative values too.

        core     (H,W) is subject whatever its colour; garbage (H,W) is not, whatever its colour.
        clean    (H,W,3) this frame's own clean plate, linear; None takes the shot's, if it has one.
        Raises ScreenMissing where there is no screen, SizeDisagrees where a matte has another size.
        """
        _expect(frame, core, garbage)
        plate = _finite(frame)
        usable = _usable(plate)
        backing = self._seen(usable, core, garbage, None if clean is None else _usable(clean))
        if self._halved is None:
            self._halved = chroma.halved(usable)
        return self._pulled(plate, usable, backing, core, garbage)

    def _seen(
        self, usable: Pixels, core: Mask | None, garbage: Mask | None, clean: Pixels | None
    ) -> Backing:
        size = small_size(usable.shape[1], usable.shape[0])
        inside, outside = (
            None if each is None else _small_mask(each, size) for each in (core, garbage)
        )
        return self._backing.seen(smaller(usable, size), inside, outside, clean)

    def _pulled(
        self,
        plate: Pixels,
        usable: Pixels,
        backing: Backing,
        core: Mask | None,
        garbage: Mask | None,
    ) -> Pulled:
        import torch

        wanted = self._set
        with torch.inference_mode():
            one = OneFrame(usable, backing, core, garbage, self._device)
            one.rebuild(self._halved or chroma.Halved())
            raw = whole.unlined(one.mixed(wanted.balance, wanted.unmixed))
            alpha = one.held(self._clipped(raw, one))
            own = planes(plate, self._device)
            colour, taken = one.foreground(own, alpha, wanted.despill, self._purity(one))
            edged = unmix.softened(unmix.grown(alpha, wanted.grow), wanted.soften)
            return Pulled(
                _plain(one.held(edged)),
                _plain(colour.permute(1, 2, 0)),
                _plain(one.screen.permute(1, 2, 0)),
                _plain(taken),
                one.trust(alpha),
            )

    def _clipped(self, raw: Any, one: OneFrame) -> Any:
        """The alpha between black and white: the artist's, else measured and steadied over time."""
        black, white = one.clips(raw)
        if self._clips is not None:
            # more noise than before is answered at once, less of it slowly
            black = max(black, self._clips[0] + _SMOOTHING * (black - self._clips[0]))
            white = self._clips[1] + _SMOOTHING * (white - self._clips[1])
        self._clips = black, white
        if self._set.black is None and self._set.white is None:
            return one.filled(unmix.settled(raw, black, white))
        if self._set.black is not None:
            black = self._set.black
        if self._set.white is not None:
            white = self._set.white
        clipped = unmix.clipped(raw, min(black, white - 0.01), white)
        return one.filled(clipped) if self._set.white is None else clipped

    def _purity(self, one: OneFrame) -> float:
        """What purity of the subject's own the despill leaves alone, steadied over time."""
        found = one.purity()
        if found is not None:
            found = min(max(found, 0.0), _PUREST)
            before = found if self._pure is None else self._pure
            self._pure = before + _SMOOTHING * (found - before)
        return self._pure or 0.0


def _plain(tensor: Any) -> Pixels:
    return np.asarray(tensor.contiguous().cpu().numpy())


def _finite(frame: Pixels) -> Pixels:
    """(H,W,3) float32 of its own; NaN is black, infinite the brightest that is kept."""
    plate = np.array(frame[..., :3], np.float32)
    return np.nan_to_num(plate, copy=False, nan=0.0, posinf=_INFINITE, neginf=0.0)


def _usable(plate: Pixels) -> Pixels:
    """A plate without what no colour can be read from."""
    return np.clip(_finite(plate), 0, BRIGHTEST)


def _small_mask(mask: Mask, size: Size) -> Mask:
    return np.asarray(smaller(mask.astype(np.float32), size) > 0.5)


def _expect(frame: Pixels, core: Mask | None, garbage: Mask | None) -> None:
    if frame.ndim != 3 or frame.shape[2] < 3:
        raise BadValue(f"A frame of shape {frame.shape} is no colour picture")
    for name, mask in (("core", core), ("garbage", garbage)):
        if mask is not None and mask.shape != frame.shape[:2]:
            raise SizeDisagrees(
                f"The {name} matte is {mask.shape[1]}x{mask.shape[0]} and the plate "
                f"{frame.shape[1]}x{frame.shape[0]}",
                remedy="Give mattes of the plate's size",
            )
