"""A sheet of thumbnails that shows at a glance what came of a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from secondunit.media.landing import Landing, discard, land
from secondunit.media.refusals import writing
from secondunit_contract.problem import BadValue

GROUND, TEXT, QUIET = (0x1F, 0x1F, 0x21), (0xD8, 0xD8, 0xDA), (0x8C, 0x8C, 0x90)
AMBER = (0xE8, 0xA3, 0x3D)
_RULE, _LIGHT_CHECK, _DARK_CHECK = (0x34, 0x34, 0x37), 0x6E, 0x58

_THUMBNAIL, _TALLEST = 240, 360
_GAP, _MARGIN, _LABEL, _CHECK = 12, 28, 132, 8
_TINT = 0.55
_SMALL, _PLAIN, _TITLE = 12, 15, 20

Picture = NDArray[Any]
"""(H,W), (H,W,3) or (H,W,4): uint8, or floating 0..1; display-referred, alpha straight."""


@dataclass(frozen=True, eq=False)
class Row:
    """Pictures in a line, under one label at the left; a caption below each where given."""

    label: str
    pictures: Sequence[Picture]
    captions: Sequence[str] = ()


def painted(picture: Picture, mask: NDArray[Any]) -> NDArray[np.uint8]:
    """The picture (H,W,3) uint8 with amber where the mask (H,W), 0..1, lets a model paint."""
    shown = _shown(picture).astype(np.float32)
    share = mask.astype(np.float32)[..., None] * _TINT
    tinted: NDArray[np.uint8] = np.rint(
        shown + (np.array(AMBER, np.float32) - shown) * share
    ).astype(np.uint8)
    edge = _edge(mask > 0.5)
    tinted[edge] = AMBER
    return tinted


def contact_sheet(rows: Sequence[Row], path: str | Path, title: str = "") -> None:
    """Write the rows as one PNG, under a title where there is one.

    Raises BadValue without a picture, DiskFull, NotWritable.
    """
    rows = [row for row in rows if row.pictures]
    if not rows:
        raise BadValue("A contact sheet of no pictures", where=str(path))
    strips = [[_thumbnail(picture) for picture in row.pictures] for row in rows]
    lines = [max(thumbnail.height for thumbnail in strip) for strip in strips]
    caption = [_SMALL + 8 if any(row.captions) else 0 for row in rows]
    longest = max(sum(t.width + _GAP for t in strip) - _GAP for strip in strips)
    heading = _TITLE + 2 * _GAP if title else 0
    height = heading + sum(lines) + sum(caption) + (len(rows) - 1) * 2 * _GAP + 2 * _MARGIN
    sheet = Image.new("RGB", (_MARGIN + _LABEL + longest + _MARGIN, height), GROUND)
    draw = ImageDraw.Draw(sheet)
    if title:
        words = _cut(draw, title, sheet.width - 2 * _MARGIN, _TITLE)
        draw.text((_MARGIN, _MARGIN), words, fill=AMBER, font=_font(_TITLE))
    top = _MARGIN + heading
    for index, (row, strip) in enumerate(zip(rows, strips, strict=True)):
        if index:
            draw.line((_MARGIN, top - _GAP, sheet.width - _MARGIN, top - _GAP), fill=_RULE)
        _draw_row(sheet, draw, row, strip, top)
        top += lines[index] + caption[index] + 2 * _GAP
    _save(sheet, Path(path))


def _draw_row(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, row: Row, strip: list[Image.Image], top: int
) -> None:
    _draw_label(draw, row.label, top)
    left = _MARGIN + _LABEL
    for index, thumbnail in enumerate(strip):
        sheet.paste(thumbnail, (left, top))
        if index < len(row.captions):
            below = (left, top + thumbnail.height + 5)
            words = _cut(draw, row.captions[index], thumbnail.width)
            draw.text(below, words, fill=QUIET, font=_font(_SMALL))
        left += thumbnail.width + _GAP


def _draw_label(draw: ImageDraw.ImageDraw, label: str, top: int) -> None:
    """The label, broken into lines that fit its column."""
    lines: list[str] = []
    for word in label.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and draw.textlength(joined, font=_font(_PLAIN)) <= _LABEL - _GAP:
            lines[-1] = joined
        else:
            lines.append(_cut(draw, word, _LABEL - _GAP, _PLAIN))
    draw.multiline_text((_MARGIN, top), "\n".join(lines), fill=TEXT, font=_font(_PLAIN), spacing=5)


def _cut(draw: ImageDraw.ImageDraw, words: str, width: int, size: int = _SMALL) -> str:
    """The words, or their beginning and an ellipsis where they are too long."""
    if draw.textlength(words, font=_font(size)) <= width:
        return words
    while words and draw.textlength(f"{words}…", font=_font(size)) > width:
        words = words[:-1]
    return f"{words}…"


def _thumbnail(picture: Picture) -> Image.Image:
    image = Image.fromarray(_shown(picture))
    scale = min(_THUMBNAIL / image.width, _TALLEST / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    # A small picture shows its pixels; a large one is averaged.
    small = image.width < _THUMBNAIL // 2
    how = Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS
    cell = Image.new("RGB", (_THUMBNAIL, size[1]), GROUND)
    cell.paste(image.resize(size, how))
    return cell


def _shown(picture: Picture) -> NDArray[np.uint8]:
    """(H,W,3) uint8; what is transparent lets a checkerboard through."""
    if picture.dtype != np.uint8:
        light = np.nan_to_num(picture.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0)
        picture = np.rint(np.clip(light, 0, 1) * 255).astype(np.uint8)
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    if picture.shape[2] == 3:
        return np.ascontiguousarray(picture)
    height, width = picture.shape[:2]
    down, across = np.mgrid[:height, :width] * _THUMBNAIL // max(width, 1) // _CHECK
    board = np.where((down + across) % 2, _LIGHT_CHECK, _DARK_CHECK)[..., None]
    alpha = picture[..., 3:].astype(np.float32) / 255
    over: NDArray[np.uint8] = np.rint(picture[..., :3] * alpha + board * (1 - alpha)).astype(
        np.uint8
    )
    return over


def _edge(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The outermost pixels of a region, as wide as a line of the thumbnail."""
    reach = max(1, inside.shape[1] // _THUMBNAIL)
    core = inside.copy()
    for _ in range(reach):
        padded = np.pad(core, 1, mode="edge")
        core &= padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return inside & ~core


def _font(size: int) -> Any:
    return ImageFont.load_default(size)


def strip(pictures: Sequence[Picture], path: Path) -> Path:
    """Pictures beside each other as one JPEG: quick to make, and small to send.

    Raises BadValue without a picture, DiskFull, NotWritable.
    """
    if not len(pictures):
        raise BadValue("A strip of no pictures", where=str(path))
    shown = [_thumbnail(picture).convert("RGB") for picture in pictures]
    width = sum(each.width + _GAP for each in shown) - _GAP
    whole = Image.new("RGB", (width, max(each.height for each in shown)), GROUND)
    left = 0
    for each in shown:
        whole.paste(each, (left, 0))
        left += each.width + _GAP
    _save(whole, path, {"format": "JPEG", "quality": 85})
    return path


_QUICK_PNG = {"format": "PNG", "compress_level": 1}  # a sheet is small


def _save(sheet: Image.Image, path: Path, how: dict[str, Any] = _QUICK_PNG) -> None:
    landing = Landing.at(path)
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            sheet.save(landing.under_way, **how)
            land([landing])
    except BaseException:
        discard([landing])
        raise


def stacked(sheets: Sequence[Path], path: Path) -> Path:
    """Contact sheets under each other as one PNG. Raises DiskFull, NotWritable."""
    pictures = [Image.open(sheet).convert("RGB") for sheet in sheets]
    width = max(picture.width for picture in pictures)
    whole = Image.new("RGB", (width, sum(picture.height for picture in pictures)), GROUND)
    top = 0
    for picture in pictures:
        whole.paste(picture, (0, top))
        top += picture.height
    _save(whole, path)
    return path
