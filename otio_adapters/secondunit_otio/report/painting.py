"""Drawing a stretch of a cut: its ruler, its tracks, and the findings marked on it."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from secondunit_otio.findings import Finding, FindingKind
from secondunit_otio.report.clock import Clock
from secondunit_otio.report.lanes import Cell, Lane, Look
from secondunit_otio.report.ruler import marks, step_for
from secondunit_otio.report.shapes import (
    ACCENT,
    CLIP,
    DULL_ACCENT,
    FAINT,
    GROUND,
    LANE,
    LINE,
    QUIET,
    RAISED,
    RED,
    SOUND,
    TEXT,
    Box,
    Hatch,
    Shape,
    Stroke,
    Words,
    breadth,
    fitted,
)
from secondunit_otio.report.wording import plain

_LABEL = 84  # pixels a timecode and the space beside it take on the ruler
_TINY = 1.5  # pixels; what is narrower is drawn together with its like


class Strip(NamedTuple):
    """A stretch of the cut and where it is drawn: `left` to `left + room`, from `top` down."""

    clock: Clock
    start: Fraction
    stop: Fraction
    left: float
    room: float
    top: float

    def x(self, time: Fraction) -> float:
        """Where a time of the cut stands, kept within the strip."""
        share = float((time - self.start) / (self.stop - self.start))
        return self.left + min(max(share, 0.0), 1.0) * self.room


def draw_ruler(shapes: list[Shape], strip: Strip, bottom: float) -> None:
    """Timecodes along the top, a fine line down from each."""
    least = (strip.stop - strip.start) * Fraction(_LABEL) / Fraction(round(strip.room))
    step = step_for(strip.clock, least)
    y = strip.top + 10
    for time, words in marks(strip.clock, strip.start, strip.stop, step):
        x = strip.x(time)
        shapes.append(Stroke(((x, strip.top + 2), (x, bottom - 4)), LINE, 0.5))
        if x + 4 + breadth(words, 10) <= strip.left + strip.room + 8:
            shapes.append(Words(x + 4, y, words, 10, QUIET))


def draw_lane(
    shapes: list[Shape], strip: Strip, lane: Lane, y: float, signs: dict[Fraction, int]
) -> None:
    """One track within a strip; `signs` says how many will stand on the clip that starts then."""
    shapes.append(Box(strip.left, y, strip.room, lane.height, LANE))
    _draw_cells(shapes, strip, lane, y, signs)
    for start, stop in lane.fades:
        if start < strip.stop and stop > strip.start:
            draw_fade(shapes, strip.x(start), strip.x(stop), y, lane.height)
    for time, _, is_ours in lane.marks:
        if strip.start <= time < strip.stop:
            draw_pin(shapes, strip.x(time), y, ACCENT if is_ours else TEXT)


def _draw_cells(
    shapes: list[Shape], strip: Strip, lane: Lane, y: float, signs: dict[Fraction, int]
) -> None:
    run: tuple[float, float, Cell] | None = None
    ours: list[Shape] = []
    for cell in _within(strip, lane):
        left, right = strip.x(cell.start), strip.x(cell.stop)
        if right - left >= _TINY:
            _flushed(shapes, run, lane, y)
            run = None
            field = _Field(left, right, y, lane.height, signs.get(cell.start, 0) * 14)
            _cell(shapes, strip, cell, field)
            continue
        if _is_ours(cell):  # seen however long the cut is
            foot = 0 if cell.look in (Look.TAKE, Look.REQUEST) else lane.height - 6
            ours.append(Box(left, y + foot, 2, lane.height - foot, ACCENT))
        if run is not None and left - run[1] < 0.5 and _alike(run[2], cell):
            run = (run[0], right, run[2])
        else:
            _flushed(shapes, run, lane, y)
            run = (left, right, cell)
    _flushed(shapes, run, lane, y)
    shapes += ours


def _within(strip: Strip, lane: Lane) -> Iterator[Cell]:
    """The cells of a track that are seen in a strip."""
    first = max(0, bisect.bisect_right(lane.cells, strip.start, key=_starts) - 1)
    for number in range(first, len(lane.cells)):
        cell = lane.cells[number]
        if cell.start >= strip.stop:
            return
        if cell.stop > strip.start or cell.stop == cell.start:
            yield cell


def _starts(cell: Cell) -> Fraction:
    return cell.start


def _is_ours(cell: Cell) -> bool:
    return bool(cell.asked) or cell.look in (Look.TAKE, Look.REQUEST)


def _alike(one: Cell, other: Cell) -> bool:
    return (one.look, one.on) == (other.look, other.on)


def _flushed(
    shapes: list[Shape], run: tuple[float, float, Cell] | None, lane: Lane, y: float
) -> None:
    """Draw clips too narrow to be told apart as one; nothing is left to draw."""
    if run is not None:
        left, right, cell = run
        wide = max(right - left, 1)
        shapes.append(Box(left, y, wide, lane.height, _colours(cell)[0] or FAINT))


def _colours(cell: Cell) -> tuple[str, str, str]:
    """Fill, outline and text of a clip."""
    fill, stroke, words = {
        Look.CLIP: (CLIP, "", TEXT),
        Look.SOUND: (SOUND, "", TEXT),
        Look.NESTED: (CLIP, FAINT, TEXT),
        Look.OFFLINE: (RAISED, FAINT, QUIET),
        Look.MADE: (RAISED, FAINT, TEXT),
        Look.REQUEST: (RAISED, ACCENT, TEXT),
        Look.TAKE: (ACCENT, "", GROUND),
        Look.MATTE: (RAISED, DULL_ACCENT, QUIET),
    }[cell.look]
    if cell.on or cell.look is Look.MATTE:
        return fill, stroke, words
    taken = cell.look is Look.TAKE
    return DULL_ACCENT if taken else RAISED, stroke or LINE, GROUND if taken else QUIET


class _Field(NamedTuple):
    """Where a clip is drawn; `kept` is the room on its right that signs take."""

    left: float
    right: float
    y: float
    height: float
    kept: float

    @property
    def width(self) -> float:
        """Its width, with a gap to the next."""
        whole = self.right - self.left
        return whole - (1 if whole > 3 else 0.25)


def _cell(shapes: list[Shape], strip: Strip, cell: Cell, field: _Field) -> None:
    """One clip: its body, what is asked of it, its take's number, its name."""
    left, y, width, height = field.left, field.y, field.width, field.height
    fill, stroke, colour = _colours(cell)
    dashed = cell.look in (Look.OFFLINE, Look.MATTE) and width > 6
    radius = 3 if width > 12 else 0
    title = f"{cell.title}\n{strip.clock.stretch(cell.start, cell.stop)}"
    shapes.append(Box(left, y, width, height, fill, stroke, radius, dashed, title))
    if cell.look is Look.REQUEST and width > 3:
        shapes.append(Hatch(left + 1, y + 1, width - 2, height - 2, ACCENT))
    if cell.look is Look.NESTED and width > 8:
        shapes.append(Stroke(((left + 3, y + 4), (left + width - 3, y + 4)), FAINT))
    if cell.asked:
        _asked_of(shapes, field)
    begin = max(strip.x(cell.clear[0]), left) + 6
    if cell.take and width >= 18:
        begin = _number(shapes, cell, field, begin)
    end = min(strip.x(cell.clear[1]), left + width) - 4 - field.kept
    _name(shapes, cell, (begin, end), field, colour)


