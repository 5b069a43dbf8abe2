"""A sheet of shapes as SVG text, or as a PNG."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING, Any

from secondunit_contract.problem import BadValue, PartMissing
from secondunit_otio.report.shapes import GROUND, Box, Hatch, Shape, Sheet, Stroke, Words

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

_STEP = 7  # pixels between the lines of a hatch
_MOST_PIXELS = 100_000_000
_FONTS = ("DejaVuSans.ttf", "Arial.ttf", "Helvetica.ttc", "LiberationSans-Regular.ttf")
_BOLD = ("DejaVuSans-Bold.ttf", "Arial Bold.ttf", "LiberationSans-Bold.ttf")


def svg_text(sheet: Sheet) -> str:
    """The sheet as one SVG document that needs nothing beside it."""
    hatches = sorted({each.colour for each in sheet.shapes if isinstance(each, Hatch)})
    patterns = "".join(
        f'<pattern id="hatch{number}" width="{_STEP}" height="{_STEP}" '
        f'patternUnits="userSpaceOnUse"><path d="M-1,{_STEP + 1} L{_STEP + 1},-1 M-1,1 L1,-1 '
        f'M{_STEP - 1},{_STEP + 1} L{_STEP + 1},{_STEP - 1}" stroke="{colour}" '
        f'stroke-width="1.4"/></pattern>'
        for number, colour in enumerate(hatches)
    )
    drawn = "\n".join(_svg_shape(each, hatches) for each in sheet.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sheet.width}" height="{sheet.height}" '
        f'viewBox="0 0 {sheet.width} {sheet.height}" role="img">\n'
        f"<title>{_safe(sheet.title)}</title>\n<defs>{patterns}</defs>\n"
        f'<rect width="100%" height="100%" fill="{GROUND}"/>\n'
        "<g font-family=\"system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, "
        'sans-serif" style="font-variant-numeric: tabular-nums">\n'
        f"{drawn}\n</g>\n</svg>\n"
    )


def _safe(text: str) -> str:
    """A text as XML may hold it: escaped, and without what no XML may hold."""
    kept = (each if _allowed(ord(each)) else "\ufffd" for each in text)
    return escape("".join(kept), quote=True)


def _allowed(code: int) -> bool:
    if code < 0x20:
        return code in (9, 10, 13)
    return not (0x7F <= code <= 0x9F or 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE)


def _svg_shape(shape: Shape, hatches: list[str]) -> str:
    if isinstance(shape, Box):
        return _svg_box(shape)
    if isinstance(shape, Hatch):
        where = _place(shape)
        return f'<rect {where} fill="url(#hatch{hatches.index(shape.colour)})"/>'
    if isinstance(shape, Stroke):
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points)
        name = "polygon" if shape.fill else "polyline"
        line = f' stroke="{shape.colour}" stroke-width="{_n(shape.width)}"' if shape.colour else ""
        return f'<{name} points="{points}" fill="{shape.fill or "none"}"{line}/>'
    bold = ' font-weight="600"' if shape.bold else ""
    return (
        f'<text x="{_n(shape.x)}" y="{_n(shape.y)}" font-size="{_n(shape.size)}" '
        f'fill="{shape.colour}"{bold}>{_safe(shape.text)}</text>'
    )


def _svg_box(box: Box) -> str:
    parts = [_place(box), f'fill="{box.fill or "none"}"']
    if box.stroke:
        parts.append(f'stroke="{box.stroke}"')
    if box.dashed:
        parts.append('stroke-dasharray="3 3"')
    if box.radius:
        parts.append(f'rx="{_n(box.radius)}"')
    if not box.title:
        return f"<rect {' '.join(parts)}/>"
    return f"<rect {' '.join(parts)}><title>{_safe(box.title)}</title></rect>"


def _place(box: Box | Hatch) -> str:
    sizes = (("x", box.x), ("y", box.y), ("width", box.width), ("height", box.height))
    return " ".join(f'{name}="{_n(value)}"' for name, value in sizes)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def png_bytes(sheet: Sheet, scale: float = 2) -> bytes:
    """The sheet as a PNG, `scale` pixels of it to one of the sheet's.

    Raises PartMissing without Pillow, BadValue for a picture too large to draw.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise PartMissing(
            "A PNG cannot be drawn: Pillow is not installed",
            remedy="Install Pillow, or ask for SVG",
        ) from error
    width, height = round(sheet.width * scale), round(sheet.height * scale)
    if not 0 < width * height <= _MOST_PIXELS:
        raise BadValue(
            f"A picture of {width} by {height} pixels", remedy="Ask for a smaller one, or for SVG"
        )
    image = Image.new("RGB", (width, height), GROUND)
    brush = _Brush(ImageDraw.Draw(image), scale)
    for shape in sheet.shapes:
        brush.draw(shape)
    held = io.BytesIO()
    image.save(held, "PNG", optimize=False)
    return held.getvalue()


