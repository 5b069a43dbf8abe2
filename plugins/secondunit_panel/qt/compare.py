"""Plate against take: which picture is seen, how the two are compared, and what of their alpha."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from qtpy.QtGui import QImage

from secondunit_panel.qt import mix
from secondunit_panel.qt.pictures import Layer

Side = Literal["plate", "take"]
Picture = Callable[[Side, Layer], "QImage | None"]
"""The picture of a side now, or the last there was; None where it has none."""

ALPHAS = ("", "matte", "grey", "black", "checker")
WORDS = {"matte": "Matte", "grey": "On grey", "black": "On black", "checker": "On checker"}
GAIN = 8

_KEPT = 4  # pictures that were mixed, so that a repaint does not mix them again


@dataclass
class Compare:
    """How plate and take are looked at.

    Without any of these the take is seen, or the plate where no take is chosen. `gain` is 1 or more
    while the difference is seen. `alpha` is of the take where there is one, else of the plate.
    """

    plate: bool = False
    wipe: bool = False
    gain: int = 0
    alpha: str = ""

    def __post_init__(self) -> None:
        self._mixed: OrderedDict[tuple[object, ...], QImage] = OrderedDict()

    # changing it

    def turn(self, name: str) -> None:
        """Press "plate", "wipe", "difference" or "alpha"."""
        if name == "alpha":
            self.alpha = ALPHAS[(ALPHAS.index(self.alpha) + 1) % len(ALPHAS)]
            self.gain = 0
        elif name == "difference":
            self.gain = {0: 1, 1: GAIN}.get(self.gain, 0)
            self.plate = self.wipe = False
            self.alpha = ""
        elif name == "wipe":
            self.wipe, self.plate, self.gain = not self.wipe, False, 0
        else:
            self.plate, self.wipe, self.gain = not self.plate, False, 0

    @property
    def held(self) -> list[str]:
        """Which of its buttons are on."""
        on = {"plate": self.plate, "wipe": self.wipe, "difference": self.gain, "alpha": self.alpha}
        return [name for name, each in on.items() if each]

    def name(self, take: str) -> str:
        """What the picture is, in a word or two; `take` is the take's name, empty where none is."""
        if self.plate and take:
            return "Plate"
        if self.gain and take:
            return "Difference" if self.gain == 1 else f"Difference, {self.gain} times"
        alpha = WORDS[self.alpha] if self.alpha else ""
        return f"{take} · {alpha.lower()}" if take and alpha else take or alpha

    # looking

    def seen(
        self, picture: Picture, takes: bool, premultiplied: bool = False
    ) -> tuple[QImage | None, QImage | None]:
        """The picture to show, or those to the left and to the right of the wipe.

        `takes` says whether there is a take to be seen at all.
        """
        if not takes:
            return self._cut(picture, "plate", False), None
        if self.plate:
            return picture("plate", "colour"), None
        if self.gain:
            one, other = picture("plate", "colour"), picture("take", "colour")
            if one is None or other is None:
                return None, None
            return self._made("difference", one, other, self.gain), None
        take = self._cut(picture, "take", premultiplied)
        return (picture("plate", "colour"), take or QImage()) if self.wipe else (take, None)

    def _cut(self, picture: Picture, side: Side, premultiplied: bool) -> QImage | None:
        if self.alpha == "matte":
            return picture(side, "alpha")
        colour = picture(side, "colour")
        if not self.alpha or colour is None:
            return colour
        alpha = picture(side, "alpha")
        return alpha and self._made(self.alpha, colour, alpha, premultiplied)

    def _made(self, how: str, one: QImage, other: QImage, more: int) -> QImage:
        """A picture of two, made once."""
        name = (how, one.cacheKey(), other.cacheKey(), more)
        made = self._mixed.pop(name, None)
        if made is None and how == "difference":
            made = mix.difference(one, other, more)
        elif made is None:
            made = mix.over(one, other, _GROUNDS[how], bool(more))
        self._mixed[name] = made
        while len(self._mixed) > _KEPT:
            self._mixed.popitem(last=False)
        return made


_GROUNDS: dict[str, mix.Ground] = {"grey": "grey", "black": "black", "checker": "checker"}


def cell(strip: QImage, aspect: float, share: float) -> QImage:
    """One of the pictures that lie beside each other in a strip: that at a share of its length.

    Each is `aspect` wide for its height; what is left over is between them.
    """
    wide = max(1, min(strip.width(), round(strip.height() * aspect)))
    between = min(12, round(wide * 0.05))  # a strip has a gap after each but the last
    count = max(1, round((strip.width() + between) / (wide + between)))
    pitch = (strip.width() - wide) / (count - 1) if count > 1 else 0.0
    which = min(count - 1, int(min(1.0, max(0.0, share)) * count))
    return strip.copy(round(which * pitch), 0, wide, strip.height())