def _asked_of(shapes: list[Shape], field: _Field) -> None:
    """A hatched foot: something is asked of the clip."""
    left, foot, width = field.left, field.y + field.height, field.width
    if width > 14:
        shapes.append(Hatch(left + 1, foot - 8, width - 2, 7, ACCENT))
    else:
        shapes.append(Box(left, foot - 4, width, 4, ACCENT))


def _number(shapes: list[Shape], cell: Cell, field: _Field, begin: float) -> float:
    """The take's number in a dark field; where the name may begin."""
    count = f"/{cell.take + cell.spare}" if cell.spare and field.width > 60 else ""
    number = f"{cell.take}{count}"
    wide = breadth(number, 11) + 8
    if wide > field.left + field.width - begin:
        return begin
    middle = field.y + field.height / 2
    shapes.append(Box(begin - 3, middle - 8, wide, 16, GROUND, "", 2))
    shapes.append(Words(begin + 1, middle + 4, number, 11, ACCENT, 0, True))
    return begin + wide + 2


def _name(
    shapes: list[Shape], cell: Cell, ends: tuple[float, float], field: _Field, colour: str
) -> None:
    asked = " + ".join(each.replace("_", " ") for each in cell.asked)
    label = f"{cell.label}  ·  {asked}" if asked else cell.label
    x, right = ends
    text = fitted(label, 11, right - x)
    if not text:
        return
    middle = field.y + field.height / 2
    if cell.look is Look.REQUEST:
        wide = min(breadth(text, 11), right - x)
        shapes.append(Box(x - 3, middle - 9, wide + 6, 18, GROUND, "", 2))
    shapes.append(Words(x, middle + (1 if cell.asked else 4), text, 11, colour, right - x))


