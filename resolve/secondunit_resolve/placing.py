"""Takes into Resolve's timeline, on tracks of their own, each verified frame by frame."""

from __future__ import annotations

import os
import re
from functools import partial
from typing import Any, cast

from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import Problem
from secondunit_panel.host import Delivery, HostBusy, NotPlaced, Placed
from secondunit_resolve.link import ask
from secondunit_resolve.reading import OURS, Doc, Item, media_of, path_of, plays, whole
from secondunit_resolve.writing import insist, put, record_of, remove, show, sign

MATTES = f"{OURS} mattes"


class Placing:
    """Places takes. Keeps what it has learned of this Resolve: whether the last frame of a cut is
    told as itself or as the one behind it.
    """

    def __init__(self) -> None:
        self.beyond = True

    def place(self, doc: Doc, delivery: Delivery) -> Placed:
        """Put a take into the timeline, which is current, on the edit page. See Host.place."""
        doc.find(delivery.at)
        name, slate = MATTES if delivery.raw else OURS, []
        job, take = delivery.job.id, delivery.take.number
        for number in [each for each in doc.tracks() if _bare(doc, each) == name]:
            ours = [each for each in doc.items(number) if each.id]
            slate += [each for each in ours if record_of(each).get("slate") == delivery.slate]
        there = [each for each in slate if index_of(each, job, take)]
        tracks = len(doc.tracks())
        try:
            item = there[0] if there else self._made(doc, delivery, name, slate)
            try:
                self._seen(item, delivery, slate)
            except Problem:
                if not there:
                    self.take_out(doc, item, job, take)
                raise
        except Problem:
            for number in range(len(doc.tracks()), tracks, -1):  # those added for it
                ask(doc.timeline, "DeleteTrack", "video", number)
            raise
        return self._told(doc, item, delivery)

    def take_out(self, doc: Doc, item: Item, job: str, number: int) -> None:
        """Take a take out of an item of ours, and the item where it was the last."""
        record, index, count = record_of(item), index_of(item, job, number), item.takes
        if index is None:
            return
        left = [each for each in record["takes"] if each[:2] != [job, number]]
        if not left or count < 2:
            remove(doc, item)
            return
        refused = "Resolve does not take the take out"
        put(refused, lambda: item.takes < count, item.raw, "DeleteTakeByIndex", index)
        sign(item, {**record, "takes": left})

    def _made(self, doc: Doc, delivery: Delivery, name: str, slate: list[Item]) -> Item:
        take = delivery.take
        pool = self._imported(doc, take.media, take.range)
        held = _held(pool)
        # A take's movie holds its frames and no more; all else is cut as its own numbers say.
        alone = held.first == 0 and len(held) == len(take.range)
        start = 0 if alone else take.range.first - held.first
        entry = [delivery.job.id, take.number, take.media]
        for item in slate:
            if item.range == delivery.lies and self._as_take(item, pool, start, entry, delivery):
                return item
        item = self._stacked(doc, delivery, name, pool, start)
        try:
            sign(item, {"slate": delivery.slate, "takes": [entry]})
        except Problem:
            remove(doc, item)
            raise
        return item

    def _imported(self, doc: Doc, media: str, frames: FrameRange) -> Any:
        """The take in the bin of ours. Raises HostBusy."""
        pool = ask(doc.project, "GetMediaPool")
        root, was = ask(pool, "GetRootFolder"), ask(pool, "GetCurrentFolder")

        def bin() -> Any:
            found = ask(root, "GetSubFolderList") or []
            return next((each for each in found if ask(each, "GetName") == OURS), None)

        def found() -> Any:
            clips = ask(bin(), "GetClipList") or []
            known = [each for each in clips if plays(each, media)]
            return next((e for e in known if not _held(e).first or _held(e).covers(frames)), None)

        def write() -> None:
            if ask(pool, "SetCurrentFolder", bin()):
                ask(pool, "ImportMedia", [_spec(media, frames)])

        put("Resolve makes no bin", bin, pool, "AddSubFolder", root, OURS)
        try:
            insist(f"Resolve does not take in {os.path.basename(media)}", found, write)
        except HostBusy as problem:
            problem.where = media
            problem.remedy += "; if none is, this Resolve cannot read the file: shoot as ProRes"
            raise
        finally:
            ask(pool, "SetCurrentFolder", was)
        return found()

    def _as_take(
        self, item: Item, pool: Any, start: int, entry: list[Any], delivery: Delivery
    ) -> bool:
        """Make it a further take of an item, where this Resolve can and it proves right."""
        record, before = record_of(item), item.takes
        chosen = whole(ask(item.raw, "GetSelectedTakeIndex")) or 1
        if before > 1 and before != len(record["takes"]):
            return False  # its user has changed them
        for beyond in (self.beyond, not self.beyond):
            ask(item.raw, "AddTake", pool, start, start + len(delivery.lies) - 1 + beyond)
            count = item.takes
            if count != max(before, 1) + 1:
                return False
            ask(item.raw, "SelectTakeByIndex", count)
            if Item(item.raw, item.track).fits(delivery.lies, start, delivery.take.media):
                break
            ask(item.raw, "SelectTakeByIndex", chosen)
            ask(item.raw, "DeleteTakeByIndex", count)
        else:
            if not before:
                ask(item.raw, "FinalizeTake")
            return False
        try:
            sign(item, {**record, "takes": [*record["takes"], entry]})
        except HostBusy:
            ask(item.raw, "DeleteTakeByIndex", count)
            raise
        if not delivery.chosen:
            ask(item.raw, "SelectTakeByIndex", chosen)
        return True

    def _stacked(self, doc: Doc, delivery: Delivery, name: str, pool: Any, start: int) -> Item:
        """Append it on a track of ours that is free there. Raises HostBusy, NotPlaced."""
        number = self._track(doc, name, delivery.lies)
        media_pool = ask(doc.project, "GetMediaPool")
        known = {each.id for each in doc.items(number)}
        wrong: list[FrameRange] = []

        def news() -> list[Item]:
            return [each for each in doc.items(number) if each.id and each.id not in known]

        def right() -> Item | None:
            wanted = (delivery.lies, start, delivery.take.media)
            return next((each for each in news() if each.fits(*wanted)), None)

        def write() -> None:
            for beyond in (self.beyond, not self.beyond):
                told = {
                    "mediaPoolItem": pool, "startFrame": start, "mediaType": 1,
                    "endFrame": start + len(delivery.lies) - 1 + beyond,
                    "trackIndex": number, "recordFrame": delivery.lies.first,
                }  # fmt: skip
                ask(media_pool, "AppendToTimeline", [told])
                if right():
                    self.beyond = beyond
                    return
                for each in news():
                    wrong.append(each.range)
                    remove(doc, each)
            ask(media_pool, "SetSelectedClip", pool)  # some versions want it first

        try:
            insist("Resolve does not put the take on its track", right, write)
        except HostBusy as problem:
            if wrong:
                raise NotPlaced(
                    f"Resolve put the take on {wrong[-1]}, not on {delivery.lies}",
                    doc.track(number), "It was taken out again; its rate may be another",
                ) from problem  # fmt: skip
            raise
        return cast(Item, right())

    def _track(self, doc: Doc, name: str, lies: FrameRange) -> int:
        """A track of that name with room; added where there is none. Raises HostBusy."""
        for number in doc.tracks():
            locked = ask(doc.timeline, "GetIsTrackLocked", "video", number)
            if _bare(doc, number) != name or locked:
                continue
            if not any(lies.clipped_to(each.range) for each in doc.items(number)):
                return number
        taken, added = {doc.track(each) for each in doc.tracks()}, len(doc.tracks()) + 1
        named = next(n for n in (name, *(f"{name} {i}" for i in range(2, 999))) if n not in taken)
        tl = doc.timeline
        put("Resolve adds no track", lambda: added in doc.tracks(), tl, "AddTrack", "video")
        refused = "Resolve does not name the track"
        put(refused, lambda: doc.track(added) == named, tl, "SetTrackName", "video", added, named)
        return added

    def _seen(self, item: Item, delivery: Delivery, slate: list[Item]) -> None:
        """Have the chosen take seen and the others not; a matte is for wiring, never seen."""
        index = index_of(item, delivery.job.id, delivery.take.number)
        if delivery.chosen and item.takes > 1:
            now = partial(ask, item.raw, "GetSelectedTakeIndex")
            refused = "Resolve does not switch to the take"
            put(refused, lambda: whole(now()) == index, item.raw, "SelectTakeByIndex", index)
        alone = len(record_of(item)["takes"]) == 1
        if delivery.raw or delivery.chosen or alone:
            show(item, delivery.chosen and not delivery.raw)
        for other in slate if delivery.chosen else []:
            if other.id != item.id:
                show(other, False)

    def _told(self, doc: Doc, item: Item, delivery: Delivery) -> Placed:
        """What stands, as it is read once more. Raises NotPlaced."""
        take, now = delivery.take, Item(item.raw, item.track)
        index = index_of(now, delivery.job.id, take.number)
        media = path_of(now.take(index)) if index else ""
        if not index or now.range != delivery.lies:
            raise NotPlaced(
                "What stands is not what was placed", f"{media} on {now.range}",
                "Take it out, then place it again",
            )  # fmt: skip
        how = f"take {index} of {now.takes}" if now.takes > 1 else "clip"
        place = doc.place(now.range, now.track, now.id)
        return Placed(place, media, take.range, how, delivery.job.id, take.number)


