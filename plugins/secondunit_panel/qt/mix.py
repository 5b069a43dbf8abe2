"""Pictures made of pictures: their difference, and a cut-out over a ground."""

from __future__ import annotations

from typing import Literal

from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtGui import QColor, QImage, QPainter

Ground = Literal["grey", "black", "checker"]

GREY = "#777777"
"""18 % of light, as a display shows it."""

CHECKER = ("#5f5f5f", "#474747")
TILE = 16
"""Pixels of a field of the checker, in a picture 960 long."""

_LONG = 960


def difference(one: QImage, other: QImage, gain: int = 1) -> QImage:
    """How far two pictures are apart, each pixel and colour for itself: |one - other| · `gain`.

    The size is that of `one`; `gain` a power of two.
    """
    apart = one.convertToFormat(QImage.Format.Format_RGB32)
    painter = QPainter(apart)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Difference)
    painter.drawImage(apart.rect(), other)
    painter.end()
    while gain > 1:
        painter = QPainter(apart)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Plus)
        painter.drawImage(0, 0, apart.copy())
        painter.end()
        gain //= 2
    return apart


def over(colour: QImage, alpha: QImage, ground: Ground, premultiplied: bool = False) -> QImage:
    """A picture cut out by its alpha (greys), over a ground.

    Straight: colour · alpha + ground · (1 - alpha); premultiplied: colour + ground · (1 - alpha).
    """
    size = colour.size()
    if alpha.size() != size:
        how = Qt.TransformationMode.SmoothTransformation
        alpha = alpha.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, how)
    whole = _ground(size, ground)
    painter = QPainter(whole)
    if premultiplied:
        painter.drawImage(0, 0, _cut(QColor("black"), alpha))
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Plus)
        painter.drawImage(0, 0, colour)
    else:
        cut = colour.convertToFormat(QImage.Format.Format_ARGB32)
        cut.setAlphaChannel(alpha)
        painter.drawImage(0, 0, cut)
    painter.end()
    return whole


def _cut(colour: QColor, alpha: QImage) -> QImage:
    flat = QImage(alpha.size(), QImage.Format.Format_ARGB32)
    flat.fill(colour)
    flat.setAlphaChannel(alpha)
    return flat


def _ground(size: QSize, ground: Ground) -> QImage:
    whole = QImage(size, QImage.Format.Format_RGB32)
    if ground != "checker":
        whole.fill(QColor(GREY if ground == "grey" else "black"))
        return whole
    light, dark = (QColor(each) for each in CHECKER)
    tile = max(2, round(TILE * max(size.width(), size.height()) / _LONG))
    pair = QImage(2 * tile, 2 * tile, QImage.Format.Format_RGB32)
    pair.fill(light)
    painter = QPainter(pair)
    painter.fillRect(QRect(tile, 0, tile, tile), dark)
    painter.fillRect(QRect(0, tile, tile, tile), dark)
    painter.end()
    painter = QPainter(whole)
    painter.fillRect(whole.rect(), pair)
    painter.end()
    return whole
