"""Cards: words where there is no picture, quiet enough to sit in a cut that people watch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from secondunit.callsheet import Size
from secondunit.media.contact import AMBER, GROUND, QUIET, TEXT

Bytes = NDArray[np.uint8]
"""A picture (H,W,3) uint8, as a screen shows it."""

_RULE = (0x3A, 0x3A, 0x3E)
_SMALLEST = 9  # pixels of type that can be read


@dataclass(frozen=True)
class Card:
    """What a card says: a word above, a heading, lines below; amber where the work is ours to do.

    The last line of type, at the foot, is left free for what runs: timecode and frame.
    """

    above: str
    heading: str
    lines: tuple[str, ...] = ()
    ours: bool = False


@lru_cache(maxsize=16)
def drawn(card: Card, size: Size) -> Bytes:
    """The card as a picture of that size, its foot empty. Do not write into it."""
    image = Image.new("RGB", size, GROUND)
    draw = ImageDraw.Draw(image)
    unit = _unit(size)
    left, top, wide = _margin(size), _margin(size), size.width - 2 * _margin(size)
    mark = AMBER if card.ours else QUIET
    draw.rectangle((left, top + unit // 3, left + unit // 3, top + unit), fill=mark)
    draw.text((left + unit, top), _fit(draw, card.above, wide - unit, unit), QUIET, _font(unit))
    top += 3 * unit
    heading = unit * 2
    words = _fit(draw, card.heading, wide, heading)
    draw.text((left, top), words, AMBER if card.ours else TEXT, _font(heading))
    top += heading + unit
    line, foot = round(unit * 1.15), _foot(size)
    for text in card.lines:
        for part in _wrapped(draw, text, wide, line):
            if top + line * 2 > foot:
                break
            draw.text((left, top), part, TEXT, _font(line))
            top += round(line * 1.45)
        top += line // 2
    draw.line((left, foot, size.width - left, foot), fill=_RULE, width=max(1, unit // 16))
    made = np.asarray(image)
    made.setflags(write=False)
    return made


def running(picture: Bytes, left: str, right: str, share: float) -> Bytes:
    """A card with what runs at its foot; `share`, 0..1, is how far it has run."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    size = Size(*image.size)
    unit, margin, foot = _unit(size), _margin(size), _foot(size)
    end = margin + round((size.width - 2 * margin) * min(max(share, 0.0), 1.0))
    draw.line((margin, foot, end, foot), fill=QUIET, width=max(1, unit // 8))
    draw.text((margin, foot + unit // 2), left, TEXT, _font(unit))
    wide = draw.textlength(right, font=_font(unit))
    draw.text((size.width - margin - wide, foot + unit // 2), right, QUIET, _font(unit))
    return np.asarray(image)


def stamped(picture: Bytes, text: str) -> Bytes:
    """A picture with a small line of type at its foot, on a dark ground that lets it be read."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    size = Size(*image.size)
    unit = _unit(size)
    words = _fit(draw, text, size.width - 4 * unit, unit)
    wide = draw.textlength(words, font=_font(unit))
    top, left = size.height - 3 * unit, unit
    draw.rectangle((left, top, left + wide + 2 * unit, top + 2 * unit), fill=GROUND)
    draw.text((left + unit, top + unit // 3), words, TEXT, _font(unit))
    return np.asarray(image)


def _unit(size: Size) -> int:
    """The height of small type: a thirtieth of the picture's lesser side."""
    return max(_SMALLEST, round(min(size.height, size.width * 9 / 16) / 30))


def _margin(size: Size) -> int:
    return max(4, round(min(size) / 14))


def _foot(size: Size) -> int:
    return size.height - _margin(size) - 2 * _unit(size)


def _wrapped(draw: ImageDraw.ImageDraw, text: str, wide: int, size: int) -> list[str]:
    """The text in lines that fit; a word longer than a line is cut."""
    made: list[str] = []
    for word in text.split():
        joined = f"{made[-1]} {word}" if made else word
        if made and draw.textlength(joined, font=_font(size)) <= wide:
            made[-1] = joined
        else:
            made.append(_fit(draw, word, wide, size))
    return made


def _fit(draw: ImageDraw.ImageDraw, words: str, wide: int, size: int) -> str:
    """The words, or as much of them as there is room for and an ellipsis."""
    words = " ".join(words[:400].split())
    if draw.textlength(words, font=_font(size)) <= wide:
        return words
    while words and draw.textlength(f"{words}…", font=_font(size)) > wide:
        words = words[:-1]
    return f"{words}…"


@lru_cache(maxsize=32)
def _font(size: int) -> Any:
    return ImageFont.load_default(size)
