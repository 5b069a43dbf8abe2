"""A picture of a cut: its tracks and clips, what is asked for, what was shot, what was found."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from fractions import Fraction

from secondunit_otio.document import Cut
from secondunit_otio.findings import Finding, FindingKind
from secondunit_otio.report.clock import Clock, total
from secondunit_otio.report.drawing import png_bytes, svg_text
from secondunit_otio.report.lanes import Lane, Look, lanes
from secondunit_otio.report.painting import (
    GLYPHS,
    Strip,
    draw_fade,
    draw_findings,
    draw_lane,
    draw_pin,
    draw_ruler,
    glyph,
)
from secondunit_otio.report.shapes import (
    ACCENT,
    CLIP,
    DULL_ACCENT,
    FAINT,
    GROUND,
    LINE,
    QUIET,
    RAISED,
    SOUND,
    TEXT,
    Box,
    Hatch,
    Shape,
    Sheet,
    Stroke,
    Words,
    breadth,
    fitted,
)
from secondunit_otio.report.wording import plain

_MARGIN, _GUTTER = 24, 136
_WORTH = 7  # pixels a clip should have; a longer cut is broken into strips, as music is into lines
_MOST_STRIPS = 40
_NARROWEST, _WIDEST = 480, 20_000


def svg(cut: Cut, findings: Iterable[Finding] = (), width: int = 1600) -> str:
    """The cut as an SVG document, `width` pixels wide, that needs nothing beside it."""
    return svg_text(sheet_of(cut, findings, width))


def png(cut: Cut, findings: Iterable[Finding] = (), width: int = 1600, scale: float = 2) -> bytes:
    """The cut as a PNG, `scale` times `width` pixels wide.

    Raises PartMissing without Pillow, BadValue for a picture too large to draw.
    """
    return png_bytes(sheet_of(cut, findings, width), scale)


def sheet_of(cut: Cut, findings: Iterable[Finding] = (), width: int = 1600) -> Sheet:
    """The shapes of the picture."""
    width = min(max(width, _NARROWEST), _WIDEST)
    told = [each for each in findings if each.kind != "kept"]
    clock, length = Clock.of(cut), total(cut)
    length = max([length, *(each.stop for each in told if each.stop is not None)])
    shown, hidden = lanes(cut, told)
    shapes: list[Shape] = _header(cut, clock, length, shown, width)
    y = 68.0
    for strip in _strips(clock, length, shown, width):
        y = _strip(shapes, strip._replace(top=y), shown, told) + 14
    y = _footer(shapes, shown, hidden, told, y, width)
    return Sheet(width, round(y + _MARGIN), tuple(shapes), _title(cut))


def _header(cut: Cut, clock: Clock, length: Fraction, shown: list[Lane], width: int) -> list[Shape]:
    clips = sum(len(lane.cells) for lane in shown)
    manner = " drop-frame" if clock.drop else ""
    name = _title(cut)
    facts = [
        clock.stretch(_begin(length, shown), length) if length else "nothing plays",
        f"{clips} clip{'' if clips == 1 else 's'}",
        f"{len(shown)} track{'' if len(shown) == 1 else 's'}",
        f"{float(clock.rate.per_second):.6g} frames a second{manner}",
    ]
    room = width - 2 * _MARGIN
    return [
        Words(_MARGIN, 36, fitted(name, 16, room), 16, TEXT, room, True),
        Words(_MARGIN, 55, "  ·  ".join(facts), 11, QUIET, room),
    ]


def _title(cut: Cut) -> str:
    """The cut's name, else its file's."""
    file = re.split(r"[\\/]", cut.name)[-1]
    return plain(cut.root.name, 120) or plain(file, 120) or "Untitled cut"


def _strips(clock: Clock, length: Fraction, shown: list[Lane], width: int) -> list[Strip]:
    """The cut in stretches that lie below each other, each as long as the others."""
    room = width - 2 * _MARGIN - _GUTTER
    most = max((len(lane.cells) for lane in shown), default=0)
    count = min(max(1, -(-most * _WORTH // room)), _MOST_STRIPS)
    begin = _begin(length, shown)
    length = length - begin or Fraction(1)
    frames = -(-(length * clock.rate.per_second) // count) or 1
    each = Fraction(frames) / clock.rate.per_second
    found: list[Strip] = []
    start = begin
    while start < begin + length and len(found) < count:
        found.append(Strip(clock, start, start + each, _MARGIN + _GUTTER, room, 0.0))
        start += each
    return found


def _begin(length: Fraction, shown: list[Lane]) -> Fraction:
    """Where the picture begins: at 0, but where nothing plays for long (an hour, as in EDLs)."""
    first = min((lane.cells[0].start for lane in shown if lane.cells), default=Fraction(0))
    return first if first < 0 or first > length / 4 else Fraction(0)


def _strip(shapes: list[Shape], strip: Strip, shown: list[Lane], findings: list[Finding]) -> float:
    """Draw one stretch of the cut; where it ends."""
    bottom = strip.top + 22 + sum(lane.height + 4 for lane in shown)
    draw_ruler(shapes, strip, bottom)
    y = strip.top + 22
    where: dict[str, tuple[float, float]] = {}
    signs = _signs(findings)
    for lane in shown:
        _track_name(shapes, lane, y)
        draw_lane(shapes, strip, lane, y, signs.get(lane.label, {}))
        where.setdefault(lane.label, (y, lane.height))
        y += lane.height + 4
    draw_findings(shapes, strip, findings, where)
    return y


def _signs(findings: list[Finding]) -> dict[str, Counter[Fraction]]:
    """How many signs will stand at the end of the clip of each track that starts at each time."""
    found: dict[str, Counter[Fraction]] = defaultdict(Counter)
    for each in findings:
        if each.start is not None:
            found[each.track][each.start] += 1
    return found


def _track_name(shapes: list[Shape], lane: Lane, y: float) -> None:
    room = _GUTTER - 16
    colour = TEXT if lane.on else QUIET
    _, nested, own = lane.label.rpartition(" › ")
    label = plain(f"› {own}" if nested else own, 60) + ("" if lane.on else " · off")
    base = y + lane.height / 2 + 4
    shapes.append(Words(_MARGIN, base, fitted(label, 11, room), 11, colour, room))


def _footer(
    shapes: list[Shape],
    shown: list[Lane],
    hidden: int,
    findings: list[Finding],
    y: float,
    width: int,
) -> float:
    """The legend: only what the picture holds."""
    looks: set[object] = {cell.look for lane in shown for cell in lane.cells}
    looks |= {"transition"} if any(lane.fades for lane in shown) else set()
    looks |= {"marker"} if any(lane.marks for lane in shown) else set()
    looks |= {"asked"} if any(cell.asked for lane in shown for cell in lane.cells) else set()
    legend = [(look, name) for look, name in _LEGEND if look in looks]
    x, y = float(_MARGIN), y + 8
    shapes.append(Stroke(((_MARGIN, y), (width - _MARGIN, y)), LINE))
    y += 22
    for look, name in legend:
        x, y = _turned(x, y, 34 + breadth(name, 11), width)
        _swatch(shapes, look, x, y - 10)
        shapes.append(Words(x + 28, y, name, 11, QUIET))
        x += 28 + breadth(name, 11) + 20
    counts: Counter[FindingKind] = Counter(each.kind for each in findings)
    for kind in GLYPHS:
        if counts[kind]:
            name = f"{kind} · {counts[kind]}"
            x, y = _turned(x, y, 34 + breadth(name, 11), width)
            glyph(shapes, kind, x, y - 10)
            shapes.append(Words(x + 18, y, name, 11, QUIET))
            x += 18 + breadth(name, 11) + 20
    if hidden:
        name = f"{hidden} nested tracks are not drawn"
        x, y = _turned(x, y, breadth(name, 11), width)
        shapes.append(Words(x, y, name, 11, QUIET))
    return y


def _turned(x: float, y: float, room: float, width: int) -> tuple[float, float]:
    """Where a legend's next entry stands: on this line, or on the next."""
    return (x, y) if x + room <= width - _MARGIN or x == _MARGIN else (float(_MARGIN), y + 20)


