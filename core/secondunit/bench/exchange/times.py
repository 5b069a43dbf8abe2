"""Times in Final Cut Pro's XML, judged by fractions: of files whose times are known, and real ones.

The judge reads nothing with the reader it judges: times in the files are fractions of seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from secondunit_contract.problem import Problem
from secondunit_otio import Cut, Item
from secondunit_otio.flavours import opened
from secondunit_otio.layout import extent, lay_out
from secondunit_otio.times import moment, rate_of

RATES = {
    "23.976": Fraction(24000, 1001), "24": Fraction(24), "25": Fraction(25),
    "29.97 DF": Fraction(30000, 1001), "29.97 NDF": Fraction(30000, 1001), "30": Fraction(30),
    "50": Fraction(50), "59.94 DF": Fraction(60000, 1001), "60": Fraction(60),
}  # fmt: skip
_FRAMES = (1, 7, 100, 1799, 1800, 17982, 107892)
"""Lengths at which a rate taken for its neighbour shows."""


def errors(there: Path) -> tuple[list[str], int]:
    """Every rate and time that is read wrong, and how many were looked at."""
    wrong: list[str] = []
    looked = 0
    for name, rate in RATES.items():
        text, truth = _document(rate, name.endswith(" DF"))
        found, count = _judged(text, rate, truth)
        wrong += [f"{name}: {each}" for each in found]
        looked += count
    for path in sorted(there.glob("*.fcpxml")):
        found, count = _judged_file(path)
        wrong += [f"{path.name}: {each}" for each in found]
        looked += count
    return wrong, looked


Truth = list[tuple[Fraction, Fraction, Fraction]]
"""Of each clip, in seconds: when it plays, what it begins with, how long it lasts."""


def _document(rate: Fraction, drop: bool) -> tuple[str, Truth]:
    """A cut of clips of telling lengths, and what is true of it."""
    frame = 1 / rate
    truth: Truth = []
    clips: list[str] = []
    now, begin = Fraction(0), 107892 * frame
    for number, frames in enumerate(_FRAMES):
        start, lasting = (begin + 1001 * number * frame), frames * frame
        truth.append((now, start, lasting))
        clips.append(
            f'<asset-clip ref="r2" name="c{number}" offset="{_s(3600 + now)}" '
            f'start="{_s(start)}" duration="{_s(lasting)}" tcFormat="{"DF" if drop else "NDF"}"/>'
        )
        now += lasting
    whole = 10**6 * frame
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE fcpxml><fcpxml version="1.11"><resources>
<format id="r1" frameDuration="{_s(frame)}" width="1920" height="1080"/>
<asset id="r2" name="a" start="{_s(begin)}" duration="{_s(whole)}" hasVideo="1" format="r1">
<media-rep kind="original-media" src="file:///media/a.mov"/></asset></resources>
<library><event name="e"><project name="p"><sequence format="r1" duration="{_s(now)}"
tcStart="{_s(Fraction(3600))}" tcFormat="{"DF" if drop else "NDF"}"><spine>{"".join(clips)}</spine>
</sequence></project></event></library></fcpxml>"""
    return text, truth


def _s(seconds: Fraction) -> str:
    return f"{seconds.numerator}/{seconds.denominator}s"


def _judged(text: str, rate: Fraction, truth: Truth) -> tuple[list[str], int]:
    """What is wrong with a cut whose every time is known."""
    try:
        cut = opened(text.encode(), ".fcpxml")
    except Problem as problem:
        return [f"refused: {problem}"], 1
    wrong = [f"a rate of {each}" for each in set(_rates(cut)) if each != rate]
    clips = [item for item in cut.items() if item.schema == "Clip"]
    if len(clips) != len(truth):
        return [*wrong, f"{len(clips)} clips for {len(truth)}"], 1
    for item, told in zip(clips, truth, strict=True):
        shown = extent(cut, item)
        found = (_when(cut, item), shown.begin, shown.length)
        wrong += [
            f"{item.name}: {what} {one} for {other}"
            for what, one, other in zip(("at", "from", "for"), found, told, strict=True)
            if one != other
        ]
    begin = moment(cut.root.body.get("global_start_time"))
    if begin is None or begin.seconds != 3600:
        wrong.append(f"the cut starts at {begin and begin.seconds}")
    return wrong, 3 * len(truth) + 2


def _when(cut: Cut, item: Item) -> Fraction:
    if item.parent is None:
        return Fraction(0)
    layout = lay_out(cut, item.parent)
    return layout.places[layout.at[item]].start


def _judged_file(path: Path) -> tuple[list[str], int]:
    """What can be known of a real export without reading it: rates, lengths, and clips' lengths."""
    root = ElementTree.parse(path).getroot()
    rates = {
        1 / _seconds(each.get("frameDuration", ""))
        for each in root.iter("format")
        if each.get("frameDuration")
    }
    try:
        cut = opened(path)
    except Problem as problem:
        return [f"refused: {problem}"], 1
    wrong = [f"a rate of {each}" for each in set(_rates(cut)) if each not in rates]
    lengths = {extent(cut, item).length for item in cut.items() if item.schema == "Track"}
    looked = 1
    for sequence in root.iter("sequence"):
        looked += 1
        if sequence.get("duration") and _seconds(sequence.get("duration", "")) not in lengths:
            wrong.append(f"no sequence of {sequence.get('duration')}")
    there = {extent(cut, item).length for item in cut.items() if item.schema in ("Clip", "Stack")}
    for kind in ("asset-clip", "ref-clip", "clip", "sync-clip", "mc-clip"):
        for each in root.iter(kind):
            looked += 1
            if each.get("duration") and _seconds(each.get("duration", "")) not in there:
                wrong.append(f"no {kind} of {each.get('duration')}")
    return wrong, looked


def _rates(cut: Cut) -> Iterator[Fraction]:
    """The rate of every clip, as a fraction."""
    for item in cut.items():
        shown = item.body.get("source_range") if item.schema == "Clip" else None
        if isinstance(shown, dict):
            yield rate_of(shown["duration"]["rate"]).per_second


def _seconds(told: str) -> Fraction:
    return Fraction(told.removesuffix("s") or 0)
