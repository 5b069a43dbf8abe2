"""What a viewer sees at a moment of a cut: pictures from the top down, mixed in dissolves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio import Cut, Item, MediaFrame, resolve_media_frame
from secondunit_otio.layout import Extent, Layout, extent, is_video, lay_out
from secondunit_otio.times import moment
from secondunit_otio.warps import speed


@dataclass(frozen=True)
class Picture:
    """A clip, and the frame it shows; without one, `reason` says why in a sentence."""

    item: Item
    frame: MediaFrame | None = None
    reason: str = ""


@dataclass(frozen=True)
class Mix:
    """A dissolve at a moment: so much of what comes in, 0..1, over what goes out.

    Where one side is None, what lies below is seen there.
    """

    goes: Look
    comes: Look
    share: Fraction


@dataclass(frozen=True)
class Layers:
    """What a nested sequence shows, from the top down; one may be seen through to the next."""

    looks: tuple[Look, ...]


Look = Picture | Mix | Layers | None


def looks(cut: Cut, time: Fraction, step: Fraction) -> Iterator[Look]:
    """What there is to be seen `time` seconds after a cut's start, layer by layer from the top.

    Ask for no more once a picture hides all that lies below it; nothing at all is black. `step` is
    the time a frame lasts; a dissolve of n frames has mixed 1/2n, 3/2n … of what comes. Retimes,
    freezes, reverse play and nested sequences are followed; a clip whose media cannot be told is a
    Picture with its reason.
    """
    return _in_stack(cut, _whole(cut), time, step)


def length_and_rate(cut: Cut) -> tuple[Fraction, Rate]:
    """How long a cut is, in seconds, and the rate it plays at: its start time's, or its pictures'.

    A layer of unknown length counts for nothing. Raises BadValue where nothing says how long it is.
    """
    whole = _whole(cut)
    begin = moment(cut.root.body.get("global_start_time"))
    shown = [whole] if whole.body.get("source_range") else list(whole.children) or [whole]
    known, fault = list[Extent](), BadValue("There is nothing in it")
    for each in sorted(shown, key=lambda item: not is_video(item)):
        try:
            known.append(extent(cut, each))
        except BadValue as error:
            fault = error
    if not known:
        raise fault
    played = [each for each in known if each.length]
    rate = begin.rate if begin else (played or known)[0].rate
    return max(each.length for each in known), rate


def _whole(cut: Cut) -> Item:
    """The stack of a timeline, or whatever a file holds instead."""
    root = cut.root
    return root.children[0] if root.schema == "Timeline" and root.children else root


def _in_stack(cut: Cut, stack: Item, time: Fraction, step: Fraction) -> Iterator[Look]:
    if stack.schema not in ("Stack", "SerializableCollection"):
        yield _in_item(cut, stack, time, step)
        return
    if stack.body.get("source_range") is not None:
        time += extent(cut, stack).begin
    for child in reversed(stack.children):
        look = _child(cut, child, time, step)
        if look is not None:
            yield look


def _child(cut: Cut, child: Item, time: Fraction, step: Fraction) -> Look:
    """What one layer of a stack shows."""
    if not child.real.enabled or not is_video(child):
        return None
    try:
        shown = extent(cut, child)
    except BadValue as error:
        return Picture(child, reason=error.what)
    unsure = lay_out(cut, child).unsure if child.real.schema == "Track" else None
    if unsure is not None and time >= unsure.start - shown.begin:
        return Picture(unsure.item, reason=f"{unsure.fault}, so what plays after it cannot be told")
    return _in_item(cut, child, time, step) if 0 <= time < shown.length else None


def _in_item(cut: Cut, item: Item, off: Fraction, step: Fraction) -> Look:
    """What an item shows `off` seconds after it starts; None where one sees through it."""
    real = item.real
    if not real.enabled or real.schema == "Gap":
        return None
    try:
        if real.schema in ("Track", "Stack"):
            return _nested(cut, real, off, step)
        return Picture(item, resolve_media_frame(cut, item, off))
    except BadValue as error:
        return Picture(item, reason=error.what)


def _nested(cut: Cut, item: Item, off: Fraction, step: Fraction) -> Look:
    shown, pace = extent(cut, item), speed(item)
    time = shown.begin + off * pace
    if pace < 0:
        time = max(time + shown.length * -pace - step, Fraction(0))
    if item.schema == "Track":
        return _in_track(cut, item, time, step)
    # Its own source range is counted in already.
    seen = (_child(cut, child, time, step) for child in reversed(item.children))
    below = tuple(look for look in seen if look is not None)
    return Layers(below) if below else None


def _in_track(cut: Cut, track: Item, time: Fraction, step: Fraction) -> Look:
    layout = lay_out(cut, track)
    number = layout.playing(time)
    if number is None:
        return None
    for into in (number, number + 1):
        fade = layout.fades.get(into)
        if fade is not None and fade[0] <= time < fade[1]:
            share = (time - fade[0] + step / 2) / (fade[1] - fade[0])
            sides = [_side(cut, layout, at, time, step) for at in (into - 1, into)]
            return Mix(sides[0], sides[1], min(share, Fraction(1)))
    return _side(cut, layout, number, time, step)


def _side(cut: Cut, layout: Layout, number: int, time: Fraction, step: Fraction) -> Look:
    """What an item of a track shows at a time of the track's, its handles included."""
    if not 0 <= number < len(layout.places):
        return None
    place = layout.places[number]
    if place.fault:
        return Picture(place.item, reason=place.fault)
    return _in_item(cut, place.item, time - place.start, step)
