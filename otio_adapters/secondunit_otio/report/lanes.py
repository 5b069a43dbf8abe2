"""What a picture shows on each track: cells in order of time, each with its look and its words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.findings import Finding
from secondunit_otio.layout import Place, extent
from secondunit_otio.report.clock import Line, lines
from secondunit_otio.report.held import Job, jobs
from secondunit_otio.report.pieces import TOKEN, active
from secondunit_otio.report.wording import plain
from secondunit_otio.requests import Request, block_of
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import stretch
from secondunit_otio.warps import speed

_MOST_NESTED = 24  # tracks up to which nested ones are drawn without a reason of their own
_MOST = 60


class Look(Enum):
    """How something is drawn."""

    CLIP = "clip"
    SOUND = "sound"
    NESTED = "nested"
    OFFLINE = "offline"
    MADE = "made"
    REQUEST = "request"
    TAKE = "take"
    MATTE = "matte"


@dataclass(frozen=True)
class Cell:
    """Something on a track from start to stop (exclusive), in seconds of the cut.

    `clear` is the stretch of it that no transition lies over; `title` all there is to say; `take`
    the number of the take in use, 0 for none; `asked` what is asked of a clip and is not shot yet;
    `spare` how many takes it has that are not in use.
    """

    start: Fraction
    stop: Fraction
    look: Look
    label: str
    title: str
    clear: tuple[Fraction, Fraction]
    on: bool = True
    take: int = 0
    asked: tuple[str, ...] = ()
    spare: int = 0


@dataclass(eq=False)
class Lane:
    """A track as it is drawn. `fades` and `marks` are seconds of the cut; a mark has its name."""

    label: str
    height: int
    on: bool
    cells: list[Cell] = field(default_factory=list)
    fades: list[tuple[Fraction, Fraction]] = field(default_factory=list)
    marks: list[tuple[Fraction, str, bool]] = field(default_factory=list)


@dataclass(eq=False)
class _Asked:
    """What is asked and what was shot, by the item it is for."""

    open: dict[Item, list[Request]] = field(default_factory=lambda: defaultdict(list))
    takes: dict[Item, set[int]] = field(default_factory=lambda: defaultdict(set))


def lanes(cut: Cut, findings: Sequence[Finding] = ()) -> tuple[list[Lane], int]:
    """The tracks to be drawn, pictures above, sound below; and how many nested ones are not.

    Where there are many, nested tracks are drawn that hold requests or findings.
    """
    asked = _asked(cut)
    every = lines(cut)
    named = {each.track for each in findings}
    worth = {line.label for line in every if line.label in named or _holds(line, asked)}
    few = len(every) <= _MOST_NESTED
    kept = [line for line in every if line.depth == 0 or few or line.label in worth][:_MOST]
    video = [_lane(cut, line, asked) for line in kept if line.video]
    sound = [_lane(cut, line, asked) for line in kept if not line.video]
    drawn = video[::-1] + sound
    for item in cut.root.children if drawn else ():
        if item.schema == "Stack":  # the cut's own markers, right below its ruler
            drawn[0].marks += [(time, name, ours) for name, time, ours in _marked(item.body)]
    return drawn, len(every) - len(kept)


def _holds(line: Line, asked: _Asked) -> bool:
    return any(
        place.item in asked.open or place.item in asked.takes for place in line.layout.places
    )


def _asked(cut: Cut) -> _Asked:
    found = _Asked()
    for job in jobs(cut).values():
        if job.request is not None and not job.takes:
            found.open[job.request.item].append(job.request)
        for item in _homes(job):
            found.takes[item] |= set(job.takes)
    return found


def _homes(job: Job) -> list[Item]:
    return [take.item for take in job.takes.values()]


def _lane(cut: Cut, line: Line, asked: _Asked) -> Lane:
    height = 22 if line.mattes or not line.video else 34
    lane = Lane(line.label, height, line.enabled)
    fades = {
        number: (line.offset + start, line.offset + stop)
        for number, (start, stop) in line.layout.fades.items()
    }
    for number, place in enumerate(line.layout.places):
        if place.item.real.schema == "Gap":
            lane.cells += _in_gap(line, asked.open.get(place.item, []))
        else:
            lane.cells.append(_cell(cut, line, (number, place), asked, fades))
        _marks(cut, line, place, lane)
    lane.fades = list(fades.values())
    for name, time, ours in _marked(line.track.real.body):
        lane.marks.append((line.offset + time, name, ours))
    return lane


_Fades = dict[int, tuple[Fraction, Fraction]]


def _in_gap(line: Line, requests: list[Request]) -> Iterator[Cell]:
    """What is asked for in a gap."""
    for request in requests:
        if request.slot is not None:
            start, stop = line.offset + request.slot.start, line.offset + request.slot.stop
            words = _wish(request)
            title = f"su-{request.id} {words}"
            yield Cell(start, stop, Look.REQUEST, words, title, (start, stop), line.enabled)


def _cell(cut: Cut, line: Line, numbered: tuple[int, Place], asked: _Asked, fades: _Fades) -> Cell:
    number, place = numbered
    real = place.item.real
    start, stop = line.offset + place.start, line.offset + place.stop
    reference = active(cut, place.item)
    look = _look(line, real, reference)
    wishes = asked.open.get(place.item, [])
    block_take = block_of(reference).get("take")
    take = block_take if look is Look.TAKE and isinstance(block_take, int) else 0
    title = " ".join(filter(None, [plain(real.name, 200), place.fault]))
    into, out = fades.get(number), fades.get(number + 1)
    clear = (into[1] if into else start, out[0] if out else stop)
    open_kinds = () if look is Look.REQUEST else tuple(each.kind for each in wishes)
    spare = len(asked.takes.get(place.item, set()) - {take})
    on = line.enabled and real.enabled
    label = _label(real, look, wishes)
    return Cell(start, stop, look, label, title, clear, on, take, open_kinds, spare)


def _look(line: Line, real: Item, reference: dict[str, Any]) -> Look:
    kind = kind_of(reference)
    if real.schema != "Clip":
        return Look.NESTED
    if line.mattes:
        return Look.MATTE
    if kind == "GeneratorReference":
        ours = str(reference.get("generator_kind")).startswith("SecondUnit.")
        return Look.REQUEST if ours else Look.MADE
    if kind in ("", "MissingReference"):
        return Look.OFFLINE
    if "take" in block_of(reference):
        return Look.TAKE
    return Look.CLIP if line.video else Look.SOUND


def _label(real: Item, look: Look, wishes: list[Request]) -> str:
    """What is written on a clip: its name without our id, and its speed."""
    if look is Look.REQUEST and wishes:
        return _wish(wishes[0])
    name = " ".join(TOKEN.sub("", plain(real.name, 80)).split())
    return " · ".join(filter(None, [name or real.schema.lower(), _speed(real)]))


def _wish(request: Request) -> str:
    """What is asked, in a line."""
    said = request.values.get("prompt") or request.values.get("subject") or ""
    kind = request.kind.replace("_", " ") or "request"
    return plain(f"{kind} · {said}" if isinstance(said, str) and said.strip() else kind, 80)


def _speed(real: Item) -> str:
    try:
        pace = speed(real)
    except BadValue:
        return "speed varies"
    if pace == 1:
        return ""
    return "freeze" if pace == 0 else f"{float(pace * 100):.4g} %"


def _marks(cut: Cut, line: Line, place: Place, lane: Lane) -> None:
    """A clip's markers, which count in the clip's own time, where the cut shows them."""
    body = place.item.real.body
    if not body.get("markers"):
        return
    try:
        begin = extent(cut, place.item).begin
        pace = speed(place.item.real) or Fraction(1)
    except BadValue:
        return
    for name, time, ours in _marked(body):
        at = place.start + (time - begin) / abs(pace)
        if place.start <= at <= place.stop:
            lane.marks.append((line.offset + at, name, ours))


def _marked(body: dict[str, Any]) -> list[tuple[str, Fraction, bool]]:
    listed = body.get("markers")
    found = []
    for each in listed if isinstance(listed, list) else ():
        if not isinstance(each, dict):
            continue
        try:
            meant = stretch(each.get("marked_range"))
        except BadValue:
            continue
        name = each.get("name")
        if meant is not None:
            ours = isinstance(name, str) and name.lower().startswith(("su ", "su:"))
            found.append((plain(name, 80) if isinstance(name, str) else "", meant.begin, ours))
    return found