def index_of(item: Item, job: str, number: int) -> int | None:
    """Which of an item's takes, from 1 on, is the one; None where it is not there any more."""
    listed = record_of(item).get("takes") or []
    for at, (whose, which, media) in enumerate(listed, 1):
        if (whose, which) == (job, number):
            order = [at, *range(1, item.takes + 1)] if item.takes > 1 else [1]
            return next((n for n in order if plays(item.take(n), media)), None)
    return None


def _held(pool: Any) -> FrameRange:
    """The frames of something in the media pool, from 0 on in a movie."""
    path, frames = [ask(pool, "GetClipProperty", each) for each in ("File Path", "Frames")]
    return FrameRange.starting(media_of(str(path or ""))[1], max(1, whole(frames) or 0))


def _bare(doc: Doc, number: int) -> str:
    """A track's name without its number."""
    return re.sub(r" \d+$", "", doc.track(number))


def _spec(media: str, frames: FrameRange) -> Any:
    """What ImportMedia wants: a path, or a sequence by its pattern."""
    found = re.search(r"#+", media)
    if found is None or os.path.isfile(media):
        return media
    pattern = f"{media[: found.start()]}%0{len(found[0])}d{media[found.end() :]}"
    return {"FilePath": pattern, "StartIndex": frames.first, "EndIndex": frames.last}
