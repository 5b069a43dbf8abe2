"""Laying what Final Cut connects by lanes out as tracks."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_otio.fcpxml.media import SPACE
from secondunit_otio.fcpxml.times import rational, span

Lane = tuple[int, ...]
"""(0,) is the primary storyline, (1,) above it; (1, -1) is connected below a clip of lane 1."""

VIDEO, AUDIO, CAPTION = "Video", "Audio", "Caption"


@dataclass(frozen=True)
class Placed:
    """A clip, gap or stack and when its sequence plays it, in seconds from its start."""

    body: dict[str, Any]
    start: Fraction
    stop: Fraction
    lane: Lane
    kind: str = VIDEO


@dataclass(frozen=True)
class Fade:
    """A transition and when it runs, in seconds from the sequence's start."""

    name: str
    start: Fraction
    stop: Fraction
    lane: Lane
    rate: Rate
    told: dict[str, Any]


@dataclass(eq=False)
class Reel:
    """Everything a sequence plays, not yet in tracks. `end` is how long its storyline is."""

    rate: Rate
    placed: list[Placed] = field(default_factory=list)
    fades: list[Fade] = field(default_factory=list)
    markers: list[dict[str, Any]] = field(default_factory=list)
    end: Fraction = Fraction(0)


def lane_below(lane: Lane, number: int) -> Lane:
    """The lane of what is connected at `number` to something in `lane`."""
    found = (*lane, number) if lane != (0,) else (number,)
    while len(found) > 1 and not found[-1]:
        found = found[:-1]
    return found


def tracks(reel: Reel, faults: list[str]) -> list[dict[str, Any]]:
    """The tracks of a reel: pictures from the bottom up, captions, then sound from the nearest.

    What overlaps in one lane goes to a further track of it. Transitions that hide no cut are left
    out and told among the faults.
    """
    by_lane: dict[tuple[str, Lane], list[Placed]] = {}
    for each in reel.placed:
        by_lane.setdefault((each.kind, each.lane), []).append(each)
    deepest = max((len(lane) for _, lane in by_lane), default=1)
    made: list[dict[str, Any]] = []
    fades = list(reel.fades)
    for kind, lane in sorted(by_lane, key=lambda key: _order(key[0], key[1], deepest)):
        for number, row in enumerate(_rows(by_lane[kind, lane])):
            primary = kind == VIDEO and lane == (0,) and not number
            children = _children(row, fades, reel, kind, primary)
            name = _name(kind, lane) + (f" ({number + 1})" if number else "")
            told = {"lane": list(lane)}
            made.append(_track(name, kind, children, reel.markers if primary else [], told))
    if reel.markers and not any(each["markers"] for each in made):
        made.append(_track("Markers", CAPTION, [], reel.markers, {}))
    for fade in fades:
        faults.append(f'The transition "{fade.name}" at {float(fade.start):g} s hides no cut')
    return made


def _order(kind: str, lane: Lane, deepest: int) -> tuple[int, Lane]:
    padded = lane + (0,) * (deepest - len(lane))
    if kind == AUDIO:
        padded = tuple(-number for number in padded)
    return [VIDEO, CAPTION, AUDIO].index(kind), padded


def _name(kind: str, lane: Lane) -> str:
    lead = "Primary" if lane == (0,) else "Lane " + ".".join(map(str, lane))
    return lead if kind == VIDEO else f"{lead} {kind.lower()}"


def _rows(placed: list[Placed]) -> list[list[Placed]]:
    """What lies in one lane, in as many rows as it takes for nothing to overlap."""
    rows: list[list[Placed]] = []
    for each in sorted(placed, key=lambda one: (one.start, one.stop)):
        free = next((row for row in rows if row[-1].stop <= each.start), None)
        if free is None:
            rows.append([each])
        else:
            free.append(each)
    return rows


def _children(
    row: list[Placed], fades: list[Fade], reel: Reel, kind: str, primary: bool
) -> list[dict[str, Any]]:
    """A row's children: gaps where nothing plays, transitions at the cuts they hide."""
    hidden = _hidden(row, fades) if kind == VIDEO else {}
    children: list[dict[str, Any]] = []
    now = Fraction(0)
    for each in row:
        if each.start > now:
            children += hidden.pop(now, [])
            children.append(gap(each.start - now, reel.rate))
        children += hidden.pop(each.start, [])
        children.append(each.body)
        now = each.stop
    children += hidden.pop(now, [])
    if primary and reel.end > now:
        children.append(gap(reel.end - now, reel.rate))
    return children


def _hidden(row: list[Placed], fades: list[Fade]) -> dict[Fraction, list[dict[str, Any]]]:
    """The transitions of a row by the cut each hides; those are taken out of `fades`."""
    cuts = {each.start for each in row} | {each.stop for each in row}
    found: dict[Fraction, list[dict[str, Any]]] = {}
    for fade in [each for each in fades if each.lane == row[0].lane]:
        middle = (fade.start + fade.stop) / 2
        near = [cut for cut in cuts if fade.start <= cut <= fade.stop and cut not in found]
        if near:
            cut = min(near, key=lambda one: (abs(one - middle), one))
            found[cut] = [_transition(fade, cut)]
            fades.remove(fade)
    return found


def _transition(fade: Fade, cut: Fraction) -> dict[str, Any]:
    dissolve = "dissolve" in fade.name.lower()
    return {
        "OTIO_SCHEMA": "Transition.1",
        "metadata": {SPACE: fade.told},
        "name": fade.name,
        "in_offset": rational(cut - fade.start, fade.rate),
        "out_offset": rational(fade.stop - cut, fade.rate),
        "transition_type": "SMPTE_Dissolve" if dissolve else "Custom_Transition",
    }


def gap(length: Fraction, rate: Rate) -> dict[str, Any]:
    """A Gap of so many seconds."""
    return {
        "OTIO_SCHEMA": "Gap.1",
        "metadata": {},
        "name": "",
        "source_range": span(Fraction(0), length, rate),
        "effects": [],
        "markers": [],
        "enabled": True,
        "color": None,
    }


def _track(
    name: str,
    kind: str,
    children: list[dict[str, Any]],
    markers: list[dict[str, Any]],
    told: dict[str, Any],
) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Track.1",
        "metadata": {SPACE: told} if told else {},
        "name": name,
        "source_range": None,
        "effects": [],
        "markers": markers,
        "enabled": True,
        "color": None,
        "children": children,
        "kind": kind,
    }


def stack(name: str, children: list[dict[str, Any]], told: dict[str, Any]) -> dict[str, Any]:
    """A Stack over tracks, playing all of them."""
    return {
        "OTIO_SCHEMA": "Stack.1",
        "metadata": {SPACE: told} if told else {},
        "name": name,
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "color": None,
        "children": children,
    }