_LEGEND: tuple[tuple[Look | str, str], ...] = (
    (Look.CLIP, "clip"),
    (Look.SOUND, "sound"),
    (Look.NESTED, "nested sequence"),
    (Look.OFFLINE, "offline"),
    (Look.MADE, "made by the host"),
    (Look.REQUEST, "to be shot"),
    ("asked", "asked for on a clip"),
    (Look.TAKE, "take in use, with its number"),
    (Look.MATTE, "matte"),
    ("transition", "transition"),
    ("marker", "marker"),
)
_FILLS: dict[object, str] = {
    Look.CLIP: CLIP,
    Look.SOUND: SOUND,
    Look.TAKE: ACCENT,
    Look.NESTED: CLIP,
    "asked": CLIP,
    "marker": GROUND,
    "transition": CLIP,
}
_OUTLINES: dict[object, str] = {
    Look.OFFLINE: FAINT,
    Look.MADE: FAINT,
    Look.MATTE: DULL_ACCENT,
    Look.NESTED: FAINT,
    Look.REQUEST: ACCENT,
}


def _swatch(shapes: list[Shape], look: Look | str, x: float, y: float) -> None:
    dashed = look in (Look.OFFLINE, Look.MATTE)
    fill, outline = _FILLS.get(look, RAISED), _OUTLINES.get(look, "")
    shapes.append(Box(x, y, 20, 12, fill, outline, 2, dashed))
    if look is Look.REQUEST:
        shapes.append(Hatch(x + 1, y + 1, 18, 10, ACCENT))
    elif look is Look.NESTED:
        shapes.append(Stroke(((x + 2, y + 3), (x + 18, y + 3)), FAINT))
    elif look == "asked":
        shapes.append(Hatch(x, y + 6, 20, 6, ACCENT))
    elif look == "transition":
        draw_fade(shapes, x, x + 20, y, 12)
    elif look == "marker":
        draw_pin(shapes, x + 10, y + 4, TEXT)