def draw_fade(shapes: list[Shape], left: float, right: float, y: float, height: float) -> None:
    """A transition: a box across the cut it hides, with the rising line."""
    if right - left < 3:
        shapes.append(Stroke(((left, y), (left, y + height)), TEXT))
        return
    triangle = ((left, y + height), (right, y), (right, y + height))
    shapes.append(Stroke(triangle, "", 1, FAINT))
    shapes.append(Box(left, y, right - left, height, "", QUIET))
    shapes.append(Stroke(((left, y + height), (right, y)), TEXT))


def draw_pin(shapes: list[Shape], x: float, y: float, colour: str) -> None:
    """A marker."""
    shapes.append(Stroke(((x - 4, y - 2), (x + 4, y - 2), (x, y + 5)), GROUND, 1, colour))


# what was found

_Line = tuple[tuple[float, float], ...]
GLYPHS: dict[FindingKind, tuple[_Line, ...]] = {
    "missing": (((2, 2), (10, 10)), ((10, 2), (2, 10))),
    "lost": (((6, 2), (6, 7)), ((6, 9), (6, 10))),
    "new": (((6, 2), (6, 10)), ((2, 6), (10, 6))),
    "split": (((6, 1.5), (6, 10.5)), ((2, 6), (4, 6)), ((8, 6), (10, 6))),
    "trimmed": (((4, 2), (2, 2), (2, 10), (4, 10)), ((8, 2), (10, 2), (10, 10), (8, 10))),
    "moved": (((2, 6), (10, 6)), ((7, 3), (10, 6), (7, 9))),
    "switched": (((2, 4), (10, 4), (8, 2)), ((10, 8), (2, 8), (4, 10))),
    "changed": (((2, 6), (4, 3.5), (8, 8.5), (10, 6)),),
}
"""A small sign for each kind of finding, in a field of 12 by 12."""
_GRAVE = ("missing", "lost")


def glyph(shapes: list[Shape], kind: FindingKind, x: float, y: float) -> None:
    """The sign of a kind of finding."""
    colour = RED if kind in _GRAVE else TEXT
    shapes.append(Box(x, y, 12, 12, GROUND, colour, 2))
    for line in GLYPHS[kind]:
        shapes.append(Stroke(tuple((x + along, y + down) for along, down in line), colour, 1.3))


def draw_findings(
    shapes: list[Shape],
    strip: Strip,
    findings: list[Finding],
    where: dict[str, tuple[float, float]],
) -> None:
    """A line above the clips something happened to, led by its sign where there is room."""
    taken: dict[tuple[str, FindingKind], float] = {}
    beside: dict[tuple[str, int], int] = {}
    for finding in findings:
        row = where.get(finding.track)
        if row is None or finding.start is None or finding.kind not in GLYPHS:
            continue
        stop = finding.stop if finding.stop is not None else finding.start
        if finding.start >= strip.stop or (stop <= strip.start and stop != finding.start):
            continue
        left, right = strip.x(finding.start), strip.x(stop)
        _finding(shapes, finding, (left, right), row, (taken, beside))


_Taken = tuple[dict[tuple[str, FindingKind], float], dict[tuple[str, int], int]]


def _finding(
    shapes: list[Shape],
    finding: Finding,
    ends: tuple[float, float],
    row: tuple[float, float],
    room: _Taken,
) -> None:
    (left, right), (y, height) = ends, row
    taken, beside = room
    colour = RED if finding.kind in _GRAVE else TEXT
    key = (finding.track, finding.kind)
    if left < taken.get(key, -1):
        return  # told already by a sign of its kind in the same place
    spot = (finding.track, round(left))
    place = beside.get(spot, 0)
    beside[spot] = place + 1
    shapes.append(Stroke(((left, y - 1), (max(right - 1, left + 2), y - 1)), colour, 2))
    wide = right - left
    if wide >= 14 * (place + 1) + 2:
        x = right - 15 - 14 * place
        glyph(shapes, finding.kind, x, y + height - 14)
        title = f"{plain(finding.clip, 80)} {plain(finding.what, 300)}".strip()
        shapes.append(Box(x, y + height - 14, 12, 12, "", "", 0, False, title))
    else:
        taken[key] = left + 1.5
