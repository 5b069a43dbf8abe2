"""Cuts with takes that are heard, and whether their sound is where it should be."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_otio.document import Cut
from secondunit_otio.done import next_take
from secondunit_otio.layout import active_reference, available, extent, home_of
from secondunit_otio.references import TakeReference
from secondunit_otio.requests import Request, block_of, find_requests
from secondunit_otio.scan import Item
from secondunit_otio.sound.take import TakeSound, is_sound
from secondunit_otio.takes import Result, graft
from secondunit_otio.testing import clip, generator, movie, span, text_of, timeline


def shot(name: str, frames: float = 20, rate: float = 24.0, **more: Any) -> dict[str, Any]:
    """A clip of somebody else's."""
    return clip(name, span(100, frames, rate), movie(f"/m/{name}.mov", span(0, 500, rate)), **more)


def asking(
    id: str = "k3v9x0aa", start: float = 8, frames: float = 24, rate: float = 24.0, **more: Any
) -> dict[str, Any]:
    """A clip that asks for an insert with handles of 8 frames."""
    made = clip(f"gull su-{id}", span(start, frames, rate), None, **more)
    there = span(start - 8, frames + 16, rate)
    made["media_references"] = {"su_request": generator("SecondUnit.Insert", there, prompt="gull")}
    made["active_media_reference_key"] = "su_request"
    made["metadata"] = {"secondunit": {"schema": 1, "id": id, "kind": "insert"}}
    return made


def cut_of(*tracks: dict[str, Any], **more: Any) -> Cut:
    """A cut of these tracks."""
    return Cut.parse(text_of(timeline(*tracks, **more)), folder="/cuts")


def take(
    request: Request, number: int = 1, heard: bool = True, wave: bool = False, origin: int = 0
) -> TakeReference:
    """A take of a request: a movie, or pictures with a wave beside them that begins at `origin`;
    heard, to the sample, for as long as it is seen.
    """
    name = f"/t/su-{request.id}_t{number:03d}"
    rate = request.slot.rate if request.slot else Rate.of(24)
    samples = round(rate.seconds(request.length) * 48_000)
    file = f"{name}.{'wav' if wave else 'mov'}"
    sound = TakeSound(file, samples, 48_000, 2, origin if wave else None) if heard else None
    media = f"{name}.####.exr" if wave else f"{name}.mov"
    return TakeReference(number, media, request.length, request.first, first_file=1001, sound=sound)


def shot_with_sound(cut: Cut, *heard: bool, **more: Any) -> Cut:
    """The cut with takes for every request, heard or not, the first in use; one that is, if none
    are told.
    """
    results = []
    for request in find_requests(cut):
        first = next_take(cut, request)
        takes = [take(request, first + at, each, **more) for at, each in enumerate(heard or [True])]
        results.append(Result(request, tuple(takes)))
    return Cut.parse(graft(cut, results), cut.name, cut.folder)


def sounds(cut: Cut) -> list[Item]:
    """The clips that are heard with takes."""
    return [item for item in cut.items() if item.schema == "Clip" and is_sound(item.body)]


def pictures(cut: Cut) -> list[Item]:
    """The clips that show a take that is heard."""
    clips = (item for item in cut.items() if item.schema == "Clip" and not is_sound(item.body))
    return [item for item in clips if "sound" in block_of(active_reference(cut, item))]


def tracks(cut: Cut) -> list[tuple[str, str]]:
    """The names and kinds of a cut's tracks."""
    listed = json.loads(cut.text)["tracks"]["children"]
    return [(each["name"], each["kind"]) for each in listed if "kind" in each]


def places(cut: Cut, items: Iterable[Item]) -> list[tuple[Fraction, Fraction]]:
    """When items play, in seconds of their stack."""
    homes = (home_of(cut, item) for item in items)
    return sorted(home[1:] for home in homes if home is not None)


def use(cut: Cut, key: str, id: str = "k3v9x0aa") -> Cut:
    """The cut with another media of a picture in use, as an editor chooses it."""
    told = json.loads(cut.text)
    for row in told["tracks"]["children"]:
        for each in row["children"]:
            if f"su-{id}" in each["name"] and row["kind"] == "Video":
                each["active_media_reference_key"] = key
    return Cut.parse(text_of(told), cut.name, cut.folder)


def out_of_step(cut: Cut) -> list[str]:
    """What is wrong with the sound of a cut: each picture that is heard has one clip beside it, of
    the same take, stretch and speed; no other is there.
    """
    wrong: list[str] = []
    left = sounds(cut)
    for picture in pictures(cut):
        home = home_of(cut, picture)
        mates = [each for each in left if home_of(cut, each) == home and _same_id(each, picture)]
        if not mates:
            wrong.append(f"{picture.name}: nothing is heard in its place")
            continue
        left.remove(mates[0])
        wrong += [f"{picture.name}: another {what}" for what in _unlike(cut, picture, mates[0])]
    return wrong + [f"{each.name}: it goes with no picture" for each in left]


def _same_id(one: Item, other: Item) -> bool:
    blocks = [block_of(each.body) for each in (one, other)]
    return all(blocks[0].get(key) == blocks[1].get(key) for key in ("id", "part"))


def _unlike(cut: Cut, picture: Item, mate: Item) -> list[str]:
    seen, heard = extent(cut, picture), extent(cut, mate)
    there, below = (available(active_reference(cut, each)) for each in (picture, mate))
    paces = [
        [each["time_scalar"] for each in item.body["effects"] if "time_scalar" in each]
        for item in (picture, mate)
    ]
    facts = {
        "kind of track": mate.parent is not None and mate.parent.body.get("kind") == "Audio",
        "take": len({str(each.body["active_media_reference_key"]) for each in (picture, mate)}) < 2,
        "length": heard.length == seen.length,
        "stretch": there is not None
        and below is not None
        and heard.begin - below.begin == seen.begin - there.begin,
        "speed": paces[0] == paces[1],
    }
    return [what for what, right in facts.items() if not right]