class _Brush:
    """Draws shapes with Pillow."""

    def __init__(self, draw: ImageDraw, scale: float) -> None:
        self._draw, self._scale = draw, scale
        self._fonts: dict[tuple[float, bool], Any] = {}

    def draw(self, shape: Shape) -> None:
        """One shape."""
        if isinstance(shape, Box):
            self._box(shape)
        elif isinstance(shape, Hatch):
            self._hatch(shape)
        elif isinstance(shape, Stroke):
            self._stroke(shape)
        else:
            self._words(shape)

    def _box(self, box: Box) -> None:
        scale = self._scale
        left, top = box.x * scale, box.y * scale
        right, bottom = left + box.width * scale - 1, top + box.height * scale - 1
        if right < left or bottom < top:
            right, bottom = max(right, left), max(bottom, top)
        corners = (round(left), round(top), round(right), round(bottom))
        thick = max(1, round(scale))
        if box.dashed:
            self._draw.rounded_rectangle(corners, 0, fill=box.fill or None)
            self._dashes(corners, box.stroke, thick)
        else:
            radius = min(box.radius * scale, (right - left) / 2, (bottom - top) / 2)
            fill, stroke = box.fill or None, box.stroke or None
            width = thick if stroke else 0
            self._draw.rounded_rectangle(corners, radius, fill=fill, outline=stroke, width=width)

    def _dashes(self, corners: tuple[int, int, int, int], colour: str, thick: int) -> None:
        left, top, right, bottom = corners
        dash = max(2, round(3 * self._scale))
        for x in range(left, right, 2 * dash):
            for y in (top, bottom):
                self._draw.line((x, y, min(x + dash, right), y), fill=colour, width=thick)
        for y in range(top, bottom, 2 * dash):
            for x in (left, right):
                self._draw.line((x, y, x, min(y + dash, bottom)), fill=colour, width=thick)

    def _hatch(self, hatch: Hatch) -> None:
        scale = self._scale
        left, top = hatch.x * scale, hatch.y * scale
        width, height = hatch.width * scale, hatch.height * scale
        thick = max(1, round(1.3 * scale))
        offset = _STEP * scale / 2
        while offset < width + height:
            begin = (left + max(0.0, offset - height), top + min(offset, height))
            end = (left + min(offset, width), top + max(0.0, offset - width))
            self._draw.line((*begin, *end), fill=hatch.colour, width=thick)
            offset += _STEP * scale

    def _stroke(self, stroke: Stroke) -> None:
        points = [(x * self._scale, y * self._scale) for x, y in stroke.points]
        if stroke.fill:
            self._draw.polygon(points, fill=stroke.fill)
        if stroke.colour:
            whole = [*points, points[0]] if stroke.fill else points
            thick = max(1, round(stroke.width * self._scale))
            self._draw.line(whole, fill=stroke.colour, width=thick, joint="curve")

    def _words(self, words: Words) -> None:
        font = self._font(words.size, words.bold)
        text = words.text.encode("utf-8", "replace").decode()
        room = words.room * self._scale
        while room and len(text) > 1 and self._draw.textlength(text, font=font) > room:
            text = f"{text.rstrip('…')[:-1]}…"
        where = (words.x * self._scale, words.y * self._scale)
        self._draw.text(where, text, fill=words.colour, font=font, anchor="ls")

    def _font(self, size: float, bold: bool) -> Any:
        if (size, bold) not in self._fonts:
            self._fonts[size, bold] = _font(size * self._scale, bold)
        return self._fonts[size, bold]


def _font(size: float, bold: bool) -> Any:
    """A plain sans as systems have them, else the one Pillow brings."""
    from PIL import ImageFont

    for name in _BOLD if bold else _FONTS:
        try:
            return ImageFont.truetype(name, round(size))
        except OSError:
            continue
    return ImageFont.load_default(size)
